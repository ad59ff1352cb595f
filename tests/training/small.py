"""Small networks, pairs and recipes that train in seconds: ``from small import small_gan``."""

import keras
import numpy as np
from pictures import make_pairs

from lowlight_utils.data.images import to_network
from lowlight_utils.data.sources import Splits
from lowlight_utils.models import patchgan_discriminator, unet_generator
from lowlight_utils.recipe import Recipe
from lowlight_utils.training.callbacks import read_progress
from lowlight_utils.training.gan import ConditionalGAN

SIDE = 32
SMALL = Recipe(
    name="small",
    size=SIDE,
    width=4,
    depth=3,
    discriminator_width=4,
    dropout=0.3,
    generator_lr=2e-3,
    discriminator_lr=2e-4,
    schedule="cosine",
    batch_size=2,
    epochs=3,
    augmentation="dihedral",
    average=0.9,
)


def small_splits(train=5, validation=2, size=SIDE):
    pairs = make_pairs(train + validation, size, size)
    return Splits(pairs[:train], pairs[train:], pairs[:0])


def small_batch(n=2, size=SIDE):
    """(low, high), float32[n, size, size, 3] in [-1, 1]."""
    pairs = make_pairs(n, size, size)
    return to_network(pairs.low), to_network(pairs.high)


def small_gan(
    optimizer=None,
    norm="batch",
    dropout=0.0,
    lambda_l1=10.0,
    width=4,
    condition="none",
    dtype=None,
    **fields,
):
    """A compiled ConditionalGAN; `optimizer` makes one optimizer, by default SGD.

    Further fields are those of its recipe.
    """
    keras.utils.set_random_seed(0)
    gan = ConditionalGAN(
        unet_generator(
            (SIDE, SIDE, 3),
            width=width,
            depth=3,
            norm=norm,
            dropout=dropout,
            condition=condition,
            dtype=dtype,
        ),
        patchgan_discriminator((SIDE, SIDE, 3), width=width, norm=norm, dtype=dtype),
        Recipe(lambda_l1=lambda_l1, **fields),
    )
    make = optimizer or (lambda: keras.optimizers.SGD(1.0))
    gan.compile(make(), make())
    return gan


def final_state(folder):
    """Every weight, moment and random state after the run's last epoch."""
    progress = read_progress(folder)
    with np.load(folder / progress["state"]) as file:
        return [file[name] for name in file.files]


def arrays(variables):
    """The variables' values, as copies."""
    return [keras.ops.convert_to_numpy(variable).copy() for variable in variables]


def l1_over_steps(gan, low, high, steps):
    """The L1 loss of each of some steps on one batch."""
    losses = []
    for _ in range(steps):
        gan.reset_metrics()  # they are means over an epoch's steps
        losses.append(gan.train_on_batch(low, high, return_dict=True)["l1_loss"])
    return losses


def largest_difference(one, other):
    """The largest difference between two lists of arrays, over the largest value of the second."""
    scale = max(np.abs(array).max() for array in other)
    pairs = zip(one, other, strict=True)
    return max(np.abs(a.astype("float64") - b).max() for a, b in pairs) / scale
