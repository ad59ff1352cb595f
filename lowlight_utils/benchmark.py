"""Time what the project says of its speed: a training step, and an enhanced photo.

Absolute times depend on the machine and its mood; the ratio of two things timed in turn does not.
"""

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lowlight_utils.backend import start_keras
from lowlight_utils.machine import cores
from lowlight_utils.options import positive, write_json


def benchmark_enhance(weights: str | os.PathLike | None = None, rounds: int = 5) -> dict[str, Any]:
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
    result: dict[str, Any] = {}
    for height, width in ((256, 256), (3000, 4000)):
        photo = rng.integers(0, 40, (height, width, 3), dtype=np.uint8)
        times = spread(_seconds(enhancer, photo, rounds))
        result[f"{width}x{height}"] = {**times, "peak_memory_mib": _peak_memory()}
    small = rng.integers(0, 40, (256, 256, 3), dtype=np.uint8)
    for name, baseline in BASELINES.items():
        result[name] = spread(_seconds(baseline, small, rounds))
    return {"what": "enhancing one picture", "load_s": load_seconds, **result, **machine()}


def table(result: dict[str, Any]) -> str:
    """Return a benchmark's result as text, a line a figure."""
    lines = []
    for name, value in result.items():
        if isinstance(value, dict):
            value = ", ".join(
                f"{key} {number:.4g}" if isinstance(number, float) else f"{key} {number}"
                for key, number in value.items()
            )
        elif isinstance(value, float):
            value = f"{value:.2f}"
        lines.append(f"{name:>22}  {value}")
    return "\n".join(lines)


def _seconds(enhance: Callable, photo: np.ndarray, rounds: int) -> list[float]:
    """Time some calls, after one that warms up."""
    seconds = []
    for _ in range(rounds + 1):
        started = time.perf_counter()
        enhance(photo)
        seconds.append(time.perf_counter() - started)
    return seconds[1:]


def spread(seconds: list[float]) -> dict[str, float]:
    """Return the median, the least and the most of some times."""
    return {
        "median_s": statistics.median(seconds),
        "min_s": min(seconds),
        "max_s": max(seconds),
    }


def _peak_memory() -> int | None:
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 2**10))


def machine() -> dict[str, Any]:
    """Say what figures were measured on."""
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
        "--batch-size", type=positive, default=1, help="train: pairs a step (default 1)"
    )
    parser.add_argument(
        "--steps-per-execution",
        type=positive,
        metavar="N",
        help="train: as train's own option; time that beside a step a call",
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


def _benchmark(options: argparse.Namespace) -> None:
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
        from lowlight_utils.training.speed import benchmark_train

        result = benchmark_train(
            width=options.width,
            batch_size=options.batch_size,
            together=options.steps_per_execution,
        )
    elif options.what == "slider":
        from lowlight_utils.widgets.timing import benchmark_slider

        result = benchmark_slider(options.weights)
    else:
        result = benchmark_enhance(options.weights)
    if options.json:
        write_json(options.json, result)
    print(table(result))
