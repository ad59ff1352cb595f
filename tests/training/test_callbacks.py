import json

import keras
import numpy as np
import pytest
from pictures import make_pairs
from skimage.metrics import peak_signal_noise_ratio
from small import arrays, small_batch, small_gan

from lowlight_utils.data.images import read_image, to_image, to_network
from lowlight_utils.training.callbacks import (
    Backup,
    KeepGenerator,
    RefuseNaN,
    SamplePictures,
    Validate,
    enhance_stack,
    read_progress,
    restore_state,
)
from lowlight_utils.training.gan import Adam

PAIRS = make_pairs(3, 32, 32)


@pytest.fixture(scope="module")
def gan():
    """One with an average that differs from its generator. Tests may train it further."""
    gan = small_gan(optimizer=lambda: Adam(1e-2), dropout=0.5, average=0.9)
    for _ in range(3):
        gan.train_on_batch(*small_batch())
    return gan


def attach(callback, gan):
    callback.set_model(gan)
    callback.on_train_begin()
    return callback


def test_a_stack_is_enhanced_in_inference_mode_whatever_the_batches(gan):
    pairs = make_pairs(5, 32, 32)
    expected = to_image(np.asarray(gan.generator(to_network(pairs.low), training=False)))
    for batch_size in (2, 5, 8):
        enhanced = enhance_stack(gan.generator, pairs.low, batch_size)
        assert (enhanced.shape, enhanced.dtype) == (pairs.low.shape, np.uint8)
        # A sum in another order may fall to the other side of a half.
        assert np.abs(enhanced.astype(int) - expected).max() <= 1


def test_validation_measures_the_averaged_generators_8_bit_pictures(gan):
    logs = {}
    attach(Validate(PAIRS), gan).on_epoch_end(0, logs)
    enhanced = enhance_stack(gan.averaged_generator, PAIRS.low)
    scores = [
        peak_signal_noise_ratio(truth, image, data_range=255)
        for truth, image in zip(PAIRS.high, enhanced, strict=True)
    ]
    assert logs["val_psnr"] == pytest.approx(np.mean(scores))
    assert logs["val_psnr"] < 40  # and not 42.11 dB too many, as pictures in [-1, 1] would give


def test_a_conditional_generator_is_measured_and_shown_at_its_own_lambda(tmp_path):
    gan = small_gan(norm="group", width=8, condition="lambda", lambda_l1=3.0)
    rng = np.random.default_rng(0)
    for weight in gan.generator.trainable_weights:
        if not arrays([weight])[0].any():  # λ's influence grows from nothing
            weight.assign(rng.normal(0, 1, weight.shape))
    at_3, at_115 = (enhance_stack(gan.generator, PAIRS.low, lambda_l1=x) for x in (3.0, 115.0))
    assert (at_3 != at_115).any()
    logs = {}
    attach(Validate(PAIRS), gan).on_epoch_end(0, logs)
    scores = [
        peak_signal_noise_ratio(truth, image, data_range=255)
        for truth, image in zip(PAIRS.high, at_3, strict=True)
    ]
    assert logs["val_psnr"] == pytest.approx(np.mean(scores))
    attach(SamplePictures(PAIRS, tmp_path), gan).on_epoch_end(0, {})
    np.testing.assert_array_equal(read_image(tmp_path / "epoch_0001.png"), np.hstack(at_3))


def test_sample_pictures_stand_side_by_side(gan, tmp_path):
    callback = attach(SamplePictures(PAIRS, tmp_path / "samples"), gan)
    callback.on_epoch_end(4, {})
    strip = np.hstack(enhance_stack(gan.best_generator, PAIRS.low))
    for name, expected in (
        ("low", np.hstack(PAIRS.low)),
        ("high", np.hstack(PAIRS.high)),
        ("epoch_0005", strip),
    ):
        np.testing.assert_array_equal(read_image(tmp_path / f"samples/{name}.png"), expected)


