"""Pictures of more than 8 bits a sample: decoded, and brought to sRGB, without losing any.

Pillow holds no colours of more than 8 bits. Where it matters imagecodecs unpacks them, and converts
them with Little CMS, as Pillow does for 8 bits.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageCms

from lowlight_utils.data.profiles import is_srgb, open_profile

_STRIP = 256  # rows in work at a time, so that no second copy of the whole is made


@dataclass
class Samples:
    """A picture as its file holds it.

    Attributes
    ----------
    colours : uint16[H, W, 1], uint16[H, W, 3] or uint16[H, W, 4]
        Grey, RGB or CMYK; 65535 is white, or all of an ink.
    space : str
        "gray", "rgb" or "cmyk".
    bits : int
        How many of the 16 the file has.
    alpha : uint16[H, W] or None
    icc : bytes or None
        The profile that the colours are in; sRGB if there is none.
    """

    colours: np.ndarray
    space: str
    bits: int
    alpha: np.ndarray | None
    icc: bytes | None


def read_png(content: bytes, icc: bytes | None) -> Samples:
    """Unpack a 16-bit PNG file; imagecodecs checks it as it goes."""
    import imagecodecs

    values = imagecodecs.png_decode(content)
    values = values[..., None] if values.ndim == 2 else values
    channels = values.shape[-1]
    alpha = values[..., -1] if channels in (2, 4) else None
    colours = values[..., : channels - (alpha is not None)]
    return Samples(colours, "gray" if colours.shape[-1] == 1 else "rgb", 16, alpha, icc)


def read_heif(file: BinaryIO, icc: bytes | None) -> Samples:
    """Unpack a HEIF photo of 10 or 12 bits."""
    import pillow_heif

    heif = pillow_heif.open_heif(file, convert_hdr_to_8bit=False)
    bits = heif.info["bit_depth"]
    values = np.asarray(heif)
    # The library shifts its samples up to 16 bits: its white is not quite 65535.
    values = to_16_bit(values, (2**bits - 1) << (16 - bits))
    alpha = values[..., 3] if values.shape[-1] == 4 else None
    return Samples(values[..., :3], "rgb", bits, alpha, icc)


def read_ppm(file: BinaryIO, width: int, height: int, white: int) -> Samples:
    """Unpack the pixels of a binary PPM file of 16 bits, from where the file stands."""
    values = np.frombuffer(file.read(6 * width * height), ">u2").reshape(height, width, 3)
    return Samples(to_16_bit(values.astype(np.uint16), white), "rgb", 16, None, None)


def read_grey(picture: Image.Image, icc: bytes | None) -> Samples:
    """Take over what Pillow has unpacked of a 16-bit greyscale picture."""
    values = np.clip(np.asarray(picture), 0, 65535).astype(np.uint16)
    transparent = picture.info.get("transparency")
    alpha = None
    if isinstance(transparent, int):
        alpha = np.where(values == transparent, 0, 65535).astype(np.uint16)
    return Samples(values[..., None], "gray", 16, alpha, icc)


def to_16_bit(values: np.ndarray, white: int) -> np.ndarray:
    """Scale levels from 0 to `white` to 0 to 65535, and round."""
    if white == 65535:
        return values
    levels = np.arange(white + 1, dtype=np.uint64)
    table = np.full(65536, 65535, np.uint16)
    table[: white + 1] = (levels * 65535 + white // 2) // white
    return table[values]


def to_8_bit(values: np.ndarray) -> np.ndarray:
    """Round uint16 levels to uint8; 65535 becomes 255. What is uint8 already stays as it is."""
    if values.dtype == np.uint8:
        return values
    result = np.empty(values.shape, np.uint8)
    for top in range(0, len(values), _STRIP):
        # 65535 is 257 * 255.
        rows = slice(top, top + _STRIP)
        result[rows] = (values[rows].astype(np.uint32) + 128) // 257
    return result


def opaque_colours(colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Undo that colours were multiplied by their opacity, as TIFF's associated alpha has them."""
    result = np.empty_like(colours)
    for top in range(0, len(colours), _STRIP):
        rows = slice(top, top + _STRIP)
        opacity = np.maximum(alpha[rows, :, None], 1).astype(np.uint32)
        whole = (colours[rows].astype(np.uint32) * 65535 + opacity // 2) // opacity
        result[rows] = np.minimum(whole, 65535)
    return result


def to_srgb(samples: Samples) -> np.ndarray:
    """Convert to uint16[H, W, 3] in sRGB; a profile that is broken or does not fit is ignored."""
    convert = _profile_converter(samples)
    if convert is None and samples.space == "rgb":
        return np.ascontiguousarray(samples.colours)
    convert = convert or _PLAIN[samples.space]
    height, width = samples.colours.shape[:2]
    result = np.empty((height, width, 3), np.uint16)

    def fill(top: int) -> None:
        rows = slice(top, top + _STRIP)
        result[rows] = convert(np.ascontiguousarray(samples.colours[rows]))

    # Little CMS is slow at 16 bits, and lets go of the interpreter's lock.
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for _ in pool.map(fill, range(0, height, _STRIP)):
            pass
    return result


def _plain_cmyk(inks: np.ndarray) -> np.ndarray:
    # Without a profile nobody knows the inks; this is what Pillow does.
    light = 65535 - inks.astype(np.uint64)
    return (light[..., :3] * light[..., 3:] // 65535).astype(np.uint16)


_PLAIN = {"gray": lambda grey: grey, "cmyk": _plain_cmyk}


def _profile_converter(samples: Samples) -> Callable[[np.ndarray], np.ndarray] | None:
    profile, space = open_profile(samples.icc)
    mine = "rgb" if space == "rgb" and samples.space == "gray" else samples.space
    if samples.icc is None or profile is None or space != mine or is_srgb(profile):
        return None
    import imagecodecs

    icc = samples.icc
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    flags = imagecodecs.CMS.FLAGS

    def transform(values: np.ndarray, more: int = 0) -> np.ndarray:
        return imagecodecs.cms_transform(
            values,
            icc,
            srgb,
            colorspace=space,
            outcolorspace="rgb",
            outdtype="uint16",
            intent=imagecodecs.CMS.INTENT.RELATIVE_COLORIMETRIC,
            flags=flags.BLACKPOINTCOMPENSATION | more,
        )

    try:
        if samples.space == "gray":
            # Little CMS's shortcut for grey is coarse in the shadows, and without it slow: so only
            # the levels are converted, and looked up.
            levels = np.arange(65536, dtype=np.uint16).reshape(256, 256)
            levels = np.dstack([levels] * 3) if space == "rgb" else levels
            table = transform(levels, flags.NOOPTIMIZE).reshape(-1, 3)
            return lambda grey: table[grey[..., 0]]
        transform(np.zeros((1, 1, samples.colours.shape[-1]), np.uint16))
    except Exception:  # a profile that Little CMS cannot use, as browsers do without it
        return None
    return transform
