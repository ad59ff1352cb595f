"""What a sweep found: how pictures' scores depend on λ."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator

from lowlight_utils.plots.curves import axes_of
from lowlight_utils.plots.style import (
    GENERATOR,
    INK,
    MARGIN,
    MUTED,
    SMALL,
    TITLE,
    TRUTH,
    WIDTH,
    Page,
    caption_height,
)

PANELS = (  # key, title, what is better
    ("psnr", "PSNR, dB", "more is better"),
    ("ssim", "SSIM", "more is better"),
    ("ciede2000", "ΔE (CIEDE2000)", "less is better"),
    ("sharpness", "Sharpness", "1: as the truth"),
)


def lambda_curves(
    scores: Mapping[float, Sequence[Mapping[str, float]]], *, made_by: str | None = None
) -> Page:
    """Plot scores against λ: a dot for each run, a line through the means.

    The values of λ stand at equal distances, in order, because 0 has no place on a log scale.

    Parameters
    ----------
    scores : mapping of float to sequence of mapping
        λ -> for each run with it the means of any of "psnr" (dB), "ssim", "ciede2000" and
        "sharpness".
    made_by : str, optional
        What made the numbers, for the small line at the bottom.

    Returns
    -------
    Page
        A matplotlib Figure.
    """
    lambdas = sorted(scores)
    panels = [x for x in PANELS if all(x[0] in run for runs in scores.values() for run in runs)]
    top, tall, gap = 0.52, 1.75, 0.5
    page = Page(WIDTH, top + tall + 0.5 + caption_height(made_by))
    left = MARGIN + 0.35
    across = (WIDTH - left - MARGIN - gap * (len(panels) - 1)) / len(panels)
    for i, (key, title, better) in enumerate(panels):
        x = left + i * (across + gap)
        page.write(x, 0.18, title, TITLE, INK, align="left", weight="bold")
        page.write(x, 0.38, better, SMALL, MUTED, align="left")
        axes = axes_of(page, x, top, across, tall)
        means = [np.mean([run[key] for run in scores[lambda_]]) for lambda_ in lambdas]
        axes.plot(range(len(lambdas)), means, color=GENERATOR, linewidth=1.4, zorder=2)
        for place, lambda_ in enumerate(lambdas):
            values = [run[key] for run in scores[lambda_]]
            axes.scatter([place] * len(values), values, 18, color=GENERATOR, zorder=3)
        if key == "sharpness":
            dashes = {"color": TRUTH, "linewidth": 1, "linestyle": (0, (3, 2)), "zorder": 1}
            axes.axhline(1, **dashes)
        axes.set_xticks(range(len(lambdas)), [f"{lambda_:g}" for lambda_ in lambdas])
        axes.set_xlim(-0.4, len(lambdas) - 0.6)
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.set_xlabel("λ", fontsize=SMALL, color=MUTED)
    page.caption(made_by)
    return page
