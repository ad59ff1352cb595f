"""`look`: what a file's first bytes and headers tell, before anybody waits for it.

Done in the server itself, in plain Python, and nothing is decoded: junk, too many pixels and what
is built to take long are refused at once, and never stand in line before a photo. Whatever this
does not understand goes on to the worker, whose decoders say what is wrong with it.
"""

import re
import struct
from collections.abc import Iterator

from lowlight_utils.data import kinds
from lowlight_utils.web.job import Refused

TAKEN = "JPEG, PNG, WebP, TIFF, AVIF or HEIC"
NOT_TAKEN = {
    b"BM": "a BMP picture; save it as PNG first",
    b"GIF8": "a GIF; save the picture in it as PNG first",
    b"\0\0\x01\0": "an icon; save the picture in it as PNG first",
    b"8BPS": "a Photoshop file; export it as JPEG, PNG or TIFF first",
    b"<svg": "a drawing, not a photo",
}
# Far beyond what cameras and programs write: a progressive JPEG has some 10 scans, a phone's HEIC
# some 200 tiles, libpng a chunk every 8192 bytes.
MOST_SCANS = 100
MOST_SCANNED = 16  # times `max_pixels`: scans times pixels
MOST_SEGMENTS = 10_000
LEAST_CHUNK = 1000  # bytes of a PNG's chunks, on average
MOST_TILES = 50_000
MOST_TILED = 4  # times `max_pixels`: what all tiles hold, within the picture and beyond it
MOST_PAGES = 100  # of a TIFF
MOST_ENTRIES = 1000  # of one page's directory
MOST_CHANNELS = 16
MOST_ITEMS = 2000

_JPEG_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_SIZES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # the markers that start a frame
_TIFF_TYPES = {1: "B", 3: "H", 4: "I"}
_WIDTH, _HEIGHT, _COMPRESSION, _SAMPLES = 256, 257, 259, 277  # TIFF's numbers for them
_PLANES, _SUB_PAGES, _STRIP_HEIGHT, _TILE_WIDTH, _TILE_HEIGHT = 284, 330, 278, 322, 323


def look(content: bytes, name: str, max_pixels: int) -> None:
    """Look at a file without decoding it.

    Raises
    ------
    Refused
        415 if it is no picture of a kind that is taken, 413 if it has too many pixels, 422 if it
        is animated, or made of more pieces than any photo.
    """
    head = content[:64]
    if head.startswith(b"\xff\xd8\xff"):
        seen = _jpeg
    elif head.startswith(b"\x89PNG\r\n\x1a\n"):
        seen = _png
    elif head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        seen = _webp
    elif head[:4] in kinds.TIFF_MAGIC and not kinds.is_raw(head):
        seen = _tiff
    elif kinds.is_heif(head) or (head[4:8] == b"ftyp" and head[8:12] in (b"avif", b"avis")):
        seen = _heif
    else:
        raise Refused(415, f"{name}: {_what(head)}")
    try:
        for pixels, problem in seen(content, max_pixels):
            if pixels > max_pixels:
                raise Refused(
                    413, f"{name}: has more than {max_pixels:,} pixels; make it smaller first"
                )
            if problem:
                raise Refused(422, f"{name}: {problem}; save it anew as a plain JPEG or PNG")
    except (struct.error, IndexError):  # cut short: the decoder knows where
        return


def _what(head: bytes) -> str:
    told = kinds.describe(head)
    for magic, what in NOT_TAKEN.items():
        if head.lstrip().startswith(magic):
            told = told or what
    return told or f"not a picture of the formats that are taken here; convert it to {TAKEN}"


Seen = Iterator[tuple[int, str]]
"""Pixels (0 if they are not the matter), and what is wrong, if anything."""


def _jpeg(content: bytes, max_pixels: int) -> Seen:
    at, scans, pixels, segments = 2, 0, 0, 0
    while found := _JPEG_MARKER.search(content, at):
        marker, at = content[found.end() - 1], found.end()
        segments += 1
        if segments > MOST_SEGMENTS:
            yield 0, f"is made of more than {MOST_SEGMENTS:,} segments"
        if marker == 0xD9:  # the end; phones put a second picture behind it
            return
        if marker == 0x01:
            continue
        (length,) = struct.unpack_from(">H", content, at)
        if marker in _SIZES and not pixels:
            height, width = struct.unpack_from(">HH", content, at + 3)
            pixels = height * width
            yield pixels, ""
        if marker == 0xDA:
            scans += 1
            if scans > MOST_SCANS or scans * pixels > MOST_SCANNED * max_pixels:
                yield 0, f"repeats itself in more than {scans - 1} scans"
        at += max(2, length)


