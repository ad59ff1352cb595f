"""Sharpness says which way a picture errs: too smooth, or too rough."""

import numpy as np
import pytest
from pictures import make_photo
from scipy.ndimage import gaussian_filter

from lowlight_utils.metrics import sharpness


@pytest.fixture
def textured():
    noise = np.random.default_rng(0).normal(0, 15, (48, 64, 1))
    return np.clip(make_photo(48, 64) + noise, 0, 255).astype(np.uint8)


def test_the_truth_itself_has_sharpness_1(textured):
    assert sharpness(textured, textured) == 1


def test_blur_lowers_sharpness(textured):
    assert sharpness(textured, gaussian_filter(textured, (1, 1, 0))) < 0.5


def test_noise_raises_sharpness_too(textured):
    noisy = textured + np.random.default_rng(1).normal(0, 25, textured.shape)
    assert sharpness(textured, np.clip(noisy, 0, 255).astype(np.uint8)) > 1.2


def test_half_the_contrast_is_half_the_sharpness():
    truth = (make_photo(24, 32) // 2 * 2).astype(np.uint8)
    assert sharpness(truth, truth // 2) == pytest.approx(0.5)


@pytest.mark.parametrize("axis", [0, 1])
def test_steps_down_and_across_count_alike(axis):
    noise = np.random.default_rng(0).integers(60, 190, (48, 48, 3), np.uint8)
    constant_one_way = np.repeat(np.take(noise, [0], axis), 48, axis)
    assert sharpness(noise, constant_one_way) == pytest.approx(0.5, abs=0.1)


@pytest.mark.filterwarnings("error")
def test_a_truth_of_one_grey_gives_no_number_but_no_warning_either(textured):
    assert sharpness(np.full_like(textured, 9), textured) == np.inf
    assert np.isnan(sharpness(np.full_like(textured, 9), np.full_like(textured, 7)))


def test_floats_are_refused(textured):
    with pytest.raises(ValueError, match="uint8"):
        sharpness(textured, textured / 255)
