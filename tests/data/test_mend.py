"""Sound photos whose file has a fault that viewers overlook are read, with a warning."""

import io
import struct
import warnings
import zlib

import numpy as np
import pytest
from pictures import make_photo
from test_images import encoded, linear_profile, srgb_curve

from lowlight_utils.data.images import ImageError, ImageWarning, read_image

RNG = np.random.default_rng(0)
# Grain, as in a dark photo: without it a JPEG's last rows are a few bytes.
GRAINY = np.clip(make_photo(192, 256) // 4 + RNG.normal(0, 6, (192, 256, 3)), 0, 255).astype("u1")
PHOTO = make_photo(40, 60)


def chunk(kind, data, sound=True):
    checksum = zlib.crc32(kind + data) ^ (not sound)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def png_with(extra, before=b"IDAT", picture=PHOTO):
    content = encoded(picture, "PNG")
    at = content.index(before) - 4
    return content[:at] + extra + content[at:]


def read(content):
    return read_image(io.BytesIO(content), name="photo")


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("subsampling", ["4:2:0", "4:4:4"])
@pytest.mark.parametrize("missing", [1, 2, 6])
def test_a_jpeg_without_its_end_is_read(progressive, subsampling, missing):
    content = encoded(GRAINY, "JPEG", progressive=progressive, subsampling=subsampling, quality=90)
    with pytest.warns(ImageWarning, match="photo: the end of the file is missing"):
        image = read(content[:-missing])
    whole = read(content).astype(int)
    # Colours at half the size are smoothed into the row above the last blocks.
    np.testing.assert_array_equal(image[:-17], whole[:-17])
    assert np.count_nonzero(np.abs(image - whole).max(-1)) <= 17 * 33


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("subsampling", ["4:2:0", "4:4:4"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.97])
def test_a_jpeg_that_lacks_more_is_refused(progressive, subsampling, share):
    content = encoded(GRAINY, "JPEG", progressive=progressive, subsampling=subsampling, quality=90)
    with pytest.raises(ImageError, match=r"damaged or cut short|not a picture"):
        read(content[: int(share * len(content))])


@pytest.mark.filterwarnings("ignore::lowlight_utils.data.errors.ImageWarning")
@pytest.mark.parametrize("progressive", [False, True])
def test_however_much_a_small_jpeg_lacks_no_more_than_a_corner_is_grey(progressive):
    photo = make_photo(48, 72) // 4
    content = encoded(photo, "JPEG", progressive=progressive)
    whole, reads = read(content).astype(int), 0
    for length in range(len(content) // 2, len(content)):
        try:
            image = read(content[:length])
        except ImageError:
            continue
        reads += 1
        assert np.abs(image - whole)[:31].max() <= 8
        assert np.count_nonzero(np.abs(image - whole).max(-1) > 40) <= 17 * 25
    assert reads


@pytest.mark.parametrize("kind", [b"tEXt", b"tIME", b"pHYs", b"zTXt", b"gAMA"])
def test_a_wrong_checksum_in_a_pngs_notes_costs_nothing(kind):
    content = png_with(chunk(kind, b"Comment\0\0\0\0", sound=False))
    with pytest.warns(ImageWarning, match=rf"damaged notes in it \({kind.decode()}\)"):
        np.testing.assert_array_equal(read(content), PHOTO)


@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt"])
def test_large_texts_in_a_png_cost_nothing(kind):
    packed = zlib.compress(b"a" * 2_000_000)
    data = {
        b"tEXt": b"Comment\0" + b"a" * 2_000_000,
        b"zTXt": b"Comment\0\0" + packed,
        b"iTXt": b"Comment\0\1\0\0\0" + packed,
    }[kind]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImageWarning)  # Pillow reads some of them by itself
        np.testing.assert_array_equal(read(png_with(chunk(kind, data))), PHOTO)


def test_a_large_profile_of_a_png_is_applied():
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    icc = linear_profile(b"RGB ")
    size = 1_500_000
    icc = struct.pack(">I", size) + icc[4:].ljust(size - 4, b"\0")
    content = png_with(
        chunk(b"iCCP", b"large\0\0" + zlib.compress(icc)), picture=np.dstack([ramp] * 3)
    )
    with pytest.warns(ImageWarning, match="notes"):
        image = read(content)
    assert np.abs(image[..., 1] - srgb_curve(ramp / 255)).max() <= 1


def test_a_profile_that_unpacks_without_end_is_left_out():
    content = png_with(chunk(b"iCCP", b"bomb\0\0" + zlib.compress(bytes(40_000_000))))
    with pytest.warns(ImageWarning, match="profile cannot be unpacked"):
        np.testing.assert_array_equal(read(content), PHOTO)


def test_pixels_that_do_not_match_their_checksum_are_refused():
    content = bytearray(encoded(PHOTO, "PNG", compress_level=0))  # so that one byte is one sample
    content[len(content) // 2] ^= 1
    with pytest.raises(ImageError, match="damaged"):
        read(bytes(content))


def test_a_header_that_does_not_match_its_checksum_is_refused():
    content = bytearray(encoded(PHOTO, "PNG"))
    content[29] ^= 1
    with pytest.raises(ImageError, match=r"damaged|not a picture"):
        read(bytes(content))


def test_a_sound_file_brings_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for format_ in ("JPEG", "PNG", "TIFF", "WEBP"):
            read(encoded(PHOTO, format_))
