"""Pictures in and out: files to ``uint8`` sRGB arrays and back, and arrays to the networks' range.

At the library's edge an image is ``uint8[H, W, 3]`` in sRGB, channels in the order red, green,
blue. A picture with more depth is ``uint16[H, W, 3]``, where 65535 is white, for those who ask for
it: what is dark has few levels of 8 bits, and steps between them show once it is brightened. Inside
the networks both are ``float32[..., H, W, 3]`` in [-1, 1]. `to_network` and `to_image` are the only
two functions that convert between the two.
"""

import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from lowlight_utils.data.decode import MAX_PIXELS, decode
from lowlight_utils.data.encode import encode_image, write_image
from lowlight_utils.data.errors import ImageError, ImageWarning
from lowlight_utils.data.kinds import is_photo_that_is_not_read

__all__ = [
    "IMAGE_SUFFIXES",
    "MAX_PIXELS",
    "ImageError",
    "ImageWarning",
    "Size",
    "encode_image",
    "list_images",
    "natural_key",
    "read_image",
    "read_image_and_alpha",
    "resize",
    "to_image",
    "to_network",
    "unread_photos",
    "write_image",
]

IMAGE_SUFFIXES = tuple(
    ".avif .bmp .gif .heic .heif .hif .j2k .jfif .jp2 .jpe .jpeg .jpg .mpo .pgm .png .pnm .ppm .psd"
    " .tga .tif .tiff .webp".split()
)
"""What `list_images` takes for a picture; HEIC is among them even where it cannot be read, to be
refused rather than skipped."""


Size = int | tuple[int, int]
"""The side of a square, or (height, width), in pixels."""


def read_image(
    source: str | os.PathLike | BinaryIO, *, name: str | None = None, deep: bool = False
) -> np.ndarray:
    """Read one picture as a person would see it.

    EXIF orientation is applied and an embedded ICC profile is converted to sRGB. 16-bit samples are
    rounded to 8 bits, unless asked for; greyscale, 1-bit, palette, CMYK and Lab become RGB; an
    alpha channel is dropped (see `read_image_and_alpha`).

    Parameters
    ----------
    source : path or binary file
        Any format that Pillow decodes by itself, any TIFF that tifffile does, HEIF where
        pillow-heif is installed, and cameras' RAW files where rawpy is.
    name : str, optional
        What to call the picture in an error; by default the path.
    deep : bool
        Keep what a file has beyond 8 bits a sample: PNG, TIFF, PGM and PPM files of up to 16, and
        HEIF photos of 10 or 12 bits, and RAW files. Of AVIF and of JPEG 2000 in colour, 8 bits are
        read.

    Returns
    -------
    uint8[H, W, 3], or uint16[H, W, 3] of a file with more depth
        sRGB, in the order red, green, blue. In uint16 65535 is white.

    Warns
    -----
    ImageWarning
        The file has a fault that the picture does not suffer from: an end mark or the last few
        bytes missing from a JPEG, damaged or very large notes in a PNG.

    Raises
    ------
    ImageError
        Missing, empty, truncated or not a picture; animated or with several pages; more than
        `MAX_PIXELS` pixels; samples without an agreed white (floating point, 32-bit integers).

    Examples
    --------
    >>> from lowlight_utils.data import sample_photos
    >>> image = read_image(sample_photos("test")[0])
    >>> image.dtype, image.shape
    (dtype('uint8'), (384, 384, 3))
    >>> read_image("nowhere.png")
    Traceback (most recent call last):
    lowlight_utils.data.errors.ImageError: nowhere.png: there is no such file; check the path
    """
    return read_image_and_alpha(source, name=name, deep=deep)[0]


