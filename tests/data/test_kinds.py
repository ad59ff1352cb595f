"""Files are told by what is in them, whatever they are called; what is not read is named."""

import io

import numpy as np
import pytest
import tifffile
from pictures import make_photo
from test_images import encoded

from lowlight_utils.data.decode import UnknownFormat
from lowlight_utils.data.images import ImageError, read_image, unread_photos

PHOTO = make_photo(40, 60)


def tiff_of(*pages):
    """A TIFF file of (values, options) pages; one with subifds=n takes the next n as its own."""
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        for values, options in pages:
            writer.write(values, metadata=None, **{"photometric": "rgb"} | options)
    return file.getvalue()


def raw(photometric="cfa", shape=(40, 60), **options):
    """A thumbnail with a camera's RAW data behind it."""
    return tiff_of(
        (PHOTO[::4, ::4], {"subfiletype": 1, "subifds": 1, **options}),
        (np.zeros(shape, np.uint16), {"photometric": photometric}),
    )


DNG_VERSION = {"extratags": [(50706, "B", 4, (1, 4, 0, 0), True)]}
RAW_FILES = {
    "thumbnail before RAW data": raw(),
    "linear RAW": raw("linear_raw", (40, 60, 3)),
    "a DNG of pixels": tiff_of((PHOTO, DNG_VERSION)),
    "CR2": b"II*\0\x10\0\0\0CR\x02\0" + bytes(80),
    "CR3": b"\0\0\0\x18ftypcrx \0\0\0\x01" + bytes(80),
    "RW2": b"IIU\0\x18\0\0\0" + bytes(80),
    "ORF": b"IIRO\x08\0\0\0" + bytes(80),
    "RAF": b"FUJIFILMCCD-RAW 0201" + bytes(80),
    "MRW": b"\0MRM" + bytes(80),
    "X3F": b"FOVb" + bytes(80),
}


@pytest.mark.parametrize("kind", RAW_FILES)
@pytest.mark.parametrize("name", ["photo.tif", "photo.jpg"])
def test_camera_raw_is_known_under_any_name_and_its_reader_named(
    tmp_path, without_rawpy, kind, name
):
    (tmp_path / name).write_bytes(RAW_FILES[kind])
    with pytest.raises(UnknownFormat, match=rf"{name}: a camera RAW file; pip install rawpy"):
        read_image(tmp_path / name)


def test_a_photo_behind_its_thumbnail_is_read():
    content = tiff_of((PHOTO[::4, ::4], {"subfiletype": 1}), (PHOTO, {}))
    np.testing.assert_array_equal(read_image(io.BytesIO(content)), PHOTO)


def test_a_thumbnail_of_what_is_not_read_is_not_taken_for_the_photo():
    content = tiff_of((PHOTO[::4, ::4], {"subfiletype": 1, "subifds": 1}), (PHOTO, {}))
    with pytest.raises(ImageError, match="a small preview stands where the photo should be"):
        read_image(io.BytesIO(content))


def test_smaller_copies_within_a_photo_do_no_harm():
    content = tiff_of((PHOTO, {"subifds": 1}), (PHOTO[::2, ::2], {"subfiletype": 1}))
    np.testing.assert_array_equal(read_image(io.BytesIO(content)), PHOTO)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\xff\x0a" + bytes(60), "a JPEG XL file; convert it"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(60), "a JPEG XL file; convert it"),
        (b"\0\0\0\x20ftypisom" + bytes(60), "a video"),
        (b"%PDF-1.7\n", "a PDF file"),
        (b"\x76\x2f\x31\x01" + bytes(60), "an OpenEXR file"),
    ],
    ids=["JPEG XL", "JPEG XL in its container", "video", "PDF", "EXR"],
)
def test_what_is_not_read_is_called_what_it_is(tmp_path, content, what):
    (tmp_path / "photo.jpg").write_bytes(content)
    with pytest.raises(UnknownFormat, match=f"photo.jpg: {what}"):
        read_image(tmp_path / "photo.jpg")


def test_photos_in_a_folder_that_are_not_read_can_be_named(tmp_path, without_rawpy):
    for name in ("b.NEF", "a10.dng", "a9.jxl", "photo.jpg", "notes.txt", ".hidden.cr2"):
        (tmp_path / name).touch()
    assert [path.name for path in unread_photos(tmp_path)] == ["a9.jxl", "a10.dng", "b.NEF"]


def test_a_format_that_a_caller_does_not_take_is_not_called_damaged():
    from lowlight_utils.data.images import read_image_and_alpha

    with pytest.raises(UnknownFormat, match=r"formats that are taken here \(JPEG, PNG\)"):
        read_image_and_alpha(io.BytesIO(encoded(PHOTO, "BMP")), formats=("PNG", "JPEG"))
