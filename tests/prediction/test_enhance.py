"""The Enhancer takes photos of any size and kind of file, and models of any size."""

import os
import subprocess
import sys
import tracemalloc
import zipfile

import keras
import numpy as np
import pytest
from apart import ON_JAX
from keras import layers
from pictures import make_photo

from lowlight_utils.data.images import (
    ImageError,
    read_image,
    read_image_and_alpha,
    to_image,
    to_network,
    write_image,
)
from lowlight_utils.metrics import psnr
from lowlight_utils.models import AutoExposure, unet_generator
from lowlight_utils.models.film import LAMBDA_RANGE
from lowlight_utils.prediction import Enhancer
from lowlight_utils.prediction.enhance import find_stride

SIZES = [(1, 1), (3, 500), (500, 3), (257, 129), (64, 64), (300, 200)]


def identity():
    low = keras.Input((None, None, 3))
    return keras.Model(low, layers.Activation("linear")(low))


def gain(factor=4.0):
    low = keras.Input((None, None, 3))
    return keras.Model(low, layers.Rescaling(factor, factor - 1)(low))


def exposure():
    """A generator that, like a trained one, judges the light of the whole picture."""
    low = keras.Input((None, None, 3))
    return keras.Model(low, AutoExposure()(low))


def little_unet(size=None, norm="batch", dropout=0.5):
    keras.utils.set_random_seed(1)
    generator = unet_generator((size, size, 3), width=4, depth=3, norm=norm, dropout=dropout)
    rng = np.random.default_rng(0)  # untrained weights are too small to see the picture through
    weights = generator.get_weights()
    generator.set_weights([w + rng.uniform(0, 0.2, w.shape).astype(w.dtype) for w in weights])
    return generator


@pytest.fixture(scope="module")
def unchanged():
    return Enhancer(identity(), max_side=128)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_an_identity_generator_changes_nothing_at_any_size(unchanged, size):
    photo = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    result = unchanged(photo)
    assert result.dtype == np.uint8
    assert np.array_equal(result, photo)


@pytest.mark.parametrize("make", [gain, exposure])
def test_a_large_photo_comes_out_as_if_it_had_gone_through_whole(make):
    photo = make_photo(311, 433) // 4
    whole = Enhancer(make(), max_side=448)(photo)
    through_a_copy = Enhancer(make(), max_side=128)(photo)
    assert np.abs(whole.astype(int) - through_a_copy).max() <= 3
    assert psnr(whole, through_a_copy) > 48


def test_a_large_photo_keeps_detail_finer_than_the_copy():
    photo = make_photo(320, 400) // 6
    photo[::2] += 6  # lines one pixel high, which a copy of a quarter of the size cannot show
    result = Enhancer(gain(), max_side=96)(photo).astype(int)
    assert np.abs(result - photo * 4).max() <= 3


@pytest.mark.parametrize("side", [70, 300])
def test_a_photo_is_mirrored_at_its_borders(side):
    low = keras.Input((None, None, 3))
    blur = layers.DepthwiseConv2D(9, padding="same", use_bias=False)
    generator = keras.Model(low, blur(low))
    blur.set_weights([np.full((9, 9, 3, 1), 1 / 81, np.float32)])
    flat = np.full((side, side, 3), 40, np.uint8)
    # Beyond the border the convolution would see the networks' zero, which is a middle grey.
    assert np.array_equal(Enhancer(generator, max_side=128)(flat), flat)


@pytest.fixture(scope="module")
def for_one_size_and_for_any():
    return Enhancer(little_unet(64), max_side=128), Enhancer(little_unet(), max_side=128)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_generator_built_for_one_size_takes_any(for_one_size_and_for_any, size):
    for_one_size, for_any = for_one_size_and_for_any
    photo = make_photo(*size)
    assert np.array_equal(for_one_size(photo), for_any(photo))


def test_a_picture_of_the_generators_size_goes_through_as_it_is():
    generator = little_unet(64)
    photo = make_photo(64, 64) // 4
    direct = generator(to_network(photo[None]), training=False)
    assert np.abs(Enhancer(generator)(photo).astype(int) - to_image(direct)[0]).max() <= 1
    assert np.ptp(to_image(direct)) > 20  # else the test would see nothing


