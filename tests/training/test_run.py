import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from apart import ON_JAX
from pictures import make_pairs
from skimage.metrics import peak_signal_noise_ratio
from small import SMALL, final_state, small_splits

try:
    import resource
except ModuleNotFoundError:  # on Windows
    resource = None

from lowlight_utils.data.images import read_image
from lowlight_utils.data.sources import Splits
from lowlight_utils.training import build_gan, build_generator, read_recipe, train
from lowlight_utils.training.callbacks import enhance_stack, read_progress

HERE = Path(__file__).parent


def run_apart(moment, *folders, **environment):
    """Train in a process of its own that may be killed; return how it ended."""
    path = os.pathsep.join([str(HERE.parent), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, HERE / "killed_run.py", moment, *folders],
        env={**os.environ, "PYTHONPATH": path, **environment},
        check=False,
    ).returncode


def same_state(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def assert_same_run(folder, other):
    assert read_progress(folder) == read_progress(other)
    assert same_state(final_state(folder), final_state(other))
    for path in sorted((other / "samples").iterdir()):
        assert (folder / "samples" / path.name).read_bytes() == path.read_bytes()
    generators = [keras.models.load_model(x / "generator.keras") for x in (folder, other)]
    assert same_state(*[x.get_weights() for x in generators])


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    return train(SMALL, small_splits(), tmp_path_factory.mktemp("unbroken"), verbose=0)


@pytest.fixture
def copy(unbroken, tmp_path):
    """A copy of the unbroken run's folder, to damage."""
    return shutil.copytree(unbroken.folder, tmp_path / "copy")


# What a run leaves.


def test_a_run_leaves_recipe_progress_generator_and_samples(unbroken):
    assert sorted(path.name for path in unbroken.folder.iterdir()) == [
        "generator.keras",
        "origin.json",
        "progress.json",
        "recipe.json",
        "samples",
        "state_0003.npz",
    ]
    assert sorted(path.name for path in (unbroken.folder / "samples").iterdir()) == [
        "epoch_0001.png",
        "epoch_0002.png",
        "epoch_0003.png",
        "high.png",
        "low.png",
    ]
    assert read_recipe(unbroken.folder / "recipe.json") == SMALL


def test_the_history_has_a_value_for_each_epoch(unbroken):
    assert set(unbroken.history) == {
        "generator_loss",
        "adversarial_loss",
        "l1_loss",
        "discriminator_real_loss",
        "discriminator_fake_loss",
        "val_psnr",
    }
    assert {len(values) for values in unbroken.history.values()} == {SMALL.epochs}
    assert read_progress(unbroken.folder)["history"] == unbroken.history


def test_the_kept_generator_is_the_best_on_validation_and_takes_any_size(unbroken):
    generator = keras.models.load_model(unbroken.generator_file)
    validation = small_splits().validation
    enhanced = enhance_stack(generator, validation.low)
    psnr = np.mean(
        [
            peak_signal_noise_ratio(truth, image, data_range=255)
            for truth, image in zip(validation.high, enhanced, strict=True)
        ]
    )
    assert psnr == pytest.approx(max(unbroken.history["val_psnr"]))
    assert generator.predict_on_batch(np.zeros((1, 64, 40, 3), np.float32)).shape == (1, 64, 40, 3)


def test_samples_show_the_first_pair_of_each_scene(tmp_path):
    pairs = make_pairs(6, 32, 32, scenes=("a", "a", "b", "b", "c", "c"))
    splits = Splits(pairs, pairs, pairs[:0])
    train(SMALL.but(epochs=1), splits, tmp_path, verbose=0)
    strip = read_image(tmp_path / "samples" / "high.png")
    np.testing.assert_array_equal(strip, np.hstack(pairs.high[[0, 2, 4]]))


def test_more_callbacks_see_the_validation(tmp_path):
    seen = []
    look = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda _, logs: seen.append(logs["val_psnr"])
    )
    run = train(SMALL.but(epochs=1), small_splits(), tmp_path, verbose=0, callbacks=[look])
    assert seen == run.history["val_psnr"]


