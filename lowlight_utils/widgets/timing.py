"""The λ slider timed: ``python -m lowlight_utils benchmark slider``."""

import os
import statistics
import time

import numpy as np

from lowlight_utils.data.sources import sample_pairs
from lowlight_utils.prediction import LAMBDA_WEIGHTS, Enhancer
from lowlight_utils.widgets.slider import lambda_slider


def benchmark_slider(
    weights: str | os.PathLike | None = None, moves: int = 20
) -> dict[str, dict[str, float]]:
    """Time moves of the λ slider on one 256x256 picture, from the move to picture and scores.

    Parameters
    ----------
    weights : path, optional
        A generator that is told λ; without it, the one that comes with the library.
    moves : int
        How many moves to time, after two that warm up.

    Returns
    -------
    dict
        Seconds (median, minimum and maximum) of a "move", and of the "generator" within it.
    """
    timed = _Timed(Enhancer(weights or LAMBDA_WEIGHTS))
    box = lambda_slider(timed, sample_pairs("validation", 256)[:1])
    slider, whole = box.children[0].children[0], []
    for number in range(moves + 2):
        started = time.perf_counter()
        slider.value = 1.0 + number
        whole.append(time.perf_counter() - started)
    return {
        name: {"median_s": statistics.median(x), "min_s": min(x), "max_s": max(x)}
        for name, x in (("generator", timed.seconds[-moves:]), ("move", whole[-moves:]))
    }


class _Timed:
    """An `Enhancer` that notes how long each picture takes."""

    def __init__(self, enhance: Enhancer) -> None:
        if enhance.lambda_range is None:
            raise ValueError(f"{enhance.weights}: this generator is not told λ, and has no slider.")
        self.enhance, self.lambda_range = enhance, enhance.lambda_range
        self.seconds: list[float] = []

    def __call__(self, low: np.ndarray, /, *, lambda_l1: float) -> np.ndarray:
        started = time.perf_counter()
        enhanced = self.enhance(low, lambda_l1=lambda_l1)
        self.seconds.append(time.perf_counter() - started)
        return enhanced
