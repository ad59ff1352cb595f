import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import make_photo

from lowlight_utils.data.camera import compress
from lowlight_utils.data.sources import sample_pairs
from lowlight_utils.prediction.bars import inside_bars

ALL = slice(0, 60), slice(0, 80)


def dark_photo():
    return make_photo(60, 80) // 8 + 3


@given(*4 * [st.integers(0, 20)])
def test_bars_of_any_width_are_found_on_every_side(top, bottom, left, right):
    photo = np.pad(dark_photo(), ((top, bottom), (left, right), (0, 0)))
    assert inside_bars(photo) == (slice(top, top + 60), slice(left, left + 80))


def test_a_photo_without_bars_is_all_picture():
    assert inside_bars(dark_photo()) == ALL
    assert inside_bars(np.zeros((60, 80, 3), np.uint8)) == ALL


@pytest.mark.parametrize("quality", [60, 80, 95])
def test_bars_of_a_jpeg_are_not_quite_black(quality):
    photo = np.pad(dark_photo(), ((16, 13), (0, 0), (0, 0)))
    rows, columns = inside_bars(compress(photo, quality))
    assert 8 <= rows.start <= 16 and 76 <= rows.stop <= 84  # the edge's ringing may stay inside
    assert columns == slice(0, 80)


def test_a_night_sky_that_fades_into_black_is_no_bar():
    photo = make_photo(400, 80) // 8 + 3
    fade = np.clip(np.arange(400) - 20, 0, 380) / 380  # black, then slowly brighter
    night = (photo * fade[:, None, None]).astype(np.uint8)
    assert inside_bars(night) == (slice(0, 400), slice(0, 80))


def test_bars_are_found_in_16_bits_too():
    photo = np.pad(dark_photo().astype(np.uint16) * 257, ((7, 0), (0, 5), (0, 0)))
    assert inside_bars(photo) == (slice(7, 67), slice(0, 80))


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1)])
def test_the_smallest_photos_have_no_bars(shape):
    photo = np.zeros((*shape, 3), np.uint8)
    assert inside_bars(photo) == (slice(0, shape[0]), slice(0, shape[1]))


def test_bars_are_told_from_a_very_dark_photo():
    low = sample_pairs("test", 96).low
    for photo in low[low.mean((1, 2, 3)) > 8]:
        framed = np.pad(photo, ((10, 10), (0, 0), (0, 0)))
        assert inside_bars(framed) == (slice(10, 106), slice(0, 96))
