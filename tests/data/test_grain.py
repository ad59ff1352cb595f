import numpy as np
import pytest
from pictures import make_photo

from lowlight_utils.data.grain import grain, take_out_grain


def grey(level, side=64):
    return np.full((side, side, 3), level, np.uint8)


def with_noise(photo, sigma, seed=0):
    noise = np.random.default_rng(seed).normal(0, sigma, (*photo.shape[:2], 1))
    return np.rint(np.clip(photo + noise, 0, 255)).astype(np.uint8)


def test_grain_is_the_noise_of_the_dark_part():
    rng = np.random.default_rng(0)
    noisy = np.clip(60 + rng.normal(0, 4, (128, 128, 1)) + np.zeros(3), 0, 255)
    noisy = np.rint(noisy).astype(np.uint8)
    everywhere = np.ones((128, 128), bool)
    assert grain(noisy, everywhere) == pytest.approx(4, rel=0.1)
    assert grain(grey(60, 128), everywhere) == 0


def test_grain_does_not_see_edges_and_slopes():
    slope = np.repeat(np.linspace(0, 250, 128).astype(np.uint8)[None, :, None], 128, 0)
    assert grain(np.repeat(slope, 3, 2), np.ones((128, 128), bool)) < 0.3


def test_grain_of_too_few_squares_is_not_a_number():
    assert np.isnan(grain(grey(60, 32), np.ones((32, 32), bool)))


def test_where_limits_the_measure_to_a_part_of_the_picture():
    left = np.zeros((128, 128), bool)
    left[:, :64] = True
    picture = np.hstack([grey(60, 128)[:, :64], with_noise(grey(60, 128), 4)[:, 64:]])
    assert grain(picture, left) == 0
    assert grain(picture, ~left) == pytest.approx(4, rel=0.15)


def test_grain_is_taken_out_and_edges_stay():
    photo = grey(60, 128)
    photo[:, 64:] = 180
    noisy = with_noise(photo, 4)
    clean = take_out_grain(noisy)
    assert grain(clean) < 0.4 * grain(noisy)
    assert np.abs(clean.astype(int) - photo).mean() < 0.5 * np.abs(noisy.astype(int) - photo).mean()
    assert clean[:, 66:].min() > 150 and clean[:, :62].max() < 90


def test_a_photo_without_grain_stays_as_it_is():
    np.testing.assert_array_equal(take_out_grain(grey(90)), grey(90))
    tiny = make_photo(20, 20)
    np.testing.assert_array_equal(take_out_grain(tiny), tiny)
