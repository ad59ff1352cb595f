"""One step of your own.

Write `alternating_step`, in TensorFlow: one update of the discriminator, then one of the generator.

- The discriminator minimises half the sum of its two prices, the generator its price plus `lambda_l1` times L1, as in 3.2.
- The generator answers to the discriminator *as it is after its update*.
- Both networks are called with `training=True`. An optimizer's `apply(gradients, variables)` does the update; each network's weights are its
  `trainable_variables`.

`tf.nn.sigmoid_cross_entropy_with_logits` is the stable price. Notebook 03 has a step that saves a forward pass; yours need not.
"""

# %% answer
import tensorflow as tf


def alternating_step(generator, discriminator, low, high, lambda_l1, g_optimizer, d_optimizer):
    """Update both networks once, on tensors float32[n, h, w, 3] in [-1, 1]; return the L1."""

    ### BEGIN SOLUTION
    def price(logits, target):
        targets = tf.fill(tf.shape(logits), target)
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(targets, logits))

    with tf.GradientTape() as tape:
        fake = generator(low, training=True)
        real_loss = price(discriminator([low, high], training=True), 1.0)
        fake_loss = price(discriminator([low, fake], training=True), 0.0)
        loss = 0.5 * (real_loss + fake_loss)
    weights = discriminator.trainable_variables
    d_optimizer.apply(tape.gradient(loss, weights), weights)

    with tf.GradientTape() as tape:
        fake = generator(low, training=True)
        l1 = tf.reduce_mean(tf.abs(high - fake))
        loss = price(discriminator([low, fake], training=True), 1.0) + lambda_l1 * l1
    weights = generator.trainable_variables
    g_optimizer.apply(tape.gradient(loss, weights), weights)
    return l1
    ### END SOLUTION


# %% check
import keras
import numpy as np

from lowlight_utils.coursework.checking import Wrong, require
from lowlight_utils.models import patchgan_discriminator, unet_generator
from lowlight_utils.training import ConditionalGAN, Recipe

SHAPE, RATE = (32, 32, 3), 0.5


def check(answer, rng):
    """The alternating step against the library's, with SGD: its order, the half, λ, both losses."""
    if keras.backend.backend() != "tensorflow":
        raise Wrong("this exercise is TensorFlow's: restart without KERAS_BACKEND")
    low, high = (rng.uniform(-1, 1, (2, *SHAPE)).astype("float32") for _ in range(2))
    lambda_l1 = float(rng.uniform(0.5, 2.0))
    start = _networks(lambda_l1)
    start.set_weights([rng.normal(0, 0.1, weight.shape) for weight in start.get_weights()])

    theirs = _networks(lambda_l1, start)
    answer(
        theirs.generator,
        theirs.discriminator,
        tf.constant(low),
        tf.constant(high),
        lambda_l1,
        keras.optimizers.SGD(RATE),
        keras.optimizers.SGD(RATE),
    )
    ours = _library_step(_networks(lambda_l1, start), low, high, RATE)
    factor = _compare(theirs.discriminator, ours.discriminator, start.discriminator)
    require(factor != 0, "the discriminator has not moved")
    require(factor is not None, "the discriminator moves, but not where its loss falls fastest")
    _require_length(factor, "the discriminator's")
    factor = _compare(theirs.generator, ours.generator, start.generator)
    require(factor != 0, "the generator has not moved")
    if factor is None:
        early = _library_step(_networks(lambda_l1, start), low, high, 0.0)
        if _compare(theirs.generator, early.generator, start.generator) is not None:
            raise Wrong("the generator has answered to the discriminator as it was before")
        raise Wrong("the discriminator's step is right, but the generator goes another way")
    _require_length(factor, "the generator's")


def _networks(lambda_l1, like=None):
    gan = ConditionalGAN(
        unet_generator(SHAPE, width=4, depth=3, norm="instance", dropout=0.0),
        patchgan_discriminator(SHAPE, width=4, norm="instance"),
        Recipe(lambda_l1=lambda_l1),
    )
    if like is not None:
        gan.set_weights(like.get_weights())
    return gan


def _library_step(gan, low, high, discriminator_rate):
    """Let the library take its step; SGD, because a step of it is the gradient."""
    gan.compile(keras.optimizers.SGD(RATE), keras.optimizers.SGD(discriminator_rate))
    gan.train_step((tf.constant(low), tf.constant(high)))
    return gan


def _compare(theirs, ours, start):
    """Tell how many times as far theirs has moved as ours; None if it went elsewhere."""
    ends, wanted_ends, begun = (
        np.concatenate([weight.ravel() for weight in network.get_weights()])
        for network in (theirs, ours, start)
    )
    moved, wanted = ends - begun, wanted_ends - begun
    if not moved.any():
        return 0
    factor = float(moved @ wanted / (wanted @ wanted))
    return (
        factor if np.linalg.norm(moved - factor * wanted) < 0.02 * np.linalg.norm(moved) else None
    )


def _require_length(factor, whose):
    require(abs(factor - 1) < 0.02, f"{whose} step is {factor:.2f} times as long as it should be")


MINUTES = 40
RUBRIC = (
    (2, "the discriminator's step: both prices, the half"),
    (2, "the generator's step: adversarial price and λ times L1"),
    (2, "the order"),
)
MISTAKES = (
    (
        "one tape for both, both gradients at the end",
        "the generator answers to the old discriminator",
    ),
    (
        "trainable_variables of both networks in one update",
        "the discriminator is taught to be fooled",
    ),
    ("a step twice as long", "the half is missing; with Adam nobody would notice"),
)
