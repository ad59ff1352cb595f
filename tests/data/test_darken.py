from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import make_photo

from lowlight_utils.data import darken_fit
from lowlight_utils.data.camera import (
    add_read_noise,
    add_shot_noise,
    correlate_noise,
    expose,
    quantise,
    reopen_highlights,
    shift_white_balance,
)
from lowlight_utils.data.darken import (
    Bell,
    Darkness,
    DarknessRanges,
    darken,
    darkening_steps,
    draw_darkness,
)
from lowlight_utils.data.images import write_image
from lowlight_utils.data.srgb import linear_to_srgb, srgb_to_linear

PLAIN = Darkness(
    highlights=0.0,
    stops=-2.0,
    red_gain=1.0,
    blue_gain=1.0,
    electrons=1e9,
    read_noise=0.0,
    noise_correlation=0.0,
    bits=16,
)


def grey(level=0.25, side=200):
    return np.full((side, side, 3), level)


@given(st.floats(0, 1))
def test_srgb_round_trip(value):
    assert linear_to_srgb(srgb_to_linear(value)) == pytest.approx(value, abs=1e-6)


@given(st.floats(0, 1))
def test_linear_round_trip(value):
    assert srgb_to_linear(linear_to_srgb(value)) == pytest.approx(value, abs=1e-6)


def test_srgb_to_linear_has_the_standards_values():
    np.testing.assert_allclose(
        srgb_to_linear([0, 0.02, 0.5, 1]), [0, 0.02 / 12.92, 0.21404114, 1], rtol=1e-7
    )


def test_linear_to_srgb_clips_to_black_and_white():
    np.testing.assert_allclose(linear_to_srgb([-0.1, 1.5]), [0, 1])


def test_reopen_highlights_raises_white_and_leaves_mid_grey():
    np.testing.assert_allclose(reopen_highlights([0.18, 1.0], 2.0), [0.18, 3.0], rtol=3e-3)


@given(st.floats(0, 10), st.floats(0, 1), st.floats(0, 1))
def test_reopen_highlights_keeps_the_order_of_levels(strength, a, b):
    low, high = reopen_highlights([min(a, b), max(a, b)], strength)
    assert low <= high


def test_reopen_highlights_refuses_a_negative_strength():
    with pytest.raises(ValueError, match="strength is -1"):
        reopen_highlights(grey(), -1)


@given(st.floats(-10, 3))
def test_one_stop_less_halves_the_light(stops):
    np.testing.assert_allclose(expose(grey(), stops - 1), expose(grey(), stops) / 2)


def test_white_balance_scales_red_and_blue_and_leaves_green():
    shifted = shift_white_balance(grey(0.2, side=1), 1.5, 0.5)
    np.testing.assert_allclose(shifted[0, 0], [0.3, 0.2, 0.1])


def test_white_balance_refuses_gains_that_are_not_above_0():
    with pytest.raises(ValueError, match="above 0"):
        shift_white_balance(grey(), 0, 1)


@pytest.mark.parametrize("level", [0.002, 0.02, 0.2])
def test_shot_noise_has_the_variance_of_counting(level):
    noisy = add_shot_noise(grey(level), 1000, rng=0)
    assert noisy.mean() == pytest.approx(level, rel=0.01)
    assert noisy.var() == pytest.approx(level / 1000, rel=0.03)


def test_shot_noise_counts_whole_electrons():
    counts = add_shot_noise(grey(0.01), 500, rng=0) * 500
    np.testing.assert_allclose(counts, np.rint(counts))


def test_shot_noise_refuses_no_electrons():
    with pytest.raises(ValueError, match="electrons is 0"):
        add_shot_noise(grey(), 0, rng=0)


def test_read_noise_has_its_sigma_in_shadows_and_highlights_alike():
    for level in (0.0, 0.5):
        noise = add_read_noise(grey(level), 0.003, rng=0) - level
        assert noise.std() == pytest.approx(0.003, rel=0.02)
        assert abs(noise.mean()) < 1e-4


@pytest.mark.parametrize("correlation", [0.0, 0.2, 0.5, 0.7])
def test_correlated_noise_correlates_as_asked_and_keeps_its_strength(correlation):
    clean = grey(0.3, side=300)
    noisy = add_read_noise(clean, 0.01, rng=0)
    noise = correlate_noise(noisy, clean, correlation) - clean
    assert noise.std() == pytest.approx(0.01, rel=0.02)
    for a, b in ((noise[1:], noise[:-1]), (noise[:, 1:], noise[:, :-1])):
        assert np.corrcoef(a.ravel(), b.ravel())[0, 1] == pytest.approx(correlation, abs=0.015)


def test_correlate_noise_does_not_blur_the_picture():
    clean = srgb_to_linear(make_photo() / 255)
    np.testing.assert_allclose(correlate_noise(clean, clean, 0.5), clean)


def test_correlate_noise_refuses_what_it_cannot_reach():
    with pytest.raises(ValueError, match=r"from 0 to 0\.7"):
        correlate_noise(grey(), grey(), 0.8)


