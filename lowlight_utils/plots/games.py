"""The losses of a GAN's two players, and what comes of them where everything can be seen."""

from collections.abc import Callable, Mapping

import numpy as np

from lowlight_utils.plots.page import Page
from lowlight_utils.plots.style import (
    ADVERSARIAL,
    BODY,
    DISCRIMINATOR,
    GENERATOR,
    INK,
    L1,
    LINE,
    MARGIN,
    MUTED,
    SMALL,
    TRUTH,
)

COLOURS = (ADVERSARIAL, GENERATOR, L1, TRUTH)
STYLES = ("-", "--", "-.", ":")  # so that curves on top of each other are both seen
STEP = 1e-4  # logits, for a gradient
PANELS = ("D, of a real one", "D, of a fake", "G, of its fake")
SIDE = 1.6  # inches


def gan_losses(losses: Mapping[str, tuple[Callable, Callable, Callable]]) -> Page:
    """Plot the losses of discriminator and generator by the logit, and their gradients.

    Parameters
    ----------
    losses : mapping of str to three functions
        A loss's name -> the discriminator's loss by its logit on a real example and on a fake
        one, and the generator's by the logit of its fake; each takes and returns an array. Up to
        four.

    Returns
    -------
    Page
        A matplotlib Figure: above the losses, below their gradients.
    """
    logits = np.linspace(-6, 6, 481)
    left, width, height, top = 0.55, 2.45, 1.65, 0.72
    page = Page(4.85)
    for number, (name, colour) in enumerate(zip(losses, COLOURS, strict=False)):
        x = MARGIN + 0.4 + number * 2.15
        page.sheet.plot([x, x + 0.35], [0.2, 0.2], STYLES[number], color=colour, linewidth=2)
        page.write(x + 0.43, 0.2, name, BODY, colour, align="left", weight="bold")
    for column, panel in enumerate(PANELS):
        x = left + column * (width + 0.45)
        page.title(x + width / 2, 0.52, panel, align="center")
        shown = {"loss": page.chart(x, top, width, height)}
        shown["gradient"] = page.chart(x, top + height + 0.35, width, height)
        for number, functions in enumerate(losses.values()):
            loss = functions[column]
            gradient = (loss(logits + STEP) - loss(logits - STEP)) / (2 * STEP)
            for axes, values in zip(shown.values(), (loss(logits), gradient), strict=True):
                axes.plot(logits, values, STYLES[number], color=COLOURS[number], linewidth=2)
        shown["loss"].set(ylim=(-6.5, 12.5), xlim=(-6, 6), xticklabels=[])
        shown["gradient"].set(ylim=(-3.2, 3.2), xlim=(-6, 6))
        shown["gradient"].set_xlabel("logit: fake < 0 < real", fontsize=SMALL, color=MUTED)
        for name, axes in shown.items():
            axes.axhline(0, color=LINE, linewidth=1, zorder=1)
            axes.set_ylabel(name if column == 0 else "", fontsize=SMALL, color=MUTED)
    return page


def rings(
    found: Mapping[str, Mapping[str, np.ndarray]],
    centres: np.ndarray,
    *,
    made_by: str | None = None,
) -> Page:
    """Show the points that generators make as they train, over the places where real ones lie.

    Parameters
    ----------
    found : mapping of str to mapping of str to float[n, 2]
        The loss's name -> when, such as "500 steps" -> points; a row each.
    centres : float[k, 2]
        Where the real points lie.
    made_by : str, optional
        What made them, for the small line at the bottom.
    """
    labels = 1.75
    page = Page(0.4 + len(found) * (SIDE + 0.12), made_by)
    reach = 1.6 * np.abs(centres).max()
    for row, (name, moments) in enumerate(found.items()):
        y = 0.36 + row * (SIDE + 0.12)
        page.write(labels - 0.15, y + SIDE / 2, name, BODY, INK, align="right", weight="bold")
        for column, (when, points) in enumerate(moments.items()):
            x = labels + column * (SIDE + 0.15)
            if row == 0:
                page.write(x + SIDE / 2, 0.18, when, BODY, MUTED)
            axes = page.panel(x, y, SIDE, SIDE)
            real, made = centres.T, points.T
            axes.scatter(real[0], real[1], 130, facecolor="none", edgecolor=TRUTH, linewidth=1.5)
            axes.scatter(made[0], made[1], 3, color=DISCRIMINATOR, alpha=0.5, linewidth=0)
            axes.set(xlim=(-reach, reach), ylim=(-reach, reach), xticks=[], yticks=[])
            for spine in axes.spines.values():
                spine.set_color(LINE)
    return page
