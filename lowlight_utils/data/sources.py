"""Where pairs come from: whatever ``--data`` names, read and split."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np

from lowlight_utils.data.errors import ImageError
from lowlight_utils.data.images import Size
from lowlight_utils.data.layouts import (
    BOTH,
    HOW,
    PART_NAMES,
    child,
    folders_where,
    holding,
    is_picture,
    only,
    parts_in,
    sides,
    sides_in,
    tagged_pairs,
    what_to_rename,
)
from lowlight_utils.data.lol import (
    EVALUATION,
    LOL_PARTS,
    LOL_PREFIX,
    TRAINING,
    combine,
    in_lol_evaluation,
    lol_pairs,
    lol_scene,
    split_lol,
)
from lowlight_utils.data.online import require_downloaded
from lowlight_utils.data.pairs import PairSet
from lowlight_utils.data.photos import EVEN, PARTS, kodak_pairs, sample_pairs

VALIDATION_COPIES = 4
"""How often a bundled validation photo is darkened: five photos alone make a noisy judge."""


@dataclass(frozen=True)
class Splits:
    """What to learn from, what to choose by, what to report on."""

    train: PairSet
    validation: PairSet
    test: PairSet


def load_splits(
    data: str | os.PathLike | Sequence[str | os.PathLike],
    size: Size = 256,
    copies: int = 1,
    seed: int = 0,
    *,
    evaluation_scenes: bool = True,
    lights: str = EVEN,
    views: str = "whole",
    low_side: str = "left",
) -> Splits:
    """Read whatever ``train --data`` is given.

    Parameters
    ----------
    data : "sample", "kodak" or path, or a sequence of these
        The bundled photos; or Kodak's, all of which are for training; or a folder that holds one of

        - ``low/`` and ``high/``, here or in one folder further inside; ``Low/`` and ``Normal/``,
          ``input/`` and ``target/`` and other such names (`lowlight_utils.data.layouts`) do too;
        - both pictures of each pair, as ``1_low.png`` and ``1_high.png``;
        - ``our485/`` and perhaps ``eval15/`` (LOL), likewise: the latter becomes the test set. If
          another folder with ``low/`` and ``high/`` lies beside them, its pairs are taken for the
          synthetic ones and the two are joined (`combine`);
        - double pictures, the dark one on the left (or see `low_side`);
        - ``train/`` and perhaps ``validation/`` (or ``valid/``, ``val/``) and ``test/``, each with
          one of these, here or in one folder further inside.

        A part that is not there is split off from the training pairs by scene: a tenth. LOL alone
        is split as `split_lol` has it, and without ``eval15/`` its test set is empty. Of several
        sources, each part is joined to one.
    size : int or (height, width)
        What to resize to.
    copies : int
        For "sample": how often each *training* photo is darkened. Those for validation always are
        `VALIDATION_COPIES` times, and those for the test once.
    seed : int
        For the darkness of the bundled training photos, and for the split of a folder. LOL and the
        bundled photos are split alike whatever the seed, because runs with different seeds have to
        be judged on the same pictures, or they cannot be compared.
    evaluation_scenes : bool
        Whether training may see the scenes of LOL's evaluation pairs, at other exposures. The
        official split has them in; without them the evaluation says what a generator does in rooms
        that it has never seen.
    lights, views : str
        For the training pairs made from "sample" and "kodak", see `photo_pairs`.
    low_side : {"left", "right"}
        Of double pictures, on which side the dark one is.

    Raises
    ------
    ImageError
        Nothing of the above is there, or a picture or pair is not as it should be.
    ValueError
        Too few scenes to split, or `copies` is below 1.

    Examples
    --------
    >>> splits = load_splits("sample", size=32)
    >>> splits.train, splits.test
    (PairSet(30 pairs of 32x32, 30 scenes), PairSet(8 pairs of 32x32, 8 scenes))
    >>> load_splits(["sample", "kodak"], size=32).train
    PairSet(54 pairs of 32x32, 54 scenes)
    """
    if not isinstance(data, (str, os.PathLike)):
        rules: dict[str, Any] = {
            "evaluation_scenes": evaluation_scenes,
            "lights": lights,
            "views": views,
            "low_side": low_side,
        }
        several = [load_splits(one, size, copies, seed, **rules) for one in data]
        if not several:
            raise ValueError("no data are named; give sample, or a folder of pairs")
        return Splits(*(reduce(add, (getattr(one, part) for one in several)) for part in PARTS))
    if str(data) == "sample":
        train = sample_pairs("train", size, copies, seed, None, lights, views)
        return Splits(
            train, sample_pairs("validation", size, VALIDATION_COPIES), sample_pairs("test", size)
        )
    if str(data) == "kodak":
        train = kodak_pairs(size, copies, seed, lights, views)
        return Splits(train, train[:0], train[:0])
    folder = Path(data).expanduser()
    require_downloaded(folder)
    validation = test = None
    parts = _find_parts(folder)
    if parts:
        read = {part: read_pairs(path, size, low_side) for part, path in parts.items()}
        train, validation, test = read["train"], read.get("validation"), read.get("test")
    elif folders_where(folder, holding(TRAINING)):
        lol = lol_pairs(folder, TRAINING, size)
        train, validation = split_lol(lol)
        test = lol[:0]
        if folders_where(folder, holding(EVALUATION)):
            test = lol_pairs(folder, EVALUATION, size)
        others = [f for f in folders_where(folder, sides) if f.name.casefold() not in LOL_PARTS]
        if others:
            synthetic = synthetic_pairs(only(others, BOTH), size)
            train, test = combine(lol, test, synthetic, seed)
            validation = None
        if not evaluation_scenes:
            train = train[np.array([not in_lol_evaluation(scene) for scene in train.scenes])]
    else:
        train = read_pairs(folder, size, low_side)
    train, split_validation, split_test = train.split(
        validation=0.1 if validation is None else 0.0, test=0.1 if test is None else 0.0, seed=seed
    )
    return Splits(
        train,
        split_validation if validation is None else validation,
        split_test if test is None else test,
    )


def _find_parts(folder: Path) -> dict[str, Path]:
    """The folders train/ and perhaps validation/ and test/, here or in one folder further inside.

    LOL comes first: it may lie beside folders of other pairs.
    """
    if "train" in parts_in(folder):
        return parts_in(folder)
    if folders_where(folder, holding(TRAINING)):
        return {}
    found = folders_where(folder, lambda inside: child(inside, PART_NAMES["train"]))
    return parts_in(only(found, "train/")) if found else {}


def read_pairs(folder: str | os.PathLike, size: Size = 256, low_side: str = "left") -> PairSet:
    """Read one folder of pairs that are not split into parts.

    Parameters
    ----------
    folder : path
        One with ``low/`` and ``high/``, with NAME_low and NAME_high, or with double pictures; see
        `load_splits`.
    size : int or (height, width)
        What to resize to.
    low_side : {"left", "right"}
        Of double pictures, on which side the dark one is.

    Raises
    ------
    ImageError
        Nothing of the above is there, or a picture or pair is not as it should be.
    """
    folder = Path(folder).expanduser()
    found = folders_where(folder, sides)
    if found:
        root = only(found, BOTH)
        if root.name.casefold() in LOL_PARTS:
            return lol_pairs(root.parent, root.name.casefold(), size)
        return PairSet.from_folders(*sides_in(root), size, scenes=_scene_of_file)
    if any(map(is_picture, folder.iterdir())):
        if tagged_pairs(folder):
            return PairSet.from_tagged(folder, size, scenes=_scene_of_file)
        return PairSet.from_concatenated(folder, size, _scene_of_file, low_side)
    raise ImageError(f"{folder}: holds no pairs; give it {HOW}{what_to_rename(folder)}")


def synthetic_pairs(folder: str | os.PathLike, size: Size | None = 256) -> PairSet:
    """Read the pairs made from RAW photographs: the one folder with ``low/`` and ``high/`` in it.

    Several developments of one file, as `make_pairs` writes them, are one scene.

    Parameters
    ----------
    folder : path
        What `download_synthetic` was given, or any folder above the pairs.
    size : int or (height, width) or None
        What to resize to; None keeps the pictures' size.

    Raises
    ------
    ImageError
        No folder inside has both, or several have; or see `PairSet.from_folders`.
    """
    return PairSet.from_folders(*sides_in(Path(folder).expanduser()), size, scenes=_scene_of_file)


def _scene_of_file(name: str) -> str:
    """LOL's scenes survive being written to files by way of the names that `combine` gives, and the
    developments of one RAW file are one scene.
    """
    if name.startswith(LOL_PREFIX):
        return LOL_PREFIX + lol_scene(name.removeprefix(LOL_PREFIX))
    return re.sub(r"-exposure\d+$", "", name)  # see `raw_pairs.pair_names`
