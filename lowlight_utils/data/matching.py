"""How files become pairs: matched by name, read into stacks, checked."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from lowlight_utils.data.images import ImageError, list_images, resize


def match_by_stem(*folders: str | os.PathLike) -> dict[str, tuple[Path, ...]]:
    """Find the pictures of the same stem in every folder, in natural order.

    Raises
    ------
    ImageError
        A picture without a partner in another folder, or two of one stem in a folder.
    """
    found = [_by_stem(folder) for folder in folders]
    for here, folder in zip(found, folders, strict=True):
        for there in found:
            missing = [path.name for stem, path in there.items() if stem not in here]
            if missing:
                raise ImageError(f"{folder}: no partner for {some(missing)}; add or remove them")
    return {stem: tuple(paths[stem] for paths in found) for stem in found[0]}


def _by_stem(folder: str | os.PathLike) -> dict[str, Path]:
    paths = {}
    for path in list_images(folder):
        other = paths.setdefault(path.stem, path)
        if other is not path:
            raise ImageError(
                f"{folder}: {other.name} and {path.name} would both be pair '{path.stem}';"
                " keep one of them"
            )
    return paths


def stack_pairs(
    names: Sequence[str],
    read_pair: Callable[[str], tuple[np.ndarray, np.ndarray]],
    size: int | tuple[int, int] | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Read pairs into a low and a high stack, uint8[n, H, W, 3] each.

    Raises
    ------
    ImageError
        `size` is None and the pictures are not of one size.
    """
    stacks = None  # allocated once, so that a large set is never in memory twice
    for i, name in enumerate(names):
        pair = read_pair(name)
        if size is not None:
            pair = [resize(image, size) for image in pair]
        if stacks is None:
            stacks = np.empty((2, len(names), *pair[0].shape), np.uint8)
        if pair[0].shape != stacks.shape[2:]:
            raise ImageError(
                f"pair '{name}' is {height_x_width(pair[0])} but '{names[0]}' is"
                f" {height_x_width(stacks[0, 0])} (height x width); pass size= to resize them all"
            )
        stacks[0, i], stacks[1, i] = pair
    return stacks[0], stacks[1]


def scenes_of(
    names: Iterable[str], scenes: Mapping[str, str] | Callable[[str], str] | None
) -> tuple[str, ...] | None:
    """Look up the scene of each name.

    Raises
    ------
    ValueError
        The mapping lacks a name.
    """
    if scenes is None:
        return None
    if callable(scenes):
        return tuple(scenes(name) for name in names)
    unknown = [name for name in names if name not in scenes]
    if unknown:
        raise ValueError(f"no scene given for {some(unknown)}; add them to the mapping")
    return tuple(scenes[name] for name in names)


def mean_levels(stack: np.ndarray) -> np.ndarray:
    """Mean level of each image of a stack, 0 to 255."""
    return np.array([image.mean() for image in stack])


def looks_swapped(low: np.ndarray, high: np.ndarray) -> bool:
    """Whether most of the low images are clearly the brighter ones."""
    # The margin: pairs that are about equally bright say nothing about the order.
    return bool(np.mean(mean_levels(low) > 1.1 * mean_levels(high) + 2) > 0.5)


def height_x_width(image: np.ndarray) -> str:
    """The size of uint8[H, W, 3] for a message."""
    return f"{image.shape[0]}x{image.shape[1]}"


def some(names: Sequence[str]) -> str:
    """The first few names for a message, and how many more there are."""
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"
