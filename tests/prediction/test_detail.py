"""What was done to a small copy is carried over to the large photo, with the photo's own detail."""

import numpy as np
import pytest
from pictures import make_photo

from lowlight_utils.data.images import resize, to_network
from lowlight_utils.metrics import psnr
from lowlight_utils.prediction.detail import carry_over, tone_curves
from lowlight_utils.prediction.noise import noise_by_level


def dark_scene(height=240, width=320, seed=0):
    """A scene with edges and texture: (dark, bright) uint8, bright five times as bright."""
    rng = np.random.default_rng(seed)
    dark = make_photo(height, width, seed) / 255 * 30
    for _ in range(30):
        top, left = rng.integers(0, height - 20), rng.integers(0, width - 20)
        size = rng.integers(3, 60, 2)
        dark[top : top + size[0], left : left + size[1]] = rng.uniform(2, 45, 3)
    return np.rint(dark).astype(np.uint8), np.rint(dark).astype(np.uint8) * 5


def carried_over(photo, small_after, **options):
    before = to_network(resize(photo, small_after.shape[:2]))
    return carry_over(photo, before, small_after, **options)


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


def test_a_white_balance_is_carried_over_to_every_pixel():
    dark, _ = dark_scene()
    gains = np.array([2.0, 3.0, 5.0])
    small = to_network(resize(dark, (60, 80))) + 1
    result = carried_over(dark, (small * gains - 1).astype(np.float32))
    assert np.abs(result - dark * gains).max() <= 3  # half a level of the small copy, five times


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
    whole = carried_over(dark, after, strip=250).astype(int)
    different = np.abs(carried_over(dark, after, strip=strip) - whole)
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


def test_less_is_smoothed_at_less_strength():
    dark, bright = dark_scene()
    photo, clean = noisy(dark, 3), to_network(resize(bright, (60, 80)))
    results = [carried_over(photo, clean, smoothing=share) for share in (0, 0.5, 1)]
    far = [psnr(bright, result) for result in results]
    assert far[0] + 1 < far[1] < far[2] - 1


def test_noise_that_the_network_kept_is_kept():
    photo = noisy(dark_scene()[0], 3)
    result = carried_over(photo, 4 * (to_network(resize(photo, (60, 80))) + 1) - 1)
    assert psnr(np.clip(photo * 4.0, 0, 255).astype(np.uint8), result) > 48


@pytest.mark.parametrize("sigma", [3, 8])
def test_noise_is_measured_beside_edges_and_texture(sigma):
    photo = noisy(make_photo(256, 320) // 2 + dark_scene(256, 320)[0] + 40, sigma)
    noise = np.sqrt(noise_by_level(photo)[60:160]) * 127.5
    # Of white noise, as much as the mean around leaves: the weights' squares add up to 0.375 and 2.
    expected = sigma * np.sqrt([0.375 * (1 - 1 / 25), 2 * (1 - 1 / 49), 2 * (1 - 1 / 49)])
    np.testing.assert_allclose(np.median(noise, axis=0), expected, rtol=0.2)


def test_noise_is_known_by_brightness():
    photo = np.full((256, 320, 3), 60, np.uint8)
    photo[:, 160:] = 180
    photo[:, :160], photo[:, 160:] = noisy(photo[:, :160], 3), noisy(photo[:, 160:], 2)
    noise = np.sqrt(noise_by_level(photo)[:, 0])
    assert noise[60] == pytest.approx(1.5 * noise[180], rel=0.15)


@pytest.mark.parametrize("shape", [(1, 1), (15, 900), (300, 8)])
def test_photos_too_small_to_tell_count_as_noise_free(shape):
    photo = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert not noise_by_level(photo).any()


def test_a_curve_is_found_also_where_it_is_steep_and_never_falls():
    before = to_network(dark_scene()[0])
    after = 2 * ((before + 1) / 2) ** 0.6 - 1
    curve = tone_curves(before, after)
    expected = 255 * (np.arange(256) / 255)[:, None] ** 0.6
    assert np.abs((curve + 1) * 127.5 - expected)[2:40].max() < 2
    assert (np.diff(curve, axis=0) >= 0).all()


def test_what_is_next_to_black_is_not_torn_apart():
    photo = np.random.default_rng(0).integers(0, 2, (240, 320, 3), dtype=np.uint8)
    photo[:, 160:] = 40
    after = to_network(np.where(resize(photo, (60, 80)) < 20, 80, 90).astype(np.uint8))
    assert carried_over(photo, after, smoothing=0)[8:-8, 8:120].std() < 6


def page(height=600, width=900):
    """Dark print on a lit page, its strokes one to four pixels wide: uint8."""
    photo = np.full((height, width, 3), 62, np.uint8)
    rng = np.random.default_rng(0)
    for row in range(10, height - 20, 16):
        for column in range(10, width - 12, 9):
            top, left = row + rng.integers(0, 4), column + rng.integers(0, 3)
            photo[top : top + rng.integers(2, 9), left : left + rng.integers(1, 5)] = 12
    photo[-60:] = np.linspace(0, 80, width)[None, :, None]  # what else the scene has
    return photo


def test_print_finer_than_the_copy_keeps_its_contrast_and_the_page_gets_cleaner():
    clean = page()
    photo = noisy(clean, 2)

    def curve(levels):
        return 255 * (levels / 255) ** 0.5

    small = resize(clean, (120, 180)).astype(float)  # of which a network sees little but grey
    result = carried_over(photo, to_network(np.rint(curve(small)).astype(np.uint8))).astype(float)
    truth, plain = curve(clean.astype(float)), curve(photo.astype(float))
    ink = clean[:-60] == 12
    contrast, wanted = (x[:-60][~ink].mean() - x[:-60][ink].mean() for x in (result, truth))
    assert contrast > 0.93 * wanted
    assert result[:8].std() < 0.6 * plain[:8].std()  # the upper margin
