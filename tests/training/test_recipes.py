import dataclasses
import json
import math
import subprocess
import sys
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowlight_utils.data.lights import LIGHTS
from lowlight_utils.recipe import FIELDS, Light, Range, kind_of
from lowlight_utils.training import QUICK, RECIPES, SEED, SEED_FIVE, Recipe, read_recipe

KINDS = {name: kind_of(name) for name in FIELDS}
CHOICES = {name: allowed for name, (_, allowed) in KINDS.items() if isinstance(allowed, tuple)}
NUMBERS = {name: kind for name, kind in KINDS.items() if isinstance(kind[1], Range)}
SWITCHES = [name for name, (kind, _) in KINDS.items() if kind is bool]
fractions = st.floats(0, 1, exclude_max=True)
rates = st.floats(0, 1, exclude_min=True)
recipes = st.builds(
    Recipe,
    name=st.text(min_size=1),
    crop=st.none() | st.integers(1, 256),
    depth=st.integers(2, 8),
    lambda_l1=st.floats(0, 1000) | st.integers(0, 1000),
    generator_lr=rates,
    discriminator_lr=rates,
    epochs=st.integers(1, 1000),
    average=fractions,
    dropout=fractions,
    beta_1=fractions,
    seed=st.integers(0, 2**32 - 1),
    **{name: st.sampled_from(choices) for name, choices in CHOICES.items()},
)


def test_the_five_of_the_seed_project():
    assert [(x.lambda_l1, x.generator_lr, x.discriminator_lr) for x in SEED_FIVE] == [
        (100, 2e-4, 2e-4),
        (100, 1e-4, 5e-5),
        (50, 1e-4, 5e-5),
        (130, 2e-4, 2e-4),
        (115, 1e-4, 5e-5),
    ]


def test_the_five_differ_in_nothing_but_lambda_rates_and_name():
    varied = {"name", "lambda_l1", "generator_lr", "discriminator_lr"}
    for recipe in SEED_FIVE:
        for field in dataclasses.fields(Recipe):
            if field.name not in varied:
                assert getattr(recipe, field.name) == getattr(SEED, field.name)


def test_the_seed_recipe_trains_as_the_design_says():
    assert (SEED.size, SEED.crop, SEED.augmentation) == (256, None, "jitter")
    assert (SEED.beta_1, SEED.beta_2) == (0.5, 0.999)
    assert (SEED.batch_size, SEED.epochs, SEED.schedule) == (1, 150, "constant")
    assert (SEED.average, SEED.dtype) == (0.0, "float32")


def test_every_recipe_is_found_by_its_name():
    seeds = {"seed-1", "seed-2", "seed-3", "seed-4", "seed"}
    assert set(RECIPES) == seeds | {"quick", "sweep", "lambda", "even", "shipped"}
    for name, recipe in RECIPES.items():
        assert recipe.name == name
        assert read_recipe(name) is recipe


def test_a_recipe_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        QUICK.epochs = 1


def test_but_changes_what_it_is_told_and_leaves_the_original():
    changed = QUICK.but(epochs=3)
    assert (changed.epochs, QUICK.epochs) == (3, 12)
    assert changed.but(epochs=12) == QUICK


@given(recipes)
def test_json_gives_the_recipe_back(recipe):
    assert Recipe.from_json(recipe.to_json()) == recipe


def test_json_may_leave_fields_out():
    assert Recipe.from_json('{"lambda_l1": 50}') == SEED.but(lambda_l1=50)


def test_a_recipe_is_read_from_a_file(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(QUICK.but(name="mine").to_json(), encoding="utf-8")
    assert read_recipe(path) == read_recipe(str(path)) == QUICK.but(name="mine")


@pytest.mark.parametrize("name", ["lamda", "self"])
def test_an_unknown_field_is_refused_by_name(name):
    with pytest.raises(ValueError, match=f"no field {name}"):
        Recipe.from_json(json.dumps({name: 1}))


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"115", b'{"lamda": 1}', b'{"norm": "bach"}', b"\xff\xfe\x00"]
)
def test_a_file_without_a_recipe_is_named(tmp_path, content):
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"broken\.json holds no recipe"):
        read_recipe(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"missing\.json"):
        read_recipe(tmp_path / "missing.json")


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match=r"'quik'.*seed-1.*quick"):
        read_recipe("quik")


def outside(kind, allowed):
    """Values that a number's field must refuse: of another type, or beyond an end of its range."""
    below = allowed.least if allowed.excluded else allowed.least - (1 if kind is int else 0.1)
    fraction = 1.5 if kind is int else float("nan")
    ends = [] if math.isinf(allowed.below) else [allowed.below]
    return [below, *ends, fraction, float("inf"), "115", True]


WRONG = [
    *((name, "unknown") for name in CHOICES),
    *((name, value) for name, kind in NUMBERS.items() for value in outside(*kind)),
    *((name, None) for name in NUMBERS if name != "crop"),
    *((name, value) for name in SWITCHES for value in (1, None, "yes")),
    *(("name", value) for value in ("", 3)),
    *(("lights", value) for value in ("", "even+", "noon", 3)),
    ("norm", ["batch"]),
    ("crop", 257),
]


@pytest.mark.parametrize(("name", "value"), WRONG, ids=repr)
def test_a_value_that_is_not_allowed_is_refused_by_its_fields_name(name, value):
    with pytest.raises(ValueError, match=rf"^{name} must "):
        SEED.but(**{name: value})


def test_every_field_is_checked():
    assert {"name", "lights", *SWITCHES, *CHOICES, *NUMBERS} == FIELDS.keys()


@pytest.mark.parametrize(
    ("name", "least"),
    [("depth", 2), ("epochs", 1), ("whole_epochs", 0), ("dropout", 0), ("seed", 0)],
)
def test_the_least_value_is_allowed_and_none_below(name, least):
    assert getattr(SEED.but(**{name: least}), name) == least
    with pytest.raises(ValueError, match=f"at least {least}"):
        SEED.but(**{name: least - 1})


def test_a_loss_without_any_term_is_refused():
    with pytest.raises(ValueError, match="All weights"):
        SEED.but(lambda_l1=0.0, adversarial=0.0)


def test_arguments_are_what_a_function_takes_and_what_is_added():
    def build(width, depth, dtype=None, *, name="x", epoch=0):
        pass

    assert SEED.arguments(build, dtype="float16", epoch=3) == {
        "width": 64,
        "depth": 8,
        "dtype": "float16",
        "epoch": 3,
    }


def test_zoom_needs_a_crop():
    assert SEED.but(zoom=True, crop=128).zoom
    with pytest.raises(ValueError, match="zoom needs a crop"):
        SEED.but(zoom=True)


def test_every_kind_of_light_has_its_function():
    assert tuple(LIGHTS) == get_args(Light)


def test_recipes_are_read_without_keras():
    code = (
        "import sys, lowlight_utils.training as t; t.read_recipe('quick');"
        "sys.exit(bool({'keras', 'tensorflow'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
