"""What all figures share: colours, type sizes, and a page measured in inches."""

import base64
import html
import io
import os
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Patch, Rectangle

from lowlight_utils.files import write_file

WIDTH = 9.0  # inches; a README shows it about 830 pixels wide, so that 9 pt is still read with ease
MARGIN = 0.12
GAP = 0.07  # between pictures

TITLE, BODY, SMALL = 11.0, 9.5, 9.0  # points

# Okabe and Ito's palette, which colour-blind readers can tell apart; one meaning each.
GENERATOR = "#0072b2"
DISCRIMINATOR = "#d55e00"
TRUTH = "#009e73"
L1 = "#e69f00"
ADVERSARIAL = "#b5659a"
SSIM = "#7a5200"
DETAIL = "#8a8f00"
INK = "#1f2933"
MUTED = "#5f6b76"
LINE = "#c3cad1"
SHADE = "#f3f5f7"

TINTS = {  # a pale fill for each, on which ink stays readable
    GENERATOR: "#d9eaf5",
    DISCRIMINATOR: "#fbe5d6",
    TRUTH: "#d8f0e8",
    L1: "#fbefd2",
    ADVERSARIAL: "#f3e1ec",
    INK: "#e4e8ec",
    MUTED: SHADE,
}


class Page(Figure):
    """A white figure on which everything is placed in inches from its top left corner.

    It never touches pyplot: nothing is left open, and no display is needed. In a notebook it shows
    itself, as JPEG where it is mostly photographs and as PNG otherwise, to keep notebooks small,
    with its words as the alternative text.

    Parameters
    ----------
    width, height : float
        Inches.
    photographic : bool
        Whether it is mostly made of photographs.
    """

    def __init__(self, width: float, height: float, photographic: bool = False) -> None:
        super().__init__(figsize=(width, height), dpi=100, facecolor="white")
        FigureCanvasAgg(self)
        self.photographic = photographic
        self.width, self.height = width, height
        self.sheet = self.add_axes((0, 0, 1, 1))
        self.sheet.set(xlim=(0, width), ylim=(height, 0))
        self.sheet.axis("off")

    def _repr_mimebundle_(self, include=None, exclude=None):
        # An image rather than HTML with an <img>: repositories' viewers take pictures out of HTML.
        kind = "image/jpeg" if self.photographic else "image/png"
        content = encode(self, kind.removeprefix("image/"), dpi=100)
        data = {kind: base64.b64encode(content).decode(), "text/plain": self.alt}
        return data, {kind: {"alt": self.alt}}

    @property
    def alt(self):
        """What the page shows, in words, for those who cannot see it: everything written on it."""
        kind = "Photographs" if self.photographic else "Figure"
        written = [self.sheet.texts]
        for axes in self.axes[1:]:
            legend = axes.get_legend()
            written += [[axes.title, axes.xaxis.label, axes.yaxis.label], axes.texts]
            written += [legend.get_texts()] if legend else []
        words = [" ".join(text.get_text().split()) for texts in written for text in texts]
        return f"{kind}: {'; '.join(dict.fromkeys(filter(None, words)))}"

    def write(self, x, y, text, size=BODY, color=INK, align="center", valign="center", **kwargs):
        """Write text at (x, y)."""
        return self.sheet.text(
            x, y, text, fontsize=size, color=color, ha=align, va=valign, **kwargs
        )

    def box(self, x, y, width, height, color=MUTED, fill=True, rounded=0.06, **kwargs):
        """Draw a rounded box whose top left corner is at (x, y)."""
        kwargs = {"linewidth": 1.2, "zorder": 2} | kwargs
        face = TINTS[color] if fill is True else (fill or "white")
        shape = f"round,pad=0,rounding_size={rounded}"
        patch = FancyBboxPatch(
            (x, y), width, height, boxstyle=shape, facecolor=face, edgecolor=color, **kwargs
        )
        return self.sheet.add_patch(patch)

    def rectangle(self, x: float, y: float, width: float, height: float, **kwargs: Any) -> Patch:
        """Draw a plain rectangle whose top left corner is at (x, y)."""
        return self.sheet.add_patch(Rectangle((x, y), width, height, **kwargs))

    def arrow(self, start, end, color=MUTED, bend=0.0, style="-|>", **kwargs):
        """Draw an arrow from one point to another."""
        kwargs = {"linewidth": 1.3, "zorder": 3} | kwargs
        patch = FancyArrowPatch(
            start,
            end,
            arrowstyle=style,
            mutation_scale=10,
            color=color,
            shrinkA=0,
            shrinkB=0,
            connectionstyle=f"arc3,rad={bend}",
            **kwargs,
        )
        return self.sheet.add_patch(patch)

    def path(self, points, color=MUTED, arrow=True, **kwargs):
        """Draw a line through points, with an arrow's head at its end."""
        kwargs = {"linewidth": 1.3, "zorder": 3, "solid_capstyle": "butt"} | kwargs
        x, y = zip(*points, strict=True)
        self.sheet.plot(x, y, color=color, **kwargs)
        if arrow:
            (x0, y0), (x1, y1) = points[-2:]
            nearly = (x1 - 0.01 * np.sign(x1 - x0), y1 - 0.01 * np.sign(y1 - y0))
            self.arrow(nearly, (x1, y1), color, linewidth=kwargs["linewidth"])

    def photo(self, image, x, y, width, height=None, edge=None, zorder=4):
        """Place a uint8[h, w, 3] image with its top left corner at (x, y).

        Without a height it keeps the image's proportions. Returns its axes, in the image's pixels.
        """
        image = require_image(image)
        height = width * ratio(image) if height is None else height
        axes = self.panel(x, y, width, height, zorder=zorder)
        axes.imshow(image, aspect="auto")
        axes.set(xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set(visible=edge is not None, color=edge or LINE, linewidth=1.5)
        return axes

    def panel(self, x: float, y: float, width: float, height: float, zorder: float = 4) -> Axes:
        """Add axes whose top left corner is at (x, y)."""
        below = self.height - y - height
        across, up = self.width, self.height
        return self.add_axes((x / across, below / up, width / across, height / up), zorder=zorder)

    def caption(self, made_by):
        """Say at the bottom what made the results: recipe, data, mode, hardware."""
        if made_by:
            lines = "\n".join(_wrap(made_by))
            place = {"align": "left", "valign": "bottom", "linespacing": 1.25}
            self.write(MARGIN, self.height - 0.08, lines, SMALL, MUTED, **place)


def caption_height(made_by: str | None) -> float:
    """Inches that `Page.caption` needs at the bottom."""
    return 0.12 + 0.17 * len(_wrap(made_by)) if made_by else 0.0


def _wrap(made_by):
    return textwrap.wrap(made_by, 128)


def ratio(image: np.ndarray) -> float:
    """Return a picture's height as a part of its width."""
    return image.shape[0] / image.shape[1]


def require_image(image: np.ndarray) -> np.ndarray:
    """Return `image` as an array; raise ValueError unless it is uint8[h, w, 3]."""
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[-1] != 3:
        raise ValueError(
            f"A figure's pictures are uint8[height, width, 3], not "
            f"{image.dtype}{list(image.shape)}: convert with lowlight_utils.data.to_image."
        )
    return image


def picture_html(content: bytes, alt: str, kind: str = "jpeg") -> str:
    """Return an <img> that holds a picture's file, at most as wide as there is room."""
    data = base64.b64encode(content).decode()
    return (
        f'<img alt="{html.escape(alt)}" style="max-width: 100%; height: auto" decoding="sync"'
        f' src="data:image/{kind};base64,{data}">'
    )


def encode(figure: Figure, kind: str, dpi: float) -> bytes:
    """Return a figure as the bytes of a "png" or "jpeg" file, the same bytes each time."""
    buffer = io.BytesIO()
    if kind == "jpeg":
        options = {"pil_kwargs": {"quality": 88, "subsampling": 0, "optimize": True}}
    else:
        options = {"metadata": {"Software": None}}
    figure.savefig(buffer, format=kind, dpi=dpi, facecolor="white", **options)
    return buffer.getvalue()


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
