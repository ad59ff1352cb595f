"""Pictures in and out: files to ``uint8`` sRGB arrays and back, and arrays to the networks' range.

At the library's edge an image is ``uint8[H, W, 3]`` in sRGB, channels in the order red, green,
blue. Inside the networks it is ``float32[..., H, W, 3]`` in [-1, 1]. `to_network` and `to_image`
are the only two functions that convert between the two.
"""

import io
import os
import re
import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from lowlight_utils.data.decode import MAX_PIXELS, ImageError, decode

__all__ = [
    "IMAGE_SUFFIXES",
    "MAX_PIXELS",
    "ImageError",
    "encode_image",
    "list_images",
    "natural_key",
    "read_image",
    "read_image_and_alpha",
    "replacing",
    "resize",
    "to_image",
    "to_network",
    "write_image",
]

IMAGE_SUFFIXES = tuple(
    ".avif .bmp .gif .heic .heif .j2k .jfif .jp2 .jpe .jpeg .jpg .mpo .pgm .png .pnm .ppm .tga .tif"
    " .tiff .webp".split()
)
"""What `list_images` takes for a picture; HEIC is among them to be refused rather than skipped."""

_LOSSLESS_WEBP = {"lossless": True, "exact": True}
_WRITERS = {  # suffix: (Pillow's format, its options, whether it holds an alpha channel)
    ".avif": ("AVIF", {"quality": 90, "subsampling": "4:4:4"}, True),
    ".bmp": ("BMP", {}, False),
    ".gif": ("GIF", {}, False),
    ".jp2": ("JPEG2000", {}, True),
    ".jpeg": ("JPEG", {"quality": 95, "subsampling": "4:4:4"}, False),
    ".jpg": ("JPEG", {"quality": 95, "subsampling": "4:4:4"}, False),
    ".png": ("PNG", {}, True),
    ".ppm": ("PPM", {}, False),
    ".tif": ("TIFF", {"compression": "tiff_adobe_deflate"}, True),
    ".tiff": ("TIFF", {"compression": "tiff_adobe_deflate"}, True),
    ".webp": ("WEBP", _LOSSLESS_WEBP, True),
}


def read_image(source: str | os.PathLike | BinaryIO, *, name: str | None = None) -> np.ndarray:
    """Read one picture as a person would see it.

    EXIF orientation is applied and an embedded ICC profile is converted to sRGB. 16-bit samples are
    scaled to 8 bits; greyscale, 1-bit, palette, CMYK and Lab become RGB; an alpha channel is
    dropped (see `read_image_and_alpha`).

    Parameters
    ----------
    source : path or binary file
        Any format that Pillow decodes by itself.
    name : str, optional
        What to call the picture in an error; by default the path.

    Returns
    -------
    uint8[H, W, 3]
        sRGB, in the order red, green, blue.

    Raises
    ------
    ImageError
        Missing, empty, truncated or not a picture; animated or with several pages; more than
        `MAX_PIXELS` pixels; samples without an agreed white (floating point, 32-bit integers).
    """
    return read_image_and_alpha(source, name=name)[0]


