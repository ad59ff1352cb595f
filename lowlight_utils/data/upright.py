"""EXIF's orientation: pictures that a camera stored on their side, turned upright."""

import numpy as np
from PIL import Image

# EXIF 2.32, section 4.6.4: value of the orientation tag -> where in the file's rows and columns the
# pixels of the upright picture come from, as a view of it.
_AS_STORED = {
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.swapaxes(0, 1),
    6: lambda upright: upright[:, ::-1].swapaxes(0, 1),
    7: lambda upright: upright[::-1, ::-1].swapaxes(0, 1),
    8: lambda upright: upright[::-1].swapaxes(0, 1),
}
_STRIP = 256  # rows that are copied at a time


def turned(stored: np.ndarray, orientation: int) -> np.ndarray:
    """Turn an array upright."""
    if orientation not in _AS_STORED:
        return stored
    height, width = stored.shape[:2]
    shape = (width, height) if orientation in (5, 6, 7, 8) else (height, width)
    result = np.empty((*shape, *stored.shape[2:]), stored.dtype)
    _AS_STORED[orientation](result)[:] = stored
    return result


def upright(picture: Image.Image, orientation: int) -> np.ndarray:
    """Copy a picture into an array, turned upright, in strips: Pillow's own turning and converting
    would each hold all of it once more.
    """
    width, height = picture.size
    shape = (width, height) if orientation in (5, 6, 7, 8) else (height, width)
    array = np.empty((*shape, 3) if picture.mode == "RGB" else shape, np.uint8)
    as_stored = _AS_STORED[orientation](array) if orientation in _AS_STORED else array
    for top in range(0, height, _STRIP):
        bottom = min(top + _STRIP, height)
        as_stored[top:bottom] = np.asarray(picture.crop((0, top, width, bottom)))
    return array
