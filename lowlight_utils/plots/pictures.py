"""Pictures on a figure, and a figure as a picture's file."""

import base64
import html
import io
from typing import Any

import numpy as np
from matplotlib.figure import Figure


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
    options: dict[str, Any] = {"metadata": {"Software": None}}
    if kind == "jpeg":
        options = {"pil_kwargs": {"quality": 88, "subsampling": 0, "optimize": True}}
    figure.savefig(buffer, format=kind, dpi=dpi, facecolor="white", **options)
    return buffer.getvalue()