def test_the_best_generator_is_kept_and_not_the_last(gan, tmp_path):
    path = tmp_path / "generator.keras"
    keep = attach(KeepGenerator(path, lambda: small_gan(dropout=0.5).generator), gan)
    kept = []
    for epoch, psnr in enumerate((10.0, 12.0, 11.0, 12.0)):
        gan.train_on_batch(*small_batch())
        keep.on_epoch_end(epoch, {"val_psnr": psnr})
        kept.append(keras.models.load_model(path).get_weights())
        if epoch == 1:
            best = arrays(gan.averaged_generator.weights)
    for one, other in zip(kept[-1], best, strict=True):
        np.testing.assert_array_equal(one, other)
    assert any((a != b).any() for a, b in zip(kept[0], kept[1], strict=True))
    assert [x.name for x in tmp_path.iterdir()] == ["generator.keras"]


def test_a_generator_that_does_not_beat_the_earlier_ones_is_not_kept(gan, tmp_path):
    path = tmp_path / "generator.keras"
    keep = attach(KeepGenerator(path, lambda: small_gan().generator, best=20.0), gan)
    keep.on_epoch_end(5, {"val_psnr": 19.9})
    assert not path.exists()


def test_the_last_generator_is_kept_if_the_recipe_says_so(gan, tmp_path):
    path = tmp_path / "generator.keras"
    keep = attach(KeepGenerator(path, lambda: small_gan().generator, keep="last"), gan)
    for epoch, psnr in enumerate((12.0, 11.0)):
        gan.train_on_batch(*small_batch())
        keep.on_epoch_end(epoch, {"val_psnr": psnr})
    kept = keras.models.load_model(path).get_weights()
    for one, other in zip(kept, arrays(gan.averaged_generator.weights), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_ends_training_and_is_named(value):
    with pytest.raises(ValueError, match=r"epoch 3 .*l1_loss.*learning rates"):
        RefuseNaN().on_epoch_end(2, {"l1_loss": value, "adversarial_loss": 0.7})


def test_a_backup_restores_every_weight_moment_and_random_state(gan, tmp_path):
    attach(Backup(tmp_path, {}), gan).on_epoch_end(0, {"l1_loss": 0.5})
    other = small_gan(optimizer=lambda: Adam(1e-2), dropout=0.5, average=0.9)
    restore_state(other, tmp_path / read_progress(tmp_path)["state"])
    for each in (gan, other):  # the next steps draw the same dropout and use the same moments
        for _ in range(2):
            each.train_on_batch(*small_batch())
    for one, two in zip(arrays(gan.variables), arrays(other.variables), strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_backup_goes_on_with_the_history_and_leaves_one_state(gan, tmp_path):
    backup = attach(Backup(tmp_path, {"l1_loss": [0.5]}), gan)
    for epoch, loss in ((1, np.float32(0.25)), (2, 0.125)):
        backup.on_epoch_end(epoch, {"l1_loss": loss})
    assert read_progress(tmp_path) == {
        "epoch": 3,
        "state": "state_0003.npz",
        "history": {"l1_loss": [0.5, 0.25, 0.125]},
    }
    assert sorted(x.name for x in tmp_path.iterdir()) == ["progress.json", "state_0003.npz"]


@pytest.mark.parametrize("keeper", ["generator.keras", "state_0001.npz"])
def test_a_file_that_cannot_be_written_is_named_and_leaves_no_part(gan, tmp_path, keeper):
    resource = pytest.importorskip("resource", reason="no limits to a file's size on Windows")
    callback = Backup(tmp_path, {})
    if keeper == "generator.keras":
        callback = KeepGenerator(tmp_path / keeper, lambda: small_gan(dropout=0.5).generator)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(OSError, match=rf"{keeper}: cannot be written \(.*\)$"):
            attach(callback, gan).on_epoch_end(0, {"val_psnr": 10.0})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(tmp_path.iterdir())


def test_progress_is_plain_json(gan, tmp_path):
    attach(Backup(tmp_path, {}), gan).on_epoch_end(0, {"l1_loss": np.float32(0.5)})
    content = json.loads((tmp_path / "progress.json").read_text(encoding="utf-8"))
    assert content["history"] == {"l1_loss": [0.5]}


def test_a_folder_without_a_run_has_no_progress(tmp_path):
    assert read_progress(tmp_path) is None
    assert read_progress(tmp_path / "missing") is None