def read_image_and_alpha(
    source: str | os.PathLike | BinaryIO,
    *,
    name: str | None = None,
    formats: Collection[str] | None = None,
    max_pixels: int = MAX_PIXELS,
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
    image : uint8[H, W, 3]
        sRGB; where the picture is transparent, the colour that is stored there.
    alpha : uint8[H, W] or None
        0 is transparent, 255 opaque; None if the file has no transparency.
    """
    return decode(source, name, formats, max_pixels)


def write_image(
    path: str | os.PathLike, image: np.ndarray, alpha: np.ndarray | None = None
) -> None:
    """Write one picture, whole or not at all.

    The file is written under a temporary name beside its place and then renamed, so that neither a
    crash nor a full disk leaves half a picture. Missing folders are made.

    Parameters
    ----------
    path : path
        The suffix chooses the format. JPEG is written at quality 95 without chroma subsampling;
        PNG, TIFF, BMP, PPM and WebP lose nothing.
    image : uint8[H, W, 3]
        sRGB, in the order red, green, blue.
    alpha : uint8[H, W], optional
        Transparency; left out where the format has none (JPEG, BMP, PPM, GIF).

    Raises
    ------
    ImageError
        The suffix is not one that can be written, or the encoder or the disk refused.
    ValueError
        `image` or `alpha` is not of the shape and type above.
    """
    path = Path(path)
    picture, format_, options = _prepare(str(path), path.suffix, image, alpha)
    try:
        with replacing(path) as file:
            picture.save(file, format=format_, **options)
    except (OSError, ValueError) as error:
        raise ImageError(f"{path}: cannot be written ({error}); check folder and disk") from error


def encode_image(
    image: np.ndarray, suffix: str, alpha: np.ndarray | None = None, **options
) -> bytes:
    """Give one picture as the bytes of a file.

    Parameters
    ----------
    image, alpha
        See `write_image`.
    suffix : str
        Chooses the format, such as ".png".
    options
        For Pillow's encoder, in place of those that `write_image` uses.

    Raises
    ------
    ImageError, ValueError
        See `write_image`.
    """
    picture, format_, defaults = _prepare("picture", suffix, image, alpha)
    buffer = io.BytesIO()
    try:
        picture.save(buffer, format=format_, **(defaults | options))
    except (OSError, ValueError) as error:
        raise ImageError(f"picture: cannot be written as {format_} ({error})") from error
    return buffer.getvalue()


def _prepare(
    name: str, suffix: str, image: np.ndarray, alpha: np.ndarray | None
) -> tuple[Image.Image, str, dict]:
    """Check what is to be written; give it with Pillow's name of the format and its options."""
    _require_uint8_rgb(image, 3)
    if alpha is not None and (alpha.dtype != np.uint8 or alpha.shape != image.shape[:2]):
        raise ValueError(
            f"alpha is {alpha.dtype}{list(alpha.shape)}; needs uint8{list(image.shape[:2])}"
        )
    Image.init()
    format_, options, holds_alpha = _WRITERS.get(suffix.lower(), (None, {}, False))
    if format_ not in Image.SAVE:
        known = " ".join(suffix for suffix, (kind, *_) in _WRITERS.items() if kind in Image.SAVE)
        raise ImageError(f"{name}: cannot write '{suffix}'; end the name in one of {known}")
    picture = Image.fromarray(image)
    if alpha is not None and holds_alpha:
        picture.putalpha(Image.fromarray(alpha))
    return picture, format_, options


@contextmanager
def replacing(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """Open a file that takes the name `path` only once the block has ended without an error.

    Missing folders are made. If the block raises, nothing is left behind and a file that already
    was at `path` stays as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not tempfile: its files are readable by their owner alone, and stay so after the rename.
    temporary = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with open(temporary, "x+b") as file:
            yield file
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def resize(image: np.ndarray, size: int | tuple[int, int]) -> np.ndarray:
    """Resize with a bilinear filter that is widened when it shrinks, so that nothing aliases.

    Parameters
    ----------
    image : uint8[H, W, 3]
    size : int or (int, int)
        The side of a square, or (height, width), in pixels.

    Returns
    -------
    uint8[height, width, 3]
    """
    height, width = (size, size) if isinstance(size, int) else size
    if image.shape[:2] == (height, width):
        return image
    picture = Image.fromarray(image)
    return np.array(picture.resize((width, height), Image.Resampling.BILINEAR))


def to_network(images: np.ndarray) -> np.ndarray:
    """Convert images to what the networks take.

    Parameters
    ----------
    images : uint8[..., H, W, 3]

    Returns
    -------
    float32[..., H, W, 3]
        In [-1, 1]; 0 becomes -1 and 255 becomes 1.
    """
    images = np.asarray(images)
    _require_uint8_rgb(images)
    scaled = images.astype(np.float32)
    scaled /= 127.5
    scaled -= 1
    return scaled


def to_image(values: np.ndarray) -> np.ndarray:
    """Convert what the networks give to images.

    Parameters
    ----------
    values : float[..., H, W, 3]
        In [-1, 1], as an array or a tensor of any backend; what lies outside is clipped.

    Returns
    -------
    uint8[..., H, W, 3]
        Rounded to the nearest level.

    Raises
    ------
    ValueError
        There are NaNs among the values: the training has diverged.
    """
    values = np.array(values, dtype=np.float32)
    if np.isnan(values).any():
        raise ValueError("the network's output has NaNs in it: its training has diverged")
    values += 1
    values *= 127.5
    return np.rint(np.clip(values, 0, 255, out=values), out=values).astype(np.uint8)


def list_images(folder: str | os.PathLike) -> list[Path]:
    """List the pictures in a folder in natural order (2.png before 10.png).

    Hidden files, and files that do not end in one of `IMAGE_SUFFIXES`, are left out; subfolders
    are not entered.

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
        if path.suffix.lower() in IMAGE_SUFFIXES and path.name[0] != "." and path.is_file()
    ]
    if not found:
        raise ImageError(f"{folder}: there is no picture in this folder; check the path")
    return sorted(found, key=lambda path: natural_key(path.name))


def natural_key(name: str) -> tuple:
    """Sort key that takes runs of digits as numbers: 'photo2' before 'photo10'."""
    parts = re.split(r"([0-9]+)", name.casefold())
    return (*(int(part) if i % 2 else part for i, part in enumerate(parts)), name)


def _require_uint8_rgb(images: np.ndarray, ndim: int | None = None) -> None:
    fits = images.dtype == np.uint8 and images.ndim >= 3 and images.shape[-1] == 3
    if not fits or (ndim is not None and images.ndim != ndim):
        shape = "[H, W, 3]" if ndim == 3 else "[..., H, W, 3]"
        raise ValueError(
            f"needs uint8{shape} with values 0 to 255, but got {images.dtype}{list(images.shape)}"
        )
