"""Pictures of more than 8 bits keep them for those who ask, and are rounded for the others."""

import io

import numpy as np
import pytest
import tifffile
from test_images import linear_profile, png, png16, srgb_curve

from lowlight_utils.data.images import (
    ImageError,
    encode_image,
    read_image,
    read_image_and_alpha,
    resize,
    to_image,
    to_network,
    write_image,
)
from lowlight_utils.data.samples import to_8_bit

DARK = np.random.default_rng(0).integers(0, 2000, (40, 30, 4)).astype(np.uint16)
RGB, GREY, ALPHA = DARK[..., :3], DARK[..., 0], DARK[..., 3] * 30
TIFF_LAYOUTS = {
    "chunky": {},
    "planar": {"planarconfig": "separate"},
    "big-endian": {"byteorder": ">"},
    "BigTIFF": {"bigtiff": True},
    "LZW": {"compression": "lzw"},
    "deflate with predictor": {"compression": "adobe_deflate", "predictor": True},
    "tiles": {"tile": (16, 16)},
    "planar tiles, LZW": {"tile": (16, 16), "planarconfig": "separate", "compression": "lzw"},
}


def tiff(values, **options):
    file = io.BytesIO()
    tifffile.imwrite(file, values, metadata=None, **{"photometric": "rgb"} | options)
    return file.getvalue()


def deep(content):
    return read_image(io.BytesIO(content), deep=True)


@pytest.mark.parametrize("layout", TIFF_LAYOUTS)
def test_a_16_bit_tiff_is_read_whole_in_every_layout(layout):
    options = TIFF_LAYOUTS[layout]
    values = np.moveaxis(RGB, -1, 0) if "planarconfig" in options else RGB
    content = tiff(values, **options)
    np.testing.assert_array_equal(deep(content), RGB)
    np.testing.assert_array_equal(read_image(io.BytesIO(content)), np.rint(RGB / 257))


