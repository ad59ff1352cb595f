"""Methods measured against the truth: a row for each image and method, their means, a table."""

import functools
import hashlib
import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from lowlight_utils import metrics
from lowlight_utils.backend import versions
from lowlight_utils.data.pairs import PairSet
from lowlight_utils.metrics import (  # noqa: F401 (named in the package)
    ciede2000,
    match_mean,
    measure,
    psnr,
    sharpness,
    split_error,
    ssim,
)

Method = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Row:
    """How one method did on one image."""

    image: str
    method: str
    scores: dict[str, float]


@dataclass(frozen=True)
class Table:
    """How an evaluation is printed.

    Attributes
    ----------
    columns : dict of str to (str, str, int)
        The score's name -> its title, how a number is written, and the width.
    notes : str
        What stands beneath, with "{n}" and "{s}" for the images, and "{size}".
    over : str
        What stands over the titles.
    """

    columns: dict[str, tuple[str, str, int]]
    notes: str
    over: str = ""


TABLE = Table(
    {
        "psnr": ("PSNR", ".2f", 10),
        "ssim": ("SSIM", ".4f", 8),
        "ciede2000": ("ΔE00", ".2f", 8),
        "psnr_gtmean": ("PSNR", ".2f", 11),
        "ssim_gtmean": ("SSIM", ".4f", 8),
        "ciede2000_gtmean": ("ΔE00", ".2f", 8),
    },
    "Means over {n} image{s} of {size}. PSNR (in dB) and SSIM: more is better; ΔE00 (CIEDE2000):"
    " less is.\nGT-mean: after scaling to the truth's mean brightness, which nobody knows in use.",
    f"{'with GT-mean':>53}",
)


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` or `evaluate_unpaired` found; ``str()`` of it is a table.

    Attributes
    ----------
    rows : tuple of Row
        One for each image and method, image by image.
    size : (int, int) or None
        Height and width of the images; None if each has its own.
    table : Table
    """

    rows: tuple[Row, ...]
    size: tuple[int, int] | None = None
    table: Table = TABLE

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of the methods, in the order in which they were given; "low" comes first."""
        return tuple(dict.fromkeys(row.method for row in self.rows))

    def means(self) -> dict[str, dict[str, float]]:
        """Mean of every score over the images, by method; PSNRs are averaged in dB."""
        return {
            method: metrics.mean_scores([row.scores for row in self.rows if row.method == method])
            for method in self.methods
        }

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
            "psnr" (dB), "ssim", "ciede2000" and their "_gtmean" forms, or what else was measured,
            as means of `method` over the images; "method"; "n", the number of images; "size", the
            side of square ones or [height, width], if all have the same; "means" of all methods;
            "rows" by image and method; "made_by". What is no finite number, such as a PSNR without
            an error to speak of, is null.

        Raises
        ------
        ValueError
            There is no such method.
        """
        means = self.means()
        if method not in means:
            raise ValueError(f"no method is called {method!r}, only {', '.join(means)}")
        size = {}
        if self.size:
            height, width = self.size
            size = {"size": height if height == width else [height, width]}
        return {
            **_finite(means[method]),
            "method": method,
            "n": len(self.rows) // len(means),
            **size,
            "means": {name: _finite(scores) for name, scores in means.items()},
            "rows": [
                {"image": row.image, "method": row.method, **_finite(row.scores)}
                for row in self.rows
            ],
            "made_by": dict(made_by or {}),
        }

    def __str__(self) -> str:
        means, columns = self.means(), self.table.columns
        wide = max(len("method"), *map(len, means))
        lines = [" " * wide + self.table.over] if self.table.over else []
        titles = "".join(f"{title:>{width}}" for title, _, width in columns.values())
        lines.append(f"{'method':<{wide}}{titles}")
        for method, scores in means.items():
            numbers = "".join(f"{scores[x]:{w}{form}}" for x, (_, form, w) in columns.items())
            lines.append(f"{method:<{wide}}{numbers}")
        n = len(self.rows) // len(means)
        size = "{}x{}".format(*self.size) if self.size else ""
        return "\n".join([*lines, self.table.notes.format(n=n, s="s" * (n != 1), size=size)])


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
    cases = (
        (name, name, low, functools.partial(measure, high))
        for name, low, high in zip(pairs.names, pairs.low, pairs.high, strict=True)
    )
    return Evaluation(run_methods(methods, cases, len(pairs), progress), pairs.size)


Case = tuple[str, object, np.ndarray, Callable[[np.ndarray], dict[str, float]]]
"""An image's name, what messages call it, the image, and how its results are measured."""


def run_methods(
    methods: Mapping[str, Method], cases: Iterable[Case], total: int, progress: bool
) -> tuple[Row, ...]:
    """Run methods, after "low", which changes nothing, over cases, and measure what comes out."""
    rows = []
    for name, called, low, measured in tqdm(
        cases, "evaluate", total, unit="image", disable=None if progress else True
    ):
        for method, enhance in ({"low": lambda low: low} | dict(methods)).items():
            try:
                rows.append(Row(name, method, measured(enhance(low))))
            except ValueError as error:
                raise ValueError(f"{method} on {called}: {error}") from error
    return tuple(rows)


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

        made_by["backend"] = keras.backend.backend()
    return made_by | {"versions": versions()}


def _finite(scores: Mapping[str, float]) -> dict[str, float | None]:
    """Write what is no finite number as None: JSON knows neither infinity nor nan."""
    return {name: value if math.isfinite(value) else None for name, value in scores.items()}
