"""Charts of scores: over λ, of methods, what an error is made of, what flatters."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from lowlight_utils.plots.galleries import Setting, ordered
from lowlight_utils.plots.page import Page, columns_of
from lowlight_utils.plots.style import (
    BODY,
    DISCRIMINATOR,
    GENERATOR,
    INK,
    L1,
    LINE,
    MARGIN,
    MUTED,
    SCORES,
    SMALL,
    TRUTH,
    WIDTH,
    Style,
)

FEW = 5  # up to so many values of λ fit under four panels in a row
PARTS = {"brightness": L1, "colour": TRUTH, "structure": GENERATOR}


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
    """
    settings = ordered(scores)
    numbers = sum(not isinstance(setting, str) for setting in settings)
    keys = [key for key in SCORES if all(key in run for runs in scores.values() for run in runs)]
    columns = len(keys) if len(settings) <= FEW else min(2, len(keys))
    top, tall = 0.52, 1.75
    pitch = top + tall + (0.5 if columns == len(keys) else 0.72)  # labels of two lines
    page = Page(math.ceil(len(keys) / columns) * pitch, made_by)
    lefts, across = columns_of(columns, 0.5, MARGIN + 0.35)
    for i, key in enumerate(keys):
        x, y = lefts[i % columns], i // columns * pitch
        page.title(x, y + 0.18, SCORES[key].title)
        page.note(x, y + 0.38, SCORES[key].better)
        axes = page.chart(x, y + top, across, tall, label)
        found = [[run[key] for run in scores[setting]] for setting in settings]
        means = [np.mean(values) for values in found[:numbers]]
        axes.plot(range(numbers), means, color=GENERATOR, linewidth=1.2, alpha=0.6, zorder=2)
        for place, values in enumerate(found):
            axes.vlines(place, min(values), max(values), GENERATOR, linewidth=4, alpha=0.25)
            axes.scatter([place] * len(values), values, 16, color=GENERATOR, zorder=3)
        if key == "sharpness":
            axes.axhline(1, color=TRUTH, linewidth=1, linestyle=(0, (3, 2)), zorder=1)
        if 0 < numbers < len(settings):
            axes.axvline(numbers - 0.5, color=LINE, linewidth=1)
        labels = [x.replace(" ", "\n") if isinstance(x, str) else f"{x:g}" for x in settings]
        axes.set_xticks(range(len(settings)), labels)
        axes.set_xlim(-0.4, len(settings) - 0.6)
        axes.yaxis.set_major_locator(MaxNLocator(4))
    return page


def method_comparison(
    means: Mapping[str, Mapping[str, float]], *, ours: str = "ours", made_by: str | None = None
) -> Page:
    """Compare methods by their mean metrics, raw and with the truth's mean brightness (GT-mean).

    Parameters
    ----------
    means : mapping of str to mapping of str to float
        Method's name -> its means: "psnr" (dB), "ssim", "ciede2000", and the same with the ending
        "_gtmean" where they were measured.
    ours : str
        The method to set off.
    made_by : str, optional
        What made the numbers, for the small line at the bottom.
    """
    methods = sorted(means, key=lambda name: means[name].get("psnr", -math.inf))
    measured = {key for values in means.values() for key in values}
    keys = [key for key in ("psnr", "ssim", "ciede2000") if key in measured]
    tall = 0.3 * len(methods) + 0.2
    page = Page(0.5 + tall + 0.72, made_by)
    lefts, across = columns_of(len(keys), 0.35, _room_for(methods))
    places = range(len(methods))
    matched = False
    for x, key in zip(lefts, keys, strict=True):
        title, digits, _, better = SCORES[key]
        page.title(x, 0.22, title)
        page.note(x, 0.4, better)
        axes = page.chart(x, 0.5, across, tall, grid="y")
        axes.set(ylim=(-0.6, len(methods) - 0.4), yticks=list(places), yticklabels=[])
        axes.tick_params(axis="y", length=0)
        numbers = [means[name].get(key, math.nan) for name in methods]
        others = [means[name].get(f"{key}_gtmean", math.nan) for name in methods]
        colors = [GENERATOR if name == ours else MUTED for name in methods]
        axes.hlines(places, numbers, others, colors=LINE, linewidth=1.2, zorder=1)
        axes.scatter(others, places, 30, facecolors="white", edgecolors=colors, zorder=2)
        axes.scatter(numbers, places, 34, c=colors, zorder=3)
        matched = matched or bool(np.isfinite(others).any())
        low, high = np.nanmin([numbers, others]), np.nanmax([numbers, others])
        spread = max(high - low, 1e-3)
        axes.set_xlim(low - 0.38 * spread, high + 0.12 * spread)
        for y, (number, other, color) in enumerate(zip(numbers, others, colors, strict=True)):
            if np.isfinite(number):
                # The number stands to the left of both dots, where nothing else is.
                left = np.nanmin([number, other])
                _beside(axes, f"{number:.{digits}f}", (left, y), -6, color)
    for row, name in enumerate(methods):
        color, weight = (GENERATOR, "bold") if name == ours else (INK, "normal")
        height = 0.5 + tall * (len(methods) - 0.4 - row) / (len(methods) + 0.2)
        page.write(lefts[0] - 0.12, height, name, BODY, color, align="right", weight=weight)
    if matched:
        x, below = lefts[0], 0.5 + tall + 0.5
        page.sheet.scatter([x + 0.05], [below], 34, c=MUTED)
        page.note(x + 0.18, below, "as it is (the number)")
        page.sheet.scatter([x + 2.05], [below], 30, facecolors="white", edgecolors=MUTED)
        page.note(x + 2.18, below, "brought to the truth's mean brightness first (GT-mean)")
    return page


