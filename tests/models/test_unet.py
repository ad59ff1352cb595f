import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from apart import ON_JAX

from lowlight_utils.models import AutoExposure, unet_generator
from lowlight_utils.models.blocks import ReflectConv2D, ResizeConv2D, normalise

NORM_CLASSES = {
    "batch": {"BatchNormalization"},
    "instance": {"GroupNormalization"},
    "group": {"GroupNormalization"},
    "none": set(),
}
BASES = ("none", "input", "auto_exposure")


@pytest.fixture(autouse=True)
def same_weights_every_time():
    keras.utils.set_random_seed(0)


@pytest.fixture(scope="module")
def seed_generator():
    keras.utils.set_random_seed(0)
    return unet_generator()


def picture(height, width, n=1, low=-1.0, high=1.0, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(low, high, (n, height, width, 3)).astype("float32")


def kernels(model):
    return [x.numpy() for x in model.trainable_weights if x.name == "kernel"]


# The seed recipe's network.


def test_seed_recipe_has_54425859_parameters(seed_generator):
    assert seed_generator.count_params() == 54_425_859


def test_seed_recipe_goes_down_to_1x1_and_up_again(seed_generator):
    down = [seed_generator.get_layer(f"down{level}_act").output.shape for level in range(1, 9)]
    assert [x[1] for x in down] == [128, 64, 32, 16, 8, 4, 2, 1]
    assert [x[3] for x in down] == [64, 128, 256, 512, 512, 512, 512, 512]
    up = [seed_generator.get_layer(f"up{level}_conv").output.shape for level in range(1, 9)]
    assert [x[1] for x in up] == [2, 4, 8, 16, 32, 64, 128, 256]
    assert [x[3] for x in up] == [512, 512, 512, 512, 256, 128, 64, 3]


def test_seed_recipe_keeps_a_slope_of_0_3_below_zero(seed_generator):
    leaky = [x for x in seed_generator.layers if isinstance(x, keras.layers.LeakyReLU)]
    assert [x.negative_slope for x in leaky] == pytest.approx([0.3] * 8)


def test_seed_recipe_convolves_4x4_with_stride_2(seed_generator):
    kinds = (keras.layers.Conv2D, keras.layers.Conv2DTranspose)
    convolutions = [x for x in seed_generator.layers if isinstance(x, kinds)]
    assert len(convolutions) == 16
    assert {(x.kernel_size, x.strides) for x in convolutions} == {((4, 4), (2, 2))}


def test_seed_recipe_normalises_all_but_first_and_last(seed_generator):
    names = [x.name for x in seed_generator.layers if "_norm" in x.name]
    assert names == [f"down{i}_norm" for i in range(2, 9)] + [f"up{i}_norm" for i in range(1, 8)]


def test_seed_recipe_drops_half_in_the_first_three_blocks_up(seed_generator):
    dropouts = [x for x in seed_generator.layers if isinstance(x, keras.layers.Dropout)]
    assert [(x.name, x.rate) for x in dropouts] == [(f"up{i}_dropout", 0.5) for i in (1, 2, 3)]


def test_every_block_up_but_the_last_is_joined_with_its_mirror_image(seed_generator):
    for level in range(1, 8):
        joined = seed_generator.get_layer(f"up{level}_skip").input
        assert [x._keras_history.operation.name for x in joined] == [
            f"up{level}_act",
            f"down{8 - level}_act",
        ]


def test_weights_begin_as_normal_0_002(seed_generator):
    for kernel in kernels(seed_generator):
        tolerance = 5 / np.sqrt(kernel.size)
        assert kernel.std() == pytest.approx(0.02, rel=tolerance)
        assert abs(kernel.mean()) < 0.02 * tolerance


def test_seed_recipe_gives_a_picture_in_range(seed_generator):
    made = np.asarray(seed_generator(picture(256, 256)))
    assert made.shape == (1, 256, 256, 3)
    assert np.abs(made).max() <= 1.0


def test_dropout_works_in_training_only():
    generator = unet_generator((32, 32, 3), width=8, depth=3, norm="none")
    dark = picture(32, 32)
    np.testing.assert_array_equal(generator(dark), generator(dark))
    assert not np.array_equal(generator(dark, training=True), generator(dark, training=True))


# What its arguments change.


@pytest.mark.parametrize("norm", NORM_CLASSES)
def test_norm_is_the_one_asked_for(norm):
    generator = unet_generator((64, 64, 3), width=8, depth=3, norm=norm)
    assert {type(x).__name__ for x in generator.layers if "_norm" in x.name} == NORM_CLASSES[norm]
    assert generator.get_layer("down2_conv").use_bias == (norm == "none")


@pytest.mark.parametrize("norm", ["instance", "group"])
def test_norms_of_one_picture_keep_each_to_itself(norm):
    generator = unet_generator((64, 64, 3), width=8, depth=3, norm=norm, dropout=0.0)
    dark = picture(64, 64, n=2)
    together = np.asarray(generator(dark, training=True))
    alone = np.asarray(generator(dark[:1], training=True))
    np.testing.assert_allclose(together[:1], alone, atol=1e-5)


def test_group_norm_keeps_the_channels_of_a_group_at_their_levels():
    features = np.full((1, 4, 4, 16), 1.0, np.float32)
    features[..., 1] = 3.0
    inputs = keras.Input((4, 4, 16))
    normed = {
        norm: np.asarray(keras.Model(inputs, normalise(inputs, norm, None, "x"))(features))
        for norm in ("instance", "group")
    }
    assert abs(normed["instance"]).max() < 1e-3
    assert normed["group"][..., 1].min() > normed["group"][..., 0].max() + 1


def test_reflecting_convolutions_see_the_picture_mirrored():
    dark = picture(12, 10)
    for kernel_size, strides, pads in ((3, 1, (1, 1)), (4, 2, (1, 1))):
        reflect = ReflectConv2D(5, kernel_size, strides=strides, padding="same", use_bias=False)
        ours = np.asarray(reflect(dark))
        plain = keras.layers.Conv2D(5, kernel_size, strides=strides, use_bias=False)
        mirrored = np.pad(dark, ((0, 0), pads, pads, (0, 0)), "reflect")
        plain.build(mirrored.shape)
        plain.set_weights(reflect.get_weights())
        np.testing.assert_allclose(ours, np.asarray(plain(mirrored)), atol=1e-6)
        assert reflect.compute_output_shape(dark.shape) == ours.shape


def test_with_reflection_a_flat_picture_stays_flat_up_to_its_border():
    options = dict(width=8, depth=3, norm="group", upsampling="resize", base="auto_exposure")
    flat = np.full((1, 64, 64, 3), -0.8, np.float32)
    spread = {}
    for padding in ("zeros", "reflect"):
        enhanced = np.asarray(unet_generator((64, 64, 3), padding=padding, **options)(flat))
        spread[padding] = np.ptp(enhanced, axis=(1, 2)).max()
    assert spread["reflect"] < 1e-5 < spread["zeros"]


def test_a_stem_convolves_at_full_resolution_before_and_after():
    options = dict(width=8, depth=3, norm="group", upsampling="resize", base="auto_exposure")
    generator = unet_generator((64, 64, 3), stem=True, **options)
    for name in ("stem_conv", "fuse_conv"):
        assert generator.get_layer(name).output.shape[1:] == (64, 64, 8)
    assert generator(picture(64, 64)).shape == (1, 64, 64, 3)
    with pytest.raises(ValueError, match="choose another base"):
        unet_generator((64, 64, 3), depth=3, stem=True)


def test_reflection_survives_saving(tmp_path):
    options = dict(width=8, depth=2, norm="group", upsampling="resize", padding="reflect")
    generator = unet_generator((None, None, 3), **options)
    generator.save(tmp_path / "generator.keras")
    again = keras.models.load_model(tmp_path / "generator.keras")
    dark = picture(16, 24)
    np.testing.assert_array_equal(np.asarray(generator(dark)), np.asarray(again(dark)))


@pytest.mark.parametrize("upsampling", ["transpose", "resize"])
def test_upsampling_is_the_one_asked_for(upsampling):
    generator = unet_generator((32, 32, 3), width=4, depth=3, upsampling=upsampling)
    kinds = [type(x).__name__ for x in generator.layers]
    assert kinds.count("Conv2DTranspose") == (3 if upsampling == "transpose" else 0)
    assert kinds.count("ResizeConv2D") == (3 if upsampling == "resize" else 0)
    assert generator(picture(32, 32)).shape == (1, 32, 32, 3)


@pytest.mark.parametrize("size", [(5, 8), (2, 2), (1, 1)], ids=str)
@pytest.mark.parametrize(
    ("beyond", "convolution"), [("zeros", keras.layers.Conv2D), ("reflect", ReflectConv2D)]
)
def test_resizing_and_convolving_at_once_is_what_one_after_the_other_is(beyond, convolution, size):
    at_once = ResizeConv2D(4, beyond=beyond, bias_initializer="ones")
    one_by_one = keras.Sequential([keras.layers.UpSampling2D(2), convolution(4, 3, padding="same")])
    dark = picture(*size, n=2)
    result = np.asarray(at_once(dark))
    one_by_one.build(dark.shape)
    one_by_one.set_weights(at_once.get_weights())
    np.testing.assert_allclose(result, np.asarray(one_by_one(dark)), atol=1e-5)
    assert at_once.compute_output_shape(dark.shape) == result.shape
    assert at_once.compute_output_shape((None, None, 6, 3)) == (None, None, 12, 4)


def test_width_and_depth_shape_the_network():
    generator = unet_generator((64, 64, 3), width=8, depth=5)
    down = [generator.get_layer(f"down{level}_conv").filters for level in range(1, 6)]
    assert down == [8, 16, 32, 64, 64]  # channels stop growing at eight times the width
    assert generator.get_layer("down5_act").output.shape == (None, 2, 2, 64)


def test_no_dropout_leaves_no_dropout_layers():
    generator = unet_generator((32, 32, 3), width=4, depth=3, dropout=0.0)
    assert not any(isinstance(x, keras.layers.Dropout) for x in generator.layers)


@pytest.mark.parametrize("base", BASES)
def test_mixed_precision_keeps_the_picture_float32(base):
    generator = unet_generator((32, 32, 3), width=4, depth=3, base=base, dtype="mixed_bfloat16")
    assert generator.get_layer("down1_conv").compute_dtype == "bfloat16"
    assert generator.get_layer("down1_conv").kernel.dtype == "float32"
    made = generator(picture(32, 32))
    assert keras.backend.standardize_dtype(made.dtype) == "float32"


@pytest.mark.parametrize("base", BASES)
def test_prediction_stays_in_range(base):
    generator = unet_generator((32, 32, 3), width=4, depth=3, base=base)
    for weight in generator.trainable_weights:
        weight.assign(20.0 * weight)  # far from its small beginnings
    made = np.asarray(generator(picture(32, 32)))
    assert np.abs(made).max() <= 1.0


def test_base_input_begins_near_the_dark_picture():
    generator = unet_generator((32, 32, 3), width=4, depth=3, base="input")
    dark = picture(32, 32, low=-0.9, high=0.9)
    assert np.abs(np.asarray(generator(dark)) - dark).mean() < 0.2


def test_base_auto_exposure_begins_near_the_auto_exposed_picture():
    generator = unet_generator((32, 32, 3), width=4, depth=3, base="auto_exposure")
    dark = picture(32, 32, low=-1.0, high=-0.8)
    made = np.asarray(generator(dark))
    assert np.abs(made - np.asarray(AutoExposure()(dark))).mean() < 0.2
    assert made.mean() > dark.mean() + 0.5


def test_correction_is_not_clipped_while_training():
    generator = unet_generator((32, 32, 3), width=4, depth=3, base="input", norm="none")
    generator.get_layer("correction").bias.assign([3.0, 3.0, 3.0])
    assert np.asarray(generator(picture(32, 32), training=True)).max() > 1.0
    assert np.asarray(generator(picture(32, 32))).max() == 1.0


# Sizes.


@pytest.mark.parametrize(("height", "width"), [(8, 8), (8, 40), (96, 64)])
def test_any_size_that_the_depth_allows_works(height, width):
    generator = unet_generator((height, width, 3), width=4, depth=3)
    assert generator(picture(height, width)).shape == (1, height, width, 3)


@pytest.mark.parametrize("base", BASES)
def test_open_size_takes_any_multiple(base):
    generator = unet_generator((None, None, 3), width=4, depth=3, base=base)
    assert generator(picture(8, 8)).shape == (1, 8, 8, 3)
    assert generator(picture(40, 24, n=2)).shape == (2, 40, 24, 3)


def test_a_generator_can_be_made_anew_for_any_size():
    generator = unet_generator((32, 32, 3), width=4, depth=3, norm="instance", base="auto_exposure")
    opened = keras.models.clone_model(generator, input_tensors=keras.Input((None, None, 3)))
    opened.set_weights(generator.get_weights())
    np.testing.assert_allclose(
        opened(picture(32, 32)), generator(picture(32, 32)), rtol=0, atol=1e-6
    )
    assert opened(picture(16, 40)).shape == (1, 16, 40, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"norm": "layer"}, "norm must be one of batch, instance, group, none, not 'layer'"),
        ({"upsampling": "bilinear"}, "upsampling must be one of transpose, resize"),
        ({"base": "gamma"}, "base must be one of none, input, auto_exposure"),
        ({"depth": 1}, "depth must be a whole number, at least 2, not 1"),
        ({"input_shape": (256, 200, 3)}, "multiples of 256, not 200"),
        ({"input_shape": (96, 96, 3), "depth": 6}, "multiples of 64, not 96"),
        ({"input_shape": (16, 16, 3), "depth": 5}, "multiples of 32, not 16"),
        ({"input_shape": (256, 256, 1)}, r"must be \(height, width, 3\)"),
        ({"input_shape": (256, 256)}, r"must be \(height, width, 3\)"),
        ({"norm": "instance"}, "choose depth 7, or another norm"),
        ({"norm": "group", "width": 12}, "a width that is a multiple of 8, not 12"),
        ({"padding": "same"}, "padding must be one of zeros, reflect, not 'same'"),
        ({"padding": "reflect"}, 'choose upsampling "resize"'),
    ],
)
def test_what_cannot_be_built_is_refused_with_a_reason(arguments, message):
    with pytest.raises(ValueError, match=message):
        unet_generator(**arguments)


