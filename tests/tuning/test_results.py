"""A sweep's folder read back: tables, histories, pictures, joined and exported."""

import csv

import numpy as np
import pytest
from pictures import make_photo
from sweeps import write_sweep

from lowlight_utils.data.photos import sample_dir, sample_photos
from lowlight_utils.training import SWEEP, Recipe
from lowlight_utils.tuning import (
    STUDIES,
    bundled_sweep,
    export,
    psnr_by_light,
    read_sweep,
    settings,
    study_recipes,
)
from lowlight_utils.tuning.results import collect, read_strip, tabulate, write_strip


@pytest.fixture
def make_sweep(tmp_path):
    """make_sweep("name", ["trial", ...]) writes what a sweep would leave, and reads it."""

    def make(name, trials, rows=(), **options):
        return write_sweep(tmp_path / name, {trial: {} for trial in trials} | dict(rows), **options)

    return make


def test_a_table_has_the_columns_that_any_row_has_and_nothing_for_what_is_none(
    make_sweep, tmp_path
):
    make_sweep(
        "one", ["a", "b"], rows={"a": {"seconds": None, "command": "one, two"}, "b": {"x": 1}}
    )
    with open(tmp_path / "one" / "results.csv", encoding="utf-8", newline="") as file:
        a, b = csv.DictReader(file)
    assert (a["seconds"], a["command"], a["x"], b["x"]) == ("", "one, two", "", "1")


def test_a_strip_of_pictures_comes_apart_again(tmp_path):
    photos = [make_photo(32, 40, seed) for seed in range(3)]
    write_strip(tmp_path / "strip.webp", photos)
    for photo, read in zip(photos, read_strip(tmp_path / "strip.webp", 3), strict=True):
        assert np.abs(photo.astype(int) - read).mean() < 4  # WebP loses a little


def test_a_sweep_gives_each_trials_row_history_pictures_and_scores(make_sweep):
    sweep = make_sweep("one", ["a", "b"])
    assert sweep.row("b")["psnr"] == 11.0
    assert sweep.history("b")["val_psnr"] == [10.0, 11.0]
    assert list(sweep.pictures("a")) == ["cat", "dog"]
    assert sweep.scores("b", "dog")["psnr"] == 11.0


@pytest.mark.parametrize("ask", ["row", "history", "pictures"])
def test_a_trial_that_is_not_there_is_refused_with_those_there_are(ask, make_sweep):
    sweep = make_sweep("one", ["a", "b"])
    with pytest.raises(ValueError, match="'c', only a, b"):
        getattr(sweep, ask)("c")


def test_a_scene_that_is_not_there_is_refused_with_those_there_are(make_sweep):
    with pytest.raises(ValueError, match="'cow', only cat, dog"):
        make_sweep("one", ["a"]).scores("a", "cow")


def test_joined_sweeps_have_both_ones_trials_and_the_later_of_one_name(make_sweep):
    one, other = make_sweep("one", ["a", "b"]), make_sweep("other", ["c", "a"])
    both = one.joined(other)
    assert [row["trial"] for row in both.rows] == ["b", "c", "a"]
    assert both.row("a") == other.row("a")
    assert both.history("a") == other.history("a")
    assert both.history("b") == one.history("b")


def test_sweeps_of_other_scenes_are_not_joined(make_sweep):
    with pytest.raises(ValueError, match="cat, dog, the other cat"):
        make_sweep("one", ["a"]).joined(make_sweep("other", ["b"], scenes=("cat",)))


def test_sweeps_of_other_sizes_are_not_joined(make_sweep):
    with pytest.raises(ValueError, match="32 and 48 pixels"):
        make_sweep("one", ["a"]).joined(make_sweep("other", ["b"], side=48))


def test_an_export_reads_the_same_and_holds_no_weights(make_sweep, tmp_path):
    sweep = make_sweep("one", ["a", "b"])
    copy = export(tmp_path / "one", tmp_path / "copy")
    assert copy.rows == sweep.rows
    assert copy.history("b") == sweep.history("b")
    assert np.array_equal(copy.pictures("b")["cat"], sweep.pictures("b")["cat"])
    assert not list((tmp_path / "copy").rglob("*.keras"))


def test_a_folder_without_a_finished_trial_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"no results\.csv"):
        read_sweep(tmp_path)
    tabulate(tmp_path)
    with pytest.raises(ValueError, match="no trial is finished"):
        read_sweep(tmp_path)


def test_trials_without_a_table_are_collected_from_their_folders(make_sweep, tmp_path):
    sweep = make_sweep("one", ["b", "a"])
    (tmp_path / "one" / "results.csv").unlink()
    found = collect(tmp_path / "one")
    assert [row["trial"] for row in found.rows] == ["a", "b"]
    assert found.row("b") == sweep.row("b")


BUNDLED = sorted(path.parent.name for path in sample_dir().parent.glob("sweeps/*/results.csv"))


@pytest.mark.parametrize("study", BUNDLED)
def test_a_bundled_sweep_is_whole_and_of_the_bundled_photos(study):
    assert study in STUDIES
    sweep = bundled_sweep(study)
    photos = {path.stem for path in sample_photos("validation")}
    assert {scene.rpartition("-")[2] for scene in sweep.scenes} <= photos
    for row in sweep.rows:
        recipe = (sweep.folders[row["trial"]] / "recipe.json").read_text(encoding="utf-8")
        recipe = Recipe.from_json(recipe)
        assert row["trial"] == recipe.name
        assert (row["lambda_l1"], row["seed"]) == (recipe.lambda_l1, recipe.seed)
        assert row["data"].partition(" --")[0] == "sample"
        assert {len(values) for values in sweep.history(row["trial"]).values()} == {row["epochs"]}
        assert list(sweep.pictures(row["trial"])) == list(sweep.scenes)


@pytest.mark.parametrize("study", ["lambda", "seed-five"])
def test_a_bundled_sweep_trained_the_recipes_that_its_study_has_today(study):
    sweep = bundled_sweep(study)
    today = {recipe.name: recipe for recipe in study_recipes(study, SWEEP)}
    for trial, folder in sweep.folders.items():
        assert Recipe.from_json((folder / "recipe.json").read_text("utf-8")) == today[trial]


STEPPED = [study for study in ("ablation", "lights") if study in BUNDLED]


@pytest.mark.parametrize("study", STEPPED)
def test_a_bundled_sweep_of_steps_has_three_seeds_of_each(study):
    rows_of = settings(bundled_sweep(study)).values()
    assert {tuple(row["seed"] for row in rows) for rows in rows_of} == {(0, 1, 2)}


def test_scores_are_taken_apart_by_the_light_that_a_pair_is_in(make_sweep):
    sweep = make_sweep("one", ["a", "b"], scenes=("night-cat", "lit-cat", "lit-dog"))
    assert psnr_by_light(sweep, ["a", "b"]) == {"night": [10.0, 11.0], "lit": [10.0, 11.0]}


def test_a_bundled_sweep_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="'lamda'"):
        bundled_sweep("lamda")
