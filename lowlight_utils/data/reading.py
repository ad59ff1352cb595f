"""Pairs of pictures, read into stacks and checked: is one dark, and do they show the same view."""

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from lowlight_utils.data.images import ImageError, Size, read_image, resize
from lowlight_utils.data.layouts import HOW
from lowlight_utils.data.matching import looks_paired, looks_swapped, of_different_views, some

Stacks = tuple[np.ndarray, np.ndarray]


def read_two_files(
    paths: Mapping[str, tuple[Path, ...]], size: Size | None, where: str | os.PathLike
) -> Stacks:
    """Read pairs of a low and a high file, by name; see `PairSet.from_paths`.

    Returns
    -------
    low, high : uint8[n, H, W, 3]
    """

    def read_pair(name: str) -> Stacks:
        low_path, high_path = paths[name]
        low, high = read_image(low_path), read_image(high_path)
        if low.shape != high.shape:
            raise ImageError(
                f"{low_path} is {_height_x_width(low)} but {high_path} is"
                f" {_height_x_width(high)} (height x width); crop one to match the other"
            )
        return low, high

    low, high = _stack(list(paths), read_pair, size)
    # The names say which is which, and whoever gave them may have reasons: this only warns.
    if looks_swapped(low, high):
        warnings.warn(
            f"{where}: most pictures that should be dark are brighter than their partners; are the"
            " two sides swapped?",
            stacklevel=4,
        )
    differing, most = of_different_views(list(paths), low, high)
    if differing:
        found = f"{len(differing)} of {len(paths)} pairs do not seem to show the same view"
        look = "do the names belong together?" if most else "look at them"
        warnings.warn(f"{where}: {found} ({some(differing)}); {look}", stacklevel=4)
    return low, high


def read_double_pictures(
    paths: Mapping[str, Path], size: Size | None, where: str | os.PathLike, low_side: str
) -> Stacks:
    """Read pictures that hold both of a pair, by name; see `PairSet.from_concatenated`.

    Returns
    -------
    low, high : uint8[n, H, W, 3]
    """
    if low_side not in ("left", "right"):
        raise ValueError(f"low_side is 'left' or 'right', not {low_side!r}")

    def read_pair(name: str) -> Stacks:
        both = read_image(paths[name])
        middle, odd = divmod(both.shape[1], 2)
        if odd:
            raise ImageError(
                f"{paths[name]}: {both.shape[1]} pixels wide, so not two pictures side by side; a"
                f" folder of pairs holds {HOW}"
            )
        left, right = both[:, :middle], both[:, middle:]
        return (left, right) if low_side == "left" else (right, left)

    low, high = _stack(list(paths), read_pair, size)
    # Unlike folders, whose names say which is which, only the pixels can tell here.
    differing, most = of_different_views(list(paths), low, high)
    if most:
        raise ImageError(
            f"{where}: holds no double pictures: in {len(differing)} of {len(paths)} the halves do"
            f" not show the same view ({some(differing)}); a folder of pairs holds {HOW}"
        )
    if differing:
        warnings.warn(
            f"{where}: in {len(differing)} of {len(paths)} double pictures the halves do not seem"
            f" to show the same view ({some(differing)}); look at them",
            stacklevel=3,
        )
    if looks_swapped(low, high):
        other = "right" if low_side == "left" else "left"
        raise ImageError(
            f"{where}: most pictures are brighter on the {low_side}, where the dark one should be;"
            f" if they are stored the other way round, say --dark-side {other} (in Python,"
            f" low_side={other!r})"
        )
    if not looks_paired(low, high):
        raise ImageError(
            f"{where}: of most pictures neither half is clearly darker than the other, so they are"
            " not pairs of a dark photo and a well-lit one"
        )
    return low, high


def _stack(
    names: Sequence[str],
    read_pair: Callable[[str], Stacks],
    size: Size | None,
) -> Stacks:
    """Read pairs into a low and a high stack, uint8[n, H, W, 3] each.

    Raises
    ------
    ImageError
        `size` is None and the pictures are not of one size.
    """
    stacks: np.ndarray | None = None  # allocated once, so that a large set is never in memory twice
    for i, name in enumerate(names):
        pair = read_pair(name)
        if size is not None:
            pair = resize(pair[0], size), resize(pair[1], size)
        if stacks is None:
            stacks = np.empty((2, len(names), *pair[0].shape), np.uint8)
        if pair[0].shape != stacks.shape[2:]:
            raise ImageError(
                f"pair '{name}' is {_height_x_width(pair[0])} but '{names[0]}' is"
                f" {_height_x_width(stacks[0, 0])} (height x width); pass size= to resize them all"
            )
        stacks[0, i], stacks[1, i] = pair
    assert stacks is not None  # there is a name at least
    return stacks[0], stacks[1]


def _height_x_width(image: np.ndarray) -> str:
    """The size of uint8[H, W, 3] for a message."""
    return f"{image.shape[0]}x{image.shape[1]}"
