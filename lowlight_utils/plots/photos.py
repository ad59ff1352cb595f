"""Photographs: pairs, what darkening does, before and after."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.patches import Rectangle

from lowlight_utils.data.srgb import linear_to_srgb, srgb_to_linear
from lowlight_utils.plots.page import Page, columns_of
from lowlight_utils.plots.pictures import ratio, require_image
from lowlight_utils.plots.style import BODY, GAP, GENERATOR, MARGIN, MUTED, TRUTH

DETAIL = 3  # how much larger than the picture its detail is shown

Window = tuple[slice, slice]


def sample_pairs(
    low: Sequence[np.ndarray],
    high: Sequence[np.ndarray],
    names: Sequence[str],
    *,
    columns: int = 2,
    made_by: str | None = None,
) -> Page:
    """Show pairs side by side, as the data set stores them: dark left, well-lit right.

    Parameters
    ----------
    low, high : sequence of uint8[h, w, 3]
        Matching photos.
    names : sequence of str
        One for each pair.
    columns : int
        Pairs in a row.
    made_by : str, optional
        What made the pictures, for the small line at the bottom.
    """
    lefts, wide = columns_of(columns, 0.28)
    side = wide / 2
    height = max(side * ratio(x) for x in low)
    pitch = height + 0.36
    page = Page(0.36 + math.ceil(len(low) / columns) * pitch, made_by, photographic=True)
    for x in lefts[: len(low)]:
        page.title(x + side / 2, 0.2, "low", align="center")
        page.title(x + 1.5 * side, 0.2, "high", TRUTH, align="center")
    for i, (dark, lit, name) in enumerate(zip(low, high, names, strict=True)):
        x, y = lefts[i % columns], 0.36 + i // columns * pitch
        page.photo(dark, x, y, side, height)
        page.photo(lit, x + side, y, side, height)
        page.write(x + side, y + height + 0.14, name, BODY, MUTED)
    return page


def side_by_side(
    pictures: Mapping[str, np.ndarray], *, columns: int | None = None, made_by: str | None = None
) -> Page:
    """Show pictures in rows, each under its title.

    Parameters
    ----------
    pictures : mapping of str to uint8[h, w, 3]
        Title -> picture; in a row they are as high as the highest one.
    columns : int, optional
        Pictures in a row, which sets their size; by default all of them.
    made_by : str, optional
        What made the pictures, for the small line at the bottom.
    """
    columns = columns or len(pictures)
    lefts, side = columns_of(columns)
    cells = list(pictures.items())
    rows = [cells[i : i + columns] for i in range(0, len(cells), columns)]
    tops = [0.1 + 0.16 * max(title.count("\n") + 1 for title, _ in row) for row in rows]
    heights = [side * max(ratio(image) for _, image in row) for row in rows]
    page = Page(sum(tops) + sum(heights) + GAP * len(rows), made_by, photographic=True)
    y = 0.0
    for row, top, height in zip(rows, tops, heights, strict=True):
        y += top
        for x, (title, image) in zip(lefts, row, strict=False):
            page.photo(image, x, y, side)
            page.write(x + side / 2, y - 0.08, title, valign="baseline", linespacing=1.1)
        y += height + GAP
    return page


def darkening_steps(
    steps: Mapping[str, np.ndarray], *, columns: int = 4, made_by: str | None = None
) -> Page:
    """Show what each step of the darkening model does to a photo.

    Beneath each step stands its middle, magnified and brightened again by the factor that gives the
    step the photo's own mean light, so that noise, colour casts and steps of grey can be seen.

    Parameters
    ----------
    steps : mapping of str to uint8[h, w, 3]
        Step's name -> the photo after it, in order; the first is the photo itself.
    columns : int
        Steps in a row.
    made_by : str, optional
        What made the pictures, for the small line at the bottom.
    """
    columns = min(columns, len(steps))
    lefts, side = columns_of(columns, 0.16)
    pitch = 0.3 + side + 0.02 + 0.24 + 0.14
    page = Page(math.ceil(len(steps) / columns) * pitch, made_by, photographic=True)
    light = srgb_to_linear(require_image(next(iter(steps.values()))) / 255.0).mean()
    for i, (name, image) in enumerate(steps.items()):
        x, y = lefts[i % columns], i // columns * pitch + 0.3
        linear = srgb_to_linear(require_image(image) / 255.0)
        gain = light / max(linear.mean(), 1e-6)
        gain = gain if gain > 2 else 1.0
        brightened = (255 * linear_to_srgb(np.clip(linear * gain, 0, 1))).round().astype(np.uint8)
        band, detail = _middle(image, 1), _middle(image, DETAIL)
        page.write(x, y - 0.13, f"{i}  {name}" if i else name, weight="bold", align="left")
        axes = page.photo(image[band], x, y, side, side / 2)
        axes.add_patch(_frame(detail, band))
        page.photo(brightened[detail], x, y + side / 2 + 0.03, side, side / 2)
        page.note(x, y + side + 0.16, f"detail, light × {gain:.0f}" if gain > 1 else "detail")
    return page


def before_after(
    low: Sequence[np.ndarray],
    enhanced: Sequence[np.ndarray],
    *,
    labels: tuple[str, str] = ("low light", "enhanced"),
    made_by: str | None = None,
) -> Page:
    """Show photos in a row, the left half of each dark and the right half enhanced.

    Parameters
    ----------
    low, enhanced : sequence of uint8[h, w, 3]
        Photos of one shape, and what was made of them.
    labels : tuple of (str, str)
        What the two halves are called.
    made_by : str, optional
        What made the pictures, for the small line at the bottom.
    """
    lefts, side = columns_of(len(low), 2 * GAP)
    height = max(side * ratio(x) for x in low)
    page = Page(MARGIN + height + 0.36, made_by, photographic=True)
    for x, dark, lit in zip(lefts, low, enhanced, strict=True):
        middle = dark.shape[1] // 2
        image = np.concatenate([dark[:, :middle], lit[:, middle:]], axis=1)
        axes = page.photo(image, x, MARGIN, side, height)
        axes.axvline(middle - 0.5, color="white", linewidth=2)
        y = MARGIN + height + 0.16
        page.write(x + side / 4, y, labels[0], BODY, MUTED)
        page.write(x + 3 * side / 4, y, labels[1], BODY, GENERATOR, weight="bold")
    return page


def _middle(image: np.ndarray, zoom: int) -> Window:
    """Slice the middle out of a picture, twice as wide as high; with a zoom, less of it."""
    height, width = image.shape[:2]
    tall = min(height, width // 2)
    wide = min(width, 2 * tall) // zoom
    tall //= zoom
    top, left = (height - tall) // 2, (width - wide) // 2
    return slice(top, top + tall), slice(left, left + wide)


def _frame(inner: Window, outer: Window) -> Rectangle:
    """Outline one slice of a picture in the pixels of another that contains it."""
    (rows, columns), (all_rows, all_columns) = inner, outer
    corner = (columns.start - all_columns.start - 0.5, rows.start - all_rows.start - 0.5)
    size = (columns.stop - columns.start, rows.stop - rows.start)
    return Rectangle(corner, *size, fill=False, edgecolor="white", linewidth=0.8)
