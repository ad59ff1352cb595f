"""From a file's bytes to an upright sRGB picture, or to one clear line that says why not."""

import io
import os
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError

MAX_PIXELS = 100_000_000
"""Larger pictures are refused before they are decoded: a few kilobytes can unpack to gigabytes."""

_RAW_SUFFIXES = frozenset(
    ".3fr .arw .cr2 .cr3 .dng .erf .iiq .kdc .mrw .nef .nrw .orf .pef .raf .raw .rw2 .srw".split()
)
# Formats that Pillow opens but hands to another program (Ghostscript, Windows GDI), or cannot
# decode by itself. A web page that takes uploads must never reach them.
_NOT_PICTURES = frozenset({"BUFR", "EPS", "FITS", "GRIB", "HDF5", "MPEG", "WMF"})
# "Animated" to Pillow, yet the first frame is the whole photo: phones append a depth map or a
# second view to their JPEGs (MPO) and HEIF files, and Photoshop its layers.
_FIRST_FRAME_IS_THE_PHOTO = frozenset({"HEIF", "MPO", "PSD"})

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


class ImageError(ValueError):
    """A picture, or a folder of pictures, that cannot be used.

    The message is one line: the file's name, what is wrong with it, and what to do.
    """


class ImageTooLarge(ImageError):
    """A picture with more pixels than are allowed."""


class UnknownFormat(ImageError):
    """A file that is no picture, or one of a format that is not read."""


