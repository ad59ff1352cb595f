"""What a training runs on: one device or several, and what each is good for."""

import contextlib
import math
from pathlib import Path
from typing import Literal

import keras

from lowlight_utils.backend import accelerators

MOST_STEPS = 64  # in one call: a hundred calls an epoch are little, and a bar still moves


def several(devices: int | Literal["all"], batch_size: int) -> contextlib.AbstractContextManager:
    """Return a context in which networks are built that several devices train together.

    Each device holds all weights and takes an equal part of every batch; what they compute is what
    one device would compute of the whole batch. A last batch that cannot be shared out equally is
    computed by each of them whole, so that nothing is left out and every mean stays what it was.

    Parameters
    ----------
    devices : int or "all"
        How many of those that the backend sees.
    batch_size : int
        Pairs a step, over all devices.

    Raises
    ------
    ValueError
        There are not so many, the batch cannot be shared out, or the backend is TensorFlow.
    """
    if devices == 1:
        return contextlib.nullcontext()
    if keras.backend.backend() != "jax":
        raise ValueError(
            "Several devices train together on JAX alone: set KERAS_BACKEND=jax, or give"
            " --devices 1 (in Python, devices=1)."
        )
    found = keras.distribution.list_devices()
    count = len(found) if devices == "all" else devices
    if not 1 <= count <= len(found):
        raise ValueError(f"There are {len(found)} devices here ({', '.join(found)}), not {count}.")
    if count == 1:
        return contextlib.nullcontext()
    if batch_size % count:
        fits = math.ceil(batch_size / count) * count
        raise ValueError(
            f"A batch of {batch_size} cannot be shared out equally among {count} devices: give"
            f" --batch-size {fits} (in Python, batch_size={fits}), another multiple of {count}, or"
            " fewer --devices."
        )
    return keras.distribution.DataParallel(devices=found[:count]).scope()


def usual_steps(steps_per_epoch: int) -> int:
    """Return how many steps to take in one call here: 1 on a CPU, which gains nothing by more.

    Where there is such a number, the epoch is a multiple of it, since what is left over is compiled
    once more.
    """
    if not accelerators():
        return 1
    most = min(MOST_STEPS, steps_per_epoch)
    return next((n for n in range(most, most // 2, -1) if steps_per_epoch % n == 0), most)


def usual_save_minutes() -> float:
    """Return how far apart a run's states are written here; 0: after every epoch."""
    return 5.0 if accelerators() else 0.0


def choose_dtype() -> str:
    """Return the Keras dtype policy that trains fastest here, such as "mixed_bfloat16".

    16 bits halve the time of a step on processors that compute with them, and multiply it by ten on
    those that only imitate it. Known to compute with bfloat16 are Nvidia's cards from Ampere on,
    and the CPUs that Linux says so of; with float16, Nvidia's from Volta on, such as the T4. All
    others train in float32.
    """
    if cards := accelerators():
        least = min(card.capability for card in cards)
        if least >= (8, 0):
            return "mixed_bfloat16"
        return "mixed_float16" if least >= (7, 0) else "float32"
    try:
        flags = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    except OSError:  # not Linux
        flags = set()
    return "mixed_bfloat16" if flags & {"avx512_bf16", "amx_bf16"} else "float32"
