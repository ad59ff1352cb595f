"""What the benchmark of a training step counts; how long anything takes is not tested."""

import numpy as np
import pytest
import tensorflow as tf
from small import SIDE, arrays, small_batch, small_gan

from lowlight_utils.models import unet_generator
from lowlight_utils.recipe import Recipe
from lowlight_utils.training import floors
from lowlight_utils.training.floors import convolutions, parts_of_a_step, work_of_parts

SHAPE = (2, SIDE, SIDE, 3)


def counted_by_tensorflow(network, shape):
    """The operations of a network's convolutions, forwards, by TensorFlow's own profiler."""
    graph = tf.function(lambda x: network(x)).get_concrete_function(tf.TensorSpec(shape)).graph
    wanted = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    tree = tf.compat.v1.profiler.profile(graph, options={**wanted, "output": "none"}, cmd="op")
    # In TensorFlow a transposed convolution is the gradient of a convolution at its input.
    counted = {}
    while tree.children:
        (tree,) = tree.children
        counted[tree.name] = tree.total_float_ops - sum(x.total_float_ops for x in tree.children)
    return sum(counted.get(name, 0) for name in ("Conv2D", "Conv2DBackpropInput"))


@pytest.mark.parametrize("upsampling", ["transpose", "resize"])
def test_operations_are_counted_as_tensorflow_counts_them(upsampling):
    network = unet_generator((None, None, 3), width=8, depth=3, norm="none", upsampling=upsampling)
    ours = sum(2 * macs for macs, *_ in convolutions(network, [SHAPE]))
    assert ours == pytest.approx(counted_by_tensorflow(network, SHAPE), rel=0.05)


def test_adam_moves_28_bytes_a_weight_and_16_bits_halve_what_convolutions_move():
    gan = small_gan()
    weights = sum(array.size for array in arrays(gan.trainable_variables))
    wide, narrow = (work_of_parts(gan, SHAPE, size) for size in (4, 2))
    assert wide["adam"][1] == narrow["adam"][1] == 28 * weights
    assert wide["generator_forward"][1] == 2 * narrow["generator_forward"][1]
    assert wide["generator_forward"][0] == narrow["generator_forward"][0]


def test_every_part_of_a_step_is_held_against_its_floor(monkeypatch):
    monkeypatch.setattr(floors, "SIDE", 128)
    monkeypatch.setattr(floors, "COPIED", 2**16)
    result = parts_of_a_step(small_gan(optimizer=None), *small_batch(), rounds=1)
    peak = result.pop("peak")
    assert result.keys() == work_of_parts(small_gan(), SHAPE, 4).keys()
    for part in result.values():
        floor = max(
            part["gigaoperations"] / peak["gigaoperations_per_s"],
            part["megabytes"] / 1e3 / peak["gigabytes_per_s"],
        )
        assert part["floor_s"] == pytest.approx(floor)
        assert part["times_floor"] == pytest.approx(part["median_s"] / floor)


def test_the_plain_pytorch_networks_are_the_recipes():
    pytest.importorskip("torch", reason="PyTorch is no part of any extra")
    from lowlight_utils.training.plain import pytorch_networks
    from lowlight_utils.training.run import build_gan

    recipe = Recipe(width=8, discriminator_width=8)
    gan = build_gan(recipe)
    ours = [
        sum(x.size for x in arrays(net.trainable_variables))
        for net in (gan.generator, gan.discriminator)
    ]
    theirs = [sum(x.numel() for x in net.parameters()) for net in pytorch_networks(recipe)]
    assert theirs == [ours[0] - 2 * 8 * 8, ours[1]]  # no norm on the inmost pixel
    assert np.min(ours) > 0
