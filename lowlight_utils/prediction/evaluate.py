"""Methods measured against the truth: a row for each image and method, their means, a table."""

import hashlib
import json
import math
import os
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import lowlight_utils
from lowlight_utils import metrics
from lowlight_utils.data.pairs import PairSet
from lowlight_utils.metrics import (  # noqa: F401 (named in the package)
    ciede2000,
    match_mean,
    measure,
    measure_pairs,
    psnr,
    sharpness,
    split_error,
    ssim,
)

Method = Callable[[np.ndarray], np.ndarray]
COLUMNS = {"psnr": ("PSNR", ".2f"), "ssim": ("SSIM", ".4f"), "ciede2000": ("ΔE00", ".2f")}


@dataclass(frozen=True)
class Row:
    """How one method did on one image; `scores` is what `lowlight_utils.metrics.measure` gives."""

    image: str
    method: str
    scores: dict[str, float]


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` found; ``str()`` of it is a table.

    Attributes
    ----------
    rows : tuple of Row
        One for each image and method, image by image.
    size : (int, int)
        Height and width of the images.
    """

    rows: tuple[Row, ...]
    size: tuple[int, int]

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of the methods, in the order in which they were given; "low" comes first."""
        return tuple(dict.fromkeys(row.method for row in self.rows))

    def means(self) -> dict[str, dict[str, float]]:
        """Mean of every metric over the images, by method; PSNRs are averaged in dB."""
        return mean_scores(self.rows)

    def to_json(self, method: str = "ours", made_by: Mapping | None = None) -> dict:
        """Give all there is as a dictionary that `json.dumps` takes.

        Parameters
        ----------
        method : str
            Whose means stand at the top.
        made_by : mapping, optional
            What made the numbers, see `provenance`.

        Returns
        -------
        dict
            "psnr" (dB), "ssim", "ciede2000" and their "_gtmean" forms, as means of `method` over
            the images; "method"; "n", the number of images; "size", the side of square ones or
            [height, width]; "means" of all methods; "rows" by image and method; "made_by". A PSNR
            without an error to speak of, which is infinite, is null.

        Raises
        ------
        ValueError
            There is no such method.
        """
        height, width = self.size
        size = height if height == width else [height, width]
        return as_json(self.rows, method, made_by, size=size)

    def __str__(self) -> str:
        means = self.means()
        wide = max(len("method"), *map(len, means))
        titles = [title for title, _ in COLUMNS.values()]
        lines = [
            " " * wide + f"  {'':>24}   {'with GT-mean':>24}",
            f"{'method':<{wide}}" + 2 * ("  " + "".join(f"{title:>8}" for title in titles) + " "),
        ]
        for method, scores in means.items():
            line = f"{method:<{wide}}"
            for ending in ("", "_gtmean"):
                numbers = (f"{scores[name + ending]:{form}}" for name, (_, form) in COLUMNS.items())
                line += "  " + "".join(f"{number:>8}" for number in numbers) + " "
            lines.append(line)
        n, (height, width) = len(self.rows) // len(means), self.size
        lines.append(
            f"Means over {n} image{'s' * (n != 1)} of {height}x{width}. PSNR (in dB) and SSIM: more"
            " is better; ΔE00 (CIEDE2000): less is."
        )
        lines.append(
            "GT-mean: after scaling to the truth's mean brightness, which nobody knows in use."
        )
        return "\n".join(line.rstrip() for line in lines)


def evaluate(methods: Mapping[str, Method], pairs: PairSet, progress: bool = True) -> Evaluation:
    """Run methods over pairs and measure what comes out.

    Parameters
    ----------
    methods : mapping of str to callable
        Name -> uint8[H, W, 3] to uint8[H, W, 3], such as an `Enhancer` or `BASELINES`. "low", the
        dark image as it is, is measured before them.
    pairs : PairSet
        At least one pair, of at least 11x11 pixels.
    progress : bool
        Show a bar, if there is a terminal to show it on.

    Returns
    -------
    Evaluation

    Raises
    ------
    ValueError
        There are no pairs, or a method gave something else than an image of its input's size.
    """
    if not len(pairs):
        raise ValueError("there are no pairs to evaluate on")
    methods = {"low": lambda low: low} | dict(methods)
    found = {}
    quiet = None if progress else True  # None: where there is no terminal
    with tqdm(total=len(pairs) * len(methods), desc="evaluate", unit="image", disable=quiet) as bar:
        for name, method in methods.items():
            try:
                found[name] = measure_pairs(_watched(map(method, pairs.low), bar), pairs)
            except ValueError as error:
                raise ValueError(f"{name} on {error}") from error
    rows = [
        Row(image, name, scores[i])
        for i, image in enumerate(pairs.names)
        for name, scores in found.items()
    ]
    return Evaluation(tuple(rows), pairs.size)


def _watched(images, bar):
    for image in images:
        yield image
        bar.update()


def provenance(weights: str | os.PathLike | None = None) -> dict:
    """Say what makes an evaluation's numbers, the same for the same weights and versions.

    Parameters
    ----------
    weights : path, optional
        The `.keras` file; where a training run left its `recipe.json` beside it, that is included.

    Returns
    -------
    dict
        "weights" (the file's name), "weights_sha256" and "recipe" (None if unknown), "backend"
        (None if Keras was not used), and "versions".
    """
    made_by: dict[str, Any] = dict.fromkeys(("weights", "weights_sha256", "recipe", "backend"))
    versions = {"python": platform.python_version(), "lowlight_utils": lowlight_utils.__version__}
    versions |= {name: version(name) for name in ("numpy", "pillow", "scikit-image")}
    if weights is not None:
        weights = Path(weights)
        with open(weights, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        recipe = weights.with_name("recipe.json")
        made_by |= {
            "weights": weights.name,
            "weights_sha256": digest,
            "recipe": json.loads(recipe.read_text(encoding="utf-8")) if recipe.is_file() else None,
        }
    if "keras" in sys.modules:
        import keras

        backend = keras.backend.backend()
        made_by["backend"] = backend
        versions |= {"keras": keras.__version__}
        versions |= {backend: sys.modules[backend].__version__} if backend in sys.modules else {}
    return made_by | {"versions": versions}


def mean_scores(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """Average every score over the images, by method; see `lowlight_utils.metrics.mean_scores`."""
    by_method: dict[str, list[dict[str, float]]] = {}
    for row in rows:
        by_method.setdefault(row.method, []).append(row.scores)
    return {method: metrics.mean_scores(scores) for method, scores in by_method.items()}


def as_json(rows: Sequence[Row], method: str, made_by: Mapping | None, **facts) -> dict:
    """Give rows and their means as a dictionary that `json.dumps` takes, with further facts."""
    means = mean_scores(rows)
    if method not in means:
        raise ValueError(f"no method is called {method!r}, only {', '.join(means)}")
    return {
        **finite(means[method]),
        "method": method,
        "n": len(rows) // len(means),
        **facts,
        "means": {name: finite(scores) for name, scores in means.items()},
        "rows": [{"image": row.image, "method": row.method, **finite(row.scores)} for row in rows],
        "made_by": dict(made_by or {}),
    }


def finite(scores: Mapping[str, float]) -> dict[str, float | None]:
    """Write what is no finite number as None: JSON knows neither infinity nor nan."""
    return {name: value if math.isfinite(value) else None for name, value in scores.items()}
