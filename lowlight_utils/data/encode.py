"""From an array to a picture file that is written whole or not at all."""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from lowlight_utils.data.errors import ImageError
from lowlight_utils.data.kinds import RAW_SUFFIXES
from lowlight_utils.files import replacing

_JPEG = {"quality": 95, "subsampling": "4:4:4"}
_DEFLATE = {"compression": "tiff_adobe_deflate"}
_WRITERS: dict[
    str, tuple[str, dict[str, Any], bool]
] = {  # suffix: (Pillow's format, its options, whether it holds an alpha channel)
    ".avif": ("AVIF", {"quality": 90, "subsampling": "4:4:4"}, True),
    ".bmp": ("BMP", {}, False),
    ".gif": ("GIF", {}, False),
    ".j2k": ("JPEG2000", {"no_jp2": True}, True),
    ".jfif": ("JPEG", _JPEG, False),
    ".jp2": ("JPEG2000", {}, True),
    ".jpe": ("JPEG", _JPEG, False),
    ".jpeg": ("JPEG", _JPEG, False),
    ".jpg": ("JPEG", _JPEG, False),
    ".png": ("PNG", {}, True),
    ".pnm": ("PPM", {}, False),
    ".ppm": ("PPM", {}, False),
    ".tga": ("TGA", {}, True),
    ".tif": ("TIFF", _DEFLATE, True),
    ".tiff": ("TIFF", _DEFLATE, True),
    ".webp": ("WEBP", {"lossless": True, "exact": True}, True),
}
_DEEP = ("PNG", "TIFF")
_LIKE_A_JPEG = frozenset({".heic", ".heif", ".hif", ".mpo"}) | RAW_SUFFIXES


def writable_suffixes() -> tuple[str, ...]:
    """Give the suffixes that `write_image` can write in this installation of Pillow."""
    Image.init()
    return tuple(suffix for suffix, (kind, *_) in _WRITERS.items() if kind in Image.SAVE)


def suffix_for(source: str | os.PathLike) -> str:
    """Choose the suffix for a picture that was made from another: the same, where it can be.

    Examples
    --------
    >>> suffix_for("holiday.PNG"), suffix_for("phone.HEIC"), suffix_for("scan.pgm")
    ('.PNG', '.jpg', '.png')
    """
    suffix = Path(source).suffix
    if suffix.lower() in writable_suffixes():
        return suffix
    return ".jpg" if suffix.lower() in _LIKE_A_JPEG else ".png"


def holds_16_bits(suffix: str) -> bool:
    """Say whether `write_image` writes 16 bits a channel under a suffix."""
    return _WRITERS.get(suffix.lower(), ("",))[0] in _DEEP


def check_suffix(name: str | os.PathLike, suffix: str) -> None:
    """Refuse a suffix that cannot be written.

    Raises
    ------
    ImageError
        The message names `name`, and the suffixes that can.
    """
    if suffix.lower() not in writable_suffixes():
        known = " ".join(writable_suffixes())
        raise ImageError(f"{name}: cannot write '{suffix}'; end the name in one of {known}")


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
        PNG, TIFF, BMP, PPM, TGA, JPEG 2000 and WebP lose nothing.
    image : uint8[H, W, 3] or uint16[H, W, 3]
        sRGB, in the order red, green, blue. PNG and TIFF alone hold uint16.
    alpha : uint8[H, W], optional
        Transparency; left out where the format has none (JPEG, BMP, PPM, GIF).

    Raises
    ------
    ImageError
        The suffix is not one that can be written, or the encoder or the disk refused.
    ValueError
        `image` or `alpha` is not of the shape and type above.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> write_image(folder / "new" / "black.png", np.zeros((2, 3, 3), np.uint8))
    >>> write_image(folder / "black.doc", np.zeros((2, 3, 3), np.uint8))
    Traceback (most recent call last):
    lowlight_utils.data.errors.ImageError: ...black.doc: cannot write '.doc'; ...
    """
    path = Path(path)
    save = _prepare(str(path), path.suffix, image, alpha)
    try:
        with replacing(path) as file:
            save(file)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ImageError(f"{path}: cannot be written ({reason}); check folder and disk") from error


def encode_image(
    image: np.ndarray, suffix: str, alpha: np.ndarray | None = None, **options: Any
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
    save = _prepare("picture", suffix, image, alpha, **options)
    buffer = io.BytesIO()
    try:
        save(buffer)
    except (OSError, ValueError) as error:
        raise ImageError(f"picture: cannot be written as {suffix} ({error})") from error
    return buffer.getvalue()


def _prepare(
    name: str, suffix: str, image: np.ndarray, alpha: np.ndarray | None, **options: Any
) -> Callable[[BinaryIO], None]:
    """Check what is to be written; give a function that writes it to a file."""
    fits = image.dtype in (np.uint8, np.uint16) and image.ndim == 3 and image.shape[-1] == 3
    if not fits:
        raise ValueError(
            "needs uint8[H, W, 3] with values 0 to 255, or uint16[H, W, 3] with values 0 to 65535,"
            f" but got {image.dtype}{list(image.shape)}"
        )
    if alpha is not None and (alpha.dtype != np.uint8 or alpha.shape != image.shape[:2]):
        raise ValueError(
            f"alpha is {alpha.dtype}{list(alpha.shape)}; needs uint8{list(image.shape[:2])}"
        )
    check_suffix(name, suffix)
    format_, defaults, holds_alpha = _WRITERS[suffix.lower()]
    alpha = alpha if holds_alpha else None
    if image.dtype == np.uint16:
        if format_ not in _DEEP:
            raise ImageError(
                f"{name}: '{suffix}' holds 8 bits a channel, the picture has 16; write .png or .tif"
            )
        return lambda file: _save_deep(file, format_, image, alpha)
    picture = Image.fromarray(image)
    if alpha is not None:
        picture.putalpha(Image.fromarray(alpha))

    def save(file: BinaryIO) -> None:
        if format_ not in ("JPEG2000", "TIFF"):
            picture.save(file, format=format_, **(defaults | options))
            return
        # Their libraries write past Python: on a full disk OpenJPEG would try for ever, and libtiff
        # not say why it gives up.
        buffer = io.BytesIO()
        picture.save(buffer, format=format_, **(defaults | options))
        file.write(buffer.getbuffer())

    return save


def _save_deep(file: BinaryIO, format_: str, image: np.ndarray, alpha: np.ndarray | None) -> None:
    if alpha is not None:
        image = np.dstack([image, alpha.astype(np.uint16) * 257])
    if format_ == "PNG":
        import imagecodecs

        # Run lengths after differences: as small as a longer search makes noisy samples, and fast.
        file.write(imagecodecs.png_encode(image, level=1, strategy=3, filter=16))
        return
    import tifffile

    tifffile.imwrite(
        file,
        image,
        photometric="rgb",
        extrasamples=None if alpha is None else ["unassalpha"],
        compression="adobe_deflate",
        predictor=True,
        rowsperstrip=64,
        metadata=None,
        software=False,
    )