def test_mixed_precision_trains_and_keeps_a_float32_generator(tmp_path):
    run = train(SMALL.but(epochs=1, dtype="mixed_bfloat16"), small_splits(), tmp_path, verbose=0)
    assert run.gan.generator.get_layer("down1_conv").compute_dtype == "bfloat16"
    generator = keras.models.load_model(run.generator_file)
    assert {layer.compute_dtype for layer in generator.layers} == {"float32"}


# Seeds.


def test_a_conditional_generator_trains_and_is_kept(tmp_path):
    networks = {"width": 8, "discriminator_width": 8, "norm": "group"}
    recipe = SMALL.but(epochs=2, condition="lambda", **networks)
    run = train(recipe, small_splits(), tmp_path, verbose=0)
    generator = keras.models.load_model(run.generator_file)
    low = small_splits().validation.low
    assert len(run.history["val_psnr"]) == 2
    ends = [enhance_stack(generator, low, lambda_l1=x) for x in (1.0, 1000.0)]
    assert (ends[0] != ends[1]).any()


def test_the_last_epochs_see_whole_pictures_and_the_last_generator_is_kept(tmp_path):
    recipe = SMALL.but(size=64, crop=32, zoom=True, whole_epochs=1, keep="last")
    run = train(recipe, small_splits(size=64), tmp_path, verbose=0)
    assert [len(values) for values in run.history.values()] == [3] * len(run.history)
    kept = keras.models.load_model(run.generator_file).get_weights()
    for one, other in zip(kept, run.gan.best_generator.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_run_with_fewer_epochs_than_whole_ones_sees_whole_pictures_alone(tmp_path):
    recipe = SMALL.but(size=64, crop=32, keep="last", augmentation="none")
    runs = [
        train(recipe.but(**changes), small_splits(size=64), tmp_path / name, verbose=0)
        for name, changes in (("more", {"whole_epochs": 9}), ("none", {"crop": None}))
    ]
    assert runs[0].history == runs[1].history


def test_one_seed_gives_one_run(unbroken, tmp_path):
    train(SMALL, small_splits(), tmp_path, verbose=0)
    assert_same_run(tmp_path, unbroken.folder)


def test_another_seed_gives_another_run(unbroken, tmp_path):
    train(SMALL.but(seed=1), small_splits(), tmp_path, verbose=0)
    assert not same_state(final_state(tmp_path), final_state(unbroken.folder))


# Killed and resumed.


@pytest.mark.parametrize("moment", ["batch", "state", "progress"])
def test_a_killed_run_resumes_and_ends_where_an_unbroken_one_does(moment, unbroken, tmp_path):
    assert run_apart(moment, tmp_path) == -signal.SIGKILL
    assert read_progress(tmp_path)["epoch"] == 1
    assert len(list(tmp_path.glob(".*.part"))) == (moment != "batch")
    run = train(SMALL, small_splits(), tmp_path, resume=True, verbose=0)
    assert run.history == unbroken.history
    assert_same_run(tmp_path, unbroken.folder)
    assert sorted(tmp_path.glob("state_*")) == [tmp_path / "state_0003.npz"]
    assert not list(tmp_path.glob(".*"))


# Two processes that each start JAX: the slowest test here. They share no cache of compiled code,
# because JAX 0.5 crashes when it reads one.
def test_a_killed_run_resumes_on_jax(tmp_path):
    folder, unbroken = tmp_path / "killed", tmp_path / "unbroken"
    environment = ON_JAX
    assert run_apart("batch", folder, **environment) == -signal.SIGKILL
    assert read_progress(folder)["epoch"] == 1
    assert run_apart("never", folder, unbroken, **environment) == 0
    assert_same_run(folder, unbroken)


def test_a_run_that_was_killed_before_its_first_epochs_end_starts_again(unbroken, tmp_path):
    (tmp_path / "recipe.json").write_text(SMALL.but(seed=9).to_json())
    (tmp_path / "state_0001.npz").write_bytes(b"half a sta")
    train(SMALL, small_splits(), tmp_path, resume=True, verbose=0)
    assert_same_run(tmp_path, unbroken.folder)


def test_resuming_a_finished_run_trains_nothing_and_keeps_all(unbroken, copy):
    steps = []
    count = keras.callbacks.LambdaCallback(on_train_batch_end=lambda *_: steps.append(1))
    run = train(SMALL, small_splits(), copy, resume=True, verbose=0, callbacks=[count])
    assert steps == []
    assert run.history == unbroken.history
    assert_same_run(copy, unbroken.folder)
    assert same_state(run.gan.get_weights(), unbroken.gan.get_weights())


def test_a_resumed_run_keeps_the_earlier_generator_if_it_was_better(tmp_path):
    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(SMALL, small_splits(), tmp_path, verbose=0, callbacks=[Stop()])
    progress = json.loads((tmp_path / "progress.json").read_text())
    progress["history"]["val_psnr"] = [99.0]
    (tmp_path / "progress.json").write_text(json.dumps(progress))
    kept = (tmp_path / "generator.keras").read_bytes()
    train(SMALL, small_splits(), tmp_path, resume=True, verbose=0)
    assert (tmp_path / "generator.keras").read_bytes() == kept


# How, and not what.


def test_many_steps_a_call_give_the_same_run_to_the_last_bit(unbroken, tmp_path):
    calls = []
    count = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: calls.append(batch)
    )
    how = {"steps_per_execution": 2, "callbacks": [count]}
    run = train(SMALL, small_splits(), tmp_path, verbose=0, **how)
    assert len(calls) == 2 * SMALL.epochs  # two batches of two pairs in one, and one of one
    assert run.history == unbroken.history
    assert_same_run(tmp_path, unbroken.folder)


