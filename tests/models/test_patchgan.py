import keras
import numpy as np
import pytest

from lowlight_utils.models import patchgan_discriminator


@pytest.fixture(scope="module")
def seed_discriminator():
    keras.utils.set_random_seed(0)
    return patchgan_discriminator()


def pair(shape, seed=0):
    return list(np.random.default_rng(seed).uniform(-1, 1, (2, 1, *shape)).astype("float32"))


def test_seed_recipe_has_2770433_parameters(seed_discriminator):
    assert seed_discriminator.count_params() == 2_770_433


def test_seed_recipe_gives_30x30_logits(seed_discriminator):
    assert seed_discriminator.output_shape == (None, 30, 30, 1)
    assert seed_discriminator(pair((256, 256, 3))).shape == (1, 30, 30, 1)


def test_seed_recipe_has_the_layers_of_the_paper(seed_discriminator):
    convolutions = [x for x in seed_discriminator.layers if isinstance(x, keras.layers.Conv2D)]
    assert [(x.filters, x.kernel_size[0], x.strides[0]) for x in convolutions] == [
        (64, 4, 2),
        (128, 4, 2),
        (256, 4, 2),
        (512, 4, 1),
        (1, 4, 1),
    ]
    norms = [x for x in seed_discriminator.layers if "_norm" in x.name]
    assert [x.name for x in norms] == ["block2_norm", "block3_norm", "block4_norm"]


def test_seed_recipe_keeps_a_slope_of_0_3_below_zero(seed_discriminator):
    leaky = [x for x in seed_discriminator.layers if isinstance(x, keras.layers.LeakyReLU)]
    assert [x.negative_slope for x in leaky] == pytest.approx([0.3] * 4)


def test_weights_begin_as_normal_0_002(seed_discriminator):
    kernels = [x for x in seed_discriminator.trainable_weights if x.name == "kernel"]
    values = np.concatenate([x.numpy().ravel() for x in kernels])
    assert abs(values.mean()) < 1e-4
    assert values.std() == pytest.approx(0.02, rel=0.01)


def test_logits_are_not_squashed(seed_discriminator):
    assert seed_discriminator.layers[-1].activation is keras.activations.linear


def test_both_pictures_count(seed_discriminator):
    low, picture = pair((256, 256, 3))
    before = np.asarray(seed_discriminator([low, picture]))
    assert not np.allclose(before, seed_discriminator([-low, picture]))
    assert not np.allclose(before, seed_discriminator([low, -picture]))


@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
def test_norm_is_the_one_asked_for(norm):
    discriminator = patchgan_discriminator((64, 64, 3), width=4, norm=norm)
    kinds = {type(x).__name__ for x in discriminator.layers if "_norm" in x.name}
    assert kinds == {"batch": {"BatchNormalization"}, "instance": {"GroupNormalization"}}.get(
        norm, set()
    )
    assert discriminator.get_layer("block2_conv").use_bias == (norm == "none")


def test_width_scales_every_block():
    discriminator = patchgan_discriminator(width=16)
    convolutions = [x for x in discriminator.layers if isinstance(x, keras.layers.Conv2D)]
    assert [x.filters for x in convolutions] == [16, 32, 64, 128, 1]


def test_mixed_precision_keeps_logits_float32():
    discriminator = patchgan_discriminator((64, 64, 3), width=4, dtype="mixed_bfloat16")
    assert discriminator.get_layer("block1_conv").compute_dtype == "bfloat16"
    assert discriminator.get_layer("block1_conv").kernel.dtype == "float32"
    logits = discriminator(pair((64, 64, 3)))
    assert keras.backend.standardize_dtype(logits.dtype) == "float32"


@pytest.mark.parametrize(("side", "verdicts"), [(32, 2), (37, 3), (64, 6), (286, 34)])
def test_other_sizes_give_their_own_number_of_verdicts(side, verdicts):
    discriminator = patchgan_discriminator((side, side, 3), width=4)
    assert discriminator(pair((side, side, 3))).shape == (1, verdicts, verdicts, 1)


def test_open_size_takes_any_picture():
    discriminator = patchgan_discriminator((None, None, 3), width=4)
    assert discriminator(pair((64, 96, 3))).shape == (1, 6, 10, 1)


def test_unknown_norm_is_refused_with_the_choices():
    choices = "norm must be one of batch, instance, group, none, not 'layer'"
    with pytest.raises(ValueError, match=choices):
        patchgan_discriminator(norm="layer")


def test_too_small_a_picture_is_refused():
    with pytest.raises(ValueError, match="at least 32x32, not 31x256"):
        patchgan_discriminator((31, 256, 3))


def test_saved_and_loaded_it_judges_alike(tmp_path):
    discriminator = patchgan_discriminator((64, 64, 3), width=4, norm="instance")
    pictures = pair((64, 64, 3))
    discriminator.save(tmp_path / "discriminator.keras")
    loaded = keras.models.load_model(tmp_path / "discriminator.keras")
    np.testing.assert_array_equal(discriminator(pictures), loaded(pictures))
