"""What is refused before anybody decodes it: by its first bytes, its size, its many pieces."""

import struct

import numpy as np
import pytest
from PIL import Image
from uploads import bad_uploads, dark_photo, file_of, good, odd_modes, png, png_chunk

from lowlight_utils.web.job import Refused
from lowlight_utils.web.look import look

MOST = 25_000_000


def status(content, most=MOST):
    try:
        look(content, "walk.jpg", most)
    except Refused as refused:
        assert str(refused).startswith("walk.jpg: ")
        return refused.status
    return 200


def scans(many, side=16):
    """A progressive JPEG whose last scan is there many times."""
    content = file_of(dark_photo(side, side), "JPEG", progressive=True)
    at = content.rindex(b"\xff\xda")
    return content[:at] + content[at:-2] * many + b"\xff\xd9"


def tiff(big=False, **tags):
    """A TIFF file's directory alone, with these of TIFF's numbers."""
    many, entry, place = ("<Q", "<HHQQ", "<Q") if big else ("<H", "<HHII", "<I")
    start = b"II+\0\x08\0\0\0" if big else b"II*\0"
    first = struct.pack(place, 16 if big else 8)
    usual = {"w256": 64, "h257": 48, "bits258": 8}
    numbers = {
        int(name.lstrip("abcdefghijklmnopqrstuvwxyz")): x for name, x in (usual | tags).items()
    }
    entries = [struct.pack(entry, number, 4, 1, x) for number, x in sorted(numbers.items())]
    return (
        start + first + struct.pack(many, len(entries)) + b"".join(entries) + struct.pack(place, 0)
    )


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".avif"])
def test_photos_pass(suffix):
    assert status(good(suffix)) == 200


def test_a_phones_photo_passes():
    pytest.importorskip("pillow_heif")
    assert status(file_of(dark_photo(64, 96), "HEIF")) == 200


@pytest.mark.parametrize("name", odd_modes())
def test_odd_modes_pass(name):
    assert status(odd_modes()[name]) == 200


@pytest.mark.parametrize("name", bad_uploads())
def test_nothing_is_refused_that_the_decoder_would_take(name):
    content, right = bad_uploads()[name]
    assert status(content) in right | {200}


def test_a_jpeg_with_two_thousand_scans_is_refused_and_one_with_some_is_not():
    assert status(scans(2000)) == 422
    assert status(scans(8)) == 200


def test_of_a_large_photo_fewer_scans_are_taken():
    assert status(scans(40), most=16 * 16) == 422


def test_a_jpeg_or_png_of_very_many_tiny_pieces_is_refused():
    whole = good(".jpg")
    assert status(whole[:2] + b"\xff\xfe\x00\x02" * 20_000 + whole[2:]) == 422
    assert status(png(4, 4, before=png_chunk(b"teXt", b"") * 20_000)) == 422


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_animations_are_refused(kind):
    frames = [Image.fromarray(dark_photo(seed=seed)) for seed in range(2)]
    content = file_of(frames[0], kind, save_all=True, append_images=frames[1:])
    assert status(content) == 422


@pytest.mark.parametrize("big", [False, True], ids=["TIFF", "BigTIFF"])
@pytest.mark.parametrize(
    ("few", "many"),
    [
        ({"h257": 60_000, "strip278": 100}, {"h257": 60_000, "strip278": 1}),
        ({"tile322": 256, "tile323": 256}, {"tile322": 60_000, "tile323": 60_000}),
        ({"samples277": 4}, {"samples277": 60_000}),
        (
            {"samples277": 4, "planes284": 2},
            {"h257": 13_000, "strip278": 1, "samples277": 4, "planes284": 2},
        ),
        ({"compression259": 7}, {"w256": 6_000, "h257": 6_000}),
    ],
    ids=["strips", "tiles beyond the picture", "channels", "planes", "pixels"],
)
def test_a_tiff_of_very_many_pieces_is_refused(big, few, many):
    assert status(tiff(big, **few)) == 200
    assert status(tiff(big, **many)) in (413, 422)


def test_scans_are_counted_within_a_tiff_too():
    assert status(tiff(compression259=7) + b"\xff\xda" * 100) == 200
    assert status(tiff(compression259=7) + b"\xff\xda" * 300) == 422
    assert status(tiff(compression259=1) + b"\xff\xda" * 300) == 200  # samples, which may be so


def test_pages_within_a_page_and_a_page_of_very_many_notes_are_refused():
    within = tiff(subpages330=8)
    at = within.index(struct.pack("<HHI", 330, 4, 1))
    assert status(within) == 200
    assert status(within[: at + 4] + struct.pack("<I", 5000) + within[at + 8 :]) == 422
    assert status(b"II*\0\x08\0\0\0" + struct.pack("<H", 60_000) + bytes(12 * 60_000)) == 422


def test_a_tiff_of_very_many_pages_is_refused():
    pages = [Image.fromarray(dark_photo(2, 2))] * 101
    assert status(file_of(pages[0], "TIFF", save_all=True, append_images=pages[1:])) == 422


def test_a_heic_of_very_many_pieces_is_refused():
    content = good(".avif")
    at = content.index(b"iinf")
    assert status(content[: at + 8] + b"\x27\x10" + content[at + 10 :]) == 422


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".avif"])
def test_too_many_pixels_are_refused(suffix):
    if suffix == ".webp":
        clear = np.dstack([dark_photo(), np.zeros((48, 64), np.uint8)])
        assert status(file_of(clear, "WEBP"), most=48 * 64 - 1) == 413
    else:
        assert status(good(suffix), most=48 * 64 - 1) == 413


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (file_of(dark_photo(), "BMP"), "a BMP picture"),
        (file_of(dark_photo(), "GIF"), "a GIF"),
        (b"%PDF-1.7", "a PDF"),
        (b'  <svg xmlns="x"/>', "a drawing"),
        (b"\0\0\0\x18ftypmp42" + bytes(40), "a video"),
        (b"hello", "not a picture"),
    ],
)
def test_what_else_it_is_is_said(content, says):
    with pytest.raises(Refused, match=f"walk.jpg: {says}"):
        look(content, "walk.jpg", MOST)


def test_a_file_that_is_cut_anywhere_is_left_to_the_decoder_or_refused_cleanly():
    for suffix in (".png", ".jpg", ".webp", ".tif", ".avif"):
        content = good(suffix)
        for length in range(0, len(content), 7):
            assert status(content[:length]) in (200, 415)
