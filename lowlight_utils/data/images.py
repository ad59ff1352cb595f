"""Pictures in and out: files to ``uint8`` sRGB arrays and back, and arrays to the networks' range.

At the library's edge an image is ``uint8[H, W, 3]`` in sRGB, channels in the order red, green,
blue. Inside the networks it is ``float32[..., H, W, 3]`` in [-1, 1]. `to_network` and `to_image`
are the only two functions that convert between the two.
"""

import io
import os
import re
import secrets
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError

MAX_PIXELS = 100_000_000
"""Larger pictures are refused before they are decoded: a few kilobytes can unpack to gigabytes."""

IMAGE_SUFFIXES = tuple(
    ".avif .bmp .gif .heic .heif .j2k .jfif .jp2 .jpe .jpeg .jpg .mpo .pgm .png .pnm .ppm .tga .tif"
    " .tiff .webp".split()
)
"""What `list_images` takes for a picture; HEIC is among them to be refused rather than skipped."""

_RAW_SUFFIXES = frozenset(
    ".3fr .arw .cr2 .cr3 .dng .erf .iiq .kdc .mrw .nef .nrw .orf .pef .raf .raw .rw2 .srw".split()
)
# Formats that Pillow opens but hands to another program (Ghostscript, Windows GDI), or cannot
# decode by itself. A web page that takes uploads must never reach them.
_NOT_PICTURES = frozenset({"BUFR", "EPS", "FITS", "GRIB", "HDF5", "MPEG", "WMF"})
# "Animated" to Pillow, yet the first frame is the whole photo: phones append a depth map or a
# second view to their JPEGs (MPO), and Photoshop its layers.
_FIRST_FRAME_IS_THE_PHOTO = frozenset({"MPO", "PSD"})

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

_UPRIGHT = {  # EXIF 2.32, section 4.6.4: value of the orientation tag -> what undoes it
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class ImageError(ValueError):
    """A picture, or a folder of pictures, that cannot be used.

    The message is one line: the file's name, what is wrong with it, and what to do.
    """


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
    source: str | os.PathLike | BinaryIO, *, name: str | None = None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Read one picture and its transparency.

    Parameters and errors are those of `read_image`.

    Returns
    -------
    image : uint8[H, W, 3]
        sRGB; where the picture is transparent, the colour that is stored there.
    alpha : uint8[H, W] or None
        0 is transparent, 255 opaque; None if the file has no transparency.
    """
    is_path = isinstance(source, (str, os.PathLike))
    name = name or (os.fspath(source) if is_path else getattr(source, "name", None)) or "picture"
    if is_path and Path(source).suffix.lower() in _RAW_SUFFIXES:
        # Pillow would open the thumbnail inside and never say so.
        raise ImageError(f"{name}: a camera RAW file; export it as JPEG, PNG or 16-bit TIFF first")
    try:
        with warnings.catch_warnings():
            # Our own, stricter limit is checked two lines below.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(source, formats=_formats())
        with image:
            _check(image, name)
            image.load()
            rgb, alpha = _to_srgb_and_alpha(image, name)
            upright = _UPRIGHT.get(_orientation(image))
    except (ImageError, MemoryError):
        raise
    except FileNotFoundError as error:
        raise ImageError(f"{name}: there is no such file; check the path") from error
    except IsADirectoryError as error:
        raise ImageError(f"{name}: is a folder; give a picture, or list_images(folder)") from error
    except PermissionError as error:
        raise ImageError(f"{name}: may not be read; check its permissions") from error
    except Image.DecompressionBombError as error:
        raise ImageError(
            f"{name}: has more than {MAX_PIXELS:,} pixels; make it smaller first"
        ) from error
    except UnidentifiedImageError as error:
        if is_path and os.path.getsize(source) == 0:
            raise ImageError(f"{name}: the file is empty; copy or download it again") from error
        raise ImageError(
            f"{name}: not a picture that Pillow can read; convert it to JPEG or PNG"
        ) from error
    except Exception as error:
        # Decoders fed with damaged bytes fail in as many ways as there are formats (OSError,
        # SyntaxError, struct.error, zlib.error, IndexError ...): to the user it is one thing.
        raise ImageError(
            f"{name}: the picture is damaged or cut short ({error}); copy or download it again"
        ) from error
    if upright is not None:
        rgb = rgb.transpose(upright)
        alpha = alpha.transpose(upright) if alpha is not None else None
    return np.array(rgb), np.array(alpha) if alpha is not None else None


@cache
def _formats() -> tuple[str, ...]:
    Image.init()
    return tuple(name for name in Image.ID if name not in _NOT_PICTURES)


def _check(image: Image.Image, name: str) -> None:
    """Refuse, from the header alone, what would not come out as the one picture it seems to be."""
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"{name}: {width}x{height} is more than {MAX_PIXELS:,} pixels; make it smaller first"
        )
    if getattr(image, "is_animated", False) and image.format not in _FIRST_FRAME_IS_THE_PHOTO:
        raise ImageError(
            f"{name}: holds {image.n_frames} frames or pages; save the one you want as a PNG"
        )
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
        image = image.convert("RGBA")
        alpha = image.getchannel("A")
        image = image.convert("L" if is_grey else "RGB")
    elif image.mode == "1":
        image = image.convert("L")
    elif image.mode not in ("L", "CMYK", "LAB"):
        image = image.convert("RGB")
    return _to_srgb(image, icc), alpha


def _to_srgb(image: Image.Image, icc: bytes | None) -> Image.Image:
    """Convert an image of mode L, RGB, CMYK or LAB; a profile that is broken or does not fit it
    is ignored, as browsers do."""
    if icc:
        try:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            space = profile.profile.xcolor_space.strip()
            mode = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}.get(space)
            fits = mode == image.mode or (mode == "RGB" and image.mode == "L")
            if fits and not _is_srgb(profile):
                return ImageCms.profileToProfile(
                    image.convert(mode),
                    profile,
                    ImageCms.createProfile("sRGB"),
                    renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
                    outputMode="RGB",
                    flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
                )
        except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
            pass
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    return image.convert("RGB")


def _is_srgb(profile: ImageCms.ImageCmsProfile) -> bool:
    # Converting sRGB to sRGB would move some values by one level, for nothing.
    description = ImageCms.getProfileDescription(profile).lower()
    return "srgb" in description and "linear" not in description


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
    _require_uint8_rgb(image, 3)
    if alpha is not None and (alpha.dtype != np.uint8 or alpha.shape != image.shape[:2]):
        raise ValueError(
            f"alpha is {alpha.dtype}{list(alpha.shape)}; needs uint8{list(image.shape[:2])}"
        )
    Image.init()
    format_, options, holds_alpha = _WRITERS.get(path.suffix.lower(), (None, {}, False))
    if format_ not in Image.SAVE:
        known = " ".join(suffix for suffix, (kind, *_) in _WRITERS.items() if kind in Image.SAVE)
        raise ImageError(f"{path}: cannot write '{path.suffix}'; end the name in one of {known}")
    picture = Image.fromarray(image)
    if alpha is not None and holds_alpha:
        picture.putalpha(Image.fromarray(alpha))
    try:
        with replacing(path) as file:
            picture.save(file, format=format_, **options)
    except (OSError, ValueError) as error:
        raise ImageError(f"{path}: cannot be written ({error}); check folder and disk") from error


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
    scaled = np.multiply(images, np.float32(1 / 127.5), dtype=np.float32)
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
