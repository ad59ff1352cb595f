"""A sweep trains every recipe once, whatever is killed and however many processes share it."""

import collections
import csv
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
from pictures import make_pairs
from skimage.metrics import peak_signal_noise_ratio
from tiny import RECIPES, TINY, tiny_splits
from waiting import PATIENCE, wait_for

from lowlight_utils.data.pairs import PairSet
from lowlight_utils.data.sources import Splits
from lowlight_utils.metrics import sharpness
from lowlight_utils.training.callbacks import enhance_stack, read_progress
from lowlight_utils.tuning import read_sweep, run_sweep
from lowlight_utils.tuning.common import CommonData

HERE = Path(__file__).parent


@pytest.fixture
def start_apart():
    """start_apart(folder, ...) starts sweep_apart.py; whatever happens, it ends with the test."""
    started = []

    # The grace that is not waited for is long: a busy machine's heartbeat may come late.
    def start(folder, *moment, grace=PATIENCE):
        command = [sys.executable, HERE / "sweep_apart.py", folder, str(grace), *moment]
        path = os.pathsep.join([str(HERE), str(HERE.parent), os.environ.get("PYTHONPATH", "")])
        started.append(subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}))
        return started[-1]

    yield start
    for process in started:
        process.kill()  # which ends a stopped process too
        process.wait()


def trained_epochs(folder):
    """How often each epoch of each trial was trained to its end, by all processes."""
    lines = [line for path in folder.glob("epochs-*.txt") for line in path.read_text().splitlines()]
    return collections.Counter(lines)


EACH_ONCE = {f"{recipe.name} {epoch}": 1 for recipe in RECIPES for epoch in (1, 2, 3)}


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    return folder, run_sweep(RECIPES, tiny_splits(), folder)


# What a sweep leaves.


def test_every_trial_has_a_folder_with_recipe_history_metrics_and_pictures(swept):
    folder, sweep = swept
    assert list(sweep.folders) == [recipe.name for recipe in RECIPES]
    for name, path in sweep.folders.items():
        assert path == folder / name
        kept = {file.name for file in path.iterdir()}
        assert kept == {
            "recipe.json",
            "origin.json",
            "progress.json",
            "metrics.json",
            "pictures.webp",
            "generator.keras",
            "last.keras",
            "samples",
        }
        assert read_progress(path)["epoch"] == TINY.epochs


