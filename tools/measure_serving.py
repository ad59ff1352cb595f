"""Measure what serving costs with Keras and with the exported generator, each in a fresh process.

    python tools/measure_serving.py [--weights GENERATOR.keras] [--rounds 5] [--json FILE]

For TensorFlow, JAX (whichever is installed) and ONNX Runtime: megabytes to install, seconds from
the start of Python to the first picture, milliseconds for 256x256, seconds from a 12-megapixel JPEG
to the enhanced JPEG, and the most memory that the process held.
"""

import argparse
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
from PIL import Image

from lowlight_utils.data import read_image, sample_dir

# What each way needs installed beside the library itself; what these need comes with them.
NEEDED = {
    "tensorflow": ("keras", "numpy", "pillow", "scipy", "tensorflow-cpu", "tensorflow"),
    "jax": ("keras", "numpy", "pillow", "scipy", "jax", "jaxlib"),
    "onnxruntime": ("numpy", "pillow", "scipy", "onnxruntime"),
}

CHILD = """
import sys, time, json, statistics
import numpy as np
weights, jpeg, out, rounds = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
from lowlight_utils.prediction import Enhancer
enhancer = Enhancer(weights)
small = np.random.default_rng(0).integers(0, 40, (256, 256, 3), dtype=np.uint8)
enhancer(small)
print("ready", flush=True)

def clock(work):
    work()
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return seconds

figures = {"256x256": clock(lambda: enhancer(small))}
figures["jpeg"] = clock(lambda: enhancer.enhance_file(jpeg, out))
try:  # not getrusage, which also counts what the parent held when it started us
    status = open("/proc/self/status").read().split("VmHWM:")[1]
    figures["peak_mb"] = int(status.split()[0]) / 1000
except OSError:
    figures["peak_mb"] = None
print(json.dumps(figures))
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", type=Path, help="a .keras generator; default: the shipped one")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    from lowlight_utils.prediction.enhance import SHIPPED_WEIGHTS

    keras_file = arguments.weights or SHIPPED_WEIGHTS
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        export = [sys.executable, "-m", "lowlight_utils", "export", folder / "generator.onnx"]
        subprocess.run([*export, "--weights", keras_file], check=True)
        make_jpeg(folder / "dark.jpg")
        print(f"{'':>12}{'install':>10}{'start':>9}{'256x256':>11}{'12 MP JPEG':>12}{'memory':>10}")
        for way in NEEDED:
            if importlib.util.find_spec(way) is None:
                continue
            weights = folder / "generator.onnx" if way == "onnxruntime" else keras_file
            results[way] = measure(way, weights, folder, arguments.rounds)
            print_row(way, results[way])
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"{cores} CPU cores ({platform.machine()}), Python {platform.python_version()}")
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def make_jpeg(path):
    """Write a dark, noisy 12-megapixel photo: a bundled one enlarged."""
    photo = Image.fromarray(read_image(sorted((sample_dir() / "test").iterdir())[0]))
    large = np.asarray(photo.resize((4000, 3000), Image.Resampling.BICUBIC)) / 8
    noise = np.random.default_rng(0).normal(0, 2, large.shape)
    dark = np.rint(np.clip(large + noise, 0, 255)).astype(np.uint8)
    Image.fromarray(dark).save(path, quality=92)


def measure(way, weights, folder, rounds):
    """Run one way in a process of its own; return its figures."""
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    if way != "onnxruntime":
        environment["KERAS_BACKEND"] = way
    command = [sys.executable, "-c", CHILD, weights, folder / "dark.jpg", folder / "lit.jpg"]
    started = time.perf_counter()
    with subprocess.Popen(
        [*map(str, command), str(rounds)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as child:
        if child.stdout.readline().strip() != "ready":
            sys.exit(f"{way} did not start")
        start = time.perf_counter() - started
        figures = json.loads(child.stdout.readline())
    return {"install_mb": installed_size(NEEDED[way]), "start_s": start, **figures}


def installed_size(names):
    """Return the megabytes on disk of packages and all that they require, Python's caches aside."""
    from packaging.requirements import Requirement

    waiting, seen, total = list(names), set(), 0
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in seen:
            continue
        seen.add(name)
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue
        total += sum(
            path.stat().st_size
            for file in found.files or ()
            if (path := Path(file.locate())).is_file() and path.suffix != ".pyc"
        )
        for text in found.requires or ():
            requirement = Requirement(text)
            if not requirement.marker or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)
    return total / 1e6


def print_row(way, figures):
    small, jpeg = (statistics.median(figures[name]) for name in ("256x256", "jpeg"))
    memory = f"{figures['peak_mb']:.0f} MB" if figures["peak_mb"] else "unknown"
    print(
        f"{way:>12}{figures['install_mb']:>7.0f} MB{figures['start_s']:>7.1f} s"
        f"{1000 * small:>8.0f} ms{jpeg:>10.2f} s{memory:>10}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
