import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import make_photo

from lowlight_utils.data.camera import compress, record
from lowlight_utils.data.grain import grain
from lowlight_utils.data.images import write_image
from lowlight_utils.data.lights import LIGHTS, light_field, open_shadows, roll_off
from lowlight_utils.data.photos import kodak_pairs, photo_pairs, random_view, sample_photos
from lowlight_utils.data.sources import load_splits
from lowlight_utils.data.srgb import linear_to_srgb, to_levels, to_linear


def luma(image):
    return image @ np.array([0.299, 0.587, 0.114])


@pytest.fixture(scope="module")
def pairs():
    """For every light, six photos in it."""
    photos = sample_photos("train")[:6]
    return {light: photo_pairs(photos, 96, lights=light) for light in LIGHTS}


@pytest.mark.parametrize("light", LIGHTS)
def test_the_same_seed_gives_the_same_pair_and_another_one_another(light):
    photo = make_photo(64, 64)
    first, again, other = (LIGHTS[light](photo, np.random.default_rng(s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert (first[0] != other[0]).any()
    assert {first[0].dtype, first[1].dtype} == {np.dtype(np.uint8)}


@pytest.mark.parametrize(("light", "most"), [("even", 0.3), ("dim", 0.6), ("night", 0.6)])
def test_little_light_makes_every_photo_much_darker(pairs, light, most):
    low, high = pairs[light].low, pairs[light].high
    assert (low.mean((1, 2, 3)) < most * high.mean((1, 2, 3))).all()


def test_uneven_light_takes_more_from_what_is_dark_than_from_what_is_bright(pairs):
    for low, high in zip(pairs["uneven"].low, pairs["uneven"].high, strict=True):
        before, after = luma(high), luma(low)
        dark, bright = before <= np.percentile(before, 30), before >= np.percentile(before, 90)
        kept_dark, kept_bright = after[dark].mean() / before[dark].mean(), 0
        kept_bright = after[bright].mean() / before[bright].mean()
        assert kept_dark < 0.75 * kept_bright


def test_uneven_light_burns_nothing_out_in_the_truth(pairs):
    assert (pairs["uneven"].high.min(-1) >= 250).mean() < 0.02


def test_a_photo_that_is_lit_well_is_left_as_it_is(pairs):
    for low, high in zip(pairs["lit"].low, pairs["lit"].high, strict=True):
        assert abs(low.mean() - high.mean()) < 3


def test_in_dim_light_one_photo_stands_for_scenes_of_several_brightnesses():
    pairs = photo_pairs(sample_photos("train")[:1], 32, copies=8, lights="dim")
    assert np.ptp(pairs.high.mean((1, 2, 3))) > 10


@given(st.integers(0, 2**32 - 1))
def test_the_field_of_light_spans_from_none_to_all(seed):
    field = light_field(to_linear(make_photo(40, 52)), np.random.default_rng(seed))
    assert field.shape == (40, 52)
    assert field.min() == pytest.approx(0, abs=1e-6)
    assert field.max() == pytest.approx(1, abs=1e-6)


@given(st.lists(st.floats(0, 50), min_size=2, max_size=5))
def test_highlights_roll_off_below_white_and_keep_their_order(values):
    bent = roll_off(np.sort(values))
    assert (np.diff(bent) >= 0).all() and bent.max() <= 1
    np.testing.assert_allclose(bent[bent < 0.7], np.sort(values)[bent < 0.7])


def test_the_camera_adds_noise_and_a_tint_but_keeps_the_level():
    grey = np.full((64, 64, 3), 0.1)
    taken = record(grey, np.random.default_rng(3), electrons=(5e3, 5e3), read_noise=(1e-4, 1e-4))
    level = linear_to_srgb(0.1) * 255
    assert taken[..., 1].std() > 0.5
    assert taken[..., 1].mean() == pytest.approx(level, abs=3)
    assert np.ptp(taken.mean((0, 1))) > 1


def test_without_an_error_of_colour_grey_stays_grey():
    grey = np.full((64, 64, 3), 0.1)
    taken = record(
        grey, np.random.default_rng(3), electrons=(1e6, 1e6), read_noise=(1e-5, 1e-5), colour=0.0
    )
    assert np.ptp(taken.mean((0, 1))) < 0.3


def test_a_lower_quality_leaves_less_of_a_picture():
    photo = make_photo(64, 64)
    errors = [np.abs(compress(photo, q).astype(int) - photo).mean() for q in (95, 60, 20)]
    assert errors[0] < errors[1] < errors[2]


def test_levels_survive_the_way_to_light_and_back():
    levels = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(to_levels(to_linear(levels)), levels)


@given(st.integers(0, 2**32 - 1))
def test_a_view_is_a_square_of_the_photo_no_smaller_than_asked_for(seed):
    photo = np.arange(40 * 60 * 3).reshape(40, 60, 3)
    view = random_view(photo, 24, np.random.default_rng(seed))
    side = len(view)
    assert view.shape == (side, side, 3) and 24 <= side <= 40
    top, left = divmod(view[0, 0, 0] // 3, 60)
    np.testing.assert_array_equal(view, photo[top : top + side, left : left + side])


def test_a_photo_smaller_than_the_view_is_shown_whole_and_square():
    assert random_view(make_photo(20, 30), 64, np.random.default_rng(0)).shape == (20, 20, 3)


def test_copies_take_the_lights_in_turn(tmp_path):
    write_image(tmp_path / "photo.png", make_photo(32, 32))
    pairs = photo_pairs([tmp_path / "photo.png"], 32, copies=3, lights="lit+night")
    levels = pairs.low.mean((1, 2, 3)) / pairs.high.mean((1, 2, 3))
    assert levels[0] > 0.9 and levels[1] < 0.6 and levels[2] > 0.9
    assert pairs.names == ("photo", "photo-2", "photo-3")


def test_in_backlight_the_truth_shows_more_of_the_shadows_than_in_uneven_light(pairs):
    uneven, backlit = (luma(pairs[light].high).mean() for light in ("uneven", "backlit"))
    assert backlit > uneven + 3


@given(stops=st.floats(0, 3))
def test_opened_shadows_keep_their_order_their_hue_and_the_lights(stops):
    greys = np.logspace(-5, 0, 500)
    opened = open_shadows(greys[:, None, None] * [1.0, 0.5, 0.25], stops)
    assert (np.diff(opened[:, 0, 0]) >= 0).all()
    np.testing.assert_allclose(opened[..., 1], 0.5 * opened[..., 0])
    np.testing.assert_allclose(open_shadows(np.ones((1, 1, 3)), stops), 1.0)
    black = open_shadows(np.full((1, 1, 3), 1e-4), stops)
    np.testing.assert_allclose(black, 1e-4 * 2.0**stops)


@pytest.mark.parametrize("stops", [-0.1, 3.1])
def test_shadows_are_not_opened_so_far_that_their_order_turns(stops):
    with pytest.raises(ValueError, match=f"stops is {stops}; shadows can be opened by 0 to 3"):
        open_shadows(np.ones((1, 1, 3)), stops)


def test_clean_views_lack_the_photos_own_grain(tmp_path):
    noise = np.random.default_rng(0).normal(0, 4, (64, 96, 1))
    photo = np.rint(np.clip(make_photo(64, 96) + noise, 0, 255)).astype(np.uint8)
    write_image(tmp_path / "photo.png", photo)
    random, clean = (
        photo_pairs([tmp_path / "photo.png"], 64, views=views) for views in ("random", "clean")
    )
    assert grain(clean.high[0]) < 0.7 * grain(random.high[0])


def test_random_views_differ_between_copies_and_whole_ones_do_not(tmp_path):
    write_image(tmp_path / "photo.png", make_photo(64, 64))
    whole = photo_pairs([tmp_path / "photo.png"], 32, copies=2)
    views = photo_pairs([tmp_path / "photo.png"], 32, copies=2, views="random")
    assert (whole.high[0] == whole.high[1]).all()
    assert (views.high[0] != views.high[1]).any()


@pytest.mark.parametrize("wrong", [{"lights": "even+noon"}, {"views": "both"}, {"copies": 0}])
def test_unknown_lights_and_views_are_refused(wrong):
    with pytest.raises(ValueError, match=r"noon|views|copies"):
        photo_pairs(sample_photos("test")[:1], 32, **wrong)


def test_kodaks_photos_are_all_for_training():
    splits = load_splits("kodak", size=32)
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (24, 0, 0)
    np.testing.assert_array_equal(splits.train.low, kodak_pairs(32).low)


def test_lights_and_views_change_the_training_pairs_alone():
    plain, mixed = (
        load_splits(["sample", "kodak"], size=32, lights=lights) for lights in ("even", "uneven")
    )
    assert (plain.train.low != mixed.train.low).any()
    np.testing.assert_array_equal(plain.validation.low, mixed.validation.low)
    np.testing.assert_array_equal(plain.test.low, mixed.test.low)
