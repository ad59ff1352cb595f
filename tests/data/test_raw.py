"""Cameras' RAW files: developed as the camera saw them, or one line that says why not."""

import io

import numpy as np
import pytest

rawpy = pytest.importorskip("rawpy", reason="install the extra raw")

from lowlight_utils.data.darken import srgb_to_linear  # noqa: E402
from lowlight_utils.data.dng import mosaic, write_dng  # noqa: E402
from lowlight_utils.data.errors import ImageError, ImageTooLarge, UnknownFormat  # noqa: E402
from lowlight_utils.data.images import read_image, read_image_and_alpha  # noqa: E402

GREY, RED, LAMP = 0.25, (0.6, 0.2, 0.1), 1.5


@pytest.fixture(scope="module")
def scene():
    """Grey, a red corner at the top left, and a lamp at the bottom right, in linear light."""
    light = np.full((64, 96, 3), GREY)
    light[:32, :48] = RED
    light[40:, 60:] = LAMP
    return light


@pytest.fixture
def dng(scene, tmp_path):
    def write(**how):
        write_dng(tmp_path / "photo.dng", mosaic(scene), **{"bits": 12, "black": 128, **how})
        return tmp_path / "photo.dng"

    return write


def light_of(image):
    return srgb_to_linear(image / np.iinfo(image.dtype).max)


@pytest.mark.parametrize(("bits", "black"), [(12, 128), (14, 600), (12, 0)])
def test_the_cameras_black_white_and_balance_give_the_light_that_it_saw(dng, bits, black):
    image = read_image(dng(bits=bits, black=black), deep=True)
    assert (image.dtype, image.shape) == (np.uint16, (64, 96, 3))
    light = light_of(image)
    np.testing.assert_allclose(light[16, 75], GREY, atol=0.002)
    np.testing.assert_allclose(light[16, 20], RED, atol=0.003)


def test_8_bits_are_the_same_rounded(dng):
    path = dng()
    deep, image = read_image(path, deep=True), read_image(path)
    assert image.dtype == np.uint8
    np.testing.assert_allclose(image, deep / 257, atol=0.51)


def test_a_lamp_is_kept_below_white_and_above_what_is_less_bright(dng):
    lamp = read_image(dng(), deep=True)[55, 80]
    assert 0.9 < light_of(lamp).min() and lamp.max() < 65535
    assert np.ptp(light_of(lamp)) < 0.05  # not the magenta of a green that is clipped alone


@pytest.mark.parametrize(
    ("orientation", "corner"),
    [(1, (0, 0)), (3, (-1, -1)), (6, (0, -1)), (8, (-1, 0))],
)
def test_the_photo_is_turned_as_the_camera_noted(dng, orientation, corner):
    image = read_image(dng(orientation=orientation))
    assert image.shape[:2] == ((96, 64) if orientation in (6, 8) else (64, 96))
    red, green, _ = image[corner].astype(int)
    assert red > 1.5 * green


def test_a_dng_is_known_by_its_content_and_a_lying_name_does_not_help(dng, tmp_path):
    content = dng().read_bytes()
    assert read_image(io.BytesIO(content), name="photo.tif").shape == (64, 96, 3)
    (tmp_path / "text.nef").write_text("not a photo" * 50)
    with pytest.raises(UnknownFormat, match=r"text\.nef: not a camera RAW file"):
        read_image(tmp_path / "text.nef")


@pytest.mark.parametrize("left", [0.5, 0.97, 0.02])
def test_a_raw_file_that_is_cut_short_is_one_line(dng, capfd, left):
    path = dng()
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * left)])
    with pytest.raises(ImageError, match=r"photo\.dng: the RAW file is damaged or cut short"):
        read_image(path)
    assert capfd.readouterr() == ("", "")


def test_a_large_raw_file_is_refused_by_its_header(dng):
    with pytest.raises(ImageTooLarge, match=r"photo\.dng: 96x64 is more than 6,000 pixels"):
        read_image_and_alpha(dng(), max_pixels=6000)


def test_who_names_the_formats_to_take_takes_no_raw(dng):
    with pytest.raises(UnknownFormat, match="a camera RAW file; export it"):
        read_image_and_alpha(dng(), formats=("JPEG", "TIFF"))
