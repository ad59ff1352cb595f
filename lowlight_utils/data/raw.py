"""Cameras' RAW files, developed by LibRaw: linear light first, and sRGB once it is exposed.

The camera's own white balance and orientation apply. No channel is clipped at the sensor's white
before the others are: highlights that one channel still shows are kept, and rolled off below white
as they are exposed.
"""

import contextlib
import os
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from lowlight_utils.data import kinds
from lowlight_utils.data.camera import roll_off
from lowlight_utils.data.errors import ImageError, ImageTooLarge, UnknownFormat
from lowlight_utils.data.srgb import linear_to_srgb

if TYPE_CHECKING:
    import rawpy

KNEE = 0.8  # of white: brighter light is rolled off
_one_at_a_time = threading.Lock()


@contextlib.contextmanager
def opened(file: BinaryIO, name: str, max_pixels: int) -> Iterator["rawpy.RawPy"]:
    """Open a RAW file, and refuse it by its header where it is too large.

    Raises
    ------
    UnknownFormat
        The package rawpy is not installed, or LibRaw does not know this kind of file.
    ImageError
        The file is damaged, or too large; raised within the block too.
    """
    try:
        import rawpy
    except ImportError as error:
        raise UnknownFormat(f"{name}: {kinds.RAW_WITHOUT_LIBRAW}") from error
    # What LibRaw finds wrong it also writes to standard error, and without the file's name.
    with _one_at_a_time, _silent():
        try:
            with rawpy.imread(file) as raw:
                size = raw.sizes
                if size.raw_width * size.raw_height > max_pixels:
                    raise ImageTooLarge(
                        f"{name}: {size.width}x{size.height} is more than {max_pixels:,} pixels;"
                        " make it smaller first"
                    )
                yield raw
        except (rawpy.LibRawFileUnsupportedError, rawpy.NotSupportedError) as error:
            raise UnknownFormat(
                f"{name}: not a camera RAW file of a kind that LibRaw reads; export it as JPEG, PNG"
                " or 16-bit TIFF"
            ) from error
        except rawpy.LibRawUnsufficientMemoryError as error:
            raise MemoryError(name) from error
        except rawpy.LibRawError as error:
            reason = error.args[0] if error.args else type(error).__name__
            reason = reason.decode(errors="replace") if isinstance(reason, bytes) else reason
            raise ImageError(
                f"{name}: the RAW file is damaged or cut short ({reason}); copy it again"
            ) from error


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # it may be closed
            kept = os.dup(2)
            stack.callback(os.close, kept)
            stack.callback(os.dup2, kept, 2)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)
        yield


def develop(raw: "rawpy.RawPy") -> tuple[np.ndarray, float]:
    """Develop an open RAW file to linear light, upright, in sRGB's primaries.

    Returns
    -------
    linear : uint16[H, W, 3]
    gain : float
        ``linear / 65535 * gain`` is the light, where 1 fills the sensor's least sensitive channel;
        what the others still show beyond is above 1.
    """
    import rawpy

    balance = list(raw.camera_whitebalance)
    if min(balance[:3]) <= 0:
        balance = list(raw.daylight_whitebalance)
    balance[3] = balance[3] if balance[3] > 0 else balance[1]
    linear = raw.postprocess(
        user_wb=balance,
        highlight_mode=rawpy.HighlightMode.Blend,
        gamma=(1, 1),
        no_auto_bright=True,
        adjust_maximum_thr=0,
        output_bps=16,
        output_color=rawpy.ColorSpace.sRGB,
    )
    linear = linear[..., None] if linear.ndim == 2 else linear
    if linear.shape[-1] == 1:  # a sensor without colour filters
        linear = np.repeat(linear, 3, axis=-1)
    # LibRaw scales down until the channel that is raised most fits.
    return linear, max(balance) / min(balance)


def expose_to_srgb(linear: np.ndarray, gain: float) -> np.ndarray:
    """Expose what `develop` gave; light above `KNEE` is rolled off and never quite white.

    Parameters
    ----------
    linear : uint16[H, W, 3]
    gain : float
        Times what makes it brighter or darker than the camera's exposure.

    Returns
    -------
    uint16[H, W, 3]
        sRGB.
    """
    light = np.arange(65536) / 65535 * gain
    return np.rint(linear_to_srgb(roll_off(light, KNEE)) * 65535).astype(np.uint16)[linear]


def read_raw(file: BinaryIO, name: str, max_pixels: int) -> np.ndarray:
    """Develop a RAW file as the camera exposed it, to uint16[H, W, 3] in sRGB; see `opened`."""
    with opened(file, name, max_pixels) as raw:
        linear, gain = develop(raw)
    return expose_to_srgb(linear, gain)