def read_image_and_alpha(
    source: str | os.PathLike | BinaryIO,
    *,
    name: str | None = None,
    formats: Collection[str] | None = None,
    max_pixels: int = MAX_PIXELS,
    deep: bool = False,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Read one picture and its transparency.

    The other parameters and the errors are those of `read_image`.

    Parameters
    ----------
    formats : collection of str, optional
        Pillow's names of the formats to read, such as "PNG"; by default all that `read_image`
        reads. Every decoder is a way in: a server names the few that it needs.
    max_pixels : int
        Larger pictures are refused before they are decoded.

    Returns
    -------
    image : uint8[H, W, 3] or uint16[H, W, 3]
        sRGB; where the picture is transparent, the colour that is stored there.
    alpha : uint8[H, W] or None
        0 is transparent, 255 opaque; None if the file has no transparency.
    """
    return decode(source, name, formats, max_pixels, deep)


def resize(image: np.ndarray, size: Size) -> np.ndarray:
    """Resize with a bilinear filter that is widened when it shrinks, so that nothing aliases.

    Parameters
    ----------
    image : uint8[H, W, 3] or uint16[H, W, 3]
    size : int or (int, int)
        The side of a square, or (height, width), in pixels.

    Returns
    -------
    The same type, [height, width, 3]

    Examples
    --------
    >>> resize(np.zeros((300, 400, 3), np.uint8), (30, 40)).shape
    (30, 40, 3)
    """
    height, width = (size, size) if isinstance(size, int) else size
    if image.shape[:2] == (height, width):
        return image
    if image.dtype == np.uint16:
        result = np.empty((height, width, 3), np.uint16)
        for channel in range(3):  # one at a time: Pillow has floats for grey alone
            plane = Image.fromarray(image[..., channel].astype(np.float32))
            resized = plane.resize((width, height), Image.Resampling.BILINEAR)
            result[..., channel] = np.rint(np.asarray(resized))
        return result
    picture = Image.fromarray(image)
    return np.array(picture.resize((width, height), Image.Resampling.BILINEAR))


def to_network(images: np.ndarray) -> np.ndarray:
    """Convert images to what the networks take.

    Parameters
    ----------
    images : uint8[..., H, W, 3] or uint16[..., H, W, 3]

    Returns
    -------
    float32[..., H, W, 3]
        In [-1, 1]; 0 becomes -1, and white, 255 or 65535, becomes 1.

    Examples
    --------
    >>> to_network(np.array([[[0, 51, 255]]], np.uint8)).tolist()
    [[[-1.0, -0.6..., 1.0]]]
    >>> to_image(to_network(np.array([[[0, 51, 255]]], np.uint8))).tolist()
    [[[0, 51, 255]]]
    """
    images = np.asarray(images)
    if images.dtype not in (np.uint8, np.uint16) or images.ndim < 3 or images.shape[-1] != 3:
        raise ValueError(
            "needs uint8[..., H, W, 3] with values 0 to 255, or uint16 with values 0 to 65535, but"
            f" got {images.dtype}{list(images.shape)}"
        )
    scaled = images.astype(np.float32)
    scaled /= np.iinfo(images.dtype).max / 2
    scaled -= 1
    return scaled


def to_image(values: np.ndarray, depth: int = 8) -> np.ndarray:
    """Convert what the networks give to images.

    Parameters
    ----------
    values : float[..., H, W, 3]
        In [-1, 1], as an array or a tensor of any backend; what lies outside is clipped.
    depth : int
        8, or 16 bits a channel.

    Returns
    -------
    uint8[..., H, W, 3] or uint16[..., H, W, 3]
        Rounded to the nearest level.

    Raises
    ------
    ValueError
        There are NaNs among the values: the training has diverged.
    """
    values = np.array(values, dtype=np.float32)
    if np.isnan(values).any():
        raise ValueError("the network's output has NaNs in it: its training has diverged")
    types: dict[int, type[np.unsignedinteger]] = {8: np.uint8, 16: np.uint16}
    type_ = types[depth]
    white = np.iinfo(type_).max
    values += 1
    values *= white / 2
    return np.rint(np.clip(values, 0, white, out=values), out=values).astype(type_)


def list_images(
    folder: str | os.PathLike,
    suffixes: Collection[str] = IMAGE_SUFFIXES,
    what: str = "picture",
) -> list[Path]:
    """List the pictures in a folder in natural order (2.png before 10.png).

    Hidden files, and files that do not end in one of `suffixes`, are left out; subfolders are not
    entered. `what` is what an error calls them.

    Raises
    ------
    ImageError
        There is no such folder, or no picture in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ImageError(f"{folder}: there is no such folder; check the path")
    found = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in suffixes and path.name[0] != "." and path.is_file()
    ]
    if not found:
        raise ImageError(f"{folder}: there is no {what} in this folder; check the path")
    return sorted(found, key=lambda path: natural_key(path.name))


def unread_photos(folder: str | os.PathLike) -> list[Path]:
    """List the photos in a folder that `list_images` leaves out because they are not read.

    Such as camera RAW and JPEG XL files, in natural order.
    """
    found = [
        path
        for path in Path(folder).iterdir()
        if is_photo_that_is_not_read(path.name) and path.name[0] != "." and path.is_file()
    ]
    return sorted(found, key=lambda path: natural_key(path.name))


def natural_key(name: str) -> tuple[int | str, ...]:
    """Sort key that takes runs of digits as numbers: 'photo2' before 'photo10'."""
    parts = re.split(r"([0-9]+)", name.casefold())
    return (*(int(part) if i % 2 else part for i, part in enumerate(parts)), name)