def error_split(splits: Mapping[str, Mapping[str, float]], *, made_by: str | None = None) -> Page:
    """Draw how much of each image's error is wrong brightness, wrong colour and wrong structure.

    Parameters
    ----------
    splits : mapping of str to mapping of str to float
        Image's name -> "brightness", "colour" and "structure" in squared levels, as
        `lowlight_utils.prediction.split_error` gives them. The worst image comes first.
    made_by : str, optional
        What made the numbers, for the small line at the bottom.

    Raises
    ------
    ValueError
        There are no images.
    """
    if not splits:
        raise ValueError("There are no images' errors to draw.")
    names = sorted(splits, key=lambda name: sum(splits[name].values()))
    tall = 0.28 * len(names) + 0.1
    page = Page(0.62 + tall + 0.62, made_by)
    left = _room_for(names)
    label = "mean squared error, in squared levels"
    axes = page.chart(left, 0.62, WIDTH - left - MARGIN - 0.9, tall, label, grid="x")
    axes.set(ylim=(-0.6, len(names) - 0.4), yticks=list(range(len(names))), yticklabels=names)
    axes.tick_params(axis="y", length=0, labelsize=BODY, colors=INK)
    ends = np.zeros(len(names))
    x = left
    for part, color in PARTS.items():
        values = np.array([splits[name][part] for name in names])
        axes.barh(range(len(names)), values, 0.62, left=ends, color=color)
        ends += values
        page.rectangle(x, 0.36, 0.12, 0.12, color=color)
        page.note(x + 0.18, 0.42, part)
        x += 1.15
    page.title(left, 0.16, "What each image's error is made of")
    axes.set_xlim(0, 1.02 * max(ends.max(), 1e-3))
    for y, end in enumerate(ends):
        psnr = f"{10 * np.log10(255**2 / end):.1f} dB" if end > 0 else "no error"
        _beside(axes, psnr, (end, y), 5, MUTED)
    return page


def flattery(
    found: Mapping[str, tuple[float, float]], *, unit: str = "dB", made_by: str | None = None
) -> Page:
    """Draw for each trap the honest number and the flattering one, the widest gap first.

    Parameters
    ----------
    found : mapping of str to (float, float)
        The trap's name -> (flattering, honest), in one unit.
    unit : str
        What both are measured in.
    made_by : str, optional
        What made the numbers, for the small line at the bottom.

    Raises
    ------
    ValueError
        There is nothing to draw.
    """
    if not found:
        raise ValueError("There is no trap to draw: give at least one (flattering, honest).")
    traps = sorted(found.items(), key=lambda item: abs(item[1][0] - item[1][1]))
    left, top, pitch = 2.7, 0.4, 0.27
    tall = pitch * len(traps)
    page = Page(top + tall + 0.5, made_by)
    axes = page.chart(left, top, WIDTH - left - 0.9 - MARGIN, tall, unit, grid="x")
    for row, (name, (flattering, honest)) in enumerate(traps):
        axes.plot([honest, flattering], [row, row], color=LINE, linewidth=3, zorder=1)
        axes.plot(honest, row, "o", color=TRUTH, markersize=7, zorder=3)
        axes.plot(flattering, row, "o", color=DISCRIMINATOR, markersize=7, zorder=2)
        y = top + pitch * (len(traps) - row - 0.5)
        page.write(left - 0.12, y, name, align="right")
        difference = f"{flattering - honest:+.1f} {unit}"
        page.write(WIDTH - MARGIN, y, difference, BODY, MUTED, align="right")
    axes.set(ylim=(-0.5, len(traps) - 0.5), yticks=[])
    axes.spines["left"].set_visible(False)
    page.write(left, 0.2, "● honest", BODY, TRUTH, align="left", weight="bold")
    page.write(left + 1.0, 0.2, "● flattering", BODY, DISCRIMINATOR, align="left", weight="bold")
    return page


def _beside(axes: Axes, text: str, at: tuple[float, float], points: float, color: str) -> None:
    """Write small text so many points to the right of a place in a chart, or to its left."""
    align = "left" if points > 0 else "right"
    place = Style(xytext=(points, 0), textcoords="offset points", ha=align, va="center")
    axes.annotate(text, at, fontsize=SMALL, color=color, **place)


def _room_for(names: Sequence[str]) -> float:
    """Inches left of a chart for the longest name, at about 0.075 a letter."""
    return 0.4 + 0.075 * max(map(len, names))
