"""A picture of more than 8 bits keeps its levels until it has been exposed."""

import keras
import numpy as np
import pytest
from keras import layers
from pictures import make_photo

from lowlight_utils.data.images import ImageError, read_image, write_image
from lowlight_utils.prediction import Enhancer

GAIN = 16


@pytest.fixture(scope="module")
def enhance():
    low = keras.Input((None, None, 3))
    return Enhancer(keras.Model(low, layers.Rescaling(GAIN, GAIN - 1)(low)), max_side=128)


def gradient(width):
    """512 levels in the darkest 3 % of 16 bits, of which 8 bits have 8."""
    ramp = np.linspace(0, 0.03 * 65535, width).astype(np.uint16)
    return np.tile(ramp[None, :, None], (70, 1, 3))


@pytest.mark.parametrize("width", [100, 1024], ids=["whole", "by way of a small copy"])
def test_a_dark_gradient_comes_out_without_steps(enhance, width):
    dark = gradient(width)
    row = enhance(dark)[35, :, 1]
    assert row.dtype == np.uint8
    np.testing.assert_allclose(row, dark[35, :, 1] * (GAIN / 257), atol=1.5)
    assert np.diff(row.astype(int)).max() <= np.ceil(GAIN * dark.max() / 257 / width) + 1
    from_8_bits = enhance(np.rint(dark / 257).astype(np.uint8))[35, :, 1]
    assert np.diff(from_8_bits.astype(int)).max() > GAIN / 2  # else the test shows nothing


@pytest.mark.parametrize("width", [100, 1024], ids=["whole", "by way of a small copy"])
def test_the_result_has_16_bits_on_demand(enhance, width):
    dark = gradient(width)
    bright = enhance(dark, depth=16)
    assert bright.dtype == np.uint16
    np.testing.assert_allclose(bright[35, :, 1], dark[35, :, 1].astype(float) * GAIN, atol=257)
    assert len(np.unique(bright[35])) > width * 0.9


def test_the_same_levels_give_the_same_result_at_either_depth(enhance):
    photo = make_photo(300, 200) // 20
    same = enhance(photo.astype(np.uint16) * 257)
    difference = np.abs(enhance(photo).astype(int) - same)
    assert difference.max() <= GAIN / 2 and difference.mean() < 0.5  # the small copies are rounded


def test_other_depths_are_refused(enhance):
    with pytest.raises(ValueError, match="8 or 16"):
        enhance(make_photo(), depth=12)


def test_a_deep_file_becomes_a_deep_file_where_the_format_can(enhance, tmp_path):
    write_image(tmp_path / "dark.png", gradient(100))
    for name in ("a.png", "a.tif", "a.jpg"):
        enhance.enhance_file(tmp_path / "dark.png", tmp_path / name)
    expected = enhance(gradient(100), depth=16)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png", deep=True), expected)
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif", deep=True), expected)
    assert read_image(tmp_path / "a.jpg", deep=True).dtype == np.uint8


def test_the_depth_of_a_file_may_be_chosen(enhance, tmp_path):
    write_image(tmp_path / "deep.png", gradient(100))
    write_image(tmp_path / "usual.png", make_photo() // 20)
    enhance.enhance_file(tmp_path / "deep.png", tmp_path / "8.png", depth=8)
    enhance.enhance_file(tmp_path / "usual.png", tmp_path / "16.png", depth=16)
    assert read_image(tmp_path / "8.png", deep=True).dtype == np.uint8
    assert read_image(tmp_path / "16.png", deep=True).dtype == np.uint16


@pytest.mark.parametrize(
    ("name", "depth", "complaint"),
    [("a.xyz", None, "cannot write '.xyz'"), ("a.jpg", 16, "holds 8 bits a channel")],
)
def test_what_cannot_be_written_is_refused_before_anything_is_read(
    enhance, tmp_path, name, depth, complaint
):
    with pytest.raises(ImageError, match=complaint):
        enhance.enhance_file(tmp_path / "missing.png", tmp_path / name, depth=depth)