def test_the_table_has_a_row_a_trial_with_what_made_it(swept):
    folder, sweep = swept
    rows = sweep.rows
    with open(folder / "results.csv", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    written = [{key: "" if x is None else str(x) for key, x in row.items()} for row in rows]
    assert table == written
    assert [row["trial"] for row in rows] == [recipe.name for recipe in RECIPES]
    assert [row["lambda_l1"] for row in rows] == [0.0, 1.0, 100.0]
    for row in rows:
        assert (row["train_pairs"], row["validation_pairs"]) == (4, 3)
        assert row["backend"] in row["versions"]
        assert row["hardware"]
        assert row["seconds"] > 0


def test_the_scores_are_those_of_the_generator_after_the_last_epoch(swept):
    import keras

    _, sweep = swept
    row = sweep.row("lambda-100")
    generator = keras.models.load_model(sweep.folders["lambda-100"] / "last.keras")
    validation = tiny_splits().validation
    enhanced = enhance_stack(generator, validation.low)
    pairs = list(zip(validation.high, enhanced, strict=True))
    psnr = np.mean(
        [peak_signal_noise_ratio(truth, image, data_range=255) for truth, image in pairs]
    )
    assert row["psnr"] == pytest.approx(psnr, abs=1e-3)
    history = sweep.history("lambda-100")["val_psnr"]
    assert row["psnr"] == pytest.approx(history[-1], abs=1e-3)
    assert row["sharpness"] == pytest.approx(np.mean([sharpness(*p) for p in pairs]), abs=1e-3)
    assert row["best_val_psnr"] == pytest.approx(max(history), abs=1e-3)
    assert history[row["best_epoch"] - 1] == max(history)


def test_pictures_are_of_the_first_pair_of_each_scene(swept):
    import keras

    _, sweep = swept
    validation = tiny_splits().validation
    assert sweep.scenes == (validation.names[0], validation.names[2])
    generator = keras.models.load_model(sweep.folders["lambda-1"] / "last.keras")
    expected = enhance_stack(generator, validation.low[[0, 2]])
    for picture, truth in zip(sweep.pictures("lambda-1").values(), expected, strict=True):
        assert np.abs(picture.astype(int) - truth).mean() < 8  # WebP loses some of the noise
    assert np.abs(sweep.low[1].astype(int) - validation.low[2]).mean() < 4
    assert np.abs(sweep.high[1].astype(int) - validation.high[2]).mean() < 4


def test_a_trial_can_be_trained_again_and_gives_the_same_row(swept, tmp_path):
    _, sweep = swept
    again = run_sweep(RECIPES[1:2], tiny_splits(), tmp_path).rows[0]
    assert {**again, "seconds": 0} == {**sweep.row("lambda-1"), "seconds": 0}


def test_a_conditional_generator_is_scored_at_the_recipes_lambda(tmp_path):
    import keras

    recipe = TINY.but(name="told", condition="lambda", lambda_l1=1.0, norm="group", epochs=1)
    recipe = recipe.but(width=8, discriminator_width=8, generator_lr=0.05)
    (row,) = run_sweep([recipe], tiny_splits(), tmp_path).rows
    generator = keras.models.load_model(tmp_path / "told" / "last.keras")
    validation = tiny_splits().validation
    psnr = {
        lambda_l1: np.mean(
            [
                peak_signal_noise_ratio(truth, image, data_range=255)
                for truth, image in zip(
                    validation.high,
                    enhance_stack(generator, validation.low, lambda_l1=lambda_l1),
                    strict=True,
                )
            ]
        )
        for lambda_l1 in (1.0, 115.0)
    }
    assert abs(psnr[1.0] - psnr[115.0]) > 0.01  # else this would show nothing
    assert row["psnr"] == pytest.approx(psnr[1.0], abs=1e-3)


# Killed, resumed, shared.


def test_a_sweep_that_is_done_trains_nothing_again(swept):
    folder, sweep = swept
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.keras")}
    again = run_sweep(RECIPES, tiny_splits(), folder)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.keras")} == before
    assert again.rows == sweep.rows


def test_more_recipes_join_a_sweep_that_is_done(swept, tmp_path):
    done, before = swept
    folder = shutil.copytree(done, tmp_path / "copy")
    more = run_sweep([TINY.but(name="more", epochs=1)], tiny_splits(), folder)
    assert [row["trial"] for row in more.rows] == [*before.folders, "more"]


def test_a_killed_sweep_goes_on_from_the_epoch_that_was_whole(swept, tmp_path, start_apart):
    _, sweep = swept
    killed = start_apart(tmp_path, "KILL", "lambda-1")
    assert killed.wait(PATIENCE) == -signal.SIGKILL
    assert read_progress(tmp_path / "lambda-1")["epoch"] == 1
    assert start_apart(tmp_path, grace=3).wait(PATIENCE) == 0
    assert trained_epochs(tmp_path) == EACH_ONCE
    resumed = read_sweep(tmp_path)
    for recipe in RECIPES:
        assert resumed.history(recipe.name) == sweep.history(recipe.name)
    assert resumed.row("lambda-0")["seconds"] is not None
    assert resumed.row("lambda-1")["seconds"] is None  # of a part there is no time to report


def test_two_processes_share_the_trials_and_train_none_twice(swept, tmp_path, start_apart):
    _, sweep = swept
    workers = [start_apart(tmp_path) for _ in range(2)]
    assert [worker.wait(PATIENCE) for worker in workers] == [0, 0]
    assert trained_epochs(tmp_path) == EACH_ONCE
    shared = read_sweep(tmp_path)
    assert {row["trial"]: row["psnr"] for row in shared.rows} == {
        row["trial"]: row["psnr"] for row in sweep.rows
    }


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no way to put a process to sleep here")
def test_a_process_that_slept_and_was_given_up_does_no_harm(tmp_path, start_apart):
    sleeper = start_apart(tmp_path, "STOP", "lambda-0", grace=3)
    asleep = psutil.Process(sleeper.pid)
    wait_for(lambda: asleep.status() == psutil.STATUS_STOPPED, sleeper)
    assert read_progress(tmp_path / "lambda-0")["epoch"] == 1
    other = start_apart(tmp_path, grace=3)

    def given_up():
        with sqlite3.connect(tmp_path / "study.db", timeout=PATIENCE) as database:
            return database.execute("SELECT count(*) FROM trials WHERE state = 'FAIL'").fetchone()[
                0
            ]

    wait_for(given_up, other)
    sleeper.send_signal(signal.SIGCONT)
    assert [sleeper.wait(PATIENCE), other.wait(PATIENCE)] == [0, 0]
    assert trained_epochs(tmp_path) == EACH_ONCE
    assert len(read_sweep(tmp_path).rows) == len(RECIPES)


# Refused, or broken down.


@pytest.mark.parametrize("name", ["../away", "a/b", "..", "λ 100", "C:x"])
def test_a_name_that_leads_out_of_the_folder_is_refused(name, tmp_path):
    with pytest.raises(ValueError, match="cannot be a folder's name"):
        run_sweep([TINY.but(name=name)], tiny_splits(), tmp_path)
    assert not list(tmp_path.iterdir())


def test_two_recipes_of_one_name_are_refused_before_anything_is_trained(tmp_path):
    with pytest.raises(ValueError, match="Several recipes are called tiny"):
        run_sweep([TINY, TINY.but(lambda_l1=1.0)], tiny_splits(), tmp_path)
    assert not list(tmp_path.iterdir())


def test_recipes_of_two_sizes_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"sizes \[32, 64\]"):
        run_sweep([TINY, TINY.but(name="large", size=64)], tiny_splits(), tmp_path)


