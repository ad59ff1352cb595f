"""A training in the background goes its way, can be stopped and go on, and joins the comparison."""

import threading
import time

import pytest
from pictures import make_pairs
from waiting import PATIENCE, wait_for

from lowlight_utils.data.sources import Splits
from lowlight_utils.training import Recipe, train
from lowlight_utils.training.callbacks import read_progress
from lowlight_utils.tuning import read_sweep
from lowlight_utils.widgets import TrainingJob, train_with_my_lambda
from lowlight_utils.widgets.training import about, job_line, my_recipe

TINY = Recipe(
    name="tiny",
    size=32,
    width=4,
    depth=3,
    discriminator_width=4,
    norm="instance",
    generator_lr=2e-3,
    batch_size=2,
    epochs=3,
)
LONG = TINY.but(epochs=5000)


def splits():
    pairs = make_pairs(6, 32, 32)
    return Splits(pairs[:4], pairs[4:], pairs[:0])


# The job.


def test_a_job_trains_in_the_background_as_train_does(tmp_path):
    seen, looked = [], threading.Event()

    def changed(job):
        seen.append(job.step)
        if job.step:
            looked.wait(PATIENCE)

    job = TrainingJob(TINY, splits(), tmp_path / "mine", changed)
    assert job.state == "new"
    assert job.start() is job
    wait_for(lambda: job.step)
    assert (job.state, job.step) == ("running", 1)  # it waits in its first step, and we do not
    looked.set()
    job.wait(PATIENCE)
    assert (job.state, job.error) == ("done", None)
    assert (job.step, job.steps, job.epoch) == (6, 6, 3)
    assert seen == sorted(seen)
    direct = train(TINY, splits(), tmp_path / "direct", verbose=0)
    assert job.sweep.history("tiny") == direct.history
    assert job.val_psnr == pytest.approx(direct.history["val_psnr"][-1], abs=1e-3)
    assert read_sweep(tmp_path / "mine").rows == job.sweep.rows


def test_a_stopped_job_ends_soon_keeps_whole_epochs_and_goes_on(tmp_path):
    reached, asked = threading.Event(), threading.Event()

    def changed(job):
        if job.epoch >= 2:
            reached.set()
            asked.wait(PATIENCE)

    job = TrainingJob(LONG, splits(), tmp_path, changed).start()
    assert reached.wait(PATIENCE)
    before = job.step
    job.stop()
    asked.set()
    job.wait(PATIENCE)
    assert job.state == "stopped"
    assert job.step - before <= 1  # the step that was under way
    done = read_progress(tmp_path / "tiny")["epoch"]
    assert done >= 2
    again = TrainingJob(LONG, splits(), tmp_path).start()
    wait_for(lambda: again.epoch > done)
    assert read_progress(tmp_path / "tiny")["epoch"] > done
    again.stop()
    assert again.wait(PATIENCE).state == "stopped"


def test_jobs_wait_for_one_another_and_a_waiting_one_can_be_stopped(tmp_path):
    first = TrainingJob(LONG, splits(), tmp_path).start()
    wait_for(lambda: first.step)
    second = TrainingJob(LONG.but(name="second"), splits(), tmp_path).start()
    time.sleep(0.5)
    assert second.steps == 0
    second.stop()
    assert second.wait(PATIENCE).state == "stopped"
    assert first.state == "running"
    first.stop()
    assert first.wait(PATIENCE).state == "stopped"


def test_a_job_that_fails_says_why(tmp_path):
    job = TrainingJob(TINY.but(size=64), splits(), tmp_path).start().wait(PATIENCE)
    assert job.state == "failed"
    assert "32x32" in str(job.error)
    assert "It failed: " in job_line(job)


def test_the_callers_models_work_while_a_job_trains(tmp_path):
    import numpy as np

    from lowlight_utils.training import build_generator

    generator = build_generator(TINY)
    low = np.zeros((1, 32, 32, 3), np.float32)
    before = generator.predict_on_batch(low)
    job = TrainingJob(LONG, splits(), tmp_path).start()
    wait_for(lambda: job.step)
    for _ in range(5):
        assert np.array_equal(generator.predict_on_batch(low), before)
    build_generator(TINY.but(width=8)).predict_on_batch(low)
    assert job.state == "running"
    job.stop()
    assert job.wait(PATIENCE).state == "stopped"


def test_a_name_that_leads_out_of_the_folder_is_refused_at_once(tmp_path):
    with pytest.raises(ValueError, match="cannot be a folder's name"):
        TrainingJob(TINY.but(name="../x"), splits(), tmp_path)


# The widgets.


def test_choices_become_a_recipe_of_a_name_of_its_own():
    one, other = my_recipe(TINY, 3.0, 1e-3, 2e-4), my_recipe(TINY, 3.5, 1e-3, 2e-4)
    assert (one.lambda_l1, one.generator_lr, one.discriminator_lr) == (3.0, 1e-3, 2e-4)
    assert one.name != other.name
    assert one == my_recipe(TINY, 3.0, 1e-3, 2e-4)
    assert my_recipe(TINY.but(epochs=9), 3.0, 1e-3, 2e-4).name != one.name


def test_l1_only_is_a_recipe_without_a_discriminator():
    recipe = my_recipe(TINY, None, 1e-3, 2e-4)
    assert recipe.adversarial == 0
    assert recipe.lambda_l1 == TINY.lambda_l1
    assert recipe.name.startswith("my-l1-only-")


def test_a_job_that_was_done_before_says_so_again(tmp_path):
    first = TrainingJob(TINY, splits(), tmp_path).start().wait(PATIENCE)
    again = TrainingJob(TINY, splits(), tmp_path).start().wait(PATIENCE)
    assert (again.state, again.epoch) == ("done", 3)
    assert again.val_psnr == pytest.approx(first.val_psnr, abs=1e-3)
    assert again.sweep.rows == first.sweep.rows


def test_the_button_trains_what_was_chosen_and_hands_over_the_result(tmp_path):
    handed = []
    form = train_with_my_lambda(
        tmp_path, splits(), base=TINY, done=lambda sweep, trial: handed.append((sweep, trial))
    )
    form.lambda_.value = 10
    form.epochs.value = 2
    assert form.stop.disabled
    form.train.click()
    assert form.train.disabled
    assert not form.stop.disabled
    form.job.wait(PATIENCE)
    assert form.job.state == "done"
    assert (form.bar.value, form.bar.max) == (4, 4)
    assert form.line.value.startswith("Done, ")
    assert not form.train.disabled
    ((sweep, trial),) = handed
    assert sweep.row(trial)["lambda_l1"] == 10
    assert sweep.row(trial)["epochs"] == 2


def test_the_stop_button_stops(tmp_path):
    form = train_with_my_lambda(tmp_path, splits(), base=LONG)
    form.train.click()
    wait_for(lambda: form.job.step)
    form.stop.click()
    assert form.job.wait(PATIENCE).state == "stopped"
    assert form.line.value.startswith("Stopped after epoch ")
    assert form.stop.disabled


def test_no_thread_is_left_over():
    assert not [t for t in threading.enumerate() if t.name in ("tiny", "second")]


def test_the_form_says_how_long_it_takes_before_it_is_asked_to_train(tmp_path):
    form = train_with_my_lambda(tmp_path, splits(), base=TINY.but(epochs=10), seconds=10.0)
    assert "about 2 minutes on one core" in form.line.value
    form.epochs.value = 40
    assert "about 7 minutes on one core" in form.line.value
    assert about(20) == "about a minute"
