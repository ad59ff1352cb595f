import keras
import numpy as np
import pytest

from lowlight_utils.models import patchgan_discriminator, unet_generator
from lowlight_utils.models.geometry import layer_sizes, network_blocks, receptive_field

SMALL = {"width": 4, "dropout": 0.0}


def input_gradient(discriminator, low, picture, position):
    """Differentiate one logit with respect to both pictures, with the backend at work."""
    row, column = position
    if keras.backend.backend() == "jax":
        import jax

        gradient = jax.grad(lambda x: discriminator(x)[0, row, column, 0])([low, picture])
    else:
        import tensorflow as tf

        pictures = [tf.constant(low), tf.constant(picture)]
        with tf.GradientTape() as tape:
            tape.watch(pictures)
            logit = discriminator(pictures)[0, row, column, 0]
        gradient = tape.gradient(logit, pictures)
    return [np.asarray(x) for x in gradient]


@pytest.mark.parametrize("base", ["none", "input", "auto_exposure"])
@pytest.mark.parametrize("upsampling", ["transpose", "resize"])
def test_sizes_by_arithmetic_are_the_generators_own(base, upsampling):
    generator = unet_generator((96, 64, 3), depth=4, base=base, upsampling=upsampling, **SMALL)
    sizes = layer_sizes(generator)
    assert sizes == {x.name: tuple(x.output.shape[1:3]) for x in generator.layers}


@pytest.mark.parametrize("trunk_first", [True, False])
def test_a_residual_branch_is_part_of_its_block(trunk_first):
    low = keras.Input((None, None, 3), name="low")
    trunk = keras.layers.Conv2D(8, 4, strides=2, padding="same", name="down1_conv")(low)
    branch = keras.layers.Conv2D(8, 3, padding="same", name="down1_a_conv")(trunk)
    branch = keras.layers.Conv2D(8, 3, padding="same", name="down1_b_conv")(branch)
    both = [trunk, branch] if trunk_first else [branch, trunk]
    x = keras.layers.Add(name="down1_sum")(both)
    x = keras.layers.Conv2D(16, 4, strides=2, padding="same", name="down2_conv")(x)
    _, first, second = network_blocks(keras.Model(low, x), 64)
    names = [layer.name for layer in first.layers]
    assert names == ["down1_conv", "down1_a_conv", "down1_b_conv", "down1_sum"]
    assert (first.height, first.channels, second.height) == (32, 8, 16)


@pytest.mark.parametrize("shape", [(256, 256, 3), (67, 93, 3), (32, 32, 3)])
def test_sizes_by_arithmetic_are_the_discriminators_own(shape):
    discriminator = patchgan_discriminator(shape, width=4)
    sizes = layer_sizes(discriminator)
    assert sizes == {x.name: tuple(x.output.shape[1:3]) for x in discriminator.layers}


def test_open_input_sizes_are_reckoned_with_the_given_side():
    generator = unet_generator((None, None, 3), depth=3, **SMALL)
    assert [x.height for x in network_blocks(generator, 64)] == [64, 32, 16, 8, 16, 32, 64]


def test_blocks_of_a_generator_name_their_skips_norm_and_dropout():
    blocks = network_blocks(unet_generator((64, 64, 3), width=8, depth=3))
    assert [x.name for x in blocks] == ["low", "down1", "down2", "down3", "up1", "up2", "up3"]
    assert [x.channels for x in blocks] == [3, 8, 16, 32, 16, 8, 3]
    assert [x.skip for x in blocks] == [None] * 4 + ["down2", "down1", None]
    assert [x.norm for x in blocks] == ["none", "none"] + ["batch"] * 4 + ["none"]
    assert [x.dropout for x in blocks] == [0, 0, 0, 0, 0.5, 0.5, 0]


def test_blocks_of_a_generator_with_a_base_end_with_its_correction():
    generator = unet_generator((64, 64, 3), width=8, depth=3, norm="instance", base="auto_exposure")
    blocks = {x.name: x for x in network_blocks(generator)}
    assert blocks["low"].channels == 6
    assert blocks["up3"].skip == "low"
    assert blocks["up2"].norm == "instance"
    assert list(blocks)[-1] == "correction"


def test_blocks_of_a_discriminator_begin_with_the_pair():
    blocks = network_blocks(patchgan_discriminator())
    assert [(x.name, x.height, x.channels) for x in blocks] == [
        ("low", 256, 3),
        ("picture", 256, 3),
        ("pair", 256, 6),
        ("block1", 128, 64),
        ("block2", 64, 128),
        ("block3", 32, 256),
        ("block4", 31, 512),
        ("verdict", 30, 1),
    ]


def test_a_verdicts_patch_is_70_pixels_wide_and_moves_by_8():
    discriminator = patchgan_discriminator(width=4)
    assert receptive_field(discriminator, (15, 15)) == (97, 97, 167, 167)
    assert receptive_field(discriminator, (15, 16)) == (97, 105, 167, 175)
    assert receptive_field(discriminator, (0, 29)) == (-23, 209, 47, 279)


@pytest.mark.parametrize("position", [(0, 0), (4, 7), (9, 8), (12, 9)])
def test_a_verdicts_patch_is_where_its_gradient_is_not_zero(position):
    shape = (117, 90, 3)  # sides that do not divide evenly, so that padding is uneven
    discriminator = patchgan_discriminator(shape, width=8)
    rng = np.random.default_rng(0)
    for weight in discriminator.trainable_weights:
        weight.assign(rng.normal(0, 0.1, weight.shape))
    low, picture = rng.uniform(-1, 1, (2, 1, *shape)).astype("float32")

    top, left, bottom, right = receptive_field(discriminator, position)

    for gradient in input_gradient(discriminator, low, picture, position):
        rows, columns = np.nonzero(np.abs(gradient[0]).sum(axis=-1))
        assert (rows.min(), rows.max() + 1) == (max(top, 0), min(bottom, shape[0]))
        assert (columns.min(), columns.max() + 1) == (max(left, 0), min(right, shape[1]))


def test_a_verdict_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="30x30"):
        receptive_field(patchgan_discriminator(width=4), (30, 0))


def test_a_generator_has_no_patches():
    with pytest.raises(ValueError, match="only a PatchGAN"):
        receptive_field(unet_generator((32, 32, 3), depth=3, **SMALL), (0, 0))