def test_another_recipe_of_a_name_that_is_taken_is_refused(swept):
    folder, _ = swept
    with pytest.raises(ValueError, match=r"another lambda-1 .*epochs: 3 there, 4 here"):
        run_sweep([RECIPES[1].but(epochs=4)], tiny_splits(), folder)


def test_other_validation_pairs_are_refused(swept):
    folder, _ = swept
    pairs = make_pairs(6, 32, 32, seed=9)
    with pytest.raises(ValueError, match="has validation"):
        run_sweep(RECIPES, Splits(pairs[:4], pairs[4:], pairs[:0]), folder)


def test_a_storage_that_is_none_is_refused_by_its_address(tmp_path):
    with pytest.raises(ValueError, match="nowhere:///x cannot be opened"):
        run_sweep(RECIPES, tiny_splits(), tmp_path, storage="nowhere:///x")


@pytest.mark.parametrize(
    ("room", "what"), [(200_000, r"generator\.keras|state_0001\.npz"), (60_000, "study.db")]
)
def test_a_full_disk_ends_a_sweep_with_one_line(tmp_path, room, what):
    resource = pytest.importorskip("resource", reason="no limits to a file's size on Windows")
    wide = TINY.but(width=16, discriminator_width=16, epochs=1)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        with pytest.raises((OSError, ValueError), match=what) as caught:
            run_sweep([wide], tiny_splits(), tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "\n" not in str(caught.value)


def test_bundled_photos_for_validation_can_be_in_every_light():
    common = CommonData("sample", [TINY.but(lights="lit")], lights="even+night+lit")
    assert common.validation.scenes[::2][:3] == ("even-books", "night-citrus", "lit-raccoon")
    assert len(common.validation) == 3 * 5 * 2
    pairs = common.validation
    low = dict(zip(pairs.names, pairs.low.mean(axis=(1, 2, 3)), strict=True))
    assert low["night-soccer"] < low["lit-soccer"] / 2
    assert common.splits(TINY).validation is common.validation


def test_a_recipes_light_is_that_of_its_training_pairs():
    common = CommonData("sample", [TINY])
    lit = common.splits(TINY.but(lights="lit")).train
    assert lit.low.mean() > 2 * common.splits(TINY).train.low.mean()


def test_pairs_of_ones_own_are_not_judged_in_other_light(tmp_path):
    with pytest.raises(ValueError, match="give sample"):
        run_sweep([TINY], tiny_splits(), tmp_path, lights="even+night")


def test_a_table_is_made_from_what_the_trials_folders_say(swept, tmp_path):
    done, before = swept
    folder = shutil.copytree(done, tmp_path / "copy")
    (folder / "results.csv").unlink()
    assert run_sweep(RECIPES, tiny_splits(), folder).rows == before.rows


def test_double_pictures_with_the_dark_half_on_the_right_can_be_trained_again(tmp_path):
    pairs = make_pairs(10, 32, 32)
    PairSet(pairs.high, pairs.low, pairs.names).write_concatenated(tmp_path / "both")
    common = CommonData(tmp_path / "both", [TINY], low_side="right")
    assert common.validation.low.mean() < common.validation.high.mean() / 3
    assert common.label == f"{tmp_path / 'both'} --dark-side right"


def test_a_trial_that_breaks_down_is_named_and_the_others_are_done(tmp_path):
    wild = TINY.but(name="wild", generator_lr=1e30, epochs=1)
    with pytest.raises(ValueError, match=r"1 of 2 trials broke down. wild: .*learning rates"):
        run_sweep([wild, RECIPES[0].but(epochs=1)], tiny_splits(), tmp_path)
    assert list(read_sweep(tmp_path).folders) == ["lambda-0"]
