"""The explorer shows the trial that is chosen, and takes in others."""

import html

import ipywidgets
import numpy as np
import pytest
from sweeps import write_sweep

from lowlight_utils.widgets import SweepExplorer, compared, to_jpeg, trial_line, trial_view
from lowlight_utils.widgets.explorer import trial_curves
from lowlight_utils.widgets.pictures import credit

FAST = {"generator_lr": 1e-3, "discriminator_lr": 2e-4}
TRIALS = {
    "only": {**FAST, "lambda_l1": 115.0, "adversarial": 0.0, "seed": 0},
    "ten": {**FAST, "lambda_l1": 10.0, "seed": 0},
    "one": {**FAST, "lambda_l1": 1.0, "seed": 0},
    "one-again": {**FAST, "lambda_l1": 1.0, "seed": 1},
    "one-slow": {"generator_lr": 1e-4, "discriminator_lr": 2e-5, "lambda_l1": 1.0, "seed": 0},
}


@pytest.fixture
def sweep(tmp_path):
    return write_sweep(tmp_path / "sweep", TRIALS)


@pytest.fixture
def explorer(sweep):
    return SweepExplorer(sweep)


def assert_shows(explorer, trial, scene):
    assert explorer.trial == trial
    assert explorer.picture.content == to_jpeg(trial_view(explorer.sweep, trial, scene))
    assert explorer.line.value == html.escape(
        f"{trial_line(explorer.sweep, trial, scene)} {credit(scene)}"
    )
    assert explorer.curves.content == trial_curves(explorer.sweep, trial)


def test_a_trials_view_is_its_picture_of_the_scene_between_low_and_truth(sweep):
    expected = compared(sweep.low[1], sweep.pictures("ten")["dog"], sweep.high[1])
    assert np.array_equal(trial_view(sweep, "ten", "dog"), expected)


def test_a_scene_that_is_not_there_is_refused(sweep):
    with pytest.raises(ValueError, match="'cow', only cat, dog"):
        trial_view(sweep, "ten", "cow")


def test_the_line_has_the_scenes_scores_and_the_means(sweep):
    line = trial_line(sweep, "only", "dog")
    assert "L1 only" in line
    assert line.count("PSNR 10.00 dB") == 2


def test_lambdas_stand_in_order_and_l1_only_last(explorer):
    assert explorer.lambda_.options == ("1", "10", "L1 only")


def test_every_control_changes_what_is_shown(explorer):
    explorer.lambda_.value = "1"
    assert_shows(explorer, "one", "cat")
    explorer.seed.value = "one-again"
    assert_shows(explorer, "one-again", "cat")
    explorer.scene.value = "dog"
    assert_shows(explorer, "one-again", "dog")
    explorer.rates.value = "0.0001, 2e-05"
    assert_shows(explorer, "one-slow", "dog")
    explorer.lambda_.value = "L1 only"
    assert_shows(explorer, "only", "dog")


def test_only_runs_that_there_are_can_be_chosen(explorer):
    explorer.lambda_.value = "10"
    assert explorer.rates.options == ("0.001, 0.0002",)
    assert explorer.seed.options == ("ten",)


def test_beside_a_trial_stand_those_that_differ_from_it_in_one_thing(explorer):
    assert explorer.trial == "one"
    assert set(explorer.beside.options[1:]) == {"one-again", "one-slow", "ten", "only"}
    explorer.rates.value = "0.0001, 2e-05"
    assert explorer.trial == "one-slow"
    assert explorer.beside.options[1:] == ("one",)


def test_another_trial_is_shown_beside_it_and_goes_again(explorer):
    assert explorer.other.layout.display == "none"
    explorer.beside.value = "only"
    assert explorer.other.layout.display is None
    expected = trial_view(explorer.sweep, "only", explorer.scene.value)
    assert explorer.other.content == to_jpeg(expected)
    explorer.beside.value = explorer.beside.options[0]
    assert explorer.other.layout.display == "none"
    assert explorer.other_line.value == ""


def test_a_new_trial_joins_and_is_shown_while_the_scene_stays(explorer, tmp_path):
    mine = write_sweep(tmp_path / "mine", {"mine": {**FAST, "lambda_l1": 3.0, "seed": 0}})
    explorer.scene.value = "dog"
    explorer.show(explorer.sweep.joined(mine), "mine")
    assert explorer.lambda_.options == ("1", "3", "10", "L1 only")
    assert_shows(explorer, "mine", "dog")


def test_only_widgets_of_ipywidgets_itself_are_used(explorer):
    waiting = [explorer.box]
    while waiting:
        widget = waiting.pop()
        assert widget._model_module.startswith("@jupyter-widgets/")  # the browser's half
        waiting += getattr(widget, "children", ())
    assert isinstance(explorer.box, ipywidgets.VBox)
