"""Files with a fault that every viewer overlooks: made whole, so that Pillow reads them too.

Nothing is guessed. A file is mended only where the whole photo is there: what is missing is its end
mark or its last few bytes, and what is left out are notes, not pixels.
"""

import io
import struct
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

_JPEG_END = b"\xff\xd9"
_CORNER = 64  # pixels at the end of the last row of blocks that may be grey, in a large photo
_TAIL = 64  # bytes of a JPEG file whose effect shows where its data end
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# What decides over the picture, or over whether there is more than one; the rest is notes.
_PNG_KEPT = frozenset(b"IHDR PLTE IDAT IEND tRNS eXIf acTL fcTL fdAT".split())
_ICC_MOST = 2**24  # bytes of an unpacked profile; the largest of printers have some millions


@dataclass(frozen=True)
class Mended:
    """A file made whole.

    Attributes
    ----------
    content : bytes
    fault : str
        What was wrong with it.
    icc : bytes or None
        A colour profile that Pillow would refuse to unpack from it.
    """

    content: bytes
    fault: str
    icc: bytes | None = None


def mend(content: bytes, formats: Collection[str] = ("JPEG", "PNG")) -> Mended | None:
    """Make a file of one of these formats whole; None if there is nothing that may be mended."""
    if content.startswith(b"\xff\xd8") and "JPEG" in formats:
        return _mend_jpeg(content)
    if content.startswith(_PNG_SIGNATURE) and "PNG" in formats:
        return _mend_png(content)
    return None


def _mend_jpeg(content: bytes) -> Mended | None:
    begin = _last_scan(content)
    if content.rstrip(b"\0").endswith(_JPEG_END) or begin is None:
        return None
    # Where do the data end? Where the picture changes when some more of them are taken away.
    whole = _last_blocks(content + _JPEG_END)
    shorter = _last_blocks(content[: max(begin, len(content) - _TAIL)] + _JPEG_END)
    changed = np.flatnonzero((whole != shorter).any((0, 2) if whole.ndim == 3 else 0))
    width = whole.shape[1]
    if not len(changed) or changed[-1] < width - max(16, min(_CORNER, width // 8)):
        return None
    return Mended(
        content + _JPEG_END, "the end of the file is missing; the last corner may be grey"
    )


def _last_blocks(content: bytes) -> np.ndarray:
    with cast(JpegImageFile, Image.open(io.BytesIO(content), formats=("JPEG",))) as image:
        rows = 8 * max(vertical for _, _, vertical, _ in image.layer)
        width, height = image.size
        top = (height - 1) // rows * rows
        # Its first row shows colours of the blocks above: those at half the size are smoothed.
        return np.asarray(image.crop((0, min(top + 1, height - 1), width, height)))


def _last_scan(content: bytes) -> int | None:
    """Find where the data of the last scan begin, with the last bits of every coefficient; None if
    the file does not get that far.
    """
    left = None  # (component, coefficient) whose last bits have not come yet
    begin = None
    for marker, segment, end in _jpeg_segments(content):
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # a frame
            components = [segment[6 + 3 * i] for i in range(segment[5])]
            left = {(component, k) for component in components for k in range(64)}
        elif marker == 0xDA and left is not None:  # a scan
            count, begin = segment[0], end
            first, last, bits = segment[1 + 2 * count : 4 + 2 * count]
            if bits & 15 == 0:
                scanned = segment[1 : 1 + 2 * count : 2]
                left -= {(c, k) for c in scanned for k in range(first, last + 1)}
    return begin if left is not None and not left else None


def _jpeg_segments(content: bytes) -> Iterator[tuple[int, bytes, int]]:
    at = 2
    while at + 4 <= len(content):
        marker = content[at + 1]
        if content[at] != 0xFF or marker in (0, 0xFF) or 0xD0 <= marker <= 0xD7:
            # Within the packed data: on to the next marker.
            at = content.find(b"\xff", at + 1)
            if at < 0:
                return
            continue
        size = int.from_bytes(content[at + 2 : at + 4])
        segment = content[at + 4 : at + 2 + size]
        if len(segment) < size - 2:
            return
        at += 2 + size
        yield marker, segment, at


def _mend_png(content: bytes) -> Mended | None:
    kept, icc, wrong, large = [_PNG_SIGNATURE], None, [], []
    for kind, data, chunk, sound in _png_chunks(content):
        name = kind.decode("latin-1")
        if not sound and kind[0] & 32:  # ancillary, says the small letter
            wrong.append(name)
        elif kind == b"iCCP" and sound:
            icc = _profile(data)
            if icc is None:
                large.append(name)
        elif kind in _PNG_KEPT:
            kept.append(chunk)
    if wrong:
        fault = f"damaged notes in it ({', '.join(sorted(set(wrong)))}) are left out"
    elif large:
        fault = "its colour profile cannot be unpacked and is left out"
    else:
        fault = "its notes are of an unusual size or kind and are left out"
    return Mended(b"".join(kept), fault, icc)


def _png_chunks(content: bytes) -> Iterator[tuple[bytes, bytes, bytes, bool]]:
    """Give each whole chunk: its kind, its data, all of it, and whether its checksum is right."""
    at = len(_PNG_SIGNATURE)
    while at + 12 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        chunk = content[at : at + 12 + size]
        if len(chunk) < 12 + size:
            return
        yield kind, chunk[8:-4], chunk, zlib.crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:])
        at += 12 + size


def _profile(data: bytes) -> bytes | None:
    _, _, packed = data.partition(b"\0")
    try:
        unpack = zlib.decompressobj()
        icc = unpack.decompress(packed[1:], _ICC_MOST)
        return None if unpack.unconsumed_tail else icc
    except zlib.error:
        return None