@pytest.mark.parametrize("layout", TIFF_LAYOUTS)
def test_a_16_bit_tiff_that_is_cut_short_is_refused(layout):
    options = TIFF_LAYOUTS[layout]
    values = np.moveaxis(RGB, -1, 0) if "planarconfig" in options else RGB
    content = tiff(values, **options)
    for length in (len(content) // 2, len(content) - 60):
        with pytest.raises(ImageError, match="cut short"):
            deep(content[:length])


def test_grey_and_its_opacity_are_read_from_16_bit_tiff():
    values = np.dstack([GREY, ALPHA])
    content = tiff(
        values, photometric="minisblack", extrasamples=["unassalpha"], planarconfig="contig"
    )
    image, alpha = read_image_and_alpha(io.BytesIO(content), deep=True)
    np.testing.assert_array_equal(image, np.dstack([GREY] * 3))
    np.testing.assert_array_equal(alpha, np.rint(ALPHA / 257))


def test_white_may_be_zero_in_tiff():
    np.testing.assert_array_equal(deep(tiff(65535 - GREY, photometric="miniswhite"))[..., 1], GREY)


def test_colours_that_were_multiplied_by_their_opacity_are_divided_by_it():
    opacity = np.full(GREY.shape, 32768, np.uint16)
    content = tiff(np.dstack([RGB // 2, opacity]), extrasamples=["assocalpha"])
    image, alpha = read_image_and_alpha(io.BytesIO(content), deep=True)
    assert np.abs(image.astype(int) - RGB).max() <= 2
    assert np.unique(alpha).tolist() == [128]


@pytest.mark.parametrize("bits", [10, 12])
def test_the_white_of_other_depths_is_65535(bits):
    levels = np.arange(2**bits, dtype=np.uint16).reshape(32, -1)
    try:
        content = tiff(levels, photometric="minisblack", bitspersample=bits)
    except NotImplementedError:
        pytest.skip("this imagecodecs unpacks such samples, but packs none")
    image = deep(content)
    np.testing.assert_array_equal(image[..., 0], np.rint(levels * (65535 / (2**bits - 1))))


def test_16_bit_inks_without_a_profile_are_what_they_leave_of_white():
    inks = np.zeros((4, 4, 4), np.uint16)
    inks[0, 0], inks[1, 1] = (65535, 0, 0, 0), (0, 0, 0, 65535)
    image = deep(tiff(inks, photometric="separated"))
    assert image[2, 2].tolist() == [65535] * 3
    assert image[0, 0].tolist() == [0, 65535, 65535]
    assert image[1, 1].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("values", "options", "complaint"),
    [
        (RGB.astype(np.float32), {}, "floating-point samples"),
        (GREY.astype(np.float16), {"photometric": "minisblack"}, "floating-point samples"),
        (RGB.astype(np.int16), {}, "signed 16-bit samples"),
        (RGB.astype(np.uint32), {}, "32-bit samples"),
        (RGB, {"photometric": "cielab"}, "CIELAB"),
    ],
    ids=["float RGB", "half grey", "signed", "32 bits", "Lab"],
)
def test_samples_that_are_not_read_are_called_what_they_are(values, options, complaint):
    with pytest.raises(ImageError, match=complaint):
        deep(tiff(values, **options))


@pytest.mark.parametrize(
    ("values", "colour_type"),
    [(DARK[..., :1], 0), (DARK[..., :2], 4), (RGB, 2), (DARK, 6)],
    ids=["grey", "grey and alpha", "RGB", "RGBA"],
)
def test_every_kind_of_16_bit_png_is_read_whole(values, colour_type):
    image, alpha = read_image_and_alpha(io.BytesIO(png16(values, colour_type)), deep=True)
    expected = values[..., :3] if colour_type in (2, 6) else np.dstack([values[..., 0]] * 3)
    np.testing.assert_array_equal(image, expected)
    if colour_type in (4, 6):
        np.testing.assert_array_equal(alpha, np.rint(values[..., -1] / 257))


def test_16_bit_ppm_is_read_whole():
    content = b"P6\n# dcraw -4\n30 40\n4095\n" + RGB.astype(">u2").tobytes()
    np.testing.assert_array_equal(deep(content), np.rint(RGB * (65535 / 4095)))


def test_a_10_bit_heic_keeps_its_levels():
    heif = pytest.importorskip("pillow_heif")
    ramp = np.tile((np.arange(64, dtype=np.uint16) * 64)[:, None], (64, 1, 3))
    file = io.BytesIO()
    heif.from_bytes("RGB;16", (64, 64), ramp.tobytes()).save(file, quality=-1)
    image = deep(file.getvalue())
    assert image.dtype == np.uint16 and len(np.unique(image[..., 1])) > 60
    assert np.abs(image.astype(int) - ramp).max() <= 3 * 64  # lossless but for its YCbCr
    assert read_image(io.BytesIO(file.getvalue())).dtype == np.uint8


def test_8_bit_pictures_stay_8_bit(save, photo):
    for name in ("a.png", "a.tif", "a.ppm"):
        assert read_image(save(name, photo), deep=True).dtype == np.uint8


@pytest.mark.parametrize("space", [b"RGB ", b"GRAY"])
def test_profiles_are_converted_at_full_depth(space):
    ramp = np.linspace(0, 65535, 4096).astype(np.uint16).reshape(64, 64)
    values = ramp if space == b"GRAY" else np.dstack([ramp] * 3)
    kind = "minisblack" if space == b"GRAY" else "rgb"
    image = deep(tiff(values, photometric=kind, iccprofile=linear_profile(space)))
    assert np.abs(image[..., 1] - 257 * srgb_curve(ramp / 65535)).max() < 8


def test_a_profile_that_does_not_fit_is_ignored():
    for icc in (b"not a profile", linear_profile(b"GRAY"), linear_profile(b"RGB ")[:200]):
        np.testing.assert_array_equal(deep(tiff(RGB, iccprofile=icc)), RGB)


def test_orientation_turns_deep_pictures_too():
    content = tiff(RGB, extratags=[(274, "H", 1, 6, True)])
    np.testing.assert_array_equal(deep(content), np.rot90(RGB, -1))


def test_large_deep_pictures_are_refused_before_they_are_decoded():
    with pytest.raises(ImageError, match="more than 100,000,000 pixels"):
        deep(png(10_001, 10_000, 16))


# Writing and converting


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_png_and_tiff_are_written_at_16_bits(tmp_path, suffix):
    alpha = to_8_bit(ALPHA)
    write_image(tmp_path / f"a{suffix}", RGB, alpha)
    image, again = read_image_and_alpha(tmp_path / f"a{suffix}", deep=True)
    np.testing.assert_array_equal(image, RGB)
    np.testing.assert_array_equal(again, alpha)
    assert encode_image(RGB, suffix, alpha) == (tmp_path / f"a{suffix}").read_bytes()


def test_other_formats_refuse_16_bits(tmp_path):
    with pytest.raises(ImageError, match=r"a\.jpg: '\.jpg' holds 8 bits"):
        write_image(tmp_path / "a.jpg", RGB)


def test_the_networks_range_is_the_same_at_16_bits_as_at_8():
    levels = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    deeper = levels.astype(np.uint16) * 257
    np.testing.assert_allclose(to_network(deeper), to_network(levels), atol=1e-6)
    np.testing.assert_array_equal(to_image(to_network(deeper), depth=16), deeper)
    np.testing.assert_array_equal(to_8_bit(deeper), levels)


def test_resizing_keeps_the_depth():
    ramp = np.tile(np.arange(512, dtype=np.uint16)[None, :, None], (8, 1, 3))
    small = resize(ramp, (4, 128))
    assert small.dtype == np.uint16
    assert np.abs(small[:, 2:-2, 0] - (np.arange(128) * 4 + 1.5)[2:-2]).max() <= 1
