"""What was done to a small copy is carried over to the large photo, with the photo's own detail."""

import numpy as np
import pytest
from pictures import make_photo

from lowlight_utils.data.images import resize, to_network
from lowlight_utils.metrics import psnr
from lowlight_utils.prediction.detail import LEVEL, apply_affine, fit_affine, noise_variance


def dark_scene(height=240, width=320, seed=0):
    """A scene with edges and texture: (dark, bright) uint8, bright five times as bright."""
    rng = np.random.default_rng(seed)
    dark = make_photo(height, width, seed) / 255 * 30
    for _ in range(30):
        top, left = rng.integers(0, height - 20), rng.integers(0, width - 20)
        size = rng.integers(3, 60, 2)
        dark[top : top + size[0], left : left + size[1]] = rng.uniform(2, 45, 3)
    return np.rint(dark).astype(np.uint8), np.rint(dark).astype(np.uint8) * 5


def carried_over(photo, small_after, strip=64):
    small = resize(photo, small_after.shape[:2])
    slope, offset = fit_affine(to_network(small), small_after, noise_variance(photo))
    return apply_affine(photo, slope, offset, strip)


def noisy(photo, sigma, seed=0):
    noise = np.random.default_rng(seed).normal(0, sigma, photo.shape)
    return np.rint(np.clip(photo + noise, 0, 255)).astype(np.uint8)


@pytest.mark.parametrize("size", [(60, 80), (53, 71), (7, 9), (1, 1)])
def test_nothing_done_means_nothing_changed(size):
    photo = np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    assert np.array_equal(carried_over(photo, to_network(resize(photo, size))), photo)


def test_a_gain_is_carried_over_to_every_pixel_and_edge():
    dark, bright = dark_scene()
    small = resize(dark, (60, 80))
    result = carried_over(dark, 5 * (to_network(small) + 1) - 1)
    assert np.abs(result.astype(int) - bright).max() <= 2


def test_a_mixing_of_colours_is_carried_over():
    dark, _ = dark_scene()
    mix = np.array([[2.0, 1.0, 0.0], [0.0, 3.0, 0.5], [0.3, 0.0, 4.0]])
    small = to_network(resize(dark, (60, 80))) + 1
    result = carried_over(dark, (small @ mix.T - 1).astype(np.float32))
    assert np.abs(result - dark @ mix.T).max() <= 4


def test_a_curve_keeps_detail_that_the_small_copy_lost():
    dark, _ = dark_scene()
    truth = np.rint(255 * (dark / 255) ** 0.5).astype(np.uint8)
    small_truth = to_network(resize(truth, (60, 80)))
    enlarged = resize(resize(truth, (60, 80)), (240, 320))
    assert psnr(truth, carried_over(dark, small_truth)) > psnr(truth, enlarged) + 6


@pytest.mark.parametrize("strip", [1, 17, 64, 1000])
def test_the_height_of_strips_makes_no_difference(strip):
    dark, bright = dark_scene(250, 331)
    after = to_network(resize(bright, (61, 83)))
    whole = carried_over(dark, after, 250).astype(int)
    different = np.abs(carried_over(dark, after, strip) - whole)
    assert different.max() <= 1  # where floating point falls just to either side of a half
    assert np.count_nonzero(different) < 50


def test_noise_that_the_network_removed_does_not_come_back():
    dark, bright = dark_scene()
    photo = noisy(dark, 3)
    clean = to_network(resize(bright, (60, 80)))  # as by a network that denoises perfectly
    result = carried_over(photo, clean)
    assert psnr(bright, result) > psnr(bright, np.clip(photo * 5.0, 0, 255).astype(np.uint8)) + 5
    enlarged = resize(resize(bright, (60, 80)), (240, 320))
    assert psnr(bright, result) > psnr(bright, enlarged)  # and yet edges are sharper


def test_what_is_known_of_the_noise_keeps_it_away():
    dark, bright = dark_scene()
    photo, clean = noisy(dark, 3), to_network(resize(bright, (60, 80)))
    fit = fit_affine(to_network(resize(photo, (60, 80))), clean, np.zeros(3))
    untold = apply_affine(photo, *fit)
    assert psnr(bright, carried_over(photo, clean)) > psnr(bright, untold) + 2


def test_noise_that_the_network_kept_is_kept():
    photo = noisy(dark_scene()[0], 3)
    result = carried_over(photo, 4 * (to_network(resize(photo, (60, 80))) + 1) - 1)
    assert psnr(np.clip(photo * 4.0, 0, 255).astype(np.uint8), result) > 48


@pytest.mark.parametrize("sigma", [1, 3, 8])
def test_noise_is_measured_beside_edges_and_texture(sigma):
    photo = noisy(make_photo(256, 320) // 2 + dark_scene(256, 320)[0], sigma)
    assert np.sqrt(noise_variance(photo)) / LEVEL == pytest.approx(3 * [sigma], rel=0.15)


def test_black_and_white_areas_do_not_hide_the_noise():
    photo = make_photo(256, 256) // 2 + 40
    photo[:, :120] = 0
    photo[:100] = 255
    photo = np.where((photo > 0) & (photo < 255), noisy(photo, 4), photo)
    assert np.sqrt(noise_variance(photo)) / LEVEL == pytest.approx(3 * [4], rel=0.2)


@pytest.mark.parametrize("shape", [(1, 1), (15, 900), (300, 8)])
def test_photos_too_small_to_tell_count_as_noise_free(shape):
    photo = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert not noise_variance(photo).any()
