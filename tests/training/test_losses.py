import math

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.metrics import structural_similarity

from lowlight_utils.data.images import resize, to_network
from lowlight_utils.training import discriminator_losses, generator_losses
from lowlight_utils.training.losses import Seen, detail, scale_to_mean, ssim

VERDICTS = st.lists(st.floats(-30, 30, width=32), min_size=1, max_size=8)


def logits(values):
    return np.array(values, np.float32).reshape(1, 1, -1, 1)


def cross_entropy(values, target):
    """-log of the probability given to the target, in float64."""
    belief = 1 / (1 + np.exp(-np.array(values, np.float64)))
    return -np.log(belief if target else 1 - belief).mean()


def losses_of(verdicts, fake, high, gt_mean=0.0, **weights):
    """The losses as numbers, with λ 100 if no other is given."""
    weights = {"lambda_l1": 100.0, **({} if verdicts is None else {"adversarial": 1.0}), **weights}
    found = generator_losses(Seen(fake, high, verdicts, gt_mean), weights)
    return {name: float(loss) for name, loss in found.items()}


def test_a_discriminator_that_can_only_guess_pays_ln_2_on_either_side():
    real, fake = discriminator_losses(logits([0, 0]), logits([0, 0]))
    assert float(real) == pytest.approx(math.log(2))
    assert float(fake) == pytest.approx(math.log(2))


def test_the_adversarial_loss_is_ln_2_where_the_discriminator_can_only_guess():
    picture = np.zeros((1, 4, 4, 3), np.float32)
    losses = losses_of(logits([0]), picture, picture)
    assert losses["adversarial_loss"] == pytest.approx(math.log(2))


@given(VERDICTS, VERDICTS)
def test_the_discriminators_losses_are_binary_cross_entropies(real, fake):
    real_loss, fake_loss = discriminator_losses(logits(real), logits(fake))
    # 1 - sigmoid(30) is 1e-13: float64 has three digits left of it.
    assert float(real_loss) == pytest.approx(cross_entropy(real, 1), rel=1e-3, abs=1e-6)
    assert float(fake_loss) == pytest.approx(cross_entropy(fake, 0), rel=1e-3, abs=1e-6)


def test_the_losses_agree_with_keras():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(0, 2, (2, 3, 4, 4, 1)).astype("float32")
    entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    ours = discriminator_losses(real, fake)
    theirs = entropy(np.ones_like(real), real), entropy(np.zeros_like(fake), fake)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_the_losses_stay_finite_where_a_sigmoid_would_round_to_0_or_1():
    real, fake = discriminator_losses(logits([-1000]), logits([1000]))
    assert (float(real), float(fake)) == (1000, 1000)


def test_l1_is_the_mean_absolute_difference_in_network_units():
    fake, high = np.full((1, 4, 4, 3), -1, np.float32), np.ones((1, 4, 4, 3), np.float32)
    assert float(losses_of(logits([0]), fake, high)["l1_loss"]) == 2.0


def test_the_generators_total_is_adversarial_plus_lambda_times_l1():
    rng = np.random.default_rng(0)
    fake, high = rng.uniform(-1, 1, (2, 2, 8, 8, 3)).astype("float32")
    verdicts = rng.normal(size=(2, 2, 2, 1)).astype("float32")
    losses = losses_of(verdicts, fake, high, lambda_l1=115.0)
    assert losses["adversarial_loss"] == pytest.approx(cross_entropy(verdicts, 1), rel=1e-5)
    assert losses["l1_loss"] == pytest.approx(np.abs(high - fake).mean(), rel=1e-5)
    expected = losses["adversarial_loss"] + 115.0 * losses["l1_loss"]
    assert losses["generator_loss"] == pytest.approx(expected, rel=1e-6)
    assert "ssim_loss" not in losses


def test_lambda_0_leaves_the_adversarial_loss_alone():
    rng = np.random.default_rng(0)
    fake, high = rng.uniform(-1, 1, (2, 1, 8, 8, 3)).astype("float32")
    losses = losses_of(logits([0.3]), fake, high, lambda_l1=0.0)
    assert losses["generator_loss"] == losses["adversarial_loss"]