@pytest.mark.parametrize("bits", [1, 3, 8])
def test_quantise_leaves_as_many_levels_as_the_bits_can_say(bits):
    levels = np.unique(quantise(np.linspace(-0.1, 1.1, 5000), bits))
    np.testing.assert_allclose(levels, np.arange(2**bits) / (2**bits - 1))


def test_quantise_refuses_impossible_bits():
    with pytest.raises(ValueError, match="bits is 0"):
        quantise(grey(), 0)


def test_without_noise_and_drift_darken_is_exposure_alone(photo):
    expected = linear_to_srgb(srgb_to_linear(photo / 255) / 4) * 255
    assert np.abs(darken(photo, PLAIN, rng=0) - expected).max() < 1


@given(st.integers(0, 2**32 - 1))
def test_darkened_photos_are_darker_and_keep_shape_and_type(seed):
    photo = make_photo(seed=seed % 100)
    before = photo.copy()
    dark = darken(photo, draw_darkness(seed), rng=seed)
    assert dark.shape == photo.shape and dark.dtype == np.uint8
    assert dark.mean() < photo.mean() / 2
    np.testing.assert_array_equal(photo, before)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 7, 3), (5, 2, 3)])
def test_darken_takes_the_smallest_pictures(shape):
    assert darken(np.full(shape, 200, np.uint8), draw_darkness(0), rng=0).shape == shape


def test_the_same_seed_gives_the_same_dark_photo_and_another_another(photo):
    darkness = replace(PLAIN, electrons=300.0)
    np.testing.assert_array_equal(darken(photo, darkness, 5), darken(photo, darkness, 5))
    assert (darken(photo, darkness, 5) != darken(photo, darkness, 6)).any()


@pytest.mark.parametrize(
    "image", [np.zeros((4, 4, 3)), np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8)]
)
def test_darken_refuses_what_is_not_an_8_bit_colour_image(image):
    with pytest.raises(ValueError, match=r"needs uint8\[H, W, 3\]"):
        darken(image, PLAIN, rng=0)


def test_steps_go_from_the_photo_to_what_darken_returns(photo):
    darkness = draw_darkness(3)
    steps = darkening_steps(photo, darkness, rng=4)
    names = list(steps)
    assert names[0] == "photo" and names[-1] == "quantisation" and len(names) == 8
    np.testing.assert_array_equal(steps["photo"], photo)
    np.testing.assert_array_equal(steps["quantisation"], darken(photo, darkness, rng=4))


def test_draws_are_seeded_and_differ():
    assert draw_darkness(1) == draw_darkness(1)
    rng = np.random.default_rng(1)
    assert draw_darkness(rng) != draw_darkness(rng)


def test_draws_stay_within_the_ranges():
    ranges = DarknessRanges(stops=Bell(-3, 5, -4, -2), electrons=(10, 20), bits=(9,))
    rng = np.random.default_rng(0)
    draws = [draw_darkness(rng, ranges) for _ in range(300)]
    assert all(-4 <= draw.stops <= -2 for draw in draws)
    assert all(10 <= draw.electrons <= 20 and draw.bits == 9 for draw in draws)
    assert np.std([draw.stops for draw in draws]) > 0.3


def test_a_bell_that_misses_its_own_mean_is_refused():
    with pytest.raises(ValueError, match="low <= mean <= high"):
        Bell(mean=0, sd=1, low=5, high=6)


@pytest.mark.parametrize("sigma", [0.5, 3.0])
def test_noise_sigma_finds_the_sigma_of_white_noise_on_a_slope(sigma):
    slope = np.linspace(0, 100, 300)[:, None, None] + np.zeros((300, 200, 3))
    noisy = slope + np.random.default_rng(0).normal(0, sigma, slope.shape)
    assert darken_fit.noise_sigma(noisy) == pytest.approx(sigma, rel=0.03)


def test_measure_pair_finds_the_settings_that_darken_was_given():
    photo = make_photo(256, 256, seed=2)
    darkness = replace(
        PLAIN, stops=-3.0, red_gain=2**0.3, blue_gain=2**-0.4, electrons=2e4, noise_correlation=0.3
    )
    measured = darken_fit.measure_pair(darken(photo, darkness, rng=0), photo)
    assert measured["stops"] == pytest.approx(-3, abs=0.05)
    assert measured["red stops"] == pytest.approx(0.3, abs=0.05)
    assert measured["blue stops"] == pytest.approx(-0.4, abs=0.05)
    assert measured["noise correlation"] == pytest.approx(0.3, abs=0.1)


def test_the_fit_command_prints_real_beside_darkened(tmp_path, capsys):
    for i in range(3):
        photo = make_photo(32, 32, seed=i)
        write_image(tmp_path / "high" / f"{i}.png", photo)
        write_image(tmp_path / "low" / f"{i}.png", darken(photo, draw_darkness(i), rng=i))
    folders = [str(tmp_path / "low"), str(tmp_path / "high")]
    darken_fit.main([*folders, "--size", "32", "--leave-out", "1"])
    printed = capsys.readouterr().out
    assert "measured on 2 pairs" in printed
    assert all(f"{q:20}{kind}" in printed for q in ("mean", "noise") for kind in ("real", "dark"))
