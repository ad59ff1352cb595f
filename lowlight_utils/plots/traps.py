"""How far a number that flatters lies from the honest one: what notebook 07 ends with."""

from collections.abc import Mapping

from lowlight_utils.plots.curves import axes_of
from lowlight_utils.plots.style import (
    BODY,
    DISCRIMINATOR,
    INK,
    LINE,
    MARGIN,
    MUTED,
    SMALL,
    TRUTH,
    WIDTH,
    Page,
    caption_height,
)

ROW = 0.27  # inches
LABELS = 2.7  # inches left of the chart, for the traps' names
DIFFERENCES = 0.9  # inches right of it


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

    Returns
    -------
    Page
        A matplotlib Figure.

    Raises
    ------
    ValueError
        There is nothing to draw.
    """
    if not found:
        raise ValueError("There is no trap to draw: give at least one (flattering, honest).")
    ordered = sorted(found.items(), key=lambda item: abs(item[1][0] - item[1][1]))
    height = 0.4 + ROW * len(ordered)
    page = Page(WIDTH, height + 0.5 + caption_height(made_by))
    axes = axes_of(page, LABELS, 0.4, WIDTH - LABELS - DIFFERENCES - MARGIN, height - 0.4)
    for row, (name, (flattering, honest)) in enumerate(ordered):
        axes.plot([honest, flattering], [row, row], color=LINE, linewidth=3, zorder=1)
        axes.plot(honest, row, "o", color=TRUTH, markersize=7, zorder=3)
        axes.plot(flattering, row, "o", color=DISCRIMINATOR, markersize=7, zorder=2)
        y = 0.4 + ROW * (len(ordered) - row - 0.5)
        page.write(LABELS - 0.12, y, name, BODY, INK, align="right")
        difference = f"{flattering - honest:+.1f} {unit}"
        page.write(WIDTH - MARGIN, y, difference, BODY, MUTED, align="right")
    axes.set(ylim=(-0.5, len(ordered) - 0.5), yticks=[])
    axes.set_xlabel(unit, fontsize=SMALL, color=MUTED)
    axes.grid(axis="y", visible=False)
    axes.spines["left"].set_visible(False)
    page.write(LABELS, 0.2, "● honest", BODY, TRUTH, align="left", weight="bold")
    page.write(LABELS + 1.0, 0.2, "● flattering", BODY, DISCRIMINATOR, align="left", weight="bold")
    page.caption(made_by)
    return page
