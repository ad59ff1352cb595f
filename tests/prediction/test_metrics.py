"""The metrics give known values, and refuse what would give wrong ones."""

import numpy as np
import pytest
from pictures import make_photo
from scipy.ndimage import gaussian_filter

from lowlight_utils.metrics import (
    ciede2000,
    match_mean,
    measure,
    psnr,
    split_error,
    ssim,
)


def flat(level, height=16, width=20):
    return np.full((height, width, 3), level, np.uint8)


@pytest.mark.parametrize("offset", [1, 10, 127])
def test_psnr_of_a_constant_offset_is_known(offset):
    truth = flat(100)
    assert psnr(truth, truth + np.uint8(offset)) == pytest.approx(20 * np.log10(255 / offset))


def test_psnr_pools_the_error_of_all_channels():
    image = flat(100)
    image[..., 0] += 30
    assert psnr(flat(100), image) == pytest.approx(10 * np.log10(255**2 / (30**2 / 3)))


def test_psnr_does_not_wrap_around_at_zero():
    assert psnr(flat(0), flat(255)) == pytest.approx(0)
    assert psnr(flat(255), flat(0)) == pytest.approx(0)


@pytest.mark.filterwarnings("error")
def test_equal_images_have_infinite_psnr_full_ssim_and_no_difference_in_colour(photo):
    assert psnr(photo, photo) == np.inf
    assert ssim(photo, photo) == pytest.approx(1)
    assert ciede2000(photo, photo) == 0


def test_ssim_is_the_authors_formula_with_an_11x11_gaussian_window():
    truth = make_photo(40, 48)
    image = np.clip(truth * 0.7 + np.random.default_rng(0).normal(0, 12, truth.shape), 0, 255)
    image = image.astype(np.uint8)

    def windowed(x):  # truncate=3.5 makes 5 pixels each way of sigma 1.5
        return gaussian_filter(x, (1.5, 1.5, 0), truncate=3.5)

    x, y = truth.astype(float), image.astype(float)
    mean_x, mean_y = windowed(x), windowed(y)
    var_x, var_y = windowed(x * x) - mean_x**2, windowed(y * y) - mean_y**2
    cov = windowed(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    similarity = ((2 * mean_x * mean_y + c1) * (2 * cov + c2)) / (
        (mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2)
    )
    assert ssim(truth, image) == pytest.approx(similarity[5:-5, 5:-5].mean(), abs=1e-6)


def test_ssim_of_two_flat_images_is_its_luminance_term():
    c1 = (0.01 * 255) ** 2
    expected = (2 * 50 * 200 + c1) / (50**2 + 200**2 + c1)
    assert ssim(flat(50), flat(200)) == pytest.approx(expected, abs=1e-6)


def test_black_against_white_differs_by_a_hundred_in_colour():
    assert ciede2000(flat(0), flat(255)) == pytest.approx(100, abs=1e-2)


def test_swapping_red_and_blue_shows_in_the_difference_in_colour(photo):
    assert ciede2000(photo, photo[..., ::-1]) > 10


@pytest.mark.parametrize("metric", [psnr, ssim, ciede2000, measure, match_mean])
def test_floats_are_refused_with_a_reason(metric, photo):
    with pytest.raises(ValueError, match=r"uint8.*to_image"):
        metric(photo / 255, photo / 255)
    with pytest.raises(ValueError, match="float32"):
        metric(photo, photo.astype(np.float32))


@pytest.mark.parametrize("metric", [psnr, ssim, ciede2000, measure])
def test_other_shapes_and_sizes_are_refused(metric, photo):
    with pytest.raises(ValueError, match="24x32 and image 24x30"):
        metric(photo, photo[:, :30])
    with pytest.raises(ValueError, match=r"uint8\[H, W, 3\]"):
        metric(photo[..., 0], photo[..., 0])
    with pytest.raises(ValueError, match=r"uint8\[H, W, 3\]"):
        metric(photo.astype(np.uint16), photo.astype(np.uint16))


def test_ssim_of_images_smaller_than_its_window_is_refused():
    with pytest.raises(ValueError, match="11x11"):
        ssim(flat(1, 10, 40), flat(2, 10, 40))


def test_gt_mean_takes_a_darker_image_to_the_truths_level(photo):
    truth = (photo // 2).astype(np.uint8)
    assert psnr(truth, match_mean((truth // 4).astype(np.uint8), truth)) > 35


def test_gt_mean_weights_channels_as_grey_does():
    green, truth = flat(0), flat(0)
    green[..., 1] = 100
    truth[..., 0] = 100
    assert match_mean(green, truth)[0, 0].tolist() == [0, round(100 * 0.299 / 0.587), 0]


def test_gt_mean_leaves_a_black_image_black(photo):
    assert not match_mean(np.zeros_like(photo), photo).any()


def test_measure_gives_raw_and_gt_mean_values(photo):
    dark = (photo // 3).astype(np.uint8)
    scores = measure(photo, dark)
    matched = match_mean(dark, photo)
    assert scores == {
        "psnr": psnr(photo, dark),
        "ssim": ssim(photo, dark),
        "ciede2000": ciede2000(photo, dark),
        "psnr_gtmean": psnr(photo, matched),
        "ssim_gtmean": ssim(photo, matched),
        "ciede2000_gtmean": ciede2000(photo, matched),
    }
    assert scores["psnr_gtmean"] > scores["psnr"] + 5


def test_the_parts_of_an_error_add_up_to_the_mean_squared_error():
    rng = np.random.default_rng(0)
    truth, image = rng.integers(0, 256, (2, 12, 9, 3), np.uint8)
    whole = np.mean((image.astype(float) - truth) ** 2)
    assert sum(split_error(truth, image).values()) == pytest.approx(whole)


def test_an_error_is_split_into_brightness_colour_and_structure():
    truth = flat(100)
    assert split_error(truth, flat(90)) == {"brightness": 100, "colour": 0, "structure": 0}
    cast = truth + np.array([12, 0, -12], np.int16).astype(np.uint8)  # wraps to 112, 100, 88
    assert split_error(truth, cast) == {"brightness": 0, "colour": 96, "structure": 0}
    grainy = truth.copy()
    grainy[::2] += 5
    grainy[1::2] -= 5
    assert split_error(truth, grainy) == {"brightness": 0, "colour": 0, "structure": 25}
