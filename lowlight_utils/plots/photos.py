"""Photographs: pairs, what darkening does, before and after."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.patches import Rectangle

from lowlight_utils.data.srgb import linear_to_srgb, srgb_to_linear
from lowlight_utils.plots.style import (
    BODY,
    GAP,
    GENERATOR,
    MARGIN,
    MUTED,
    SMALL,
    TITLE,
    TRUTH,
    WIDTH,
    Page,
    caption_height,
    ratio,
    require_image,
)

DETAIL = 3  # how much larger than the picture its detail is shown


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

    Returns
    -------
    Page
        A matplotlib Figure.
    """
    between = 0.28
    side = (WIDTH - 2 * MARGIN - (columns - 1) * between) / (2 * columns)
    height = max(side * ratio(x) for x in low)
    rows = -(-len(low) // columns)
    page = Page(WIDTH, 0.36 + rows * (height + 0.36) + caption_height(made_by), photographic=True)
    for column in range(min(columns, len(low))):
        x = MARGIN + column * (2 * side + between)
        page.write(x + side / 2, 0.2, "low", TITLE, weight="bold")
        page.write(x + 1.5 * side, 0.2, "high", TITLE, TRUTH, weight="bold")
    for i, (dark, lit, name) in enumerate(zip(low, high, names, strict=True)):
        x = MARGIN + i % columns * (2 * side + between)
        y = 0.36 + i // columns * (height + 0.36)
        page.photo(dark, x, y, side, height)
        page.photo(lit, x + side, y, side, height)
        page.write(x + side, y + height + 0.14, name, BODY, MUTED)
    page.caption(made_by)
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

    Returns
    -------
    Page
        A matplotlib Figure.
    """
    columns = columns or len(pictures)
    side = (WIDTH - 2 * MARGIN - (columns - 1) * GAP) / columns
    titles, images = list(pictures), list(pictures.values())
    starts = range(0, len(images), columns)
    tops = [0.1 + 0.16 * max(x.count("\n") + 1 for x in titles[i : i + columns]) for i in starts]
    heights = [side * max(ratio(x) for x in images[i : i + columns]) for i in starts]
    total = sum(tops) + sum(heights) + GAP * len(heights)
    page = Page(WIDTH, total + caption_height(made_by), photographic=True)
    y = 0.0
    for start, top, height in zip(starts, tops, heights, strict=True):
        y += top
        for i in range(start, min(start + columns, len(images))):
            x = MARGIN + (i - start) * (side + GAP)
            page.photo(images[i], x, y, side)
            place = {"valign": "baseline", "linespacing": 1.1}
            page.write(x + side / 2, y - 0.08, titles[i], BODY, **place)
        y += height + GAP
    page.caption(made_by)
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

    Returns
    -------
    Page
        A matplotlib Figure.
    """
    columns = min(columns, len(steps))
    rows = -(-len(steps) // columns)
    between = 0.16
    side = (WIDTH - 2 * MARGIN - (columns - 1) * between) / columns
    pitch = 0.3 + side + 0.02 + 0.24 + 0.14
    page = Page(WIDTH, rows * pitch + caption_height(made_by), photographic=True)
    light = srgb_to_linear(require_image(next(iter(steps.values()))) / 255.0).mean()
    for i, (name, image) in enumerate(steps.items()):
        x = MARGIN + i % columns * (side + between)
        y = i // columns * pitch + 0.3
        linear = srgb_to_linear(require_image(image) / 255.0)
        gain = light / max(linear.mean(), 1e-6)
        gain = gain if gain > 2 else 1.0
        brightened = (255 * linear_to_srgb(np.clip(linear * gain, 0, 1))).round().astype(np.uint8)
        band, detail = _middle(image, 1), _middle(image, DETAIL)
        page.write(x, y - 0.13, f"{i}  {name}" if i else name, BODY, weight="bold", align="left")
        axes = page.photo(image[band], x, y, side, side / 2)
        axes.add_patch(_frame(detail, band))
        page.photo(brightened[detail], x, y + side / 2 + 0.03, side, side / 2)
        note = f"detail, light × {gain:.0f}" if gain > 1 else "detail"
        page.write(x, y + side + 0.16, note, SMALL, MUTED, align="left")
    page.caption(made_by)
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

    Returns
    -------
    Page
        A matplotlib Figure.
    """
    side = (WIDTH - 2 * MARGIN - (len(low) - 1) * 2 * GAP) / len(low)
    height = max(side * ratio(x) for x in low)
    page = Page(WIDTH, MARGIN + height + 0.36 + caption_height(made_by), photographic=True)
    for i, (dark, lit) in enumerate(zip(low, enhanced, strict=True)):
        x = MARGIN + i * (side + 2 * GAP)
        middle = dark.shape[1] // 2
        image = np.concatenate([dark[:, :middle], lit[:, middle:]], axis=1)
        axes = page.photo(image, x, MARGIN, side, height)
        axes.axvline(middle - 0.5, color="white", linewidth=2)
        y = MARGIN + height + 0.16
        page.write(x + side / 4, y, labels[0], BODY, MUTED)
        page.write(x + 3 * side / 4, y, labels[1], BODY, GENERATOR, weight="bold")
    page.caption(made_by)
    return page


def _middle(image, zoom):
    """Slice the middle out of a picture, twice as wide as high; with a zoom, less of it."""
    height, width = image.shape[:2]
    tall = min(height, width // 2)
    wide = min(width, 2 * tall) // zoom
    tall //= zoom
    top, left = (height - tall) // 2, (width - wide) // 2
    return slice(top, top + tall), slice(left, left + wide)


def _frame(inner, outer):
    """Outline one slice of a picture in the pixels of another that contains it."""
    (rows, columns), (all_rows, all_columns) = inner, outer
    corner = (columns.start - all_columns.start - 0.5, rows.start - all_rows.start - 0.5)
    size = (columns.stop - columns.start, rows.stop - rows.start)
    return Rectangle(corner, *size, fill=False, edgecolor="white", linewidth=0.8)