# Auto-exposure.


@pytest.mark.parametrize("level", [0.01, 0.05, 0.2, 0.4, 0.9])
def test_auto_exposure_brings_flat_grey_to_its_target(level):
    grey = np.full((1, 4, 4, 3), 2 * level - 1, "float32")
    exposed = (np.asarray(AutoExposure(target=0.4)(grey)) + 1) / 2
    np.testing.assert_allclose(exposed, 0.4, atol=1e-3)


@pytest.mark.parametrize("level", [-1.0, 1.0])
def test_auto_exposure_keeps_black_and_white_finite(level):
    exposed = np.asarray(AutoExposure()(np.full((1, 4, 4, 3), level, "float32")))
    assert np.isfinite(exposed).all()
    assert np.abs(exposed).max() <= 1.0


def test_auto_exposure_treats_each_picture_by_itself():
    dark, darker = picture(8, 8, high=-0.5), picture(8, 8, high=-0.9)
    together = AutoExposure()(np.concatenate([dark, darker]))
    np.testing.assert_allclose(together[1:], AutoExposure()(darker), rtol=0, atol=1e-6)


def test_auto_exposure_is_float32_in_a_mixed_network():
    generator = unet_generator(
        (32, 32, 3), width=4, depth=3, base="auto_exposure", dtype="mixed_bfloat16"
    )
    assert generator.get_layer("auto_exposure").compute_dtype == "float32"


