"""The baselines brighten dark photos and bear any picture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pictures import make_photo
from skimage.color import hsv2rgb, rgb2hsv

from lowlight_utils.data.sources import sample_pairs
from lowlight_utils.metrics import psnr
from lowlight_utils.prediction.baselines import BASELINES, auto_gamma, equalise_histogram, gamma

each_baseline = pytest.mark.parametrize("baseline", BASELINES.values(), ids=BASELINES)
pictures = arrays(
    np.uint8, st.tuples(st.integers(1, 24), st.integers(1, 24), st.just(3)), fill=st.just(7)
)


@each_baseline
def test_dark_photos_come_out_brighter_and_nearer_to_the_truth(baseline):
    pairs = sample_pairs("test", 128)
    for low in pairs.low:
        assert baseline(low).mean() > 1.5 * low.mean()
    gains = [
        psnr(h, baseline(lo)) - psnr(h, lo) for lo, h in zip(pairs.low, pairs.high, strict=True)
    ]
    assert np.mean(gains) > 3


@each_baseline
@given(picture=pictures)
def test_any_picture_gives_a_picture_of_its_shape(baseline, picture):
    before = picture.copy()
    result = baseline(picture)
    assert result.dtype == np.uint8
    assert result.shape == picture.shape
    assert np.array_equal(picture, before)


@each_baseline
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (9, 60, 20)], ids=str)
def test_a_picture_of_one_colour_stays_one_colour(baseline, colour):
    picture = np.full((33, 40, 3), colour, np.uint8)
    result = baseline(picture)
    assert np.ptp(result, axis=(0, 1)).max() <= 1


@each_baseline
def test_black_stays_black_in_a_black_picture(baseline):
    assert not baseline(np.zeros((20, 20, 3), np.uint8)).any()


@each_baseline
def test_grey_stays_grey(baseline):
    grey = np.repeat(make_photo(40, 40)[..., :1] // 4, 3, axis=-1)
    result = baseline(grey).astype(int)
    assert np.ptp(result, axis=-1).max() <= 1


# What each makes of four pixels of one picture: recorded, so that nobody changes them by mistake.
REFERENCES = {
    "gamma 2.2": [[115, 105, 96], [181, 80, 181], [115, 76, 50], [115, 53, 56]],
    "auto gamma": [[112, 102, 94], [179, 78, 179], [112, 74, 48], [112, 51, 54]],
    "histogram equalisation": [[169, 138, 115], [219, 37, 219], [169, 69, 27], [169, 31, 34]],
    "CLAHE": [[52, 43, 36], [166, 28, 166], [53, 22, 8], [66, 12, 14]],
    "LIME": [[179, 146, 122], [219, 37, 219], [178, 73, 28], [181, 33, 37]],
}


@pytest.mark.parametrize("name", BASELINES)
def test_a_known_picture_comes_out_as_it_always_did(name):
    assert name in REFERENCES, f"{name} has no reference here: record what it makes of the picture"
    picture = make_photo(64, 80) // 5
    picture[20:44, 30:60] *= 4  # edges
    pixels = BASELINES[name](picture)[[5, 21, 45, 60], [70, 31, 40, 10]]
    assert np.abs(pixels - np.array(REFERENCES[name])).max() <= 2  # versions may round differently


@each_baseline
def test_the_stronger_of_two_channels_stays_the_stronger(baseline):
    picture = make_photo(64, 80) // 5
    before, after = picture.astype(int), baseline(picture).astype(int)
    for one, other in ((0, 1), (1, 2), (2, 0)):
        stronger = before[..., one] > before[..., other]
        assert stronger.any()
        assert (after[..., one] >= after[..., other])[stronger].all()


def test_gamma_is_the_power_curve():
    picture = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=-1)
    expected = 255 * (np.arange(256) / 255) ** (1 / 2.2)
    assert np.array_equal(gamma(picture)[0, :, 0], np.rint(expected))


def test_auto_gamma_brings_a_flat_picture_to_its_target():
    for level in (3, 20, 200):
        result = auto_gamma(np.full((8, 8, 3), level, np.uint8))
        assert result.mean() / 255 == pytest.approx(0.4, abs=0.01)


def test_auto_gamma_agrees_with_the_generators_auto_exposure():
    from lowlight_utils.data.images import to_image, to_network
    from lowlight_utils.models import AutoExposure

    dark = make_photo(32, 32) // 6
    exposed = to_image(AutoExposure()(to_network(dark[None]))[0])
    # The layer lifts black by half a level, so that its logarithm is finite.
    bright = dark > 0
    assert np.abs(auto_gamma(dark).astype(int) - exposed)[bright].max() <= 1


def test_equalised_values_spread_evenly_from_black_to_white():
    ramp = np.linspace(3, 40, 64 * 64).round().astype(np.uint8).reshape(64, 64, 1).repeat(3, -1)
    result = equalise_histogram(ramp)[..., 0]
    assert result.min() == 0
    assert result.max() == 255
    assert np.percentile(result, [25, 50, 75]) == pytest.approx([64, 128, 191], abs=8)


@pytest.mark.parametrize("name", ["histogram equalisation", "CLAHE"])
def test_hue_and_saturation_stay_as_hsv_would_leave_them(name):
    picture = make_photo(64, 64) // 4
    picture[:8, :8] = 0  # black has neither
    before, after = rgb2hsv(picture), rgb2hsv(BASELINES[name](picture))
    through_hsv = hsv2rgb(np.dstack([before[..., :2], after[..., 2]])) * 255
    assert np.abs(BASELINES[name](picture) - through_hsv).max() <= 1
