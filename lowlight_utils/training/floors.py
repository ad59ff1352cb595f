"""What a training step has to do at the least, part by part, and how far from that it is.

A part cannot take less time than its multiplications and additions at the speed of the processor's
best matrix multiplication, nor less than its bytes at the speed at which memory is copied. Both are
measured in the same run. The larger of the two is the part's floor.
"""

import functools
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import KerasTensor, ops

from lowlight_utils.models.blocks import ResizeConv2D
from lowlight_utils.training.gan import ConditionalGAN

SIDE = 2048  # of the matrices that are multiplied; larger ones are no faster
COPIED = 2**26  # numbers: far more than a processor's caches hold


def parts_of_a_step(
    gan: ConditionalGAN, low: np.ndarray, high: np.ndarray, rounds: int = 5
) -> dict[str, dict[str, float]]:
    """Time the parts of a step, and hold each against its floor.

    Parameters
    ----------
    gan : ConditionalGAN
        Neither conditional nor in float16.
    low, high : float32[n, h, w, 3]
        In [-1, 1].
    rounds : int
        Each part is timed so often; the median counts.

    Returns
    -------
    dict
        For each part "median_s", "gigaoperations", "megabytes", "floor_s" and "times_floor"; and
        under "peak" the processor's "gigaoperations_per_s" and "gigabytes_per_s".
    """
    low, high = ops.convert_to_tensor(low), ops.convert_to_tensor(high)
    size = 2 if gan.generator.layers[-2].compute_dtype == "bfloat16" else 4
    peak = measured_peak("bfloat16" if size == 2 else "float32")
    result = {"peak": peak}
    seconds = _seconds_of_parts(gan, low, high, rounds)
    work = work_of_parts(gan, tuple(low.shape), size)
    for name, (operations, moved) in work.items():
        floor = max(
            operations / peak["gigaoperations_per_s"] / 1e9, moved / peak["gigabytes_per_s"] / 1e9
        )
        result[name] = {
            "median_s": seconds[name],
            "gigaoperations": operations / 1e9,
            "megabytes": moved / 1e6,
            "floor_s": floor,
            "times_floor": seconds[name] / floor,
        }
    return result


def work_of_parts(
    gan: ConditionalGAN, shape: tuple[int, ...], size: int
) -> dict[str, tuple[float, float]]:
    """Count the operations and the least bytes of each part of a step.

    Only convolutions count, and Adam: the rest has less than a hundredth of the operations. A
    number is read or written once for each convolution that needs it.

    Parameters
    ----------
    shape : (n, h, w, 3)
        Of a batch.
    size : int
        Bytes of a number in the convolutions.
    """
    generator = convolutions(gan.generator, [shape])
    discriminator = convolutions(gan.discriminator, [shape, shape])

    def once(all_: list[tuple[float, ...]]) -> np.ndarray:
        """Forwards, to the kernel's gradient, to the input's: two are read, one is found."""
        return np.array([(2 * macs, (x + kernel + y) * size) for macs, x, kernel, y in all_]).sum(0)

    weights = sum(
        math.prod(each.shape)
        for network in (gan.generator, gan.discriminator)
        for each in network.trainable_variables
    )
    return {
        "generator_forward": tuple(once(generator)),
        # Nobody asks for the gradient at the photo.
        "generator_backward": tuple(once(generator) + once(generator[1:])),
        "discriminator_on_two": tuple(4 * once(discriminator) + 2 * once(discriminator[1:])),
        "discriminator_to_picture": tuple(2 * once(discriminator)),
        # Weight and two moments are read and written, the gradient is read, all in float32.
        "adam": (12 * weights, 7 * 4 * weights),
    }


def convolutions(network: keras.Model, shapes: list[tuple]) -> list[tuple[float, ...]]:
    """List a network's convolutions: multiplications, and numbers of input, kernel and output."""
    inputs = [keras.Input(batch_shape=shape) for shape in shapes]
    sized = keras.models.clone_model(network, inputs if len(inputs) > 1 else inputs[0])
    found: list[tuple[float, ...]] = []
    for layer in sized.layers:
        if not isinstance(layer, keras.layers.Conv2D | keras.layers.Conv2DTranspose):
            continue
        x, kernel, y = layer.input.shape, layer.kernel.shape, layer.output.shape
        if isinstance(layer, ResizeConv2D):  # 16 sums of its taps a small pixel, and the border
            macs = x[0] * (x[1] + 1) * (x[2] + 1) * 16 * kernel[2] * kernel[3]
        else:
            small = x if isinstance(layer, keras.layers.Conv2DTranspose) else y
            macs = small[0] * small[1] * small[2] * math.prod(kernel)
        found.append((macs, math.prod(x), math.prod(kernel), math.prod(y)))
    return found


