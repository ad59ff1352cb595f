"""A button that takes the reader's own photo, and shows it before and after."""

import base64
import html
import io
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath

import ipywidgets
import numpy as np

from lowlight_utils.data.images import read_image, resize
from lowlight_utils.data.samples import to_8_bit
from lowlight_utils.widgets.pictures import Picture, titled_row, to_jpeg
from lowlight_utils.widgets.slider import Enhance, log_slider

PREVIEW = 480  # the longest side, in pixels, that an uploaded photo is shown at


@dataclass(frozen=True, eq=False)
class EnhancedPhoto:
    """An uploaded photo, before and after.

    Attributes
    ----------
    before, after : uint8[H, W, 3]
    name : str
        What to call the file.
    file : bytes
        The photo afterwards, a JPEG file.
    """

    before: np.ndarray
    after: np.ndarray
    name: str
    file: bytes


def enhance_upload(
    enhancer: Enhance, content: bytes, name: str = "photo", **told: float
) -> EnhancedPhoto:
    """Enhance a photo that comes as a file's bytes.

    Parameters
    ----------
    enhancer : callable
        uint8[H, W, 3] or uint16[H, W, 3] to uint8[H, W, 3], such as an `Enhancer`.
    content : bytes
        A file of any format that `lowlight_utils.data.read_image` reads.
    name : str
        The file's name, for messages and for the result's name.
    **told
        Passed on to the enhancer, such as lambda_l1.

    Raises
    ------
    lowlight_utils.data.ImageError
        It cannot be read.
    """
    before = read_image(io.BytesIO(content), name=name, deep=True)
    after = enhancer(before, **told)
    return EnhancedPhoto(
        to_8_bit(before), after, f"{PurePath(name).stem}-enhanced.jpg", to_jpeg(after, 95)
    )


def enhance_own_photo(enhancer: Enhance) -> ipywidgets.VBox:
    """Make a button that takes a photo, and shows it before and after, with a link to save it.

    With an `Enhancer` of a conditional generator there is a slider over λ too.
    """
    upload = ipywidgets.FileUpload(
        accept="image/*", multiple=False, description="Choose a photo", layout={"width": "auto"}
    )
    ends = getattr(enhancer, "lambda_range", None)
    slider = log_slider(*ends, live=False) if ends else None  # a large photo takes a second
    message = ipywidgets.HTML(_notice())
    picture = Picture()
    picture.layout.display = "none"

    def show(_: object) -> None:
        if not upload.value:
            return
        name, content = _uploaded(upload.value)
        message.value = f"Enhancing {html.escape(name)} ..."
        told = {"lambda_l1": slider.value} if slider else {}
        try:
            photo = enhance_upload(enhancer, content, name, **told)
        except (ValueError, OSError) as error:  # a bad photo is no reason for a traceback
            picture.layout.display = "none"
            message.value = html.escape(str(error))
            return
        small = {"before": _preview(photo.before), "after": _preview(photo.after)}
        picture.show(to_jpeg(titled_row(small)), f"{name} before and after")
        picture.layout.display = None
        address = f"data:image/jpeg;base64,{base64.b64encode(photo.file).decode()}"
        save = html.escape(photo.name)
        height, width = photo.after.shape[:2]
        message.value = f'{width}x{height}: <a download="{save}" href="{address}">save {save}</a>'

    controls = [upload, slider] if slider else [upload]
    for control in controls:
        control.observe(show, "value")
    return ipywidgets.VBox([ipywidgets.HBox(controls), message, picture])


def _notice() -> str:
    """Say what to know before choosing: a file that is too large vanishes without a word."""
    stays = "Nothing leaves the computer that this notebook runs on"
    if "google.colab" in sys.modules:
        return (
            f"{stays}, which in Colab is Google's. Colab passes on files of up to about 10 MB: make"
            " a larger photo smaller, or upload it under Files, on the left, and read it by its"
            " path."
        )
    return f"{stays}. A file of more than 10 MB needs JupyterLab as `make lab` starts it."


def _preview(image: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    shrink = PREVIEW / max(height, width)
    if shrink >= 1:
        return image
    return resize(image, (max(1, round(height * shrink)), max(1, round(width * shrink))))


def _uploaded(value: Mapping | tuple) -> tuple[str, bytes]:
    """Read what a FileUpload holds: a tuple of files in ipywidgets 8, a mapping in 7."""
    if isinstance(value, Mapping):
        name, file = next(iter(value.items()))
    else:
        file = value[0]
        name = file["name"]
    return name, bytes(file["content"])
