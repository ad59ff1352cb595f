"""Time what the project says of its speed: a training step, and an enhanced photo.

Absolute times depend on the machine and its mood; the ratio of two things timed in turn does not.
"""

import platform
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from lowlight_utils.backend import cores, start_keras
from lowlight_utils.options import positive, write_json

try:
    import resource
except ModuleNotFoundError:  # Windows
    resource = None


def benchmark_train(rounds=5, steps=4, width=64):
    """Time our training step against the plain TensorFlow pix2pix step, in turn.

    Both train the seed recipe's networks on the same batch of one 256x256 pair. The plain step is
    written as the public pix2pix tutorial writes it: one forward pass through both networks, both
    gradients from it, float32, Adam as Keras runs it. Ours runs inside `fit`, with all its costs.

    Parameters
    ----------
    rounds, steps : int
        Each round times `steps` steps of each kind in a row; one more round before warms up.
    width : int
        Channels of both networks' first block; the seed recipe's is 64.

    Returns
    -------
    dict
        Seconds a step (median, minimum and maximum over rounds) for "ours_float32" and
        "ours_mixed_bfloat16", and on the TensorFlow backend for "plain_tensorflow"; "speedup_..."
        is the median over rounds of plain over ours.
    """
    import keras

    from lowlight_utils.training import SEED, build_gan

    recipe = SEED.but(width=width, discriminator_width=width)
    rng = np.random.default_rng(0)
    low, high = rng.uniform(-1, 1, (2, 1, 256, 256, 3)).astype(np.float32)
    kinds = {}
    if keras.backend.backend() == "tensorflow":
        kinds["plain_tensorflow"] = plain_pix2pix_steps(recipe, low, high)
    for dtype in ("float32", "mixed_bfloat16"):
        kinds[f"ours_{dtype}"] = our_steps(build_gan(recipe.but(dtype=dtype)), low, high)

    seconds = {name: [] for name in kinds}
    for round_ in range(-1, rounds):
        for name, time_steps in kinds.items():
            each = time_steps(steps)
            if round_ >= 0:
                seconds[name].append(each)
    result = {name: _spread(values) for name, values in seconds.items()}
    plain = seconds.pop("plain_tensorflow", None)
    if plain:
        for name, ours in seconds.items():
            ratios = [a / b for a, b in zip(plain, ours, strict=True)]
            result[f"speedup_{name}"] = statistics.median(ratios)
    return {"what": "a training step, batch 1, 256x256", "width": width, **result, **_machine()}


def our_steps(gan, low, high):
    """Return a function that takes some steps with `fit` and returns the seconds of one."""
    import keras

    class SameBatch(keras.utils.PyDataset):
        def __init__(self, count):
            super().__init__()
            self.count = count

        def __len__(self):
            return self.count

        def __getitem__(self, index):
            return low, high

    class Clock(keras.callbacks.Callback):
        """Start after the first step, which pays for the set-up; stop when all are done."""

        def on_train_batch_end(self, batch, logs=None):
            if batch == 0:
                float(logs["generator_loss"])  # JAX runs ahead: wait for it
                self.started = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            self.seconds = time.perf_counter() - self.started

    def time_steps(count):
        clock = Clock()
        gan.fit(SameBatch(count + 1), verbose=0, callbacks=[clock])
        return clock.seconds / count

    return time_steps


def plain_pix2pix_steps(recipe, low, high):
    """Return the same for steps as the public pix2pix tutorial takes them."""
    import tensorflow as tf

    from lowlight_utils.models import patchgan_discriminator, unet_generator

    generator = unet_generator(width=recipe.width)
    discriminator = patchgan_discriminator(width=recipe.discriminator_width)
    cross_entropy = tf.keras.losses.BinaryCrossentropy(from_logits=True)
    generator_optimizer = tf.keras.optimizers.Adam(recipe.generator_lr, beta_1=recipe.beta_1)
    discriminator_optimizer = tf.keras.optimizers.Adam(
        recipe.discriminator_lr, beta_1=recipe.beta_1
    )

    @tf.function
    def step(low, high):
        with tf.GradientTape() as generator_tape, tf.GradientTape() as discriminator_tape:
            fake = generator(low, training=True)
            real_logits = discriminator([low, high], training=True)
            fake_logits = discriminator([low, fake], training=True)
            adversarial = cross_entropy(tf.ones_like(fake_logits), fake_logits)
            total = adversarial + recipe.lambda_l1 * tf.reduce_mean(tf.abs(high - fake))
            real_loss = cross_entropy(tf.ones_like(real_logits), real_logits)
            fake_loss = cross_entropy(tf.zeros_like(fake_logits), fake_logits)
            both = real_loss + fake_loss
        generator_optimizer.apply_gradients(
            zip(
                generator_tape.gradient(total, generator.trainable_variables),
                generator.trainable_variables,
                strict=True,
            )
        )
        discriminator_optimizer.apply_gradients(
            zip(
                discriminator_tape.gradient(both, discriminator.trainable_variables),
                discriminator.trainable_variables,
                strict=True,
            )
        )
        return total

    def time_steps(count):
        batch = tf.constant(low), tf.constant(high)
        float(step(*batch))
        started = time.perf_counter()
        for _ in range(count):
            total = step(*batch)
        float(total)
        return (time.perf_counter() - started) / count

    return time_steps


