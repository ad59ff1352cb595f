"""Evaluations hold a row for each image and method, and say what made them."""

import hashlib
import json

import numpy as np
import pytest
from pictures import make_pairs

from lowlight_utils.metrics import measure
from lowlight_utils.prediction.baselines import gamma
from lowlight_utils.prediction.evaluate import evaluate, provenance


def five_times(low):
    return np.clip(low.astype(int) * 5, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def pairs():
    return make_pairs(3, 20, 24)


@pytest.fixture(scope="module")
def evaluation(pairs):
    return evaluate({"gamma 2.2": gamma, "ours": five_times}, pairs)


def test_every_image_is_measured_with_every_method_and_with_none(evaluation, pairs):
    assert [(row.image, row.method) for row in evaluation.rows] == [
        (name, method) for name in pairs.names for method in ("low", "gamma 2.2", "ours")
    ]
    assert evaluation.rows[0].scores == measure(pairs.high[0], pairs.low[0])
    assert evaluation.rows[5].scores == measure(pairs.high[1], five_times(pairs.low[1]))


def test_means_are_taken_over_images(evaluation):
    means = evaluation.means()
    assert list(means) == ["low", "gamma 2.2", "ours"]
    ours = [row.scores["psnr"] for row in evaluation.rows if row.method == "ours"]
    assert means["ours"]["psnr"] == pytest.approx(sum(ours) / 3)
    assert means["ours"]["psnr"] > means["low"]["psnr"] + 10


def test_the_table_names_methods_and_shows_raw_and_gt_mean_columns(evaluation):
    lines = str(evaluation).splitlines()
    assert "with GT-mean" in lines[0]
    assert lines[1].split() == ["method", *2 * ["PSNR", "SSIM", "ΔE00"]]
    scores = evaluation.means()["ours"]
    (row,) = (line for line in lines if line.startswith("ours"))
    assert row.split() == [
        "ours",
        *(
            f"{scores[name + ending]:{form}}"
            for ending in ("", "_gtmean")
            for name, form in (("psnr", ".2f"), ("ssim", ".4f"), ("ciede2000", ".2f"))
        ),
    ]
    assert "3 images of 20x24" in lines[-2]
    assert len({len(line) for line in lines[1:5]}) == 1


def test_json_puts_the_means_of_our_method_at_the_top(evaluation):
    result = json.loads(json.dumps(evaluation.to_json(made_by={"backend": "jax"})))
    assert result["psnr"] == evaluation.means()["ours"]["psnr"]
    assert result["ssim"] == evaluation.means()["ours"]["ssim"]
    assert (result["n"], result["size"], result["method"]) == (3, [20, 24], "ours")
    assert result["made_by"] == {"backend": "jax"}
    assert len(result["rows"]) == 9
    assert result["rows"][0]["image"] == "photo0"
    assert result["rows"][0]["psnr"] == evaluation.rows[0].scores["psnr"]


def test_the_size_of_square_images_is_one_number():
    assert evaluate({"ours": five_times}, make_pairs(1, 16, 16)).to_json()["size"] == 16


def test_an_infinite_psnr_is_null_in_json(pairs):
    low_to_high = {low.tobytes(): high for low, high in zip(pairs.low, pairs.high, strict=True)}
    perfect = evaluate({"ours": lambda low: low_to_high[low.tobytes()]}, pairs)
    assert perfect.means()["ours"]["psnr"] == np.inf
    text = json.dumps(perfect.to_json(), allow_nan=False)
    assert json.loads(text)["psnr"] is None
    assert "inf" in str(perfect)


def test_json_of_an_unknown_method_is_refused_with_the_known_ones(evaluation):
    with pytest.raises(ValueError, match=r"'theirs'.*low, gamma 2.2, ours"):
        evaluation.to_json("theirs")


def test_no_pairs_are_refused(pairs):
    with pytest.raises(ValueError, match="no pairs"):
        evaluate({"ours": five_times}, pairs[:0])


def test_a_method_that_gives_floats_is_named_with_the_image(pairs):
    with pytest.raises(ValueError, match=r"ours on photo0: .*float"):
        evaluate({"ours": lambda low: low / 255}, pairs)


def test_the_same_weights_and_versions_give_the_same_provenance(tmp_path):
    weights = tmp_path / "generator.keras"
    weights.write_bytes(b"weights")
    made_by = provenance(weights)
    assert made_by["weights"] == "generator.keras"
    assert made_by["weights_sha256"] == hashlib.sha256(b"weights").hexdigest()
    assert made_by["recipe"] is None
    assert {"python", "numpy", "scikit-image", "lowlight_utils"} <= made_by["versions"].keys()
    assert json.dumps(made_by) == json.dumps(provenance(weights))
    assert str(tmp_path) not in json.dumps(made_by)


def test_provenance_names_the_recipe_that_lies_beside_the_weights(tmp_path):
    (tmp_path / "generator.keras").write_bytes(b"weights")
    (tmp_path / "recipe.json").write_text('{"name": "quick"}')
    assert provenance(tmp_path / "generator.keras")["recipe"] == {"name": "quick"}


def test_provenance_names_the_backend_once_keras_is_in_use(tmp_path):
    import keras

    made_by = provenance()
    assert made_by["backend"] == keras.backend.backend()
    assert made_by["versions"]["keras"] == keras.__version__
    assert made_by["backend"] in made_by["versions"]