def test_many_steps_a_call_serve_crops_whole_pictures_and_lambdas(tmp_path):
    recipe = SMALL.but(
        size=64, crop=32, zoom=True, whole_epochs=1, epochs=2, keep="last", condition="lambda",
        norm="group", width=8, discriminator_width=8,
    )  # fmt: skip
    folders = {steps: tmp_path / str(steps) for steps in (1, 3)}
    for steps, folder in folders.items():
        how = {"verbose": 0, "steps_per_execution": steps}
        train(recipe, small_splits(size=64), folder, **how)
    assert_same_run(folders[3], folders[1])


def test_a_run_that_is_seldom_written_goes_on_from_what_is_written(unbroken, tmp_path):
    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            kept.append(sorted(path.name for path in tmp_path.iterdir() if path.is_file()))
            if len(kept) == 2:
                raise KeyboardInterrupt

    kept = []
    how = {"verbose": 0, "callbacks": [Stop()], "resume": True}
    with pytest.raises(KeyboardInterrupt):
        train(SMALL, small_splits(), tmp_path, save_minutes=60, **how)
    assert kept == [["origin.json", "recipe.json"]] * 2  # no generator of a lost epoch either
    train(SMALL, small_splits(), tmp_path, save_minutes=60, **how)
    assert len(kept) == 2 + SMALL.epochs
    assert_same_run(tmp_path, unbroken.folder)


def test_a_run_that_is_asked_to_stop_is_written_though_it_is_not_yet_time(tmp_path):
    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = True

    train(SMALL, small_splits(), tmp_path, verbose=0, save_minutes=60, callbacks=[Stop()])
    assert read_progress(tmp_path)["epoch"] == 1
    assert (tmp_path / "generator.keras").exists()


# Longer, and from another generator.


def test_a_run_with_a_constant_rate_can_be_lengthened_and_is_as_if_it_had_been_so(tmp_path):
    recipe = SMALL.but(schedule="constant", epochs=2)
    train(recipe, small_splits(), tmp_path / "whole", verbose=0)
    train(recipe.but(epochs=1), small_splits(), tmp_path / "longer", verbose=0)
    train(recipe, small_splits(), tmp_path / "longer", resume=True, verbose=0)
    assert_same_run(tmp_path / "longer", tmp_path / "whole")
    assert read_recipe(tmp_path / "longer" / "recipe.json") == recipe


def test_a_run_whose_schedule_has_ended_names_the_way_to_train_further(copy):
    with pytest.raises(ValueError, match=r"epochs: 3 there, 9 here.*--start-from .*copy.generator"):
        train(SMALL.but(epochs=9), small_splits(), copy, resume=True, verbose=0)


