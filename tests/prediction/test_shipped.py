"""The generators that come with the library are what their cards say, and good enough to ship."""

import hashlib
import json

import numpy as np
import pytest

from lowlight_utils.data import sample_pairs
from lowlight_utils.models.film import LAMBDA_RANGE
from lowlight_utils.prediction import BASELINES, LAMBDA_WEIGHTS, Enhancer, sharpness, ssim
from lowlight_utils.prediction.enhance import SHIPPED_WEIGHTS
from lowlight_utils.prediction.evaluate import evaluate
from lowlight_utils.training import RECIPES, Recipe

MIB = 2**20
UNSEEN = 1000  # a seed for darkness that no training has


@pytest.mark.parametrize(
    ("weights", "card", "most"),
    [(SHIPPED_WEIGHTS, "card.json", 15 * MIB), (LAMBDA_WEIGHTS, "lambda.json", 8 * MIB)],
)
def test_each_is_the_file_of_its_card_small_and_made_by_a_recipe_of_the_library(
    weights, card, most
):
    made_by = json.loads(weights.with_name(card).read_text(encoding="utf-8"))["made_by"]
    content = weights.read_bytes()
    assert hashlib.sha256(content).hexdigest() == made_by["weights_sha256"]
    assert len(content) <= most
    recipe = Recipe.from_json(json.dumps(made_by["recipe"]))
    assert recipe == RECIPES[recipe.name].but(seed=recipe.seed)


def test_the_shipped_one_beats_every_classical_method_on_photos_that_it_never_saw():
    pairs = sample_pairs("test", 256, 1, UNSEEN)
    means = evaluate({**BASELINES, "ours": Enhancer()}, pairs).means()
    ours = means.pop("ours")
    for name, theirs in means.items():
        assert ours["psnr"] > theirs["psnr"], name
        assert ours["ssim"] > theirs["ssim"], name
        assert ours["ciede2000"] < theirs["ciede2000"], name


def test_with_more_lambda_pictures_become_smoother_and_likelier_to_a_plateau():
    enhance = Enhancer(LAMBDA_WEIGHTS)
    pairs = sample_pairs("validation", 256)
    found = []
    for x in (LAMBDA_RANGE[0], 0.1, 1.0, 1000.0):
        pictures = [enhance(low, lambda_l1=x) for low in pairs.low]
        found.append(
            [
                np.mean([measure(*both) for both in zip(pairs.high, pictures, strict=True)])
                for measure in (sharpness, ssim)
            ]
        )
    (rough, *_, smooth), likeness = zip(*found, strict=True)
    assert rough > smooth
    assert likeness[0] < likeness[1] < likeness[2]
    assert abs(likeness[3] - likeness[2]) < likeness[1] - likeness[0]
