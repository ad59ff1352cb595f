"""What a server must refuse.

Write `status(content, max_bytes, max_pixels)`: it gets the bytes that a stranger has sent, and returns the HTTP status to answer with.

| status | when |
| --- | --- |
| 400 | there is nothing |
| 413 | more than `max_bytes`, or a photo of more than `max_pixels` |
| 415 | no JPEG, PNG or WebP |
| 422 | one of the three, but damaged or cut short |
| 200 | a whole photo within the limits |

Refuse early: a file's header says how many pixels there are, and a file of some kilobytes may unpack to gigabytes. Pillow's `Image.open` reads the header, and takes a list
`formats=`; `load` decodes. No exception may leave the function.
"""

# %% answer
import io

from PIL import Image, UnidentifiedImageError


def status(content, max_bytes, max_pixels):
    """Return the HTTP status for a file's bytes: 200, 400, 413, 415 or 422."""
    ### BEGIN SOLUTION
    if not content:
        return 400
    if len(content) > max_bytes:
        return 413
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP")) as photo:
            if photo.width * photo.height > max_pixels:
                return 413
            photo.load()
    except Image.DecompressionBombError:
        return 413
    except UnidentifiedImageError:
        return 415
    except Exception:  # a decoder may stumble in any way
        return 422
    return 200
    ### END SOLUTION


# %% check
import struct
import zlib

import numpy as np

from lowlight_utils.coursework.checking import Wrong, require

MAX_BYTES, MAX_PIXELS = 60_000, 10_000


def check(answer, rng):
    """Refusing early: bytes before pixels, pixels before decoding; each refusal by its status."""
    photo = Image.fromarray(rng.integers(0, 256, (100, 100, 3)).astype(np.uint8))
    small = photo.resize((40, 30))
    whole = {kind: _file(small, kind) for kind in ("JPEG", "PNG", "WEBP")}
    cases = {f"a whole {kind}": (content, 200) for kind, content in whole.items()}
    cases |= {
        "nothing": (b"", 400),
        "a text": (b"this is no picture, whatever its name says", 415),
        "a whole GIF": (_file(small, "GIF"), 415),
        "noise": (b"\x01" + rng.bytes(500), 415),
        "a photo of just as many pixels as are allowed": (_file(photo, "JPEG"), 200),
        "a photo of one row too many": (_file(photo.resize((100, 101)), "JPEG"), 413),
        "a text of too many bytes": (b"a" * (MAX_BYTES + 1), 413),
        "a PNG that says it has 81 megapixels": (_bomb(9000), 413),
        "a PNG that says it has 3600 megapixels": (_bomb(60_000), 413),
        "half a PNG": (whole["PNG"][: len(whole["PNG"]) // 2], 422),
        "half a JPEG": (_file(photo, "JPEG")[: len(_file(photo, "JPEG")) // 2], 422),
    }
    for name, (content, wanted) in cases.items():
        try:
            got = answer(content, MAX_BYTES, MAX_PIXELS)
        except NotImplementedError:
            raise
        except Exception as error:
            raise Wrong(f"{name} stops the server with {type(error).__name__}: {error}") from error
        require(got is not None, f"{name} gets no status")
        require(int(got) == wanted, f"{name} gets {int(got)}")


def _file(photo, kind):
    buffer = io.BytesIO()
    photo.save(buffer, kind)
    return buffer.getvalue()


def _bomb(side):
    """Make a PNG whose header promises side x side pixels; there is next to nothing behind it."""
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    parts = {b"IHDR": header, b"IDAT": zlib.compress(bytes(100)), b"IEND": b""}
    file = b"\x89PNG\r\n\x1a\n"
    for name, content in parts.items():
        file += struct.pack(">I", len(content)) + name + content
        file += struct.pack(">I", zlib.crc32(name + content))
    return file


MINUTES = 25
RUBRIC = (
    (1, "whole photos, up to both limits"),
    (2, "bytes first, pixels before decoding"),
    (1, "what is none of the three formats"),
    (1, "damaged files; no exception leaves the function"),
)
MISTAKES = (
    ("load() before looking at the size", "the bomb goes off, or counts as damaged"),
    ("goes by the file's name", "there is none, and strangers write what they like"),
    ("Image.open without formats", "Pillow knows some fifty formats, and each is a way in"),
    ("DecompressionBombError is not caught", "Pillow raises it at 179 megapixels, on opening"),
)