def test_a_run_starts_from_another_generators_weights(unbroken, tmp_path):
    generator = keras.models.load_model(unbroken.generator_file)
    still = SMALL.but(
        epochs=1, generator_lr=1e-9, schedule="constant", average=0.0, adversarial=0.0
    )
    run = train(still, small_splits(), tmp_path, start_from=generator, verbose=0)
    kernels = [x for x in run.gan.generator.trainable_weights if x.path.endswith("kernel")]
    first = {x.path: x for x in generator.trainable_weights}
    assert kernels
    for kernel in kernels:
        np.testing.assert_allclose(kernel, first[kernel.path], atol=1e-6)
    assert json.loads((tmp_path / "origin.json").read_text())["started_from"]


def test_a_generator_of_another_kind_is_refused(tmp_path):
    other = build_generator(SMALL.but(width=8))
    with pytest.raises(ValueError, match="another network than the recipe's"):
        train(SMALL, small_splits(), tmp_path / "run", start_from=other, verbose=0)
    assert not (tmp_path / "run").exists()


# What is refused.


def other_training(splits):
    return Splits(make_pairs(5, 32, 32, seed=40), splits.validation, splits.test)


def fewer_training(splits):
    return Splits(splits.train[1:], splits.validation, splits.test)


def reordered_training(splits):
    return Splits(splits.train[::-1], splits.validation, splits.test)


def renamed_validation(splits):
    return Splits(splits.train, splits.validation.with_prefix("new-"), splits.test)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (other_training, "for training other pictures"),
        (fewer_training, "5 for training there, 4 here"),
        (reordered_training, "for training other pictures"),
        (renamed_validation, "for validation photo5 photo6 there, new-photo5 new-photo6 here"),
    ],
)
def test_a_run_is_not_resumed_with_other_pairs(copy, change, what):
    with pytest.raises(ValueError, match=rf"origin\.json: .*other pairs \({what}\)"):
        train(SMALL, change(small_splits()), copy, resume=True, verbose=0)


def test_a_run_is_not_resumed_from_other_first_weights(copy):
    with pytest.raises(ValueError, match="did not start from these weights"):
        train(
            SMALL,
            small_splits(),
            copy,
            resume=True,
            start_from=build_generator(SMALL),
            verbose=0,
        )


def test_an_older_run_without_an_origin_is_resumed_and_gets_one(copy):
    (copy / "origin.json").unlink()
    train(SMALL, small_splits(), copy, resume=True, verbose=0)
    kept = json.loads((copy / "origin.json").read_text())
    assert kept["held_out"] == {"validation": ["photo5", "photo6"], "test": []}


@pytest.mark.skipif(resource is None, reason="no limits to a file's size on Windows")
def test_a_full_disk_ends_a_run_with_the_files_name_and_what_is_kept(tmp_path):
    class FillTheDisk(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))

    files = r"generator\.keras|state_0002\.npz"  # the former if the epoch is the best yet
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with pytest.raises(OSError, match=rf"({files}): .*1 of 3 epochs .*--resume"):
            train(SMALL, small_splits(), tmp_path, verbose=0, callbacks=[FillTheDisk()])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not [path for path in tmp_path.rglob("*") if "part" in path.name]
    assert read_progress(tmp_path)["epoch"] == 1


def test_a_folder_with_a_run_is_not_overwritten(copy):
    with pytest.raises(FileExistsError, match=r"copy already holds a run"):
        train(SMALL, small_splits(), copy, verbose=0)


def test_resuming_with_another_recipe_names_what_differs(copy):
    with pytest.raises(
        ValueError,
        match=r"recipe\.json .*in lambda_l1: .* there, 50.0 here; epochs: .* here\)",
    ):
        train(SMALL.but(lambda_l1=50.0, epochs=9), small_splits(), copy, resume=True, verbose=0)
    assert read_recipe(copy / "recipe.json") == SMALL


def overwrite(path, content):
    path.write_bytes(content)


