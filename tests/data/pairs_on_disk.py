"""Pairs of nothing in particular, for tests of where pairs come from."""

from pathlib import Path

import numpy as np
from pictures import make_pairs, make_photo

from lowlight_utils.data import lol
from lowlight_utils.data.images import write_image
from lowlight_utils.data.pairs import PairSet


def write_pairs(folder, names, size=8):
    for i, name in enumerate(names):
        photo = make_photo(size, size, seed=i)
        write_image(folder / "low" / f"{name}.png", photo // 5)
        write_image(folder / "high" / f"{name}.png", photo)


def named_pairs(names, scenes=None, side=8):
    pairs = make_pairs(1, side, side)
    stack = np.repeat(pairs.low, len(names), 0), np.repeat(pairs.high, len(names), 0)
    return PairSet(*stack, tuple(names), scenes)


def all_of_lol():
    """LOL's training pairs by name and scene, with nothing to see."""
    names = [Path(file).stem for group in lol._lol_groups() for file in group["our485"]]
    return named_pairs(names, tuple(map(lol.lol_scene, names)), side=1)
