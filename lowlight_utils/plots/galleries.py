"""Galleries: the same scenes over a training's epochs, over λ, and by several methods."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from lowlight_utils.plots.page import Page, columns_of
from lowlight_utils.plots.pictures import ratio, require_image
from lowlight_utils.plots.style import BODY, GAP, GENERATOR, INK, MORE, MUTED, SCORES, SMALL, TRUTH

Setting = float | str
"""A value of λ, or the name of a setting that has none, such as "L1 only"."""

Shown = TypeVar("Shown")  # a picture, or one of each scene
Cell = tuple[str, str, Shown]


def training_progress(
    pictures: Mapping[int, Sequence[np.ndarray]],
    low: Sequence[np.ndarray],
    high: Sequence[np.ndarray],
    *,
    columns: int = 5,
    made_by: str | None = None,
) -> Page:
    """Show how a generator's pictures of the same scenes change while it is trained.

    Parameters
    ----------
    pictures : mapping of int to sequence of uint8[h, w, 3]
        Epoch -> the generator's picture of every scene.
    low, high : sequence of uint8[h, w, 3]
        Every scene's dark photo and its ground truth.
    columns : int
        Most epochs shown. Of more, the first, the last and some between are chosen, closer together
        where training is young and much changes.
    made_by : str, optional
        What made the pictures, for the small line at the bottom.
    """
    epochs = _spread(sorted(pictures), columns)
    cells = _between(low, [(f"epoch {epoch}", pictures[epoch]) for epoch in epochs], high)
    lefts, side = columns_of(len(cells))
    heights = [side * ratio(x) for x in low]
    page = Page(0.36 + sum(heights) + GAP * len(heights), made_by, photographic=True)
    for x, (title, color, images) in zip(lefts, cells, strict=True):
        y = 0.36
        page.title(x + side / 2, 0.2, title, color, align="center")
        for image, tall in zip(images, heights, strict=True):
            page.photo(image, x, y, side, tall)
            y += tall + GAP
    return page


def lambda_strip(
    low: np.ndarray,
    pictures: Mapping[Setting, np.ndarray],
    truth: np.ndarray,
    *,
    detail: tuple[int, int, int] | None = None,
    columns: int = 6,
    made_by: str | None = None,
) -> Page:
    """Show one scene over λ, between the dark photo and the truth, with a detail beneath each.

    Parameters
    ----------
    low, truth : uint8[h, w, 3]
        The dark photo and its truth.
    pictures : mapping of float or str to uint8[h, w, 3]
        λ, or the name of a setting that has none -> the picture.
    detail : (int, int, int), optional
        Top, left and side, in pixels, of the square that is enlarged; by default the middle third.
    columns : int
        Pictures in a row.
    made_by : str, optional
        What made the pictures, for the small line at the bottom.

    Raises
    ------
    ValueError
        The detail does not lie within the pictures.
    """
    height, width = require_image(low).shape[:2]
    side = min(height, width) // 3
    top, left, side = detail or ((height - side) // 2, (width - side) // 2, side)
    if min(top, left, side - 1) < 0 or top + side > height or left + side > width:
        raise ValueError(f"The detail {detail} lies outside of pictures of {height}x{width}.")
    titles = {x: x if isinstance(x, str) else f"λ = {x:g}" for x in ordered(pictures)}
    cells = _between(low, [(title, pictures[x]) for x, title in titles.items()], truth)
    columns = min(columns, len(cells))
    lefts, across = columns_of(columns)
    tall = across * ratio(low)
    pitch = 0.3 + tall + GAP / 2 + across + GAP
    page = Page(math.ceil(len(cells) / columns) * pitch, made_by, photographic=True)
    for i, (title, color, image) in enumerate(cells):
        x, y = lefts[i % columns], i // columns * pitch + 0.3
        page.write(x + across / 2, y - 0.13, title, BODY, color, weight="bold")
        page.photo(image, x, y, across, tall)
        part = image[top : top + side, left : left + side]
        page.photo(part, x, y + tall + GAP / 2, across, across)
    return page


def prediction_gallery(
    rows: Sequence[Mapping[str, np.ndarray]],
    metrics: Sequence[Mapping[str, Mapping[str, float]]] | None = None,
    *,
    ours: str = "ours",
    made_by: str | None = None,
) -> Page:
    """Compare methods on several scenes, with the metrics under each picture, the best in bold.

    Parameters
    ----------
    rows : sequence of mapping of str to uint8[h, w, 3]
        For each scene: method's name -> its picture; all with the same methods in the same order,
        such as low, the baselines, ours, truth.
    metrics : sequence of mapping, optional
        For each scene: method's name -> {"psnr", "ssim", "ciede2000"}, any of them. Methods that
        are missing, such as the truth, get no numbers.
    ours : str
        The method to set off.
    made_by : str, optional
        What made the pictures, for the small line at the bottom.
    """
    metrics = metrics or [{} for _ in rows]
    methods = list(rows[0])
    measured = {key for row in metrics for values in row.values() for key in values}
    keys = [key for key in ("psnr", "ssim", "ciede2000") if key in measured]
    lefts, side = columns_of(len(methods))
    below = 0.17 * len(keys) + 0.14
    heights = [side * ratio(row[methods[0]]) for row in rows]
    titles = [method.replace(" ", "\n") if len(method) > 9 else method for method in methods]
    top = 0.5 if any("\n" in x for x in titles) else 0.36
    page = Page(top + sum(heights) + below * len(rows), made_by, photographic=True)
    for x, method, title in zip(lefts, methods, titles, strict=True):
        color = {ours: GENERATOR, "truth": TRUTH}.get(method, INK)
        place = (x + side / 2, top - 0.08)
        page.write(*place, title, BODY, color, weight="bold", valign="bottom")
    y = top
    for row, values, height in zip(rows, metrics, heights, strict=True):
        for x, method in zip(lefts, methods, strict=True):
            page.photo(row[method], x, y, side, height, GENERATOR if method == ours else None)
            for line, key in enumerate(keys):
                if key in values.get(method, {}):
                    number = f"{values[method][key]:.{SCORES[key].digits}f}"
                    weight = "bold" if method == _best(values, key) else "normal"
                    place = (x + side / 2, y + height + 0.13 + 0.17 * line)
                    page.write(*place, SCORES[key].short.format(number), SMALL, weight=weight)
        y += height + below
    return page


def ordered(settings: Collection[Setting]) -> list[Setting]:
    """Sort values of λ; names of settings without one stay in their order, last."""
    named = [x for x in settings if isinstance(x, str)]
    return [*sorted(x for x in settings if not isinstance(x, str)), *named]


def _between(low: Shown, made: Iterable[tuple[str, Shown]], truth: Shown) -> list[Cell[Shown]]:
    """List what stands between the dark photo and the truth, each with its title and colour."""
    cells = [(title, GENERATOR, picture) for title, picture in made]
    return [("low", MUTED, low), *cells, ("truth", TRUTH, truth)]


def _spread(epochs: list[int], count: int) -> list[int]:
    """Choose `count` of the sorted epochs: the ends, and between them in equal ratios."""
    if len(epochs) <= count:
        return epochs
    wanted = np.geomspace(1, len(epochs), count).round().astype(int) - 1
    for i in range(1, count):  # where ratios fall on the same epoch, take the next one
        wanted[i] = max(wanted[i], wanted[i - 1] + 1)
    return [epochs[i] for i in wanted]


def _best(values: Mapping[str, Mapping[str, float]], key: str) -> str:
    having = [method for method in values if key in values[method]]
    choose = max if SCORES[key].better == MORE else min
    return choose(having, key=lambda method: values[method][key])
