"""Charts of numbers: a training's history, and methods compared."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import LogLocator, MaxNLocator

from lowlight_utils.plots import style
from lowlight_utils.plots.style import (
    BODY,
    DISCRIMINATOR,
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
)
from lowlight_utils.training.losses import TERMS

CURVES = {  # key of the history -> panel, label, colour
    "generator_loss": ("Generator", "total", GENERATOR),
    **{f"{x.name}_loss": ("Generator", x.label, getattr(style, x.colour)) for x in TERMS},
    "discriminator_real_loss": ("Discriminator", "real", TRUTH),
    "discriminator_fake_loss": ("Discriminator", "fake", DISCRIMINATOR),
    "val_psnr": ("Validation", "PSNR, dB", GENERATOR),
    "val_ssim": ("Validation", "SSIM", GENERATOR),
}
SCORES = (  # key, title, digits; whether more is better
    ("psnr", "PSNR, dB", 1, True),
    ("ssim", "SSIM", 2, True),
    ("ciede2000", "ΔE (CIEDE2000)", 1, False),
)
FEW = 15  # up to so many values, each gets a dot
TOP, TALL, GAP = 0.66, 2.1, 0.6  # inches
IN_A_ROW = 3  # names of curves above a panel


def loss_curves(
    history: Mapping[str, Sequence[float]],
    *,
    chosen: int | None = None,
    made_by: str | None = None,
) -> Page:
    """Plot a training's history: the generator's losses, the discriminator's, and validation.

    Parameters
    ----------
    history : mapping of str to sequence of float
        One value for each epoch, any of: "generator_loss", those of its terms, such as "l1_loss"
        (`lowlight_utils.training.losses.TERMS`), "discriminator_real_loss",
        "discriminator_fake_loss", "val_psnr" (dB), "val_ssim". NaN and None stand for epochs
        without a value.
    chosen : int, optional
        The epoch, counted from 1, whose weights were kept.
    made_by : str, optional
        What made the numbers, for the small line at the bottom.

    Returns
    -------
    Page
        A matplotlib Figure.

    Raises
    ------
    ValueError
        If there is nothing to plot.
    """
    drawn = {key: history[key] for key in CURVES if len(history.get(key, ()))}
    if not drawn:
        raise ValueError(f"The history has none of {', '.join(CURVES)}.")
    panels = list(dict.fromkeys(CURVES[key][0] for key in drawn))
    terms = sum(CURVES[key][0] == "Generator" for key in drawn)
    top = TOP + (0.2 if terms > IN_A_ROW else 0.0)  # room for a second row of their names
    page = Page(WIDTH, top + TALL + 0.5 + caption_height(made_by))
    left = MARGIN + 0.45
    across = (WIDTH - left - MARGIN - GAP * (len(panels) - 1)) / len(panels)
    for i, panel in enumerate(panels):
        x = left + i * (across + GAP)
        page.write(x, 0.2, panel, TITLE, align="left", weight="bold")
        keys = [key for key in drawn if CURVES[key][0] == panel]
        if panel == "Validation":
            _validation(page, x, top, across, {key: drawn[key] for key in keys}, chosen)
            continue
        axes = axes_of(page, x, top, across, TALL)
        for key in keys:
            _curve(axes, drawn[key], *CURVES[key][1:])
        axes.set_xlabel("epoch", fontsize=SMALL, color=MUTED)
        if panel == "Generator":
            axes.set_yscale("log")
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter("{x:g}")
            axes.minorticks_off()
        else:
            dashes = {"color": MUTED, "linewidth": 1, "linestyle": (0, (3, 2)), "zorder": 1}
            axes.axhline(math.log(2), label="ln 2: undecided", **dashes)
            axes.set_ylim(0, max(1.0, axes.get_ylim()[1]))
        axes.legend(
            loc="lower left",
            bbox_to_anchor=(-0.02, 1.0),
            ncols=IN_A_ROW,
            frameon=False,
            fontsize=SMALL,
            labelcolor="linecolor",
            handlelength=0.9,
            handletextpad=0.4,
            columnspacing=1.0,
            borderpad=0.1,
        )
    page.caption(made_by)
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

    Returns
    -------
    Page
        A matplotlib Figure.
    """
    methods = sorted(means, key=lambda name: means[name].get("psnr", -math.inf))
    scores = [x for x in SCORES if any(x[0] in values for values in means.values())]
    tall = 0.3 * len(methods) + 0.2
    page = Page(WIDTH, 0.5 + tall + 0.72 + caption_height(made_by))
    # Room for the longest name, at about 0.075 inches a letter.
    left, gap = 0.4 + 0.075 * max(map(len, methods)), 0.35
    across = (WIDTH - left - MARGIN - gap * (len(scores) - 1)) / len(scores)
    places = range(len(methods))
    matched = False
    for i, (key, title, digits, more) in enumerate(scores):
        x = left + i * (across + gap)
        page.write(x, 0.22, title, TITLE, align="left", weight="bold")
        better = "more is better" if more else "less is better"
        page.write(x, 0.4, better, SMALL, MUTED, align="left")
        axes = axes_of(page, x, 0.5, across, tall)
        axes.grid(axis="x", visible=False)
        axes.set(ylim=(-0.6, len(methods) - 0.4), yticks=list(places), yticklabels=[])
        axes.tick_params(axis="y", length=0)
        numbers = [means[name].get(key, math.nan) for name in methods]
        others = [means[name].get(f"{key}_gtmean", math.nan) for name in methods]
        colors = [GENERATOR if name == ours else MUTED for name in methods]
        axes.hlines(places, numbers, others, colors=LINE, linewidth=1.2, zorder=1)
        axes.scatter(others, places, 30, facecolors="white", edgecolors=colors, zorder=2)
        axes.scatter(numbers, places, 34, c=colors, zorder=3)
        matched = matched or np.isfinite(others).any()
        low, high = np.nanmin([numbers, others]), np.nanmax([numbers, others])
        spread = max(high - low, 1e-3)
        axes.set_xlim(low - 0.38 * spread, high + 0.12 * spread)
        for y, (number, other, color) in enumerate(zip(numbers, others, colors, strict=True)):
            # The number stands to the left of both dots, where nothing else is.
            at = np.nanmin([number, other])
            if np.isfinite(number):
                text = {"fontsize": SMALL, "color": color, "ha": "right", "va": "center"}
                offset = {"xytext": (-6, 0), "textcoords": "offset points"}
                axes.annotate(f"{number:.{digits}f}", (at, y), **offset, **text)
        if i == 0:
            for y, name in enumerate(methods):
                weight = "bold" if name == ours else "normal"
                height = 0.5 + tall * (len(methods) - 0.4 - y) / (len(methods) + 0.2)
                color = GENERATOR if name == ours else INK
                page.write(left - 0.12, height, name, BODY, color, align="right", weight=weight)
    if matched:
        y = 0.5 + tall + 0.5
        page.sheet.scatter([left + 0.05], [y], 34, c=MUTED)
        page.write(left + 0.18, y, "as it is (the number)", SMALL, MUTED, align="left")
        page.sheet.scatter([left + 2.05], [y], 30, facecolors="white", edgecolors=MUTED)
        text = "brought to the truth's mean brightness first (GT-mean)"
        page.write(left + 2.18, y, text, SMALL, MUTED, align="left")
    page.caption(made_by)
    return page


