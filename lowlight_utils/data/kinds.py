"""What a file is, told by its first bytes and not by its name; and what is not read, and why."""

from importlib.util import find_spec
from pathlib import PurePath
from typing import BinaryIO

RAW = "a camera RAW file; export it as JPEG, PNG or 16-bit TIFF first"
RAW_WITHOUT_LIBRAW = (
    "a camera RAW file; pip install rawpy (the extra raw) lets it be read, or export it as JPEG,"
    " PNG or 16-bit TIFF"
)
JPEG_XL = "a JPEG XL file; convert it to JPEG or PNG first"

RAW_SUFFIXES = frozenset(
    ".3fr .arw .cr2 .cr3 .crw .dcr .dng .erf .fff .iiq .kdc .mef .mos .mrw .nef .nrw .orf .pef .raf"
    " .raw .rw2 .rwl .sr2 .srf .srw .x3f".split()
)
"""What cameras call their RAW files."""

TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_HEIF_BRANDS = frozenset(b"heic heix heim heis hevc hevx mif1 msf1".split())
_VIDEO_BRANDS = frozenset(b"isom iso2 iso4 iso5 iso6 mp41 mp42 avc1 M4V qt 3gp4 3gp5 3gp6".split())
_RAW_MAGIC = (
    *(b"IIU\0", b"IIRO", b"IIRS", b"MMOR"),  # Panasonic and Leica; Olympus
    *(b"FUJIFILMCCD-RAW", b"\0MRM", b"FOVb", b"II\x1a\0\0\0HEAPCCDR"),  # Minolta, Sigma, Canon CRW
)
_OTHERS = {
    b"\xff\x0a": JPEG_XL,
    b"\0\0\0\x0cJXL \r\n\x87\n": JPEG_XL,
    b"\x76\x2f\x31\x01": "an OpenEXR file; export it as 16-bit TIFF or PNG first",
    b"#?RADIANCE": "a Radiance HDR file; export it as 16-bit TIFF or PNG first",
    b"%PDF-": "a PDF file; export the picture in it as JPEG or PNG",
    b"PK\x03\x04": "a ZIP archive; unpack it first",
    b"\x1aE\xdf\xa3": "a video; export the frame that you want as PNG",
}


def first_bytes(file: BinaryIO) -> bytes:
    """Read what tells a file's kind, and go back to its beginning."""
    file.seek(0)
    head = file.read(64)
    file.seek(0)
    return head


def is_raw(head: bytes) -> bool:
    """Say whether a file is a camera's RAW format that its first bytes give away.

    Most of the others are TIFF files, see `lowlight_utils.data.tiff`.
    """
    canon = head[4:12] == b"ftypcrx " or (head[:4] in TIFF_MAGIC and head[8:10] == b"CR")
    return canon or head.startswith(_RAW_MAGIC)


def describe(head: bytes) -> str | None:
    """Say what a file is that is not read, and what to do with it; None if it is unknown."""
    if is_raw(head):
        return RAW
    for magic, what in _OTHERS.items():
        if head.startswith(magic):
            return what
    if head[4:8] == b"ftyp" and head[8:12].strip() in _VIDEO_BRANDS:
        return "a video; export the frame that you want as PNG"
    return None


def is_heif(head: bytes) -> bool:
    """Say whether this is one of phones' HEIF or HEIC photos."""
    return head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS


def reads_raw() -> bool:
    """Say whether cameras' RAW files are read here: the package rawpy is installed."""
    return find_spec("rawpy") is not None


def is_photo_that_is_not_read(name: str) -> bool:
    """Say, by its name alone, whether a file is a photo of a kind that is not read."""
    suffix = PurePath(name).suffix.lower()
    if suffix in RAW_SUFFIXES:
        return not reads_raw()
    return suffix in (".exr", ".hdr", ".jxl", ".psb", ".xcf")