def truncate(path, _):
    os.truncate(path, path.stat().st_size // 2)


def delete(path, _):
    path.unlink()


DAMAGE = [
    ("recipe.json", truncate, b""),
    ("recipe.json", delete, b""),
    ("origin.json", truncate, b""),
    ("origin.json", overwrite, b"[]"),
    ("progress.json", truncate, b""),
    ("progress.json", overwrite, b""),
    ("progress.json", overwrite, b"[]"),
    ("progress.json", overwrite, b"\xff\xfe"),
    ("progress.json", overwrite, b'{"epoch": 3, "state": "state_0003.npz"}'),
    ("progress.json", overwrite, b'{"epoch": 3, "state": "state_0003.npz", "history": [1]}'),
    ("progress.json", overwrite, b'{"epoch": 3, "state": "s.npz", "history": {"l1_loss": [1]}}'),
    ("state_0003.npz", truncate, b""),
    ("state_0003.npz", overwrite, b""),
    ("state_0003.npz", overwrite, b"not a state"),
    ("state_0003.npz", delete, b""),
]


@pytest.mark.parametrize(("name", "how", "content"), DAMAGE)
def test_a_damaged_file_is_named_on_resume(copy, name, how, content):
    how(copy / name, content)
    with pytest.raises(ValueError, match=name.replace(".", r"\.")):
        train(SMALL, small_splits(), copy, resume=True, verbose=0)


def test_the_state_of_other_networks_is_refused(copy):
    (copy / "recipe.json").write_text(SMALL.but(width=8).to_json())
    with pytest.raises(ValueError, match=r"state_0003\.npz belongs to other networks"):
        train(SMALL.but(width=8), small_splits(), copy, resume=True, verbose=0)


def test_pairs_of_another_size_are_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ValueError, match=r"training pairs are 64x64, but the recipe's size is 32"):
        train(SMALL, small_splits(size=64), tmp_path / "run", verbose=0)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("part", ["training", "validation"])
def test_a_part_without_pairs_is_refused(part, tmp_path):
    splits = small_splits(**{part.removesuffix("ing"): 0})
    with pytest.raises(ValueError, match=f"no {part} pairs"):
        train(SMALL, splits, tmp_path / "run", verbose=0)


def test_a_training_that_breaks_down_is_ended_and_leaves_no_generator(tmp_path):
    with pytest.raises(ValueError, match="learning rates"):
        train(SMALL.but(generator_lr=1e30), small_splits(), tmp_path, verbose=0)
    assert not (tmp_path / "generator.keras").exists()
    assert read_progress(tmp_path) is None


# What recipes build.


@pytest.mark.parametrize("changes", [{"size": 36}, {"size": 36, "crop": 32}], ids=str)
def test_a_size_that_the_depth_does_not_fit_is_refused(changes):
    with pytest.raises(ValueError, match="multiples of 8, not 36"):
        build_gan(SMALL.but(**changes))


def test_a_recipes_fields_reach_the_networks_and_the_optimizers():
    recipe = SMALL.but(schedule="constant", norm="instance", upsampling="resize", base="input")
    gan = build_gan(recipe)
    assert gan.generator.get_layer("down1_conv").filters == recipe.width
    assert gan.discriminator.get_layer("block1_conv").filters == recipe.discriminator_width
    assert isinstance(gan.discriminator.get_layer("block2_norm"), keras.layers.GroupNormalization)
    assert gan.recipe == recipe
    optimizers = gan.generator_optimizer, gan.discriminator_optimizer
    assert [float(x.learning_rate) for x in optimizers] == pytest.approx([2e-3, 2e-4])
    assert {(x.beta_1, x.beta_2) for x in optimizers} == {(0.5, 0.999)}


def test_the_cosine_schedule_ends_at_nothing_with_the_last_step():
    gan = build_gan(SMALL, steps_per_epoch=10)
    gan.generator_optimizer.iterations.assign(15)
    assert float(gan.generator_optimizer.learning_rate) == pytest.approx(SMALL.generator_lr / 2)
    gan.generator_optimizer.iterations.assign(30)
    assert float(gan.generator_optimizer.learning_rate) == pytest.approx(0.0, abs=1e-9)


def test_a_recipes_generator_takes_any_size():
    generator = build_generator(SMALL)
    assert generator.predict_on_batch(np.zeros((1, 8, 16, 3), np.float32)).shape == (1, 8, 16, 3)
