"""What a sweep found: scores against λ, loss curves side by side, one scene over λ."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator

from lowlight_utils.plots.curves import CURVES, axes_of
from lowlight_utils.plots.style import (
    BODY,
    GAP,
    GENERATOR,
    INK,
    LINE,
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

PANELS = (  # key, title, what is better
    ("psnr", "PSNR, dB", "more is better"),
    ("ssim", "SSIM", "more is better"),
    ("ciede2000", "ΔE (CIEDE2000)", "less is better"),
    ("sharpness", "Sharpness", "1: as the truth"),
)
FEW = 5  # up to so many values of λ fit under four panels in a row

Setting = float | str
"""A value of λ, or the name of a setting that has none, such as "L1 only"."""


def lambda_curves(
    scores: Mapping[Setting, Sequence[Mapping[str, float]]],
    *,
    label: str = "λ",
    made_by: str | None = None,
) -> Page:
    """Plot scores against λ: a dot for each run, a bar over their range, a line through the means.

    The values of λ stand at equal distances, in order, because 0 has no place on a log scale.

    Parameters
    ----------
    scores : mapping of float or str to sequence of mapping
        λ -> for each run with it the means of any of "psnr" (dB), "ssim", "ciede2000" and
        "sharpness". A text names a setting without λ; such stand last, and no line leads to them.
    label : str
        What stands beneath the axes.
    made_by : str, optional
        What made the numbers, for the small line at the bottom.

    Returns
    -------
    Page
        A matplotlib Figure.
    """
    settings = ordered(scores)
    numbers = sum(not isinstance(setting, str) for setting in settings)
    panels = [x for x in PANELS if all(x[0] in run for runs in scores.values() for run in runs)]
    columns = len(panels) if len(settings) <= FEW else min(2, len(panels))
    top, tall, gap = 0.52, 1.75, 0.5
    below = 0.5 if columns == len(panels) else 0.72  # labels of two lines
    pitch = top + tall + below
    rows = -(-len(panels) // columns)
    page = Page(WIDTH, rows * pitch + caption_height(made_by))
    left = MARGIN + 0.35
    across = (WIDTH - left - MARGIN - gap * (columns - 1)) / columns
    for i, (key, title, better) in enumerate(panels):
        x, y = left + i % columns * (across + gap), i // columns * pitch
        page.write(x, y + 0.18, title, TITLE, INK, align="left", weight="bold")
        page.write(x, y + 0.38, better, SMALL, MUTED, align="left")
        axes = axes_of(page, x, y + top, across, tall)
        found = [[run[key] for run in scores[setting]] for setting in settings]
        means = [np.mean(values) for values in found[:numbers]]
        axes.plot(range(numbers), means, color=GENERATOR, linewidth=1.2, alpha=0.6, zorder=2)
        for place, values in enumerate(found):
            axes.vlines(place, min(values), max(values), GENERATOR, linewidth=4, alpha=0.25)
            axes.scatter([place] * len(values), values, 16, color=GENERATOR, zorder=3)
        if key == "sharpness":
            dashes = {"color": TRUTH, "linewidth": 1, "linestyle": (0, (3, 2)), "zorder": 1}
            axes.axhline(1, **dashes)
        if 0 < numbers < len(settings):
            axes.axvline(numbers - 0.5, color=LINE, linewidth=1)
        labels = [x.replace(" ", "\n") if isinstance(x, str) else f"{x:g}" for x in settings]
        axes.set_xticks(range(len(settings)), labels)
        axes.set_xlim(-0.4, len(settings) - 0.6)
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.set_xlabel(label, fontsize=SMALL, color=MUTED)
    page.caption(made_by)
    return page


def losses_side_by_side(
    histories: Mapping[str, Mapping[str, Sequence[float]]], *, made_by: str | None = None
) -> Page:
    """Plot several runs' histories in columns, each loss on one scale for all of them.

    The total is left out: with another λ it is another quantity.

    Parameters
    ----------
    histories : mapping of str to mapping of str to sequence of float
        A run's title -> what `loss_curves` takes. What a run has no value of stays empty.
    made_by : str, optional
        What made the numbers, for the small line at the bottom.

    Returns
    -------
    Page
        A matplotlib Figure.
    """
    rows = {}
    for key, (panel, label, _) in CURVES.items():
        if key not in ("generator_loss", "val_ssim") and any(key in h for h in histories.values()):
            titles = {
                "Generator": f"{label[0].upper()}{label[1:]} loss",
                "Validation": f"Validation {label}",
            }
            rows.setdefault(titles.get(panel, panel), []).append(key)
    left, top, gap, between, tall = MARGIN + 0.35, 0.3, 0.18, 0.34, 1.0
    across = (WIDTH - left - MARGIN - gap * (len(histories) - 1)) / len(histories)
    bottom = top + len(rows) * (tall + between)
    page = Page(WIDTH, bottom + 0.32 + caption_height(made_by))
    for i, title in enumerate(histories):
        page.write(left + i * (across + gap) + across / 2, 0.16, title, BODY, weight="bold")
    for number, (title, keys) in enumerate(rows.items()):
        y = top + number * (tall + between) + between - 0.1
        page.write(left, y - 0.11, title, SMALL, INK, align="left")
        for key, offset in zip(keys, (1.35, 1.75), strict=False):
            if len(keys) > 1:
                name, color = CURVES[key][1:]
                page.write(left + offset, y - 0.11, name, SMALL, color, align="left")
        values = [v for h in histories.values() for key in keys for v in h.get(key, ())]
        values = [v for v in values if v is not None and np.isfinite(v)]
        low, high = min(values), max(values)
        room = 0.06 * ((high - low) or 1.0)
        for i, history in enumerate(histories.values()):
            axes = axes_of(page, left + i * (across + gap), y, across, tall)
            for key in (key for key in keys if key in history):
                epochs = range(1, len(history[key]) + 1)
                axes.plot(epochs, history[key], color=CURVES[key][2], linewidth=1.6)
            axes.set_ylim(low - room, high + room)
            axes.yaxis.set_major_locator(MaxNLocator(3))
            axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
            if i:
                axes.set_yticklabels([])
            if number + 1 < len(rows):
                axes.set_xticklabels([])
            else:
                axes.set_xlabel("epoch", fontsize=SMALL, color=MUTED)
    page.caption(made_by)
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

    Returns
    -------
    Page
        A matplotlib Figure.

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
    cells = [("low", MUTED, low)]
    for setting in ordered(pictures):
        title = setting if isinstance(setting, str) else f"λ = {setting:g}"
        cells.append((title, GENERATOR, pictures[setting]))
    cells.append(("truth", TRUTH, truth))
    columns = min(columns, len(cells))
    across = (WIDTH - 2 * MARGIN - (columns - 1) * GAP) / columns
    tall = across * ratio(low)
    pitch = 0.3 + tall + GAP / 2 + across + GAP
    rows = -(-len(cells) // columns)
    page = Page(WIDTH, rows * pitch + caption_height(made_by), photographic=True)
    for i, (title, color, image) in enumerate(cells):
        x, y = MARGIN + i % columns * (across + GAP), i // columns * pitch + 0.3
        page.write(x + across / 2, y - 0.13, title, BODY, color, weight="bold")
        page.photo(image, x, y, across, tall)
        part = image[top : top + side, left : left + side]
        page.photo(part, x, y + tall + GAP / 2, across, across)
    page.caption(made_by)
    return page


def ordered(settings) -> list[Setting]:
    """Sort values of λ; names of settings without one stay in their order, last."""
    return sorted(x for x in settings if not isinstance(x, str)) + [
        x for x in settings if isinstance(x, str)
    ]
