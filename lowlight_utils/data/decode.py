"""From a file's bytes to an upright sRGB picture, or to one clear line that says why not."""

import contextlib
import io
import os
import warnings
from collections.abc import Callable, Collection
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from lowlight_utils.data import kinds
from lowlight_utils.data import samples as deeper
from lowlight_utils.data.errors import ImageError, ImageTooLarge, ImageWarning, UnknownFormat
from lowlight_utils.data.mend import Mended, mend
from lowlight_utils.data.profiles import to_srgb
from lowlight_utils.data.upright import turned, upright

MAX_PIXELS = 100_000_000
"""Larger pictures are refused before they are decoded: a few kilobytes can unpack to gigabytes."""

# Formats that Pillow opens but hands to another program (Ghostscript, Windows GDI), or cannot
# decode by itself. A web page that takes uploads must never reach them.
_NOT_PICTURES = frozenset({"BUFR", "EPS", "FITS", "GRIB", "HDF5", "MPEG", "WMF"})
# "Animated" to Pillow, yet the first frame is the whole photo: phones append a depth map or a
# second view to their JPEGs (MPO) and HEIF files, and Photoshop its layers.
_FIRST_FRAME_IS_THE_PHOTO = frozenset({"HEIF", "MPO", "PSD"})

Decoded = tuple[np.ndarray, np.ndarray | None]


def decode(
    source: str | os.PathLike | BinaryIO,
    name: str | None = None,
    formats: Collection[str] | None = None,
    max_pixels: int = MAX_PIXELS,
    deep: bool = False,
) -> Decoded:
    """Decode one picture; see `lowlight_utils.data.images.read_image_and_alpha`."""
    if isinstance(source, (str, os.PathLike)):
        name = name or os.fspath(source) or "picture"
    name = str(name or getattr(source, "name", None) or "picture")
    try:
        with (
            open(source, "rb")
            if isinstance(source, (str, os.PathLike))
            else contextlib.nullcontext(source)
        ) as file:
            return _decode_or_mend(file, name, formats, max_pixels, deep)
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
    except Exception as error:
        # Decoders fed with damaged bytes fail in as many ways as there are formats (OSError,
        # SyntaxError, struct.error, zlib.error, IndexError ...): to the user it is one thing.
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ImageError(
            f"{name}: the picture is damaged or cut short ({reason}); copy or download it again"
        ) from error


def _decode_or_mend(
    file: BinaryIO, name: str, formats: Collection[str] | None, max_pixels: int, deep: bool
) -> Decoded:
    head = kinds.first_bytes(file)
    if not head:
        raise ImageError(f"{name}: the file is empty; copy or download it again")
    # Pillow would open the thumbnail inside and never say so.
    if kinds.is_raw(head) or Path(str(name)).suffix.lower() in kinds.RAW_SUFFIXES:
        return _decode_raw(file, name, formats, max_pixels, deep)
    if kinds.is_heif(head):
        register_heif(name)
    known = _formats(formats)
    settings = name, known, max_pixels, deep
    try:
        if head[:4] in kinds.TIFF_MAGIC and "TIFF" in known:
            return _decode_tiff(file, *settings)
        return _decode(file, *settings)
    except (ImageError, MemoryError, Image.DecompressionBombError):
        raise
    except Exception as error:
        mended = _mended(file, known)
        if mended:
            # Where this too fails, what is wrong with the file as it is says more.
            with contextlib.suppress(Exception):
                decoded = _decode(io.BytesIO(mended.content), *settings, icc=mended.icc)
                warnings.warn(f"{name}: {mended.fault}", ImageWarning, stacklevel=5)
                return decoded
        if isinstance(error, UnidentifiedImageError):
            raise _unknown(head, name, known) from error
        raise


def _mended(file: BinaryIO, formats: tuple[str, ...]) -> Mended | None:
    file.seek(0)
    try:
        return mend(file.read(), formats)
    except Exception:  # of a damaged file anything may be said
        return None


def register_heif(name: str = "HEIF") -> None:
    """Let Pillow read phones' HEIF photos.

    Raises
    ------
    UnknownFormat
        The package pillow-heif is not installed.
    """
    try:
        import pillow_heif
    except ImportError as error:
        raise UnknownFormat(
            f"{name}: a HEIC photo; pip install pillow-heif (the extra heic) lets it be read, or"
            " convert it to JPEG"
        ) from error
    if "HEIF" not in Image.OPEN:
        pillow_heif.register_heif_opener()


def _unknown(head: bytes, name: str, formats: tuple[str, ...]) -> UnknownFormat:
    what = kinds.describe(head)
    if what:
        return UnknownFormat(f"{name}: {what}")
    if len(formats) < len(_formats()):
        taken = ", ".join(sorted(set(formats) - {"MPO"}))  # it is a kind of JPEG
        return UnknownFormat(
            f"{name}: not a picture of the formats that are taken here ({taken}); convert it to"
            " JPEG or PNG"
        )
    return UnknownFormat(f"{name}: not a picture that Pillow can read; convert it to JPEG or PNG")


def _decode_raw(
    file: BinaryIO, name: str, formats: Collection[str] | None, max_pixels: int, deep: bool
) -> Decoded:
    from lowlight_utils.data.raw import read_raw

    if formats is not None and set(formats) < set(_formats()):
        raise UnknownFormat(f"{name}: {kinds.RAW}")  # who names what is taken has not named this
    file.seek(0)
    developed = read_raw(file, name, max_pixels)
    return developed if deep else deeper.to_8_bit(developed), None