def measured_peak(dtype: str, rounds: int = 5) -> dict[str, float]:
    """Measure the fastest matrix multiplication and copy of several."""
    a = ops.cast(keras.random.normal((SIDE, SIDE)), dtype)
    line = keras.Variable(ops.ones((COPIED,), "float32"))

    def add_one() -> KerasTensor:
        """In place, as weights are updated: a new array has to be given its pages first."""
        line.assign(line + 1.0)
        return ops.zeros(1)

    multiply, copy = _compile(ops.matmul), _compile(add_one, [line])
    return {
        "gigaoperations_per_s": 2 * SIDE**3 / min(_times(lambda: multiply(a, a), rounds)) / 1e9,
        "gigabytes_per_s": 2 * 4 * COPIED / min(_times(copy, rounds)) / 1e9,
    }


def _seconds_of_parts(
    gan: ConditionalGAN, low: KerasTensor, high: KerasTensor, rounds: int
) -> dict[str, float]:
    """Time each part, compiled by itself; they take turns."""
    state = [*gan.variables, *gan.optimizer.variables]

    def compiled(function: Callable) -> Callable:
        return _compile(function, state)

    fake = compiled(lambda x: gan.generator(x, training=True))(low)

    def there_and_back(x: KerasTensor, gradient: KerasTensor) -> list[KerasTensor]:
        _, backward = gan.generate(x)
        return backward(gradient)

    def adam(generator: list[KerasTensor], discriminator: list[KerasTensor]) -> KerasTensor:
        gan.update(gan.generator_optimizer, generator, gan.generator.trainable_variables)
        gan.update(
            gan.discriminator_optimizer, discriminator, gan.discriminator.trainable_variables
        )
        return gan.generator_optimizer.iterations + 0

    run = {
        "generator_forward": (compiled(lambda x: gan.generator(x, training=True)), low),
        "generator_backward": (compiled(there_and_back), low, fake),
        "discriminator_on_two": (
            compiled(lambda x, y, z: gan.gradient(lambda: gan.judge(x, y, z))[1]), low, high, fake,
        ),
        "discriminator_to_picture": (
            compiled(lambda x, y, z: gan.gradient(lambda p: gan.blame(x, p, y), z)[1]),
            low, high, fake,
        ),
    }  # fmt: skip
    gradients = run["generator_backward"], run["discriminator_on_two"]
    run["adam"] = (compiled(adam), *(function(*given) for function, *given in gradients))
    seconds: dict[str, list[float]] = {name: [] for name in run}
    for round_ in range(rounds + 1):
        for name, (function, *given) in run.items():
            (taken,) = _times(lambda function=function, given=given: function(*given), 1, False)
            if round_:
                seconds[name].append(taken)
    medians = {name: float(np.median(values)) for name, values in seconds.items()}
    medians["generator_backward"] -= medians["generator_forward"]  # it began with one
    return medians


def _compile(function: Callable, state: Sequence[keras.Variable] = ()) -> Callable:
    """Compile a function that may use and change variables, as the backend does for a step."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.function(function, jit_compile=ConditionalGAN.compile_whole_step or None)
    import jax

    @functools.partial(jax.jit, donate_argnums=0)
    def run(values: list, *given: KerasTensor) -> tuple[Any, list]:
        with keras.StatelessScope([*zip(state, values, strict=True)]) as scope:
            result = function(*given)
        return result, [scope.get_current_value(variable) for variable in state]

    def call(*given: KerasTensor) -> Any:
        result, values = run([variable.value for variable in state], *given)
        for variable, value in zip(state, values, strict=True):
            variable.assign(value)
        return result

    return call


def _times(call: Callable, rounds: int, warm: bool = True) -> list[float]:
    seconds = []
    for round_ in range(rounds + warm):
        started = time.perf_counter()
        _wait(call())
        if round_ >= warm:
            seconds.append(time.perf_counter() - started)
    return seconds


def _wait(result: Any) -> None:
    """Wait until what runs ahead on the device is there."""
    if keras.backend.backend() == "jax":
        import jax

        jax.block_until_ready(result)
    else:
        for array in keras.tree.flatten(result)[-1:]:
            float(ops.ravel(array)[0])