def test_without_the_adversarial_term_no_verdict_is_needed():
    rng = np.random.default_rng(0)
    fake, high = rng.uniform(-1, 1, (2, 1, 16, 16, 3)).astype("float32")
    losses = losses_of(None, fake, high, lambda_ssim=30.0)
    assert set(losses) == {"generator_loss", "l1_loss", "ssim_loss"}
    expected = 100.0 * losses["l1_loss"] + 30.0 * losses["ssim_loss"]
    assert losses["generator_loss"] == pytest.approx(expected, rel=1e-6)


def test_the_ssim_term_is_one_minus_the_ssim_that_evaluation_reports():
    rng = np.random.default_rng(0)
    high = resize(rng.integers(0, 256, (6, 6, 3), np.uint8), 32)  # smooth blobs
    noisy = np.clip(high + rng.normal(0, 20, high.shape), 0, 255).astype(np.uint8)
    pictures = to_network(noisy)[None], to_network(high)[None]
    loss = losses_of(None, *pictures, lambda_ssim=1.0)["ssim_loss"]
    assert 0.1 < loss < 0.9
    # Where the window would reach over the border, the loss does not look.
    inside = structural_similarity(
        high,
        noisy,
        data_range=255,
        channel_axis=2,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )[1][5:-5, 5:-5].mean()
    assert loss == pytest.approx(1 - inside, abs=2e-5)


def test_equal_pictures_have_no_ssim_loss():
    picture = np.linspace(-1, 1, 16 * 16 * 3, dtype=np.float32).reshape(1, 16, 16, 3)
    assert float(ssim(picture, picture)) == pytest.approx(1.0, abs=1e-5)


def test_after_scaling_to_the_mean_brightness_alone_costs_nothing():
    rng = np.random.default_rng(0)
    light = rng.uniform(0.2, 0.9, (2, 8, 8, 3)).astype("float32")
    high, darker = 2 * light - 1, 2 * (0.5 * light) - 1
    np.testing.assert_allclose(np.asarray(scale_to_mean(darker, high)), high, atol=1e-5)
    plain, shared, free = (
        losses_of(None, darker, high, gt_mean=share)["generator_loss"] for share in (0.0, 0.5, 1.0)
    )
    assert free == pytest.approx(0, abs=1e-3)
    assert shared == pytest.approx(plain / 2, rel=1e-4)


def test_the_gain_of_scaling_is_bounded():
    black, grey = np.full((1, 4, 4, 3), -0.99, "float32"), np.zeros((1, 4, 4, 3), "float32")
    np.testing.assert_allclose(np.asarray(scale_to_mean(black, grey)), 0.01 * 2.5 - 1, atol=1e-6)


def test_the_reported_l1_is_the_plain_one_whatever_its_share():
    low, high = np.full((1, 4, 4, 3), -0.5, "float32"), np.zeros((1, 4, 4, 3), "float32")
    losses = losses_of(None, low, high, gt_mean=0.5)
    assert losses["l1_loss"] == pytest.approx(0.5)


def test_the_detail_term_knows_nothing_of_the_level():
    rng = np.random.default_rng(0)
    high = rng.uniform(-0.5, 0.5, (1, 8, 8, 3)).astype("float32")
    assert float(detail(high + 0.4, high)) == pytest.approx(0, abs=1e-6)


def test_the_detail_term_asks_a_price_for_grain_and_for_a_lost_edge():
    edge = np.zeros((1, 4, 4, 1), "float32")
    edge[:, :, 2:] = 0.6  # one step across, in one of three columns of differences
    flat = np.full((1, 4, 4, 1), 0.3, "float32")
    assert float(detail(flat, edge)) == pytest.approx(0.6 / 3 / 2)
    grain = np.indices((4, 4)).sum(0)[None, ..., None] % 2 * 0.1  # a chessboard
    assert float(detail(flat + grain.astype("float32"), flat)) == pytest.approx(0.1)


def test_the_detail_term_enters_the_total_with_its_weight():
    rng = np.random.default_rng(0)
    fake, high = rng.uniform(-1, 1, (2, 1, 8, 8, 3)).astype("float32")
    losses = losses_of(None, fake, high, lambda_detail=30.0)
    expected = 100.0 * losses["l1_loss"] + 30.0 * losses["detail_loss"]
    assert losses["generator_loss"] == pytest.approx(expected, rel=1e-6)
