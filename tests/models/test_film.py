import keras
import numpy as np
import pytest

from lowlight_utils.models import unet_generator
from lowlight_utils.models.film import LAMBDA_RANGE, FiLM, LogLambda, LogLevel


def conditional(**options):
    keras.utils.set_random_seed(0)
    options = {"width": 8, "depth": 3, "norm": "group", "dropout": 0.0} | options
    return unet_generator((None, None, 3), condition="lambda", **options)


def picture(n=1, side=32):
    return np.random.default_rng(0).uniform(-1, 1, (n, side, side, 3)).astype("float32")


def column(*lambdas):
    return np.array(lambdas, np.float32)[:, None]


def stir(model):
    """Give every FiLM layer weights that do something."""
    rng = np.random.default_rng(1)
    for layer in model.layers:
        if isinstance(layer, FiLM):
            layer.set_weights([rng.normal(0, 0.3, w.shape) for w in layer.get_weights()])


def test_the_scale_of_lambda_is_logarithmic_and_ends_at_its_range():
    least, most = LAMBDA_RANGE
    middle = (least * most) ** 0.5
    places = np.asarray(LogLambda()(column(least, middle, most, 0.0, 1e9)))
    np.testing.assert_allclose(places.ravel(), [-1, 0, 1, -1, 1], atol=1e-6)


def test_film_changes_nothing_at_first():
    features = np.random.default_rng(0).normal(size=(2, 4, 4, 6)).astype("float32")
    np.testing.assert_array_equal(np.asarray(FiLM()(features, np.ones((2, 5)))), features)


def test_film_scales_and_shifts_each_channel_by_the_pictures_own_code():
    layer = FiLM()
    features = np.ones((2, 3, 3, 2), np.float32)
    codes = np.array([[1.0], [2.0]], np.float32)
    layer(features, codes)
    layer.set_weights([np.array([[1.0, 0.0, 0.0, 10.0]]), np.zeros(4)])
    modulated = np.asarray(layer(features, codes))
    np.testing.assert_allclose(modulated[0, 0, 0], [2, 11])
    np.testing.assert_allclose(modulated[1, 2, 2], [3, 21])


def test_a_conditional_generator_begins_as_the_plain_one():
    plain = unet_generator((None, None, 3), width=8, depth=3, norm="group", dropout=0.0)
    told = conditional()
    for layer in plain.layers:
        told.get_layer(layer.name).set_weights(layer.get_weights())
    low = picture()
    np.testing.assert_allclose(told([low, column(3.0)]), plain(low), atol=1e-6)


def test_each_picture_is_made_for_its_own_lambda():
    generator = conditional()
    stir(generator)
    low = picture()
    one, other = (np.asarray(generator([low, column(x)])) for x in (1.0, 1000.0))
    assert abs(one - other).max() > 1e-3
    both = np.asarray(generator([np.repeat(low, 2, 0), column(1.0, 1000.0)]))
    np.testing.assert_allclose(both, np.concatenate([one, other]), atol=1e-5)


def test_modulation_stands_after_every_norm_and_nowhere_else():
    names = [layer.name for layer in conditional().layers]
    norms = [name for name in names if name.endswith("_norm")]
    assert [name.replace("_film", "_norm") for name in names if "_film" in name] == norms


def test_with_a_base_the_block_at_full_resolution_is_modulated_too():
    names = [layer.name for layer in conditional(upsampling="resize", base="input").layers]
    assert "up3_film" in names
    assert names.index("up3_film") > names.index("up3_conv")


def test_a_conditional_generator_survives_saving(tmp_path):
    generator = conditional(padding="reflect", upsampling="resize", base="auto_exposure")
    stir(generator)
    generator.save(tmp_path / "generator.keras")
    again = keras.models.load_model(tmp_path / "generator.keras")
    given = [picture(), column(50.0)]
    np.testing.assert_array_equal(np.asarray(generator(given)), np.asarray(again(given)))


def test_an_unknown_condition_is_refused():
    with pytest.raises(ValueError, match="condition must be one of none, lambda"):
        unet_generator((32, 32, 3), depth=3, condition="mood")


def test_the_level_of_a_picture_runs_from_minus_1_for_black_to_1_for_white():
    pictures = np.stack([np.full((4, 4, 3), level, np.float32) for level in (-1, 0, 1)])
    levels = np.asarray(LogLevel()(pictures))
    assert levels.shape == (3, 2)
    np.testing.assert_allclose(levels[0], -1, atol=1e-6)
    np.testing.assert_allclose(levels[2], 1, atol=1e-6)
    np.testing.assert_allclose(levels[1], levels[1, ::-1], atol=1e-6)  # even light: both alike


def test_a_lamp_in_the_dark_pulls_the_two_levels_apart():
    dark = np.full((1, 8, 8, 3), -0.98, np.float32)
    dark[:, :2, :2] = 1.0
    of_logarithms, of_mean = np.asarray(LogLevel()(dark))[0]
    assert of_mean > of_logarithms + 0.3


def test_a_generator_told_its_level_takes_the_picture_alone_and_acts_by_it():
    model = unet_generator((None, None, 3), width=8, depth=3, norm="group", condition="level")
    assert len(model.inputs) == 1
    given = picture()
    before = np.asarray(model(given))
    stir(model)
    assert np.abs(np.asarray(model(given)) - before).max() > 1e-3