def _validation(page, x, top, across, drawn, chosen):
    """Plot PSNR and SSIM one above the other, for they share nothing but the epochs."""
    between = 0.34 if len(drawn) > 1 else 0.0
    tall = (TALL - between * (len(drawn) - 1)) / len(drawn)
    for i, (key, values) in enumerate(drawn.items()):
        y = top + i * (tall + between)
        axes = axes_of(page, x, y, across, tall)
        _, label, color = CURVES[key]
        _curve(axes, values, label, color)
        page.write(x, y - 0.12, label, SMALL, color, align="left")
        axes.yaxis.set_major_locator(MaxNLocator(3))
        if chosen:
            axes.axvline(chosen, color=TRUTH, linewidth=1.2, linestyle=(0, (4, 3)), zorder=1)
        if i + 1 < len(drawn):
            axes.set_xticklabels([])
    if chosen:
        page.write(x + across, top - 0.12, f"kept: epoch {chosen}", SMALL, TRUTH, align="right")
    axes.set_xlabel("epoch", fontsize=SMALL, color=MUTED)


def _curve(axes, values, label, color):
    values = np.array([math.nan if x is None else x for x in values], float)
    epochs = np.arange(1, len(values) + 1)
    there = np.isfinite(values)
    dots = {"marker": "o", "markersize": 3.5} if there.sum() <= FEW else {}
    axes.plot(epochs[there], values[there], color=color, label=label, linewidth=1.6, **dots)
    axes.set_xlim(1 - 0.02 * len(values), max(len(values), 2) * 1.02)


def axes_of(page, x, y, width, height):
    """Add quiet axes for a chart whose top left corner is at (x, y), in inches."""
    axes = page.panel(x, y, width, height)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(LINE)
    axes.grid(color=LINE, linewidth=0.5, alpha=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=SMALL, colors=MUTED, length=3)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    return axes
