"""Curves over the epochs: one training's history, and several side by side."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator

from lowlight_utils.plots import style
from lowlight_utils.plots.page import Page, columns_of
from lowlight_utils.plots.style import (
    DISCRIMINATOR,
    GENERATOR,
    INK,
    MARGIN,
    MUTED,
    SMALL,
    TRUTH,
    Style,
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
FEW = 15  # up to so many values, each gets a dot
TOP, TALL, GAP = 0.66, 2.1, 0.6  # inches
IN_A_ROW = 3  # names of curves above a panel

History = Mapping[str, Sequence[float | None]]


def loss_curves(history: History, *, chosen: int | None = None, made_by: str | None = None) -> Page:
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

    Raises
    ------
    ValueError
        If there is nothing to plot.
    """
    panels: dict[str, dict[str, Sequence[float | None]]] = {}
    for key, (panel, _, _) in CURVES.items():
        if len(history.get(key, ())):
            panels.setdefault(panel, {})[key] = history[key]
    if not panels:
        raise ValueError(f"The history has none of {', '.join(CURVES)}.")
    # Room for a second row of the terms' names.
    top = TOP + (0.2 if len(panels.get("Generator", ())) > IN_A_ROW else 0.0)
    page = Page(top + TALL + 0.5, made_by)
    lefts, across = columns_of(len(panels), GAP, MARGIN + 0.45)
    for x, (panel, drawn) in zip(lefts, panels.items(), strict=True):
        page.title(x, 0.2, panel)
        if panel == "Validation":
            _validation(page, x, top, across, drawn, chosen)
            continue
        axes = page.chart(x, top, across, TALL, "epoch")
        for key, values in drawn.items():
            _curve(axes, key, values)
        if panel == "Generator":
            axes.set_yscale("log")
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter("{x:g}")
            axes.minorticks_off()
        else:
            dashes = Style(color=MUTED, linewidth=1, linestyle=(0, (3, 2)), zorder=1)
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
    return page


def losses_side_by_side(histories: Mapping[str, History], *, made_by: str | None = None) -> Page:
    """Plot several runs' histories in columns, each loss on one scale for all of them.

    The total is left out: with another λ it is another quantity.

    Parameters
    ----------
    histories : mapping of str to mapping of str to sequence of float
        A run's title -> what `loss_curves` takes. What a run has no value of stays empty.
    made_by : str, optional
        What made the numbers, for the small line at the bottom.
    """
    rows: dict[str, list[str]] = {}
    for key, (panel, label, _) in CURVES.items():
        if key not in ("generator_loss", "val_ssim") and any(key in h for h in histories.values()):
            titles = {
                "Generator": f"{label[0].upper()}{label[1:]} loss",
                "Validation": f"Validation {label}",
            }
            rows.setdefault(titles.get(panel, panel), []).append(key)
    top, between, tall = 0.3, 0.34, 1.0
    page = Page(top + len(rows) * (tall + between) + 0.32, made_by)
    lefts, across = columns_of(len(histories), 0.18, MARGIN + 0.35)
    for x, title in zip(lefts, histories, strict=True):
        page.write(x + across / 2, 0.16, title, weight="bold")
    for number, (title, keys) in enumerate(rows.items()):
        last = number + 1 == len(rows)
        y = top + number * (tall + between) + between - 0.1
        page.note(lefts[0], y - 0.11, title, INK)
        for key, offset in zip(keys if len(keys) > 1 else (), (1.35, 1.75), strict=False):
            page.note(lefts[0] + offset, y - 0.11, *CURVES[key][1:])
        values = [v for h in histories.values() for key in keys for v in h.get(key, ())]
        finite = np.array(values, float)[np.isfinite(np.array(values, float))]
        room = 0.06 * (np.ptp(finite) or 1.0)
        for x, history in zip(lefts, histories.values(), strict=True):
            axes = page.chart(x, y, across, tall, "epoch" if last else "")
            for key in (key for key in keys if key in history):
                epochs = range(1, len(history[key]) + 1)
                numbers = np.array(history[key], float)
                axes.plot(epochs, numbers, color=CURVES[key][2], linewidth=1.6)
            axes.set_ylim(finite.min() - room, finite.max() + room)
            axes.yaxis.set_major_locator(MaxNLocator(3))
            axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
            axes.tick_params(labelleft=x == lefts[0], labelbottom=last)
    return page


def _validation(
    page: Page, x: float, top: float, across: float, drawn: History, chosen: int | None
) -> None:
    """Plot PSNR and SSIM one above the other, for they share nothing but the epochs."""
    between = 0.34
    tall = (TALL - between * (len(drawn) - 1)) / len(drawn)
    for i, (key, values) in enumerate(drawn.items(), 1):
        y = top + (i - 1) * (tall + between)
        axes = page.chart(x, y, across, tall, "epoch" if i == len(drawn) else "")
        _curve(axes, key, values)
        page.note(x, y - 0.12, *CURVES[key][1:])
        axes.yaxis.set_major_locator(MaxNLocator(3))
        axes.tick_params(labelbottom=i == len(drawn))
        if chosen:
            axes.axvline(chosen, color=TRUTH, linewidth=1.2, linestyle=(0, (4, 3)), zorder=1)
    if chosen:
        page.note(x + across, top - 0.12, f"kept: epoch {chosen}", TRUTH, align="right")


def _curve(axes: Axes, key: str, values: Sequence[float | None]) -> None:
    _, label, color = CURVES[key]
    numbers = np.array(values, float)
    epochs = np.arange(1, len(numbers) + 1)
    there = np.isfinite(numbers)
    dots = Style(marker="o", markersize=3.5) if there.sum() <= FEW else {}
    axes.plot(epochs[there], numbers[there], color=color, label=label, linewidth=1.6, **dots)
    axes.set_xlim(1 - 0.02 * len(numbers), max(len(numbers), 2) * 1.02)