def decode(
    source: str | os.PathLike | BinaryIO,
    name: str | None = None,
    formats: Collection[str] | None = None,
    max_pixels: int = MAX_PIXELS,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Decode one picture; see `lowlight_utils.data.images.read_image_and_alpha`."""
    is_path = isinstance(source, (str, os.PathLike))
    name = name or (os.fspath(source) if is_path else getattr(source, "name", None)) or "picture"
    if Path(str(name)).suffix.lower() in _RAW_SUFFIXES:
        # Pillow would open the thumbnail inside and never say so.
        raise UnknownFormat(
            f"{name}: a camera RAW file; export it as JPEG, PNG or 16-bit TIFF first"
        )
    try:
        with warnings.catch_warnings():
            # Our own, stricter limit is checked two lines below.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(source, formats=_formats(formats))
        with image:
            _check(image, name, max_pixels)
            image.load()
            rgb, alpha = _to_srgb_and_alpha(image, name)
            orientation = _orientation(image)
    except (ImageError, MemoryError):
        raise
    except FileNotFoundError as error:
        raise ImageError(f"{name}: there is no such file; check the path") from error
    except IsADirectoryError as error:
        raise ImageError(f"{name}: is a folder; give a picture, or list_images(folder)") from error
    except PermissionError as error:
        raise ImageError(f"{name}: may not be read; check its permissions") from error
    except Image.DecompressionBombError as error:
        raise ImageTooLarge(
            f"{name}: has more than {max_pixels:,} pixels; make it smaller first"
        ) from error
    except UnidentifiedImageError as error:
        if is_path and os.path.getsize(source) == 0:
            raise ImageError(f"{name}: the file is empty; copy or download it again") from error
        raise UnknownFormat(
            f"{name}: not a picture that Pillow can read; convert it to JPEG or PNG"
        ) from error
    except Exception as error:
        # Decoders fed with damaged bytes fail in as many ways as there are formats (OSError,
        # SyntaxError, struct.error, zlib.error, IndexError ...): to the user it is one thing.
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ImageError(
            f"{name}: the picture is damaged or cut short ({reason}); copy or download it again"
        ) from error
    del image  # where there was transparency or a profile it is one more copy by now
    return _upright(rgb, orientation), None if alpha is None else _upright(alpha, orientation)


def _upright(picture: Image.Image, orientation: int) -> np.ndarray:
    """Copy a picture into an array, turned upright, in strips: Pillow's own turning and converting
    would each hold all of it once more.
    """
    width, height = picture.size
    shape = (width, height) if orientation in (5, 6, 7, 8) else (height, width)
    array = np.empty((*shape, 3) if picture.mode == "RGB" else shape, np.uint8)
    as_stored = _AS_STORED[orientation](array) if orientation in _AS_STORED else array
    for top in range(0, height, _STRIP):
        bottom = min(top + _STRIP, height)
        as_stored[top:bottom] = picture.crop((0, top, width, bottom))
    return array


def _formats(wanted: Collection[str] | None = None) -> tuple[str, ...]:
    Image.init()
    return tuple(
        name
        for name in Image.ID
        if name not in _NOT_PICTURES and (wanted is None or name in wanted)
    )


def _check(image: Image.Image, name: str, max_pixels: int) -> None:
    """Refuse, from the header alone, what would not come out as the one picture it seems to be."""
    width, height = image.size
    if width * height > max_pixels:
        raise ImageTooLarge(
            f"{name}: {width}x{height} is more than {max_pixels:,} pixels; make it smaller first"
        )
    frames = _frames(image)
    if frames > 1:
        raise ImageError(f"{name}: holds {frames} frames or pages; save the one you want as a PNG")
    sixteen_bit = image.mode.startswith("I;16") or image.format in ("PNG", "PPM")
    if image.mode == "F" or (image.mode.startswith("I") and not sixteen_bit):
        raise ImageError(
            f"{name}: floating-point or 32-bit samples have no agreed white;"
            " export it as 8- or 16-bit"
        )


def _frames(image: Image.Image) -> int:
    frames = getattr(image, "n_frames", 1)
    if frames == 1 or image.format in _FIRST_FRAME_IS_THE_PHOTO:
        return 1
    if image.format == "TIFF":
        # Thumbnails and masks are pages too: bits 0 and 2 of NewSubfileType (TIFF 6.0, page 36).
        auxiliary = 0
        for page in range(1, frames):
            image.seek(page)
            auxiliary += bool(image.tag_v2.get(254, 0) & 0b101)
        image.seek(0)
        return frames - auxiliary
    return frames


def _orientation(image: Image.Image) -> int:
    # Asked after load(): PNG may keep EXIF behind the pixels, and TIFF is already turned by then.
    try:
        return image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # damaged metadata must not cost the picture
        return 1


def _to_srgb_and_alpha(image: Image.Image, name: str) -> tuple[Image.Image, Image.Image | None]:
    icc = image.info.get("icc_profile")
    alpha = None
    if image.mode.startswith("I"):
        bits = image.tag_v2.get(258, (16,))[0] if image.format == "TIFF" else 16  # BitsPerSample
        white = 2**bits - 1
        to_8_bit = np.minimum((np.arange(65536) * 255 + white // 2) // white, 255).astype(np.uint8)
        values = np.clip(np.asarray(image), 0, 65535)
        transparent = image.info.get("transparency")
        if isinstance(transparent, int):
            alpha = Image.fromarray(np.where(values == transparent, 0, 255).astype(np.uint8))
        image = Image.fromarray(to_8_bit[values])
    elif image.has_transparency_data:
        is_grey = image.mode in ("1", "L", "LA", "La")
        image = image.convert("LA") if image.mode == "La" else image
        image = image if image.mode == "RGBA" else image.convert("RGBA")
        alpha = image.getchannel("A")
        image = image.convert("L" if is_grey else "RGB")
    elif image.mode == "1":
        image = image.convert("L")
    elif image.mode not in ("L", "RGB", "CMYK", "LAB"):
        image = image.convert("RGB")
    return _to_srgb(image, icc), alpha


def _to_srgb(image: Image.Image, icc: bytes | None) -> Image.Image:
    """Convert an image of mode L, RGB, CMYK or LAB; a profile that is broken or does not fit it
    is ignored, as browsers do.
    """
    if icc:
        try:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            space = profile.profile.xcolor_space.strip()
            mode = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}.get(space)
            fits = mode == image.mode or (mode == "RGB" and image.mode == "L")
            if fits and not _is_srgb(profile):
                if mode == "L":
                    return _grey_to_srgb(image, profile)
                return _convert(image.convert(mode), profile)
        except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
            pass
    if image.mode == "LAB":
        return _convert(image, ImageCms.createProfile("LAB"))
    # Converting RGB to RGB would be one more copy, of 48 MB at 12 megapixels.
    return image if image.mode == "RGB" else image.convert("RGB")


def _convert(image: Image.Image, profile, more_flags: int = 0) -> Image.Image:
    return ImageCms.profileToProfile(
        image,
        profile,
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION | more_flags,
    )


def _grey_to_srgb(image: Image.Image, profile) -> Image.Image:
    # Little CMS's shortcut for grey is coarse in the shadows, and without it slow: so only the 256
    # levels are converted, and looked up.
    levels = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    table = np.asarray(_convert(levels, profile, ImageCms.Flags.NOOPTIMIZE))[0]
    return Image.fromarray(table[np.asarray(image)])


def _is_srgb(profile: ImageCms.ImageCmsProfile) -> bool:
    # Converting sRGB to sRGB would move some values by one level, for nothing.
    description = ImageCms.getProfileDescription(profile).lower()
    return "srgb" in description and "linear" not in description
