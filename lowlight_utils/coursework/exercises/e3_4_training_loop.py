"""A loop of your own.

The step that you have written can train. Write `my_loop(generator, discriminator, batches, epochs)`:

- it makes two Adam optimizers, with β1 = 0.5, and trains both networks on all batches, `epochs` times;
- it returns the mean L1 of each epoch, a list of `epochs` numbers.

`batches` is a `PairBatches`: `batches[i]` is the i-th pair of arrays (low, high), `len(batches)` their number, and before each epoch `batches.epoch = epoch` gives it
another order and other flips. Wrapped in `tf.function(...)`, a step takes a tenth of the time; it then wants tensors, and optimizers that are built:
`optimizer.build(weights)`.

The check trains small networks on 60 pairs of 64×64 for six epochs, well under a minute, and measures validation photos: the mean PSNR must be above 19.5 dB, where the untrained
generator has about 17. Adam's rates are yours to choose, and λ too.
"""

from lowlight_utils.coursework.exercises.e3_3_alternating_step import alternating_step

# %% answer
import keras
import tensorflow as tf


def my_loop(generator, discriminator, batches, epochs):
    """Train both networks; return each epoch's mean L1."""
    ### BEGIN SOLUTION
    g_optimizer = keras.optimizers.Adam(2e-3, beta_1=0.5)
    d_optimizer = keras.optimizers.Adam(4e-4, beta_1=0.5)
    g_optimizer.build(generator.trainable_variables)
    d_optimizer.build(discriminator.trainable_variables)
    step = tf.function(alternating_step)
    history = []
    for epoch in range(epochs):
        batches.epoch = epoch
        errors = []
        for index in range(len(batches)):
            low, high = map(tf.constant, batches[index])
            networks = generator, discriminator
            errors.append(float(step(*networks, low, high, 100.0, g_optimizer, d_optimizer)))
        history.append(sum(errors) / len(errors))
    return history
    ### END SOLUTION


# %% check
import numpy as np

from lowlight_utils import data
from lowlight_utils.coursework.checking import Wrong, require
from lowlight_utils.models import patchgan_discriminator, unet_generator
from lowlight_utils.prediction import psnr

SIDE, EPOCHS, ENOUGH = 64, 6, 19.5


def check(answer):
    """A whole training, judged on validation photos; both networks learn."""
    if keras.backend.backend() != "tensorflow":
        raise Wrong("this exercise is TensorFlow's: restart without KERAS_BACKEND")
    keras.utils.set_random_seed(0)
    generator = unet_generator(
        (SIDE, SIDE, 3),
        width=8,
        depth=4,
        norm="instance",
        upsampling="resize",
        dropout=0.0,
        base="auto_exposure",
    )
    discriminator = patchgan_discriminator((SIDE, SIDE, 3), width=8, norm="instance")
    began = [weight.copy() for weight in discriminator.get_weights()]
    pairs = data.sample_pairs("train", SIDE, copies=2)
    batches = data.PairBatches(pairs, batch_size=4, augmentation="dihedral", seed=0)
    history = answer(generator, discriminator, batches, EPOCHS)
    require(
        history is not None and len(history) == EPOCHS, f"it returns no list of {EPOCHS} numbers"
    )
    history = [float(error) for error in history]
    require(history[-1] < history[0], "the L1 of the last epoch is not below that of the first")
    same = zip(began, discriminator.get_weights(), strict=True)
    require(not all(np.array_equal(*both) for both in same), "the discriminator has learnt nothing")
    judged = data.sample_pairs("validation", SIDE)
    made = generator.predict_on_batch(data.to_network(judged.low))
    made = data.to_image(np.asarray(made))
    score = float(np.mean([psnr(*both) for both in zip(judged.high, made, strict=True)]))
    require(score > ENOUGH, f"the validation photos come to {score:.2f} dB")


MINUTES = 30
RUBRIC = (
    (2, "all batches in all epochs, in another order each time"),
    (1, "the history"),
    (3, "validation above the threshold, with a discriminator that learns"),
)
MISTAKES = (
    ("new optimizers in every epoch or step", "Adam forgets its averages; the steps become rough"),
    ("NaN after some steps", "a learning rate of 1e-2 and more"),
    ("17 dB, unchanged", "the generator's weights are not among the variables that are updated"),
)
