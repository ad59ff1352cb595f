import json

import numpy as np
import pytest
from pictures import make_photo
from sweeps import write_sweep
from tool import load_tool

from lowlight_utils.data.images import write_image
from lowlight_utils.models import unet_generator
from lowlight_utils.prediction import Enhancer, psnr
from lowlight_utils.training import LAMBDA, SHIPPED


@pytest.fixture
def ship(monkeypatch):
    module = load_tool("ship")
    monkeypatch.setattr(module, "BASELINES", {})
    monkeypatch.setattr(module, "TEST_COPIES", 1)
    return module


@pytest.fixture
def lol(tmp_path):
    for number in (2, 5, 6, 9, 10, 12, 13, 14, 17, 18):
        for half, photo in (("high", make_photo(64, 64, number)), ("low", make_photo(64, 64) // 9)):
            write_image(tmp_path / "lol" / "our485" / half / f"{number}.png", photo)
    return tmp_path / "lol"


def run(folder, recipe=SHIPPED):
    folder.mkdir()
    unet_generator(
        (None, None, 3), width=8, depth=3, norm="group", condition=recipe.condition
    ).save(folder / "generator.keras")
    (folder / "recipe.json").write_text(recipe.to_json())
    return folder


def test_shipping_a_run_leaves_its_generator_recipe_and_a_card(ship, lol, tmp_path, capsys):
    first, second = run(tmp_path / "first"), run(tmp_path / "second")
    out = tmp_path / "weights"
    out.mkdir()
    arguments = [
        "photos",
        "--run",
        first,
        "--seeds",
        second,
        "--unseen",
        second,
        "--lol",
        lol,
        "--out",
        out,
    ]
    ship.main([*map(str, arguments), "--hardware", "2 CPU cores", "--minutes", "1"])

    assert (out / "generator.keras").read_bytes() == (first / "generator.keras").read_bytes()
    card = json.loads((out / "card.json").read_text())
    assert card["made_by"]["recipe"]["name"] == "shipped"
    assert list(card["seeds"]) == ["first", "second"]
    # The score of the bundled photos is that of the generator which lies beside the card.
    enhance = Enhancer(out / "generator.keras")
    photos = ship.sample_pairs("test", 256, 1, ship.TEST_SEED)
    mean = sum(psnr(t, enhance(low)) for low, t in zip(photos.low, photos.high, strict=True))
    assert card["bundled_test_photos"]["means"]["ours"]["psnr"] == pytest.approx(
        mean / len(photos), abs=1e-3
    )
    assert str(tmp_path) not in (out / "card.json").read_text()


def test_the_generator_for_every_lambda_is_held_against_those_for_one(ship, tmp_path, monkeypatch):
    monkeypatch.setattr(ship, "VALIDATION_COPIES", 1)
    monkeypatch.setattr(ship, "LAMBDAS", (1.0,))
    trials = {
        f"one-{seed}": {"lambda_l1": 1.0, "generator_lr": 1e-3, "discriminator_lr": 1e-3}
        | {"seed": seed}
        for seed in (0, 1)
    }
    sweep = write_sweep(tmp_path / "sweep", trials, scenes=("photo4", "photo5"), side=64)
    source, out = run(tmp_path / "lambda", LAMBDA), tmp_path / "weights"
    out.mkdir()
    arguments = ["lambda", "--run", source, "--sweep", tmp_path / "sweep", "--out", out]
    ship.main([*map(str, arguments), "--hardware", "2 CPU cores", "--minutes", "1"])

    card = json.loads((out / "lambda.json").read_text())
    assert card["made_by"]["recipe"]["condition"] == "lambda"
    fixed = card["one_for_each_lambda"]["1"]
    assert fixed["seeds"] == [0, 1]
    assert fixed["psnr"]["least"] == min(row["psnr"] for row in sweep.rows)
    enhance = Enhancer(out / "lambda.keras")
    pairs = ship.sample_pairs("validation", 256, 1)
    mean = np.mean(
        [psnr(t, enhance(x, lambda_l1=1.0)) for x, t in zip(pairs.low, pairs.high, strict=True)]
    )
    assert card["one_for_every_lambda"]["1"]["psnr"] == pytest.approx(mean, abs=1e-3)
