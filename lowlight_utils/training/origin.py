"""What a run began with, written down in its folder, so that it is not resumed with anything else.

origin.json holds a fingerprint of the pairs, the names that were held out of the training, and that
of the weights that the generator started from, if there were any.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lowlight_utils.data.pairs import PairSet
from lowlight_utils.data.sources import Splits

if TYPE_CHECKING:
    import keras

ORIGIN_FILE = "origin.json"


def origin_of(splits: Splits, start_from: "keras.Model | None" = None) -> dict:
    """Describe what a run begins with.

    Parameters
    ----------
    splits : Splits
    start_from : keras.Model, optional
        The generator whose weights the run's own starts from.

    Returns
    -------
    dict
        For "train" and "validation" the number of "pairs" and the "sha256" of their names and
        pixels, in their order; the names "held_out" for "validation" and "test"; and the sha256 of
        the weights that it "started_from", or None.
    """
    return {
        **{
            part: {"pairs": len(pairs), "sha256": hash_of_pairs(pairs)}
            for part, pairs in (("train", splits.train), ("validation", splits.validation))
        },
        "held_out": {"validation": splits.validation.names, "test": splits.test.names},
        "started_from": None if start_from is None else _hash(start_from.get_weights()),
    }


def require_same_origin(folder: str | os.PathLike, origin: dict) -> None:
    """Refuse to resume the run in `folder` with other pairs or other first weights.

    A run of an older version left no origin.json: it is taken at its word. So is one that is
    resumed without the weights that it started from, for its state holds what became of them.

    Raises
    ------
    ValueError
        They differ, or the file is damaged.
    """
    path = Path(folder) / ORIGIN_FILE
    if not path.exists():
        return
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        problems = [_difference(kept, origin, part) for part in ("train", "validation")]
        started = kept["started_from"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is damaged ({error}): start again in another folder.") from error
    if any(problems):
        raise ValueError(
            f"{path}: the run began with other pairs ({'; '.join(filter(None, problems))}): resume "
            "with the data that it began with, or choose another folder."
        )
    if origin["started_from"] not in (None, started):
        raise ValueError(
            f"{path}: the run did not start from these weights: leave them out to resume it, or "
            "choose another folder."
        )


def _difference(kept: dict, origin: dict, part: str) -> str | None:
    """Say how the pairs of a part differ; nothing if they do not."""
    there, here = kept[part], origin[part]
    if there["sha256"] == here["sha256"]:
        return None
    label = "for training" if part == "train" else "for validation"
    if there["pairs"] != here["pairs"]:
        return f"{there['pairs']} {label} there, {here['pairs']} here"
    if part == "validation":
        names = [Counter(kept["held_out"][part]), Counter(origin["held_out"][part])]
        one, other = (" ".join(list(a - b)[:3]) for a, b in (names, names[::-1]))
        if one or other:
            return f"{label} {one} there, {other} here"
    return f"{label} other pictures"


def hash_of_pairs(pairs: PairSet) -> str:
    """Tell pairs from others, on any machine: the sha256 of their names and pixels, in order."""
    return _hash([pairs.low, pairs.high], repr((pairs.names, pairs.low.shape)))


def _hash(arrays: Sequence[np.ndarray], text: str = "") -> str:
    digest = hashlib.sha256(text.encode())
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
