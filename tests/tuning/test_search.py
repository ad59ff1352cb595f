"""A search chooses recipes as it goes, goes on where it was broken off, and ends bad ones early."""

import json

import optuna
import pytest
from tiny import TINY, tiny_splits

from lowlight_utils.training import QUICK
from lowlight_utils.tuning import STUDIES, queue, read_sweep, run_sweep, study_recipes

RECIPES = [TINY.but(name=f"search-{number}", epochs=2) for number in range(3)]


@pytest.fixture(scope="module")
def search(tmp_path_factory):
    """search(n): search on with n trials; of the third one the learning rate is too high."""
    folder = tmp_path_factory.mktemp("search")
    drawn = []

    def space(trial, base):
        drawn.append(trial.suggest_float("lambda_l1", 1.0, 100.0))
        if len(drawn) == 1:
            raise KeyboardInterrupt
        rate = 1e30 if base.name == "search-2" else base.generator_lr
        return {"lambda_l1": drawn[-1], "generator_lr": rate}

    def run(trials):
        return run_sweep(RECIPES[:trials], tiny_splits(), folder, name="search", space=space)

    with pytest.raises(KeyboardInterrupt):
        run(1)
    return run, run(1), drawn, folder


def study_in(folder):
    return queue.open_study("search", f"sqlite:///{folder / 'study.db'}", 60, {})


def test_a_trial_that_was_broken_off_goes_on_with_the_values_that_it_had(search):
    _, sweep, drawn, _ = search
    assert drawn[0] == drawn[1]
    assert sweep.row("search-0")["lambda_l1"] == pytest.approx(drawn[0])


def test_optuna_sees_every_epochs_score_and_the_value_that_the_row_has(search):
    _, sweep, _, folder = search
    trial = study_in(folder).best_trial
    seen = [trial.intermediate_values[epoch] for epoch in (0, 1)]
    assert seen == sweep.history("search-0")["val_psnr"]
    assert trial.value == sweep.row("search-0")["psnr"]


def test_a_trial_far_below_the_others_is_pruned_and_leaves_no_folder(search):
    run, _, _, folder = search
    study = study_in(folder)
    for _ in range(5):  # others, far better than a network of four channels can be
        scores = {epoch: 90.0 for epoch in range(3)}
        study.add_trial(optuna.create_trial(value=90.0, intermediate_values=scores))
    sweep = run(2)
    assert queue.states(study, ["search-0", "search-1"]) == {
        "search-0": "complete",
        "search-1": "pruned",
    }
    assert list(sweep.folders) == ["search-0"]
    assert not (folder / "search-1").exists()


def test_values_that_do_not_work_are_said_and_the_search_goes_on(search):
    run, _, _, folder = search
    with pytest.warns(UserWarning, match=r"1 of 3 trials broke down. search-2: .*learning rates"):
        run(3)
    assert "search-0" in read_sweep(folder).folders
    run(3)  # it is not tried again, and so there is no warning


def test_the_bundled_search_stays_near_the_base_and_makes_recipes_that_are_allowed():
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(20):
        changes = STUDIES["search"].space(study.ask(), QUICK)
        assert set(changes) == set(STUDIES["search"].varies)
        recipe = QUICK.but(**changes)
        assert recipe.width % 8 == 0
        assert 0.24 < recipe.generator_lr / QUICK.generator_lr < 4.1


def test_a_search_has_as_many_trials_as_it_is_told_and_one_seed():
    recipes = study_recipes("search", QUICK, seeds=(3,), trials=2)
    assert [(recipe.name, recipe.seed) for recipe in recipes] == [
        ("search-000", 3),
        ("search-001", 3),
    ]


@pytest.mark.parametrize(
    ("study", "choice"),
    [("search", {}), ("search", {"trials": 2, "seeds": (0, 1)}), ("lambda", {"trials": 2})],
)
def test_a_number_of_trials_is_for_a_search_and_a_search_needs_one(study, choice):
    with pytest.raises(ValueError, match="--trials"):
        study_recipes(study, QUICK, **choice)


def test_the_database_holds_no_second_copy_of_a_row(search):
    _, _, _, folder = search
    kept = json.dumps([trial.user_attrs for trial in study_in(folder).trials])
    assert "ssim" not in kept.replace("lambda_ssim", "")
