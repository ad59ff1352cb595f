"""A figure that is measured in inches, and what is drawn on it in many places."""

import base64
import os
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Patch, Rectangle
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator

from lowlight_utils.files import write_file
from lowlight_utils.plots.pictures import encode, ratio, require_image
from lowlight_utils.plots.style import (
    BODY,
    GAP,
    INK,
    LINE,
    MARGIN,
    MUTED,
    SMALL,
    TINTS,
    WIDTH,
    Style,
)
from lowlight_utils.plots.style import TITLE as LARGE

Point = tuple[float, float]


class Page(Figure):
    """A white figure on which everything is placed in inches from its top left corner.

    It never touches pyplot: nothing is left open, and no display is needed. In a notebook it shows
    itself, as JPEG where it is mostly photographs and as PNG otherwise, to keep notebooks small,
    with its words as the alternative text.

    Parameters
    ----------
    height : float
        Inches, without what the line at the bottom takes; all figures are `WIDTH` wide.
    made_by : str, optional
        What made the results, for that line: recipe, data, mode, hardware, authors.
    photographic : bool
        Whether it is mostly made of photographs.
    """

    def __init__(
        self, height: float, made_by: str | None = None, photographic: bool = False
    ) -> None:
        lines = textwrap.wrap(made_by or "", 128)
        self.height = height + (0.12 + 0.17 * len(lines) if lines else 0.0)
        super().__init__(figsize=(WIDTH, self.height), dpi=100, facecolor="white")
        FigureCanvasAgg(self)
        self.photographic = photographic
        self.sheet = self.add_axes((0, 0, 1, 1))
        self.sheet.set(xlim=(0, WIDTH), ylim=(self.height, 0))
        self.sheet.axis("off")
        if lines:
            words = "\n".join(lines)
            look = {"fontsize": SMALL, "color": MUTED, "va": "bottom", "linespacing": 1.25}
            self.text(MARGIN / WIDTH, 0.08 / self.height, words, look)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        # An image rather than HTML with an <img>: repositories' viewers take pictures out of HTML.
        kind = "image/jpeg" if self.photographic else "image/png"
        content = encode(self, kind.removeprefix("image/"), dpi=100)
        data = {kind: base64.b64encode(content).decode(), "text/plain": self.alt}
        return data, {kind: {"alt": self.alt}}

    @property
    def alt(self) -> str:
        """What the page shows, in words, for those who cannot see it: everything written on it."""
        kind = "Photographs" if self.photographic else "Figure"
        written = [*self.sheet.texts]
        for axes in self.axes[1:]:
            legend = axes.get_legend()
            written += [axes.title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
            written += legend.get_texts() if legend else []
        words = [" ".join(text.get_text().split()) for text in (*written, *self.texts)]
        return f"{kind}: {'; '.join(dict.fromkeys(filter(None, words)))}"

    def write(
        self,
        x: float,
        y: float,
        text: str,
        size: float = BODY,
        color: str = INK,
        align: str = "center",
        valign: str = "center",
        **kwargs: Any,
    ) -> Text:
        """Write text at (x, y)."""
        return self.sheet.text(
            x, y, text, fontsize=size, color=color, ha=align, va=valign, **kwargs
        )

    def title(self, x: float, y: float, text: str, color: str = INK, align: str = "left") -> Text:
        """Write a title that begins at (x, y)."""
        return self.write(x, y, text, LARGE, color, align, weight="bold")

    def note(self, x: float, y: float, text: str, color: str = MUTED, **kwargs: Any) -> Text:
        """Write small text that begins at (x, y)."""
        return self.write(x, y, text, SMALL, color, **({"align": "left"} | kwargs))

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        color: str = MUTED,
        fill: bool | str = True,
        rounded: float = 0.06,
        **kwargs: Any,
    ) -> Patch:
        """Draw a rounded box whose top left corner is at (x, y)."""
        kwargs = Style(linewidth=1.2, zorder=2) | kwargs
        face = TINTS[color] if fill is True else (fill or "white")
        shape = f"round,pad=0,rounding_size={rounded}"
        patch = FancyBboxPatch(
            (x, y), width, height, boxstyle=shape, facecolor=face, edgecolor=color, **kwargs
        )
        return self.sheet.add_patch(patch)

    def rectangle(self, x: float, y: float, width: float, height: float, **kwargs: Any) -> Patch:
        """Draw a plain rectangle whose top left corner is at (x, y)."""
        return self.sheet.add_patch(Rectangle((x, y), width, height, **kwargs))

    def arrow(
        self, start: Point, end: Point, color: str = MUTED, style: str = "-|>", **kwargs: Any
    ) -> Patch:
        """Draw an arrow from one point to another."""
        kwargs = Style(linewidth=1.3, zorder=3, shrinkA=0, shrinkB=0) | kwargs
        kwargs |= {"arrowstyle": style, "mutation_scale": 10, "color": color}
        return self.sheet.add_patch(FancyArrowPatch(start, end, **kwargs))

    def path(
        self, points: Sequence[Point], color: str = MUTED, arrow: bool = True, **kwargs: Any
    ) -> None:
        """Draw a line through points, with an arrow's head at its end."""
        kwargs = Style(linewidth=1.3, zorder=3, solid_capstyle="butt") | kwargs
        x, y = zip(*points, strict=True)
        self.sheet.plot(x, y, color=color, **kwargs)
        if arrow:
            (x0, y0), (x1, y1) = points[-2:]
            nearly = (x1 - 0.01 * np.sign(x1 - x0), y1 - 0.01 * np.sign(y1 - y0))
            self.arrow(nearly, (x1, y1), color, linewidth=kwargs["linewidth"])

    def photo(
        self,
        image: np.ndarray,
        x: float,
        y: float,
        width: float,
        height: float | None = None,
        edge: str | None = None,
    ) -> Axes:
        """Place a uint8[h, w, 3] image with its top left corner at (x, y).

        Without a height it keeps the image's proportions. Returns its axes, in the image's pixels.
        """
        image = require_image(image)
        axes = self.panel(x, y, width, width * ratio(image) if height is None else height)
        axes.imshow(image, aspect="auto")
        axes.set(xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set(visible=edge is not None, color=edge or LINE, linewidth=1.5)
        return axes

    def chart(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        label: str = "",
        grid: Literal["both", "x", "y"] = "both",
    ) -> Axes:
        """Add quiet axes, with a label beneath, whose top left corner is at (x, y)."""
        axes = self.panel(x, y, width, height)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(LINE)
        axes.grid(axis=grid, color=LINE, linewidth=0.5, alpha=0.6)
        axes.set_axisbelow(True)
        axes.tick_params(labelsize=SMALL, colors=MUTED, length=3)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.set_xlabel(label, fontsize=SMALL, color=MUTED)
        return axes

    def panel(self, x: float, y: float, width: float, height: float) -> Axes:
        """Add axes whose top left corner is at (x, y)."""
        below, up = self.height - y - height, self.height
        return self.add_axes((x / WIDTH, below / up, width / WIDTH, height / up), zorder=4)


def columns_of(
    count: int, gap: float = GAP, left: float = MARGIN, right: float = MARGIN
) -> tuple[list[float], float]:
    """Share the page's width: the left edges of `count` columns, and how wide each is."""
    width = (WIDTH - (left + right) - (count - 1) * gap) / count
    return [left + i * (width + gap) for i in range(count)], width


def save_figure(figure: Page, folder: str | os.PathLike, name: str, dpi: int = 170) -> Path:
    """Write a figure into a folder: photographs as NAME.jpg, drawings as NAME.png.

    Parameters
    ----------
    figure : Page
        What any function of this package returned.
    folder : path-like
        Made if it is missing.
    name : str
        The file's name without its ending.
    dpi : int
        Pixels per inch. The default is twice what a README shows, for sharp screens.

    Returns
    -------
    pathlib.Path
        The file.
    """
    kind, suffix = ("jpeg", ".jpg") if figure.photographic else ("png", ".png")
    path = Path(folder) / f"{name}{suffix}"
    write_file(path, encode(figure, kind, dpi))
    return path
