import math

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowlight_utils.training import discriminator_losses, generator_losses

VERDICTS = st.lists(st.floats(-30, 30, width=32), min_size=1, max_size=8)


def logits(values):
    return np.array(values, np.float32).reshape(1, 1, -1, 1)


def cross_entropy(values, target):
    """-log of the probability given to the target, in float64."""
    belief = 1 / (1 + np.exp(-np.array(values, np.float64)))
    return -np.log(belief if target else 1 - belief).mean()


def test_a_discriminator_that_can_only_guess_pays_ln_2_on_either_side():
    real, fake = discriminator_losses(logits([0, 0]), logits([0, 0]))
    assert float(real) == pytest.approx(math.log(2))
    assert float(fake) == pytest.approx(math.log(2))


def test_the_adversarial_loss_is_ln_2_where_the_discriminator_can_only_guess():
    picture = np.zeros((1, 4, 4, 3), np.float32)
    _, adversarial, _ = generator_losses(logits([0]), picture, picture, 100.0)
    assert float(adversarial) == pytest.approx(math.log(2))


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
    _, _, l1 = generator_losses(logits([0]), fake, high, 100.0)
    assert float(l1) == 2.0


def test_the_generators_total_is_adversarial_plus_lambda_times_l1():
    rng = np.random.default_rng(0)
    fake, high = rng.uniform(-1, 1, (2, 2, 8, 8, 3)).astype("float32")
    verdicts = rng.normal(size=(2, 2, 2, 1)).astype("float32")
    total, adversarial, l1 = map(float, generator_losses(verdicts, fake, high, 115.0))
    assert adversarial == pytest.approx(cross_entropy(verdicts, 1), rel=1e-5)
    assert l1 == pytest.approx(np.abs(high - fake).mean(), rel=1e-5)
    assert total == pytest.approx(adversarial + 115.0 * l1, rel=1e-6)


def test_lambda_0_leaves_the_adversarial_loss_alone():
    rng = np.random.default_rng(0)
    fake, high = rng.uniform(-1, 1, (2, 1, 8, 8, 3)).astype("float32")
    total, adversarial, _ = generator_losses(logits([0.3]), fake, high, 0.0)
    assert float(total) == float(adversarial)