def test_dropout_and_batch_statistics_play_no_part():
    generator, photo = little_unet(dropout=0.9), make_photo(200, 150)
    enhancer = Enhancer(generator, max_side=128)
    first = enhancer(photo)
    enhancer(photo[::-1] // 2)
    assert np.array_equal(enhancer(photo), first)
    trained = to_image(generator(to_network(photo[None, :64, :64]), training=True))[0]
    assert np.abs(trained.astype(int) - enhancer(photo[:64, :64])).max() > 20


def test_training_the_generator_further_does_not_change_the_enhancer():
    generator, photo = little_unet(), make_photo(64, 64)
    enhancer = Enhancer(generator)
    before = enhancer(photo)
    generator.set_weights([weights * 0 for weights in generator.get_weights()])
    assert np.array_equal(enhancer(photo), before)


@pytest.mark.parametrize("size", [(64, 64), (200, 150)], ids=str)
def test_strength_goes_from_the_photo_to_the_enhanced_photo(size):
    photo = make_photo(*size) // 4
    enhancer = Enhancer(gain(3.0), max_side=128)
    assert np.array_equal(enhancer(photo, strength=0), photo)
    assert np.abs(enhancer(photo, strength=0.5) - photo * 2.0).max() <= 1
    with pytest.raises(ValueError, match="between 0 and 1"):
        enhancer(photo, strength=1.5)


@pytest.mark.parametrize(
    ("picture", "what"),
    [
        (np.zeros((8, 8, 3), np.float32), "float32"),
        (np.zeros((8, 8), np.uint8), r"\[8, 8\]"),
        (np.zeros((0, 8, 3), np.uint8), r"\[0, 8, 3\]"),
        (np.zeros((1, 8, 8, 3), np.uint8), r"\[1, 8, 8, 3\]"),
    ],
    ids=["floats", "grey", "empty", "stack"],
)
def test_what_is_not_a_picture_is_refused(unchanged, picture, what):
    with pytest.raises(ValueError, match=what):
        unchanged(picture)


def test_the_stride_is_read_from_the_network():
    assert find_stride(identity()) == 1
    assert find_stride(unet_generator((None, None, 3), width=2, depth=5)) == 32
    nested = keras.Sequential([keras.Input((64, 64, 3)), little_unet(), layers.MaxPooling2D(2)])
    assert find_stride(nested) == 16


def test_sides_are_padded_to_the_stride_of_a_deep_network():
    generator = unet_generator((256, 256, 3), width=2, depth=8, dropout=0)
    enhancer = Enhancer(generator, max_side=300)
    assert (enhancer.stride, enhancer.max_side) == (256, 256)
    assert enhancer(make_photo(40, 300)).shape == (40, 300, 3)


def test_a_small_picture_leaves_instance_norm_something_to_measure():
    generator = unet_generator((None, None, 3), width=2, depth=6, norm="instance", dropout=0)
    photo = make_photo(64, 64)
    padded = np.pad(photo, ((32, 32), (32, 32), (0, 0)), mode="reflect")
    enhancer = Enhancer(generator)
    assert np.array_equal(enhancer(photo), enhancer(padded)[32:-32, 32:-32])


def test_a_model_that_does_not_take_pictures_is_refused():
    features = keras.Input((7,))
    with pytest.raises(ValueError, match="7"):
        Enhancer(keras.Model(features, layers.Dense(3)(features)))


def test_a_model_that_does_not_give_pictures_is_refused():
    low = keras.Input((None, None, 3))
    with pytest.raises(ValueError, match=r"\[64, 64, 3\]"):
        Enhancer(keras.Model(low, layers.Conv2D(1, 1)(low)))(make_photo(64, 64))


def test_a_model_tied_to_its_size_is_refused():
    low = keras.Input((4, 4, 3))
    x = layers.Dense(48)(layers.Flatten()(low))
    with pytest.raises(ValueError, match="4x4"):
        Enhancer(keras.Model(low, layers.Reshape((4, 4, 3))(x)))


def test_twelve_megapixels_need_little_more_memory_than_the_photo():
    photo = np.tile(make_photo(300, 400) // 5, (10, 10, 1))
    enhancer = Enhancer(gain())
    tracemalloc.start()
    result = enhancer(photo)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert np.abs(result[::50].astype(int) - photo[::50] * 4.0).max() <= 3
    assert peak - photo.nbytes < 200 * 2**20  # a float32 copy of the photo alone has 137 MiB


# Files


def test_an_upright_copy_of_a_rotated_jpeg_is_written(unchanged, save, tmp_path):
    photo = make_photo(40, 60)
    exif = keras.utils.load_img(save("plain.png", photo)).getexif()
    exif[0x0112] = 6
    unchanged.enhance_file(save("in.jpg", photo, exif=exif, quality=95), tmp_path / "out.png")
    assert psnr(np.rot90(photo, -1), read_image(tmp_path / "out.png")) > 30


def test_a_greyscale_file_comes_out_in_colour(unchanged, save, tmp_path):
    grey = make_photo(20, 30)[..., 0]
    unchanged.enhance_file(save("grey.png", grey), tmp_path / "out.png")
    assert np.array_equal(read_image(tmp_path / "out.png"), np.stack([grey] * 3, -1))


@pytest.mark.parametrize("size", [(20, 30), (200, 300)], ids=str)
def test_transparency_is_kept(unchanged, save, tmp_path, size):
    rgba = np.dstack([make_photo(*size), make_photo(*size, seed=1)[..., 0]])
    unchanged.enhance_file(save("in.png", rgba), tmp_path / "out.webp")
    image, alpha = read_image_and_alpha(tmp_path / "out.webp")
    assert np.array_equal(np.dstack([image, alpha]), rgba)


def test_transparency_is_dropped_where_the_format_has_none(unchanged, save, tmp_path):
    rgba = np.dstack([make_photo(20, 30), np.full((20, 30), 9, np.uint8)])
    unchanged.enhance_file(save("in.png", rgba), tmp_path / "out.jpg")
    assert read_image_and_alpha(tmp_path / "out.jpg")[1] is None


def test_a_truncated_file_is_refused_and_nothing_is_written(unchanged, save, tmp_path):
    path = save("cut.jpg", make_photo(200, 200))
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(ImageError, match=r"cut\.jpg"):
        unchanged.enhance_file(path, tmp_path / "out" / "cut.jpg")
    assert not (tmp_path / "out").exists()


# Weights


def test_a_saved_generator_is_loaded_with_its_own_layers(tmp_path):
    path, photo = tmp_path / "generator.keras", make_photo(64, 96) // 5
    generator = unet_generator(
        (None, None, 3), width=4, depth=3, norm="instance", base="auto_exposure"
    )
    generator.save(path)
    enhancer = Enhancer(path)
    assert enhancer.weights == path
    assert np.array_equal(enhancer(photo), Enhancer(generator)(photo))


@pytest.mark.parametrize("name", ["missing.keras", "text.keras", "zip.keras", "cut.keras", "w.h5"])
def test_a_file_that_is_no_generator_is_named_with_a_remedy_in_one_line(tmp_path, name):
    path = tmp_path / name
    if name == "text.keras":
        path.write_text("weights")
    elif name == "zip.keras":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("hello.txt", "hello")
    elif name == "cut.keras":
        little_unet().save(path)
        path.write_bytes(path.read_bytes()[:5000])
    elif name == "w.h5":
        path.write_bytes(b"\x89HDF\r\n\x1a\n")
    error = FileNotFoundError if name == "missing.keras" else ValueError
    with pytest.raises(error, match=r"^[^\n]*generator\.keras[^\n]*training run left$") as caught:
        Enhancer(path)
    assert str(path) in str(caught.value)


def test_a_generator_with_unknown_layers_is_refused_in_one_line(tmp_path):
    path = tmp_path / "foreign.keras"
    identity().save(path)
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files["config.json"] = files["config.json"].replace(b'"Activation"', b'"Nonsense"')
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    with pytest.raises(ValueError, match=r"^[^\n]*foreign\.keras: cannot be loaded[^\n]*$"):
        Enhancer(path)


def test_the_room_loads_without_keras():
    code = (
        "import sys, lowlight_utils.prediction as p; p.BASELINES, p.Enhancer, p.Evaluation; "
        "sys.exit('keras' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_both_backends_give_the_same_picture_from_the_same_weights(tmp_path):
    generator = unet_generator((None, None, 3), width=4, depth=2, norm="instance", base="input")
    generator.save(tmp_path / "generator.keras")
    photo = make_photo(150, 250) // 4
    write_image(tmp_path / "photo.png", photo)
    other = {"tensorflow": "jax", "jax": "tensorflow"}[keras.backend.backend()]
    code = """
import sys
from pathlib import Path
from lowlight_utils.prediction import Enhancer
folder = Path(sys.argv[1])
enhancer = Enhancer(folder / "generator.keras", max_side=128)
enhancer.enhance_file(folder / "photo.png", folder / "other.png")
import keras
print(keras.backend.backend())
"""
    ran = subprocess.run(
        [sys.executable, "-c", code, tmp_path],
        env=os.environ | ON_JAX | {"KERAS_BACKEND": other, "JAX_PLATFORMS": "cpu"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert ran.stdout.split() == [other]
    enhancer = Enhancer(tmp_path / "generator.keras", max_side=128)
    assert np.abs(enhancer(photo).astype(int) - read_image(tmp_path / "other.png")).max() <= 1


# A generator that is told λ.


def told(size=None):
    """Its gain is λ."""
    low, lambda_l1 = keras.Input((size, size, 3)), keras.Input((1,))
    gained = layers.Multiply()(
        [layers.Rescaling(0.5, 0.5)(low), layers.Reshape((1, 1, 1))(lambda_l1)]
    )
    return keras.Model([low, lambda_l1], layers.Rescaling(2.0, -1.0)(gained))


@pytest.mark.parametrize("size", [None, 64])
def test_a_conditional_generator_is_told_lambda(size):
    enhance = Enhancer(told(size))
    assert enhance.lambda_range == LAMBDA_RANGE
    picture = np.full((70, 40, 3), 20, np.uint8)
    assert np.unique(enhance(picture, lambda_l1=3.0)).tolist() == [60]
    assert np.unique(enhance(picture, lambda_l1=5.0)).tolist() == [100]


def test_a_large_photo_is_made_for_the_lambda_too():
    enhance = Enhancer(told(), max_side=64)
    enhanced = enhance(np.full((300, 200, 3), 20, np.uint8), lambda_l1=3.0)
    assert abs(enhanced.astype(int) - 60).max() <= 1


def test_other_generators_have_no_range_of_lambda(unchanged):
    assert unchanged.lambda_range is None
    picture = np.full((8, 8, 3), 20, np.uint8)
    np.testing.assert_array_equal(unchanged(picture, lambda_l1=3.0), unchanged(picture))


@pytest.mark.parametrize("size", [(60, 90), (300, 200)])
def test_a_photo_without_colour_stays_without(size):
    enhance = Enhancer(little_unet(norm="instance"), max_side=128)
    grey = np.repeat(make_photo(*size)[..., :1], 3, axis=-1)
    assert np.ptp(enhance(grey), axis=-1).max() <= 1
    coloured = enhance(make_photo(*size))
    assert np.ptp(coloured, axis=-1).max() > 1


@pytest.mark.parametrize("size", [(60, 90), (300, 200)])
def test_black_bars_stay_black_and_change_nothing_inside(size):
    enhance = Enhancer(exposure(), max_side=128)
    photo = make_photo(*size) // 8 + 3
    framed = np.pad(photo, ((20, 30), (10, 0), (0, 0)))
    enhanced = enhance(framed)
    np.testing.assert_array_equal(enhanced[20:-30, 10:], enhance(photo))
    assert enhanced[:20].max() == enhanced[-30:].max() == enhanced[:, :10].max() == 0