def benchmark_enhance(weights=None, rounds=5):
    """Time the enhancement of a 256x256 picture and of a 12-megapixel photo.

    Beside them the classical methods, on the small picture.

    Parameters
    ----------
    weights : path, optional
        A `.keras` or `.onnx` generator; without it, the shipped one.
    rounds : int
        Timed calls at each size, after one that warms up.

    Returns
    -------
    dict
        Seconds (median, minimum, maximum) for "256x256" and "4000x3000", and the peak memory of the
        whole process in MiB after each (None on Windows, which does not tell); then seconds for
        each classical method; and "load_s", how long the generator took to load.
    """
    from lowlight_utils.prediction import BASELINES, Enhancer

    started = time.perf_counter()
    enhancer = Enhancer(weights)
    load_seconds = time.perf_counter() - started
    rng = np.random.default_rng(0)
    result = {}
    for height, width in ((256, 256), (3000, 4000)):
        photo = rng.integers(0, 40, (height, width, 3), dtype=np.uint8)
        spread = _spread(_seconds(enhancer, photo, rounds))
        result[f"{width}x{height}"] = {**spread, "peak_memory_mib": _peak_memory()}
    small = rng.integers(0, 40, (256, 256, 3), dtype=np.uint8)
    for name, baseline in BASELINES.items():
        result[name] = _spread(_seconds(baseline, small, rounds))
    return {"what": "enhancing one picture", "load_s": load_seconds, **result, **_machine()}


def table(result):
    """Return a benchmark's result as text, a line a figure."""
    lines = []
    for name, value in result.items():
        if isinstance(value, dict):
            value = ", ".join(
                f"{key} {number:.3g}" if isinstance(number, float) else f"{key} {number}"
                for key, number in value.items()
            )
        elif isinstance(value, float):
            value = f"{value:.2f}"
        lines.append(f"{name:>22}  {value}")
    return "\n".join(lines)


def _seconds(enhance, photo, rounds):
    """Time some calls, after one that warms up."""
    seconds = []
    for _ in range(rounds + 1):
        started = time.perf_counter()
        enhance(photo)
        seconds.append(time.perf_counter() - started)
    return seconds[1:]


def _spread(seconds):
    return {
        "median_s": statistics.median(seconds),
        "min_s": min(seconds),
        "max_s": max(seconds),
    }


def _peak_memory():
    if resource is None:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10))


def _machine():
    keras = sys.modules.get("keras")  # an exported generator runs without it
    return {
        "backend": keras.backend.backend() if keras else "onnxruntime",
        "keras": keras.__version__ if keras else "not loaded",
        "cores": cores(),
        "machine": platform.machine(),
        "python": platform.python_version(),
    }


def add_benchmark_parser(commands: Any) -> None:
    """Add the command `benchmark` to those of `argparse`'s sub-parsers."""
    parser = commands.add_parser(
        "benchmark", help="time training steps, enhancement, the λ slider or the web page"
    )
    parser.add_argument("what", choices=("train", "enhance", "slider", "serve"))
    parser.add_argument(
        "--width",
        type=positive,
        default=64,
        help="train: the networks' first width; the seed recipe's is 64",
    )
    parser.add_argument(
        "--weights", type=Path, help="enhance, slider, serve: a .keras or .onnx generator"
    )
    parser.add_argument(
        "--seconds", type=float, default=60, help="serve: how long to send photos (default 60)"
    )
    parser.add_argument(
        "--clients", type=positive, default=20, help="serve: how many send at once (default 20)"
    )
    parser.add_argument(
        "--workers", type=positive, help="serve: as serve's own option of that name"
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.set_defaults(run=_benchmark)


def _benchmark(options):
    from lowlight_utils.prediction import is_exported

    if options.what == "train" or not (options.what == "serve" or is_exported(options.weights)):
        start_keras(to_train=options.what == "train")
    if options.what != "serve":
        print("This takes a minute or two.", file=sys.stderr)
    if options.what == "serve":
        from lowlight_utils.web.load import benchmark_serve

        result = benchmark_serve(
            options.weights, options.clients, options.seconds, workers=options.workers
        )
    elif options.what == "train":
        result = benchmark_train(width=options.width)
    elif options.what == "slider":
        from lowlight_utils.widgets.timing import benchmark_slider

        result = benchmark_slider(options.weights)
    else:
        result = benchmark_enhance(options.weights)
    if options.json:
        write_json(options.json, result)
    print(table(result))
