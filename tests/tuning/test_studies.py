"""The named studies: what they vary, how often, and that nothing else differs."""

from dataclasses import asdict
from itertools import pairwise

import pytest

from lowlight_utils.training import EVEN, QUICK, SEED, SEED_FIVE, SHIPPED
from lowlight_utils.tuning import STUDIES, study_recipes
from lowlight_utils.tuning.common import require_folder_names

each_study = pytest.mark.parametrize("name", [x for x in STUDIES if not STUDIES[x].space])


@each_study
def test_names_are_folders_names_and_each_is_there_once(name):
    require_folder_names([recipe.name for recipe in study_recipes(name, QUICK)])


@each_study
def test_only_what_the_study_varies_differs_from_the_base(name):
    varied = {*STUDIES[name].varies, "seed", "name"}
    for recipe in study_recipes(name, QUICK.but(width=4)):
        for field, value in asdict(recipe).items():
            if field not in varied:
                assert value == getattr(QUICK.but(width=4), field)


@each_study
def test_every_study_repeats_something_three_times(name):
    times = {}
    for recipe in study_recipes(name, QUICK):
        label = recipe.name.removesuffix(f"-seed-{recipe.seed}")
        times.setdefault(label, []).append(recipe.seed)
    assert max(len(seeds) for seeds in times.values()) == 3
    assert all(len(set(seeds)) == len(seeds) for seeds in times.values())


@each_study
def test_seeds_that_are_asked_for_count_for_every_configuration(name):
    recipes = study_recipes(name, QUICK, seeds=(5, 7))
    by_seed = {
        seed: [r.but(seed=0, name="-") for r in recipes if r.seed == seed] for seed in (5, 7)
    }
    assert by_seed[5] == by_seed[7]
    assert len(recipes) == 2 * len(by_seed[5])


@each_study
def test_all_configurations_come_once_before_any_comes_again(name):
    seeds = [recipe.seed for recipe in study_recipes(name, QUICK)]
    assert seeds == sorted(seeds)


def test_lambda_goes_from_the_discriminator_alone_to_l1_alone():
    recipes = study_recipes("lambda", QUICK)
    with_discriminator = {recipe.lambda_l1 for recipe in recipes if recipe.adversarial}
    assert with_discriminator == {0, 0.1, 1, 10, 50, 100, 115, 130, 300, 1000}
    counts = {}
    for recipe in recipes:
        key = recipe.lambda_l1 if recipe.adversarial else "L1 only"
        counts[key] = counts.get(key, 0) + 1
    assert all(counts[key] == 3 for key in (0, 0.1, 1, 10, 115, 1000, "L1 only"))


def test_at_full_size_the_seed_five_are_the_five_themselves():
    found = study_recipes("seed-five", SEED, seeds=(0,))
    assert [recipe.but(name="-") for recipe in found] == [r.but(name="-") for r in SEED_FIVE]


def test_on_another_base_the_seed_fives_learning_rates_keep_their_ratios():
    found = study_recipes("seed-five", QUICK, seeds=(0,))
    assert [recipe.lambda_l1 for recipe in found] == [100, 100, 50, 130, 115]
    assert [recipe.generator_lr / QUICK.generator_lr for recipe in found] == [2, 1, 1, 2, 1]
    assert [recipe.discriminator_lr / QUICK.discriminator_lr for recipe in found] == [4, 1, 1, 4, 1]


@pytest.mark.parametrize("seeds", [(), (1, 1)])
def test_seeds_are_different_and_at_least_one(seeds):
    with pytest.raises(ValueError, match="different seeds"):
        study_recipes("repeat", QUICK, seeds)


def test_the_ablation_goes_from_the_seed_recipes_choices_to_the_bases_in_single_steps():
    found = study_recipes("ablation", EVEN, seeds=(0,))
    varied = STUDIES["ablation"].varies
    choices = [{name: getattr(recipe, name) for name in varied} for recipe in found]
    assert choices[0] == {name: getattr(SEED, name) for name in varied}
    assert choices[-2] == {name: getattr(EVEN, name) for name in varied}
    assert choices[-1] == {**choices[-2], "adversarial": 0.0}
    assert all(one != other for one, other in pairwise(choices))


def test_lights_goes_from_the_even_recipes_choices_to_the_shipped_ones_in_single_steps():
    found = study_recipes("lights", SHIPPED, seeds=(0,))
    varied = STUDIES["lights"].varies
    choices = [{name: getattr(recipe, name) for name in varied} for recipe in found]
    steps, taken_back = choices[:-3], choices[-3:]
    shipped = {name: getattr(SHIPPED, name) for name in varied}
    assert steps[0] == {name: getattr(EVEN, name) for name in varied}
    assert steps[-1] == shipped
    for one, other in pairwise(steps):
        assert sum(one[name] != other[name] for name in varied) == 1
    assert taken_back == [
        {**shipped, "base": EVEN.base},
        {**shipped, "condition": "none"},
        {**shipped, "adversarial": 0.0},
    ]


def test_lights_varies_all_that_even_and_shipped_learn_differently():
    held = {"name", "copies", "epochs", "whole_epochs", "dtype"}  # how long, and how fast
    shipped = asdict(SHIPPED)
    differing = {key for key, value in asdict(EVEN).items() if value != shipped[key]}
    assert differing - held <= set(STUDIES["lights"].varies)


def test_an_unknown_study_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"'lamda'.*seed-five"):
        study_recipes("lamda", QUICK)
