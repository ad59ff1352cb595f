"""A sweep trains every recipe once, goes on after a kill, and its results stand side by side."""

import shutil

import pytest
from pictures import make_pairs

from lowlight_utils.data.sources import Splits
from lowlight_utils.training.callbacks import read_progress
from lowlight_utils.training.recipes import Recipe
from lowlight_utils.tuning import results_table, sweep

TINY = Recipe(
    name="tiny",
    size=32,
    width=4,
    depth=3,
    discriminator_width=4,
    norm="instance",
    generator_lr=2e-3,
    batch_size=2,
    epochs=2,
    augmentation="dihedral",
)
RECIPES = [
    TINY.but(name="lambda-0", lambda_l1=0.0),
    TINY.but(name="lambda-100", lambda_l1=100.0, generator_lr=1e-3),
]


@pytest.fixture(scope="module")
def splits():
    pairs = make_pairs(6, 32, 32)
    return Splits(pairs[:4], pairs[4:], pairs[:0])


@pytest.fixture(scope="module")
def swept(splits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    return folder, sweep(RECIPES, splits, folder)


def written(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("generator.keras")}


def test_every_recipe_is_trained_in_a_folder_of_its_own(swept):
    folder, runs = swept
    assert list(runs) == ["lambda-0", "lambda-100"]
    for recipe in RECIPES:
        assert runs[recipe.name].folder == folder / recipe.name
        assert read_progress(folder / recipe.name)["epoch"] == recipe.epochs
        assert runs[recipe.name].generator_file.is_file()


def test_a_sweep_that_was_done_trains_nothing_again(swept, splits):
    folder, runs = swept
    before = written(folder)
    again = sweep(RECIPES, splits, folder)
    assert written(folder) == before
    assert {name: run.history for name, run in again.items()} == {
        name: run.history for name, run in runs.items()
    }


def test_a_killed_sweep_goes_on_with_what_is_missing(swept, splits, tmp_path):
    folder, runs = swept
    shutil.copytree(folder / "lambda-0", tmp_path / "lambda-0")
    before = written(tmp_path)
    again = sweep(RECIPES, splits, tmp_path)
    assert before.items() <= written(tmp_path).items()
    assert again["lambda-100"].history == runs["lambda-100"].history


def test_two_recipes_of_one_name_are_refused_before_anything_is_trained(splits, tmp_path):
    with pytest.raises(ValueError, match="Several recipes are called tiny"):
        sweep([TINY, TINY.but(lambda_l1=1.0)], splits, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["../away", "a/b", "..", "λ 100", "C:x"])
def test_a_name_that_leads_out_of_the_folder_is_refused(name, splits, tmp_path):
    with pytest.raises(ValueError, match="cannot be a folder's name"):
        sweep([TINY.but(name=name)], splits, tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_table_has_each_runs_settings_and_its_best_and_last_validation(swept):
    _, runs = swept
    rows = results_table(runs)
    assert [row["recipe"] for row in rows] == ["lambda-0", "lambda-100"]
    assert [row["lambda_l1"] for row in rows] == [0.0, 100.0]
    assert [row["generator_lr"] for row in rows] == [2e-3, 1e-3]
    for row in rows:
        val_psnr = runs[row["recipe"]].history["val_psnr"]
        assert row["last_val_psnr"] == val_psnr[-1]
        assert row["best_val_psnr"] == val_psnr[row["best_epoch"] - 1] == max(val_psnr)


def test_scores_become_columns(swept):
    _, runs = swept
    scores = {"lambda-0": {"ssim": 0.5}, "lambda-100": {"ssim": 0.7}}
    assert [row["ssim"] for row in results_table(runs, scores)] == [0.5, 0.7]


def test_scores_that_lack_a_run_are_refused(swept):
    _, runs = swept
    with pytest.raises(ValueError, match=r"differ in lambda-100"):
        results_table(runs, {"lambda-0": {}})