def _decode_tiff(
    file: BinaryIO, name: str, formats: tuple[str, ...], max_pixels: int, deep: bool
) -> Decoded:
    import tifffile

    from lowlight_utils.data import tiff as tiffs

    with tifffile.TiffFile(file) as tiff:
        if tiffs.is_raw(tiff):
            return _decode_raw(file, name, formats, max_pixels, deep)
        page, number = tiffs.photo_page(tiff, name)
        _check_size(page.imagewidth, page.imagelength, name, max_pixels)
        tiffs.check_samples(page, name)
        if page.bitspersample <= 8:
            file.seek(0)
            try:
                return _decode(file, name, formats, max_pixels, deep, page=number)
            except (ImageError, MemoryError):
                raise
            except Exception:  # of a layout or compression that Pillow does not know, or damaged
                pass
        samples = tiffs.read_samples(page, name)
        return _finished(samples, tiffs.orientation(page), deep)


def _decode(
    file: BinaryIO,
    name: str,
    formats: tuple[str, ...],
    max_pixels: int,
    deep: bool,
    icc: bytes | None = None,
    page: int = 0,
) -> Decoded:
    with warnings.catch_warnings():
        # Our own, stricter limit is checked two lines below.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        image = Image.open(file, formats=formats)
    with image:
        _check(image, name, max_pixels)
        tile = image.tile[0] if image.tile else None  # gone once it is loaded
        if page:
            image.seek(page)
        image.load()
        orientation = _orientation(image)
        icc = icc or image.info.get("icc_profile")
        samples = None
        if image.mode.startswith("I"):
            samples = deeper.read_grey(image, icc)
        unpack = _unpacker(image, tile, file, icc, deep)
        if samples is None and unpack is None:
            rgb, alpha = _to_srgb_and_alpha(image, icc)
    del image  # by now it is one more copy
    if unpack:
        samples = unpack()
    if samples:
        return _finished(samples, orientation, deep)
    return upright(rgb, orientation), None if alpha is None else upright(alpha, orientation)


def _unpacker(
    image: Image.Image,
    tile: tuple | None,
    file: BinaryIO,
    icc: bytes | None,
    deep: bool,
) -> Callable[[], deeper.Samples] | None:
    """Give what unpacks a picture of more than 8 bits, if Pillow leaves it only 8; else None."""
    size = image.size
    if image.format == "PNG" and image.mode != "I;16":
        file.seek(24)
        if file.read(1) == b"\x10":  # the header's bit depth is 16
            file.seek(0)
            return lambda: deeper.read_png(file.read(), icc)
    if image.format == "PPM" and image.mode == "RGB" and tile and tile[0] == "ppm":
        offset, (_, white) = tile[2:]
        if deep and white > 255:
            file.seek(offset)
            return lambda: deeper.read_ppm(file, *size, white)
    if image.format == "HEIF" and deep and image.info.get("bit_depth", 8) > 8:
        file.seek(0)
        return lambda: deeper.read_heif(file, icc)
    return None


def _finished(samples: deeper.Samples, orientation: int, deep: bool) -> Decoded:
    rgb = deeper.to_srgb(samples)
    if not deep or samples.bits <= 8:
        rgb = deeper.to_8_bit(rgb)
    alpha = None if samples.alpha is None else deeper.to_8_bit(samples.alpha)
    return turned(rgb, orientation), None if alpha is None else turned(alpha, orientation)


def _formats(wanted: Collection[str] | None = None) -> tuple[str, ...]:
    Image.init()
    return tuple(
        name
        for name in Image.ID
        if name not in _NOT_PICTURES and (wanted is None or name in wanted)
    )


def _check_size(width: int, height: int, name: str, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise ImageTooLarge(
            f"{name}: {width}x{height} is more than {max_pixels:,} pixels; make it smaller first"
        )


def _check(image: Image.Image, name: str, max_pixels: int) -> None:
    """Refuse, from the header alone, what would not come out as the one picture it seems to be."""
    _check_size(*image.size, name, max_pixels)
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format not in (*_FIRST_FRAME_IS_THE_PHOTO, "TIFF"):
        raise ImageError(f"{name}: holds {frames} frames or pages; save the one you want as a PNG")
    sixteen_bit = image.mode.startswith("I;16") or image.format in ("PNG", "PPM")
    if image.mode == "F" or (image.mode.startswith("I") and not sixteen_bit):
        raise ImageError(
            f"{name}: floating-point or 32-bit samples have no agreed white;"
            " export it as 8- or 16-bit"
        )


def _orientation(image: Image.Image) -> int:
    # Asked after load(): PNG may keep EXIF behind the pixels, and TIFF is already turned by then.
    try:
        return image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # damaged metadata must not cost the picture
        return 1


def _to_srgb_and_alpha(
    image: Image.Image, icc: bytes | None
) -> tuple[Image.Image, Image.Image | None]:
    alpha = None
    if image.has_transparency_data:
        is_grey = image.mode in ("1", "L", "LA", "La")
        image = image.convert("LA") if image.mode == "La" else image
        image = image if image.mode == "RGBA" else image.convert("RGBA")
        alpha = image.getchannel("A")
        image = image.convert("L" if is_grey else "RGB")
    elif image.mode == "1":
        image = image.convert("L")
    elif image.mode not in ("L", "RGB", "CMYK", "LAB"):
        image = image.convert("RGB")
    return to_srgb(image, icc), alpha