def _png(content: bytes, max_pixels: int) -> Seen:
    width, height = struct.unpack_from(">II", content, 16)
    yield width * height, ""
    at, chunks, most = 8, 0, 1000 + len(content) // LEAST_CHUNK
    while at < len(content):
        (length,) = struct.unpack_from(">I", content, at)
        kind = content[at + 4 : at + 8]
        if kind == b"acTL" and struct.unpack_from(">I", content, at + 8)[0] > 1:
            yield 0, "is animated"
        chunks += 1
        if chunks > most:
            yield 0, f"is made of more than {most:,} chunks"
        if kind == b"IEND":
            return
        at += length + 12


def _webp(content: bytes, max_pixels: int) -> Seen:
    if content[12:16] == b"VP8X":
        flags = content[20]
        width, height = (int.from_bytes(content[i : i + 3], "little") + 1 for i in (24, 27))
        yield width * height, "is animated" if flags & 2 else ""


def _tiff(content: bytes, max_pixels: int) -> Seen:
    order = "<" if content[:1] == b"I" else ">"
    big = b"+" in content[2:4]
    # How many entries a page has; each one's tag, type, count and value; where the next page is.
    many, entry, place = (
        f"{order}{x}" for x in (("Q", "HHQ8s", "Q") if big else ("H", "HHI4s", "I"))
    )
    pages: set[int] = set()
    pieces, with_jpeg = 0, False
    (at,) = struct.unpack_from(place, content, 8 if big else 4)
    while at and at not in pages:
        pages.add(at)
        (entries,) = struct.unpack_from(many, content, at)
        if len(pages) > MOST_PAGES or entries > MOST_ENTRIES:
            yield 0, f"has more than {MOST_PAGES} pages, or {MOST_ENTRIES:,} notes on one"
        first = at + struct.calcsize(many)
        end = first + struct.calcsize(entry) * entries
        tags = {}
        for tag, kind, count, value in struct.iter_unpack(entry, content[first:end]):
            if count == 1 and kind in _TIFF_TYPES:
                (tags[tag],) = struct.unpack_from(f"{order}{_TIFF_TYPES[kind]}", value)
            if tag == _SUB_PAGES and count > MOST_PAGES:
                yield 0, f"has more than {MOST_PAGES} pages within one"
        width, height = tags.get(_WIDTH, 0), tags.get(_HEIGHT, 0)
        yield (width * height if len(pages) == 1 else 0), ""
        if (samples := tags.get(_SAMPLES, 1)) > MOST_CHANNELS:
            yield 0, f"has more than {MOST_CHANNELS} channels"
        wide = tags.get(_TILE_WIDTH) or width or 1
        tall = tags.get(_TILE_HEIGHT) or tags.get(_STRIP_HEIGHT) or height or 1
        tiles = -(-width // wide) * -(-height // tall)
        pieces += tiles * (samples if tags.get(_PLANES) == 2 else 1)
        if pieces > MOST_TILES:
            yield 0, f"is made of more than {MOST_TILES:,} tiles"
        if _TILE_WIDTH in tags and tiles * wide * tall > MOST_TILED * max_pixels:
            yield 0, "has tiles that are much larger than itself"
        with_jpeg |= tags.get(_COMPRESSION) in (6, 7)
        (at,) = struct.unpack_from(place, content, end)
    if with_jpeg and content.count(b"\xff\xda") > MOST_SCANS + pieces:
        yield 0, f"repeats itself in more than {MOST_SCANS} scans"


def _heif(content: bytes, max_pixels: int) -> Seen:
    at = 0
    while at < len(content):  # the boxes of the file itself
        length, kind = struct.unpack_from(">I4s", content, at)
        if kind == b"meta":
            break
        if length < 8:  # "to the end", or in 64 bits: none that a photo begins with
            return
        at += length
    meta = content[at : at + length]
    items = meta.find(b"iinf")
    if items >= 0:
        many = struct.unpack_from(">I" if meta[items + 4] else ">H", meta, items + 8)[0]
        if many > MOST_ITEMS:
            yield 0, f"is made of more than {MOST_ITEMS:,} pieces"
    for found in re.finditer(b"ispe", meta):  # sizes: the photo's, its tiles', its thumbnail's
        width, height = struct.unpack_from(">II", meta, found.end() + 4)
        yield width * height, ""
