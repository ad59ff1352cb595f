"""How files become pairs: matched by name, and checked by what they show."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from lowlight_utils.data.images import ImageError, list_images
from lowlight_utils.data.layouts import side_in_name

VIEW_SIDE = 24
SAME_VIEW = 0.5
"""Above this correlation (`view_correlation`) two pictures show the same view.

Measured, as (least, median, largest): LOL's 484 pairs 0.59, 0.99, 1.00 (with noise of 8 levels
more on the dark ones 0.36, 0.97, 1.00; one of them lies below 0.5); 86 pairs of the bundled photos
0.93, 0.99, 1.00; the halves of 102 single photos, 32 of them dark, -0.53, -0.05, 0.23; those of
LOL's 485 bright pictures -0.65, -0.06, 0.28.
"""


def match_by_stem(*folders: str | os.PathLike) -> dict[str, tuple[Path, ...]]:
    """Find the pictures of the same stem in every folder, in natural order.

    Where the stems differ by the side that they name, and by capitals, they are matched without
    these: ``low00001.png`` goes with ``normal00001.png``, as LOL-v2 has them.

    Raises
    ------
    ImageError
        A picture without a partner in another folder, or two of one stem in a folder.
    """
    try:
        return _match(folders, str)
    except ImageError as error:
        try:
            return _match(folders, lambda stem: side_in_name(stem)[1].casefold())
        except ImageError:
            raise error from None


def _match(
    folders: tuple[str | os.PathLike, ...], name_of: Callable[[str], str]
) -> dict[str, tuple[Path, ...]]:
    found = [_by_name(folder, name_of) for folder in folders]
    for here, folder in zip(found, folders, strict=True):
        for there in found:
            missing = [path.name for stem, path in there.items() if stem not in here]
            if missing:
                raise ImageError(f"{folder}: no partner for {some(missing)}; add or remove them")
    return {stem: tuple(paths[stem] for paths in found) for stem in found[0]}


def _by_name(folder: str | os.PathLike, name_of: Callable[[str], str]) -> dict[str, Path]:
    paths: dict[str, Path] = {}
    for path in list_images(folder):
        name = name_of(path.stem)
        other = paths.setdefault(name, path)
        if other is not path:
            raise ImageError(
                f"{folder}: {other.name} and {path.name} would both be pair '{name}';"
                " keep one of them"
            )
    return paths


def scenes_of(
    names: Iterable[str], scenes: Mapping[str, str] | Callable[[str], str] | None
) -> tuple[str, ...]:
    """Look up the scene of each name; without any, each name is a scene.

    Raises
    ------
    ValueError
        The mapping lacks a name.
    """
    if scenes is None:
        return tuple(names)
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


def looks_paired(low: np.ndarray, high: np.ndarray) -> bool:
    """Whether most of the low images are clearly the darker ones."""
    return looks_swapped(high, low)


def view_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Say how far two pictures, uint8[H, W, 3] each, show the same view, however bright they are.

    Of a small grey copy of each, every level is replaced by its rank, which no brightening changes,
    and the means of rows and columns are taken out: the sky is above the ground in both halves of
    many a photo.

    Returns
    -------
    float
        Correlation of what is left, from -1 to 1; NaN if one picture has nothing to compare.
    """
    ranks = [_ranks(_small_grey(image)) for image in (one, other)]
    x, y = (r - r.mean(0) - r.mean(1, keepdims=True) + r.mean() for r in ranks)
    scale = np.sqrt((x**2).sum() * (y**2).sum())
    return float((x * y).sum() / scale) if scale > 1e-6 else float("nan")


def of_different_views(
    names: Sequence[str], low: np.ndarray, high: np.ndarray
) -> tuple[list[str], bool]:
    """Name the pairs whose two pictures do not show the same view, as far as that can be seen.

    Returns
    -------
    names : list of str
    most : bool
        Whether these are most of the pairs of which it can be told.
    """
    alike = np.array([view_correlation(*pair) for pair in zip(low, high, strict=True)])
    differing = [name for name, value in zip(names, alike, strict=True) if value <= SAME_VIEW]
    return differing, bool(2 * len(differing) > np.isfinite(alike).sum())


def _small_grey(image: np.ndarray) -> np.ndarray:
    # Not rounded: of a dark picture's few levels the means say more.
    red, green, blue = np.moveaxis(image, 2, 0)
    grey = Image.fromarray(red.astype(np.float32) + green + blue)
    if min(grey.size) > VIEW_SIDE:
        grey = grey.resize((VIEW_SIDE, VIEW_SIDE), Image.Resampling.BOX)
    return np.asarray(grey)


def _ranks(levels: np.ndarray) -> np.ndarray:
    # Equal levels share a rank: in the dark there are few, and an order by place would be shared.
    _, place, counts = np.unique(levels, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[place.reshape(levels.shape)]


def some(names: Sequence[str]) -> str:
    """The first few names for a message, and how many more there are."""
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"
