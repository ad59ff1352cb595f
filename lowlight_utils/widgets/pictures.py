"""Pictures for widgets: put side by side, and encoded for the browser.

JPEG files, because to encode one takes a few milliseconds; a matplotlib figure takes a hundred.
"""

import io
from collections.abc import Mapping

import ipywidgets
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lowlight_utils.data.photos import sample_credits
from lowlight_utils.plots.pictures import picture_html

GAP = 6  # pixels between pictures
TITLE = 22  # pixels above a picture, for its title
GAIN = 4  # how much a difference is brightened


class Picture(ipywidgets.HTML):
    """A widget for a picture, shown as large as it is unless there is no room.

    Not `ipywidgets.Image`, which has no alternative text.
    """

    content = b""

    def show(self, content: bytes, alt: str, kind: str = "jpeg") -> None:
        """Show a picture's file, and say in words what it shows."""
        self.content = content
        self.value = picture_html(content, alt, kind)


def credit(scene: str) -> str:
    """Name the author of a bundled photo whose licence asks for it; "" of any other picture."""
    try:
        return sample_credits([scene])
    except KeyError:  # a picture of the reader's own
        return ""


def difference(truth: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Show where two uint8[H, W, 3] differ: ``|image - truth|`` times `GAIN`, black where equal.

    Examples
    --------
    >>> truth = np.full((1, 1, 3), 100, np.uint8)
    >>> difference(truth, truth + np.uint8(5)).tolist()
    [[[20, 20, 20]]]
    """
    return (np.abs(image.astype(int) - truth) * GAIN).clip(0, 255).astype(np.uint8)


def compared(low: np.ndarray, enhanced: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Put low, enhanced, truth and their difference, uint8[H, W, 3] each, in a row with titles."""
    return titled_row(
        {
            "low": low,
            "enhanced": enhanced,
            "truth": truth,
            f"difference x {GAIN}": difference(truth, enhanced),
        }
    )


def titled_row(pictures: Mapping[str, np.ndarray]) -> np.ndarray:
    """Put uint8[H, W, 3] pictures of one height in a row, each with a title above it.

    Titles are plain ASCII: the font that Pillow brings has little else.
    """
    height = max(picture.shape[0] for picture in pictures.values())
    width = sum(picture.shape[1] + GAP for picture in pictures.values()) - GAP
    canvas = Image.new("RGB", (width, TITLE + height), "white")
    draw = ImageDraw.Draw(canvas)
    x = 0
    for title, picture in pictures.items():
        draw.text((x + picture.shape[1] / 2, TITLE / 2), title, "black", _font(), anchor="mm")
        canvas.paste(Image.fromarray(picture), (x, TITLE))
        x += picture.shape[1] + GAP
    return np.asarray(canvas)


def to_jpeg(image: np.ndarray, quality: int = 90) -> bytes:
    """Give uint8[H, W, 3] as the bytes of a JPEG file."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality, subsampling=0)
    return buffer.getvalue()


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(14)
