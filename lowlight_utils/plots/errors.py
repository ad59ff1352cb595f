"""What an image's error is made of."""

from collections.abc import Mapping

import numpy as np

from lowlight_utils.plots.curves import axes_of
from lowlight_utils.plots.style import (
    BODY,
    GENERATOR,
    INK,
    L1,
    MARGIN,
    MUTED,
    SMALL,
    TITLE,
    TRUTH,
    WIDTH,
    Page,
    caption_height,
)

PARTS = {"brightness": L1, "colour": TRUTH, "structure": GENERATOR}


def error_split(splits: Mapping[str, Mapping[str, float]], *, made_by: str | None = None) -> Page:
    """Draw how much of each image's error is wrong brightness, wrong colour and wrong structure.

    Parameters
    ----------
    splits : mapping of str to mapping of str to float
        Image's name -> "brightness", "colour" and "structure" in squared levels, as
        `lowlight_utils.prediction.split_error` gives them. The worst image comes first.
    made_by : str, optional
        What made the numbers, for the small line at the bottom.

    Returns
    -------
    Page
        A matplotlib Figure.

    Raises
    ------
    ValueError
        There are no images.
    """
    if not splits:
        raise ValueError("There are no images' errors to draw.")
    names = sorted(splits, key=lambda name: sum(splits[name].values()))
    tall = 0.28 * len(names) + 0.1
    page = Page(WIDTH, 0.62 + tall + 0.62 + caption_height(made_by))
    left = 0.4 + 0.075 * max(map(len, names))
    axes = axes_of(page, left, 0.62, WIDTH - left - MARGIN - 0.9, tall)
    axes.grid(axis="y", visible=False)
    axes.set(ylim=(-0.6, len(names) - 0.4), yticks=list(range(len(names))), yticklabels=names)
    axes.tick_params(axis="y", length=0, labelsize=BODY, colors=INK)
    axes.set_xlabel("mean squared error, in squared levels", fontsize=SMALL, color=MUTED)
    ends = np.zeros(len(names))
    x = left
    for part, color in PARTS.items():
        values = np.array([splits[name][part] for name in names])
        axes.barh(range(len(names)), values, 0.62, left=ends, color=color)
        ends += values
        page.rectangle(x, 0.36, 0.12, 0.12, color=color)
        page.write(x + 0.18, 0.42, part, SMALL, MUTED, align="left")
        x += 1.15
    page.write(left, 0.16, "What each image's error is made of", TITLE, align="left", weight="bold")
    axes.set_xlim(0, 1.02 * max(ends.max(), 1e-3))
    for y, end in enumerate(ends):
        psnr = f"{10 * np.log10(255**2 / end):.1f} dB" if end > 0 else "no error"
        axes.annotate(
            psnr,
            (end, y),
            xytext=(5, 0),
            textcoords="offset points",
            fontsize=SMALL,
            color=MUTED,
            va="center",
        )
    page.caption(made_by)
    return page