@pytest.mark.parametrize("target", [0.0, 1.0, -0.4])
def test_auto_exposure_refuses_an_impossible_target(target):
    with pytest.raises(ValueError, match="between 0 and 1"):
        AutoExposure(target=target)


# Files, and the other backend.


@pytest.mark.parametrize("base", BASES)
def test_saved_and_loaded_it_makes_the_same_picture(tmp_path, base):
    generator = unet_generator((32, 32, 3), width=4, depth=3, base=base, norm="instance")
    generator.save(tmp_path / "generator.keras")
    loaded = keras.models.load_model(tmp_path / "generator.keras")
    np.testing.assert_array_equal(generator(picture(32, 32)), loaded(picture(32, 32)))


def test_the_auto_exposure_target_survives_saving(tmp_path):
    low = keras.Input((8, 8, 3))
    keras.Model(low, AutoExposure(target=0.7)(low)).save(tmp_path / "exposure.keras")
    assert keras.models.load_model(tmp_path / "exposure.keras").layers[-1].target == 0.7


ENHANCE_ELSEWHERE = """
import sys, keras, numpy as np, lowlight_utils.models
folder = sys.argv[1]
for name in sys.argv[2:]:
    generator = keras.models.load_model(f"{folder}/{name}.keras")
    made = generator.predict(np.load(f"{folder}/dark.npy"), verbose=0)
    np.save(f"{folder}/{name}.npy", made)
print(keras.backend.backend())
"""


def test_the_same_file_gives_the_same_picture_in_jax(tmp_path):
    """The tolerance, 1e-5 of a range of 2, is a thousandth of an 8-bit level."""
    dark = picture(32, 32, high=-0.6)
    np.save(tmp_path / "dark.npy", dark)
    expected = {}
    for base, upsampling in (("none", "transpose"), ("auto_exposure", "resize")):
        generator = unet_generator((32, 32, 3), width=4, depth=2, base=base, upsampling=upsampling)
        for weight in generator.weights:  # moving averages too: as if it had been trained
            weight.assign(weight + 0.01)
        generator.save(tmp_path / f"{base}.keras")
        expected[base] = np.asarray(generator(dark))

    other = "tensorflow" if keras.backend.backend() == "jax" else "jax"
    done = subprocess.run(
        [sys.executable, "-c", ENHANCE_ELSEWHERE, str(tmp_path), *expected],
        env={**os.environ, **ON_JAX, "KERAS_BACKEND": other},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == other
    for base, here in expected.items():
        np.testing.assert_allclose(np.load(tmp_path / f"{base}.npy"), here, rtol=0, atol=1e-5)
