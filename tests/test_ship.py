import importlib.util
import json
from pathlib import Path

import pytest
from pictures import make_photo

from lowlight_utils.data.images import write_image
from lowlight_utils.models import unet_generator
from lowlight_utils.prediction import Enhancer, psnr
from lowlight_utils.training import SHIPPED

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def ship(monkeypatch):
    spec = importlib.util.spec_from_file_location("ship", ROOT / "tools" / "ship.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "BASELINES", {})
    monkeypatch.setattr(module, "TEST_COPIES", 1)
    return module


@pytest.fixture
def lol(tmp_path):
    for number in (2, 5, 6, 9, 10, 12, 13, 14, 17, 18):
        for half, photo in (("high", make_photo(64, 64, number)), ("low", make_photo(64, 64) // 9)):
            write_image(tmp_path / "lol" / "our485" / half / f"{number}.png", photo)
    return tmp_path / "lol"


def run(folder):
    folder.mkdir()
    unet_generator((None, None, 3), width=8, depth=3).save(folder / "generator.keras")
    (folder / "recipe.json").write_text(SHIPPED.to_json())
    return folder


def test_shipping_a_run_leaves_its_generator_recipe_and_a_card(ship, lol, tmp_path, capsys):
    first, second = run(tmp_path / "first"), run(tmp_path / "second")
    out = tmp_path / "weights"
    out.mkdir()
    arguments = ["--run", first, "--seeds", second, "--unseen", second, "--lol", lol, "--out", out]
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
