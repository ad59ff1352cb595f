"""Time a training step: ours, that of others, and the parts of ours."""

import importlib.util
import statistics
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from lowlight_utils.benchmark import machine, spread
from lowlight_utils.data.batches import PairBatches
from lowlight_utils.data.images import to_network
from lowlight_utils.data.pairs import PairSet
from lowlight_utils.data.resident import ResidentBatches
from lowlight_utils.training.devices import choose_dtype, usual_steps
from lowlight_utils.training.floors import parts_of_a_step
from lowlight_utils.training.gan import ConditionalGAN
from lowlight_utils.training.plain import pytorch_apart, tensorflow_steps
from lowlight_utils.training.recipes import SEED
from lowlight_utils.training.run import build_gan

SIDE = 256


def benchmark_train(
    rounds: int = 5,
    steps: int = 4,
    width: int = 64,
    batch_size: int = 1,
    together: int | None = None,
) -> dict[str, Any]:
    """Time our training step beside the plain ones of TensorFlow and PyTorch, in turn.

    All train the seed recipe's networks on batches of 256x256 pairs of noise: the plain steps on
    one batch that is there already, ours inside `fit`, with all its costs.

    Parameters
    ----------
    rounds, steps : int
        Each round times `steps` steps of each kind in a row; one more round before warms up.
    width : int
        Channels of both networks' first block; the seed recipe's is 64.
    batch_size : int
        Pairs a step.
    together : int, optional
        Steps a call, of ours with the pictures on the device, which is timed too if that is more
        than 1. By default as `train` takes them here.

    Returns
    -------
    dict
        Seconds a step (median, minimum and maximum over rounds) and pictures a second of each kind:
        "ours_float32", the same in the format of 16 bits that is fastest here, and with several
        steps a call; "plain_tensorflow" on the TensorFlow backend; "plain_pytorch" where it is
        installed. "A_over_B" is how many times as long A takes as B, the median over rounds. Then
        the parts of our step in float32 and their floors, see `parts_of_a_step`.
    """
    recipe = SEED.but(width=width, discriminator_width=width, batch_size=batch_size)
    together = together or usual_steps(1000)
    rng = np.random.default_rng(0)
    dark, light = rng.integers(0, 256, (2, batch_size * together, SIDE, SIDE, 3), np.uint8)
    pairs = PairSet(dark, light, tuple(f"noise{i}" for i in range(len(dark))))
    low, high = (to_network(stack[:batch_size]) for stack in (dark, light))

    kinds = {}
    sixteen = choose_dtype()
    dtypes = ("float32", "mixed_bfloat16" if sixteen == "float32" else sixteen)
    if keras.backend.backend() == "tensorflow":
        kinds["plain_tensorflow"] = tensorflow_steps(recipe, low, high)
    if importlib.util.find_spec("torch"):
        kinds["plain_pytorch"] = pytorch_apart(recipe, low, high)
        if "mixed_bfloat16" in dtypes:
            kinds["plain_pytorch_bfloat16"] = pytorch_apart(recipe, low, high, True)
    for dtype in dtypes:
        gan = build_gan(recipe.but(dtype=dtype))
        kinds[f"ours_{dtype}"] = our_steps(gan, (low, high))
        if together > 1:
            gan = build_gan(recipe.but(dtype=dtype))
            held = ResidentBatches(PairBatches(pairs, batch_size), together)
            gan.hold(held)
            kinds[f"ours_{dtype}_{together}_a_call"] = our_steps(gan, held[0], together)

    seconds: dict[str, list[float]] = {name: [] for name in kinds}
    for round_ in range(-1, rounds):
        for name, time_steps in kinds.items():
            each = time_steps(steps)
            if round_ >= 0:
                seconds[name].append(each)
    result: dict[str, Any] = {
        name: {**spread(values), "pictures_per_s": batch_size / statistics.median(values)}
        for name, values in seconds.items()
    }
    for theirs in (name for name in kinds if name.startswith("plain")):
        for ours in (name for name in kinds if name.startswith("ours")):
            ratios = [a / b for a, b in zip(seconds[theirs], seconds[ours], strict=True)]
            result[f"{theirs}_over_{ours}"] = statistics.median(ratios)
    result |= parts_of_a_step(build_gan(recipe), low, high, rounds)
    return {
        "what": f"a training step, batch {batch_size}, {SIDE}x{SIDE}",
        "width": width,
        **result,
        **machine(),
    }


def our_steps(gan: ConditionalGAN, batch: tuple, together: int = 1) -> Callable[[int], float]:
    """Return a function that takes some steps with `fit` and returns the seconds of one."""

    class SameBatch(keras.utils.PyDataset):
        def __init__(self, count: int) -> None:
            super().__init__()
            self.count = count

        def __len__(self) -> int:
            return self.count

        def __getitem__(self, index: int) -> tuple:
            return batch

    class Clock(keras.callbacks.Callback):
        """Start after the first call, which pays for the set-up; stop when all are done."""

        def on_train_batch_end(self, batch: int, logs: dict) -> None:
            if batch == 0:
                float(logs["generator_loss"])  # JAX runs ahead: wait for it
                self.started = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: dict) -> None:
            self.seconds = time.perf_counter() - self.started

    def time_steps(count: int) -> float:
        clock = Clock()
        calls = max(1, round(count / together))
        gan.fit(SameBatch(calls + 1), verbose=0, callbacks=[clock])
        return clock.seconds / (calls * together)

    return time_steps
