import io
import os
import struct
import zlib

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pictures import make_photo
from PIL import Image, ImageCms, features

from lowlight_utils.data.decode import ImageTooLarge, UnknownFormat
from lowlight_utils.data.images import (
    IMAGE_SUFFIXES,
    ImageError,
    encode_image,
    list_images,
    read_image,
    read_image_and_alpha,
    resize,
    to_image,
    to_network,
    write_image,
)

LOSSLESS = [".png", ".tif", ".tiff", ".bmp", ".ppm", ".webp"]
small_images = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(
    lambda size: arrays(np.uint8, (*size, 3))
)


def pillow_reads(path):
    try:
        Image.open(path).load()
    except OSError:
        return False
    return True


def encoded(image, format_, **options):
    buffer = io.BytesIO()
    picture = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    picture.save(buffer, format_, **options)
    return buffer.getvalue()


def assert_close(image, expected, atol):
    np.testing.assert_allclose(image.astype(int), np.asarray(expected).astype(int), atol=atol)


def png(width, height, bit_depth=8, colour_type=2, rows=b"", extra=b""):
    """A PNG put together by hand, for what Pillow does not write."""

    def chunk(kind, data):
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, bit_depth, colour_type, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + pixels + chunk(b"IEND", b"")


def png16(values, colour_type):
    """A 16-bit PNG of uint16[H, W, channels]."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    return png(values.shape[1], values.shape[0], 16, colour_type, rows)


def linear_profile(space):
    """An ICC profile (version 2.1) with sRGB's primaries but linear samples, or linear grey."""

    def xyz(*values):
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in values))

    text = b"linear test profile\0"
    description = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + b"\0" * 78
    tags = {b"desc": description, b"wtpt": xyz(0.9642, 1.0, 0.8249)}
    curve = b"curv\0\0\0\0" + struct.pack(">I", 0)  # no entries: the identity
    if space == b"RGB ":
        tags |= {b"rXYZ": xyz(0.4361, 0.2225, 0.0139), b"gXYZ": xyz(0.3851, 0.7169, 0.0971)}
        tags |= {b"bXYZ": xyz(0.1431, 0.0606, 0.7141)}
        tags |= {b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    else:
        tags[b"kTRC"] = curve
    table, data, start = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        table += name + struct.pack(">II", start + len(data), len(value))
        data += value + b"\0" * (-len(value) % 4)
    header = struct.pack(">I4x", start + len(data)) + struct.pack(">I", 0x02100000) + b"mntr"
    header += space + b"XYZ " + b"\0" * 12 + b"acsp" + b"\0" * 28
    header += struct.pack(">3i", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + table + data


def srgb_curve(linear):
    return 255 * np.where(linear < 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


class TestReading:
    def test_gives_an_rgb_array_in_red_green_blue_order(self, save):
        red = np.zeros((5, 7, 3), np.uint8)
        red[..., 0] = 255
        for name in ("red.png", "red.bmp", "red.jpg", "red.tif"):
            image = read_image(save(name, red))
            assert image.dtype == np.uint8 and image.shape == (5, 7, 3)
            assert_close(image, red, atol=2)

    def test_takes_a_binary_file_and_a_name_for_its_errors(self, photo):
        np.testing.assert_array_equal(read_image(io.BytesIO(encoded(photo, "PNG"))), photo)
        with pytest.raises(ImageError, match="holiday"):
            read_image(io.BytesIO(b"no picture"), name="holiday.png")

    def test_gives_an_array_that_may_be_written_to(self, save, photo):
        read_image(save("photo.png", photo))[0, 0] = 7

    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
    def test_applies_exif_orientation(self, save, photo, orientation, suffix):
        stored = {  # how a camera stores an upright photo under each value of the tag
            1: lambda a: a,
            2: lambda a: a[:, ::-1],
            3: lambda a: a[::-1, ::-1],
            4: lambda a: a[::-1],
            5: lambda a: a.transpose(1, 0, 2),
            6: lambda a: np.rot90(a, 1),
            7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
            8: lambda a: np.rot90(a, -1),
        }[orientation](photo)
        exif = Image.Exif()
        exif[0x0112] = orientation
        options = {"jpg": {"quality": 100, "subsampling": 0}, "webp": {"lossless": True}}
        path = save(
            f"a.{suffix}", np.ascontiguousarray(stored), exif=exif, **options.get(suffix, {})
        )
        assert_close(read_image(path), photo, atol=6)

    @pytest.mark.filterwarnings("ignore:Corrupt EXIF")
    def test_ignores_a_damaged_exif_block(self, save, photo):
        path = save("a.png", photo, exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
        np.testing.assert_array_equal(read_image(path), photo)

    def test_takes_the_first_frame_of_a_phones_mpo(self, save, photo):
        second = Image.fromarray(255 - photo)
        path = save("a.jpg", photo, format="MPO", save_all=True, append_images=[second], quality=95)
        assert Image.open(path).n_frames == 2
        assert_close(read_image(path), photo, atol=25)

    def test_ignores_thumbnails_and_masks_among_the_pages_of_a_tiff(self, tmp_path, photo):
        path = tmp_path / "a.tif"
        with tifffile.TiffWriter(path) as file:
            file.write(photo, photometric="rgb")
            file.write(photo[::4, ::4], photometric="rgb", subfiletype=1)
        assert Image.open(path).n_frames == 2
        np.testing.assert_array_equal(read_image(path), photo)

    @pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "YCbCr", "LAB"])
    def test_brings_every_mode_to_rgb(self, save, photo, mode):
        picture = Image.fromarray(photo)
        if mode == "LAB":
            srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
            picture = ImageCms.profileToProfile(picture, srgb, lab, outputMode="LAB")
        else:
            picture = picture.convert(mode)
        expected, atol = (photo, 25) if mode == "LAB" else (picture.convert("RGB"), 4)
        path = save("a.tif", picture)
        if mode == "YCbCr" and not pillow_reads(path):  # before 13 it writes them and reads none
            with pytest.raises(ImageError, match=r"a\.tif: "):
                read_image(path)
        else:
            assert_close(read_image(path), expected, atol)

    def test_reads_a_cmyk_jpeg_the_right_way_up(self, save):
        white = Image.new("CMYK", (8, 8), (0, 0, 0, 0))
        assert read_image(save("a.jpg", white)).min() > 250

    def test_scales_16_bit_grey(self, save, tmp_path):
        values = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
        expected = np.rint(values / 257)[..., None].repeat(3, axis=-1)
        (tmp_path / "a.pgm").write_bytes(b"P5 16 16 65535\n" + values.astype(">u2").tobytes())
        for path in (save("a.png", values), save("a.tif", values), tmp_path / "a.pgm"):
            np.testing.assert_array_equal(read_image(path), expected)

    def test_scales_16_bit_rgb_and_rgba(self, tmp_path):
        values = np.random.default_rng(0).integers(0, 65536, (9, 8, 4)).astype(np.uint16)
        path = tmp_path / "a.png"
        path.write_bytes(png16(values[..., :3], colour_type=2))
        assert_close(read_image(path), values[..., :3] / 257, atol=1)
        path.write_bytes(png16(values, colour_type=6))
        image, alpha = read_image_and_alpha(path)
        assert_close(image, values[..., :3] / 257, atol=1)
        assert_close(alpha, values[..., 3] / 257, atol=1)

    @given(st.integers(1, 9), st.integers(1, 9), st.sampled_from(["1", "L", "LA", "P", "RGBA"]))
    def test_reads_any_size_of_any_mode(self, height, width, mode):
        picture = Image.fromarray(make_photo(height, width)).convert(mode)
        image = read_image(io.BytesIO(encoded(picture, "PNG")))
        np.testing.assert_array_equal(image, np.asarray(picture.convert("RGB")))


class TestTransparency:
    def test_is_none_where_the_file_has_none(self, save, photo):
        assert read_image_and_alpha(save("a.png", photo))[1] is None

    @pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tif"])
    def test_is_apart_and_leaves_the_colours_alone(self, save, photo, name):
        ramp = np.arange(photo[..., 0].size, dtype=np.uint8).reshape(photo.shape[:2])
        options = {"lossless": True, "exact": True} if name == "a.webp" else {}
        path = save(name, np.dstack([photo, ramp]), **options)
        image, alpha = read_image_and_alpha(path)
        np.testing.assert_array_equal(image, photo)
        np.testing.assert_array_equal(alpha, ramp)
        np.testing.assert_array_equal(read_image(path), photo)

    def test_of_grey_and_of_a_palette(self, save, photo):
        grey = Image.fromarray(photo).convert("LA")
        grey.putalpha(Image.new("L", grey.size, 99))
        assert (read_image_and_alpha(save("grey.png", grey))[1] == 99).all()
        palette = Image.fromarray(np.array([[0, 1], [1, 0]], np.uint8), "P")
        palette.putpalette([255, 0, 0, 0, 0, 255])
        image, alpha = read_image_and_alpha(save("palette.png", palette, transparency=1))
        assert image.tolist() == [[[255, 0, 0], [0, 0, 255]], [[0, 0, 255], [255, 0, 0]]]
        assert alpha.tolist() == [[255, 0], [0, 255]]

    def test_of_one_colour_in_16_bit_grey(self, save):
        values = np.array([[0, 300], [300, 65535]], np.uint16)
        image, alpha = read_image_and_alpha(save("a.png", values, transparency=300))
        assert alpha.tolist() == [[255, 0], [0, 255]]
        assert image[..., 0].tolist() == [[0, 1], [1, 255]]

    def test_turns_with_the_picture(self, save):
        exif = Image.Exif()
        exif[0x0112] = 6
        picture = np.zeros((2, 3, 4), np.uint8)
        picture[0, 0] = 200
        image, alpha = read_image_and_alpha(save("a.png", picture, exif=exif))
        assert image.shape == (3, 2, 3) and image[0, 1, 0] == alpha[0, 1] == 200


class TestColourProfiles:
    def test_other_profiles_are_converted_to_srgb(self, save):
        ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
        path = save("a.png", np.dstack([ramp] * 3), icc_profile=linear_profile(b"RGB "))
        assert_close(read_image(path)[..., 1], srgb_curve(ramp / 255), atol=1)

    def test_so_are_those_of_grey_pictures_at_8_and_16_bits(self, save):
        ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
        for name, values in (("8.png", ramp), ("16.png", ramp.astype(np.uint16) * 257)):
            path = save(name, values, icc_profile=linear_profile(b"GRAY"))
            expected = srgb_curve(ramp / 255)[..., None].repeat(3, axis=-1)
            assert_close(read_image(path), expected, atol=1)

    def test_transparency_survives(self, save, photo):
        picture = np.dstack([photo, photo[..., 0]])
        path = save("a.png", picture, icc_profile=linear_profile(b"RGB "))
        image, alpha = read_image_and_alpha(path)
        assert_close(image, srgb_curve(photo / 255), atol=2)
        np.testing.assert_array_equal(alpha, photo[..., 0])

    def test_srgb_itself_changes_nothing(self, save, photo):
        icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        np.testing.assert_array_equal(read_image(save("a.png", photo, icc_profile=icc)), photo)

    @pytest.mark.parametrize(
        "icc",
        [b"not a profile", linear_profile(b"RGB ")[:200], linear_profile(b"GRAY")],
        ids=["garbage", "cut short", "of another colour space"],
    )
    def test_a_broken_profile_does_not_cost_the_picture(self, save, photo, icc):
        np.testing.assert_array_equal(read_image(save("a.png", photo, icc_profile=icc)), photo)


def _frames(format_):
    frames = [Image.fromarray(make_photo(seed=i)) for i in range(3)]
    return encoded(frames[0], format_, save_all=True, append_images=frames[1:])


def _damaged(data):
    """Overwrite some bytes two thirds into the file."""
    at = 2 * len(data) // 3
    return data[:at] + b"\xa5" * 16 + data[at + 16 :]


PHOTO = make_photo(64, 96)
BAD_FILES = {  # name: (bytes, what the message should say)
    "empty.png": (b"", "empty"),
    "text.png": (b"I am a text file, whatever my name says.\n", "not a picture"),
    "drawing.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
    "signature.png": (b"\x89PNG\r\n\x1a\n", "not a picture"),
    "header.jpg": (encoded(PHOTO, "JPEG")[:20], "not a picture"),
    "cut.jpg": (encoded(PHOTO, "JPEG")[:-300], "cut short"),
    "cut.png": (encoded(PHOTO, "PNG")[:-300], "cut short"),
    "cut.tif": (encoded(PHOTO, "TIFF")[:-300], "cut short|not a picture"),
    "cut.bmp": (encoded(PHOTO, "BMP")[:-300], "cut short"),
    "cut.webp": (encoded(PHOTO, "WEBP")[:-300], "cut short|not a picture"),
    "cut.ppm": (encoded(PHOTO, "PPM")[:-300], "cut short"),
    "damaged.png": (_damaged(encoded(PHOTO, "PNG")), "damaged"),
    "animated.gif": (_frames("GIF"), "3 frames"),
    "animated.png": (_frames("PNG"), "3 frames"),
    "animated.webp": (_frames("WEBP"), "3 frames"),
    "pages.tif": (_frames("TIFF"), "3 frames or pages"),
    "bomb.png": (png(60_000, 60_000), "more than 100,000,000 pixels"),
    "large.png": (png(10_001, 10_000), "more than 100,000,000 pixels"),
    "float.tif": (encoded(np.ones((4, 4), np.float32), "TIFF"), "no agreed white"),
    "int32.tif": (encoded(np.ones((4, 4), np.int32), "TIFF"), "no agreed white"),
    "camera.DNG": (encoded(PHOTO, "TIFF"), "RAW"),
    "page.eps": (encoded(PHOTO, "EPS"), "not a picture"),
}


class TestRefusing:
    @pytest.mark.parametrize("name", BAD_FILES)
    def test_bad_files_with_one_line_that_names_the_file(self, tmp_path, name):
        data, complaint = BAD_FILES[name]
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(ImageError, match=complaint) as raised:
            read_image(path)
        message = str(raised.value)
        assert message.startswith(str(path)) and ";" in message and "\n" not in message

    def test_what_is_not_there_or_is_a_folder(self, tmp_path):
        with pytest.raises(ImageError, match=r"missing\.png: there is no such file"):
            read_image(tmp_path / "missing.png")
        with pytest.raises(ImageError, match="is a folder"):
            read_image(tmp_path)

    def test_large_pictures_before_they_are_decoded(self, tmp_path, recwarn):
        path = tmp_path / "large.png"
        path.write_bytes(BAD_FILES["large.png"][0])
        with pytest.raises(ImageError, match="10001x10000"):  # there are no pixels in the file
            read_image(path)
        assert not recwarn.list

    @pytest.mark.filterwarnings("ignore::UserWarning:PIL")
    @given(st.data(), st.sampled_from(["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP", "PPM"]))
    def test_damaged_bytes_never_end_in_another_error(self, data, format_):
        content = bytearray(encoded(make_photo(8, 8), format_))
        for _ in range(data.draw(st.integers(1, 4))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        content = bytes(content[: data.draw(st.integers(0, len(content)))])
        try:
            image = read_image(io.BytesIO(content), name="damaged")
        except ImageError as error:
            assert str(error).startswith("damaged: ")
        else:
            assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[-1] == 3


class TestWriting:
    @given(small_images, st.sampled_from(LOSSLESS))
    def test_lossless_formats_give_back_what_was_written(self, tmp_path_factory, image, suffix):
        path = tmp_path_factory.mktemp("written") / f"a{suffix}"
        write_image(path, image)
        np.testing.assert_array_equal(read_image(path), image)

    @pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
    def test_keeps_transparency_and_the_colours_beneath(self, tmp_path, photo, name):
        alpha = np.zeros(photo.shape[:2], np.uint8)
        alpha[3:] = 128
        write_image(tmp_path / name, photo, alpha)
        image, alpha_again = read_image_and_alpha(tmp_path / name)
        np.testing.assert_array_equal(image, photo)
        np.testing.assert_array_equal(alpha_again, alpha)

    def test_drops_transparency_where_the_format_has_none(self, tmp_path, photo):
        write_image(tmp_path / "a.bmp", photo, np.zeros(photo.shape[:2], np.uint8))
        image, alpha = read_image_and_alpha(tmp_path / "a.bmp")
        np.testing.assert_array_equal(image, photo)
        assert alpha is None

    def test_jpeg_keeps_fine_colour(self, tmp_path):
        stripes = np.zeros((32, 32, 3), np.uint8)
        stripes[:, ::2, 0] = stripes[:, 1::2, 2] = 255
        write_image(tmp_path / "a.jpg", stripes)
        assert_close(read_image(tmp_path / "a.jpg"), stripes, atol=25)  # 4:2:0 is 127 off

    @pytest.mark.parametrize("suffix", [".jpg", ".jpeg"])
    def test_jpeg_has_quality_95(self, tmp_path, photo, suffix):
        write_image(tmp_path / f"a{suffix}", photo)
        with (
            Image.open(tmp_path / f"a{suffix}") as written,
            Image.open(io.BytesIO(encoded(photo, "JPEG", quality=95))) as expected,
        ):
            assert written.quantization == expected.quantization

    @pytest.mark.parametrize("suffix", [".avif", ".jp2"])
    def test_modern_formats_come_close(self, tmp_path, photo, suffix):
        if not features.check({".avif": "avif", ".jp2": "jpg_2000"}[suffix]):
            pytest.skip(f"this build of Pillow has no {suffix}")
        write_image(tmp_path / f"a{suffix}", photo)
        assert_close(read_image(tmp_path / f"a{suffix}"), photo, atol=16)

    def test_makes_missing_folders_and_accepts_upper_case(self, tmp_path, photo):
        write_image(tmp_path / "new" / "folder" / "A.PNG", photo)
        np.testing.assert_array_equal(read_image(tmp_path / "new" / "folder" / "A.PNG"), photo)

    def test_overwrites(self, save, photo):
        path = save("a.png", 255 - photo)
        write_image(path, photo)
        np.testing.assert_array_equal(read_image(path), photo)

    @pytest.mark.parametrize("name", ["a.xyz", "a", "a.eps"])
    def test_refuses_other_suffixes_and_lists_the_ones_it_knows(self, tmp_path, photo, name):
        with pytest.raises(ImageError, match=r"\.png"):
            write_image(tmp_path / name, photo)
        assert os.listdir(tmp_path) == []

    @pytest.mark.parametrize(
        "image",
        [np.zeros((4, 4, 3)), np.zeros((4, 4), np.uint8), np.zeros((1, 4, 4, 3), np.uint8)],
        ids=["float", "grey", "stack"],
    )
    def test_refuses_arrays_that_are_no_image(self, tmp_path, image):
        with pytest.raises(ValueError, match=r"uint8\[H, W, 3\]"):
            write_image(tmp_path / "a.png", image)

    def test_refuses_alpha_of_another_size(self, tmp_path, photo):
        with pytest.raises(ValueError, match="alpha"):
            write_image(tmp_path / "a.png", photo, np.zeros((2, 2), np.uint8))

    def test_leaves_nothing_behind_when_the_encoder_refuses(self, tmp_path):
        too_wide = np.zeros((1, 70_000, 3), np.uint8)  # JPEG ends at 65,535
        with pytest.raises(ImageError, match=r"a\.jpg: cannot be written"):
            write_image(tmp_path / "a.jpg", too_wide)
        assert os.listdir(tmp_path) == []

    def test_leaves_the_usual_permissions(self, tmp_path, photo):
        (tmp_path / "usual").touch()
        write_image(tmp_path / "a.png", photo)
        assert (tmp_path / "a.png").stat().st_mode == (tmp_path / "usual").stat().st_mode

    def test_refuses_a_parent_that_is_a_file(self, tmp_path, photo):
        (tmp_path / "file").touch()
        with pytest.raises(ImageError, match="cannot be written"):
            write_image(tmp_path / "file" / "a.png", photo)


class TestResizing:
    def test_takes_a_side_or_height_and_width(self, photo):
        assert resize(photo, 10).shape == (10, 10, 3)
        assert resize(photo, (10, 20)).shape == (10, 20, 3)

    def test_to_the_same_size_changes_nothing(self, photo):
        np.testing.assert_array_equal(resize(photo, photo.shape[:2]), photo)

    def test_is_bilinear(self):
        edge = np.repeat(np.uint8([[[0], [0], [255], [255]]]), 3, axis=-1)
        larger = [0, 0, 0, 64, 191, 255, 255, 255]  # pixels lie at quarters between the old ones
        assert_close(resize(edge, (1, 8))[0, :, 1], larger, atol=1)

    def test_does_not_alias(self):
        stripes = np.zeros((64, 64, 3), np.uint8)
        stripes[:, ::2] = 255
        assert_close(resize(stripes, 16)[:, 1:-1], 127.5, atol=3)


class TestConverting:
    def test_to_the_network_spans_minus_one_to_one(self):
        levels = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 16, 16, 3)
        values = to_network(levels)
        assert values.dtype == np.float32 and values.shape == levels.shape
        assert values.min() == -1 and values.max() == 1
        np.testing.assert_allclose(values, levels / 127.5 - 1, atol=1e-6)

    @given(arrays(np.uint8, st.tuples(st.integers(0, 3), *[st.integers(1, 5)] * 2, st.just(3))))
    def test_there_and_back_changes_nothing(self, images):
        np.testing.assert_array_equal(to_image(to_network(images)), images)

    def test_back_rounds_and_clips_and_leaves_its_input_alone(self):
        values = np.array([[[-3.0, 0.0, 1.5], [-0.996, 0.4 / 127.5, 0.6 / 127.5]]], np.float32)
        before = values.copy()
        assert to_image(values).tolist() == [[[0, 128, 255], [1, 128, 128]]]
        np.testing.assert_array_equal(values, before)

    def test_back_refuses_nan(self):
        with pytest.raises(ValueError, match="NaN"):
            to_image(np.full((1, 1, 3), np.nan))

    @pytest.mark.parametrize("values", [np.zeros((4, 4, 3)), np.zeros((4, 4), np.uint8)])
    def test_to_the_network_refuses_what_is_not_uint8_rgb(self, values):
        with pytest.raises(ValueError, match="0 to 255"):
            to_network(values)


class TestListing:
    def test_is_in_natural_order_whatever_the_directory_says(self, tmp_path):
        for name in ("10.png", "2.JPG", "1.tif", "a10b2.png", "a10b10.png", "a9.png"):
            (tmp_path / name).touch()
        names = [path.name for path in list_images(tmp_path)]
        assert names == ["1.tif", "2.JPG", "10.png", "a9.png", "a10b2.png", "a10b10.png"]

    @given(st.lists(st.text("a1B0-9é", min_size=1, max_size=6), min_size=1, unique=True))
    def test_does_not_depend_on_the_order_of_creation(self, tmp_path_factory, names):
        forwards, backwards = tmp_path_factory.mktemp("f"), tmp_path_factory.mktemp("b")
        for folder, order in ((forwards, names), (backwards, names[::-1])):
            for name in order:
                (folder / f"{name}.png").touch()
        listed = [path.name for path in list_images(forwards)]
        assert listed == [path.name for path in list_images(backwards)]
        assert sorted(listed) == sorted(f"{name}.png" for name in names)

    def test_leaves_out_hidden_files_folders_and_other_files(self, tmp_path):
        for name in ("._a.png", ".hidden.jpg", "notes.txt", "a.png"):
            (tmp_path / name).touch()
        (tmp_path / "folder.png").mkdir()
        assert [path.name for path in list_images(tmp_path)] == ["a.png"]

    def test_refuses_a_folder_that_is_missing_or_without_pictures(self, tmp_path):
        with pytest.raises(ImageError, match="no such folder"):
            list_images(tmp_path / "missing")
        with pytest.raises(ImageError, match="no picture"):
            list_images(tmp_path)

    def test_knows_every_suffix_that_can_be_written(self, tmp_path, photo):
        try:
            write_image(tmp_path / "a.unknown", photo)
        except ImageError as error:
            suffixes = {word for word in str(error).split() if word.startswith(".")}
        assert suffixes <= set(IMAGE_SUFFIXES)


def test_a_caller_may_name_the_formats_and_the_pixels_that_it_takes():
    photo = make_photo(20, 30)
    file = io.BytesIO(encoded(photo, "BMP"))
    np.testing.assert_array_equal(read_image_and_alpha(file, formats=("BMP",))[0], photo)
    with pytest.raises(UnknownFormat, match="upload"):
        read_image_and_alpha(file, name="upload", formats=("PNG", "JPEG"))
    with pytest.raises(ImageTooLarge, match="30x20"):
        read_image_and_alpha(file, max_pixels=599)


@pytest.mark.parametrize("suffix", LOSSLESS)
def test_a_picture_is_encoded_in_memory_as_it_would_be_written(tmp_path, suffix):
    photo = make_photo()
    write_image(tmp_path / f"a{suffix}", photo)
    assert encode_image(photo, suffix) == (tmp_path / f"a{suffix}").read_bytes()


def test_encoding_takes_options_and_names_a_suffix_that_it_does_not_know():
    photo = make_photo(200, 200)
    assert len(encode_image(photo, ".jpg", quality=30)) < len(encode_image(photo, ".jpg"))
    with pytest.raises(ImageError, match=r"\.xyz"):
        encode_image(photo, ".xyz")
