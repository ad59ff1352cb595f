"""Whether two pictures show the same view, however bright they are."""

import numpy as np
import pytest
from pictures import make_photo

from lowlight_utils.data.darken import Bell, DarknessRanges
from lowlight_utils.data.images import read_image
from lowlight_utils.data.matching import SAME_VIEW, of_different_views, view_correlation
from lowlight_utils.data.photos import PARTS, sample_pairs, sample_photos


@pytest.mark.parametrize("stops", [-3, -8])
def test_a_photo_and_the_same_in_the_dark_show_the_same_view(stops):
    pairs = sample_pairs("test", 128, ranges=DarknessRanges(stops=Bell(stops, 0, stops, stops)))
    assert min(map(view_correlation, pairs.low, pairs.high)) > 0.75  # the least of all is 0.82


def test_the_halves_of_no_bundled_photo_show_the_same_view():
    for path in (path for part in PARTS for path in sample_photos(part)):
        photo = read_image(path)
        half = photo.shape[1] // 2
        assert view_correlation(photo[:, :half], photo[:, half : 2 * half]) < 0.4, path


def test_sky_above_ground_in_both_halves_is_not_the_same_view():
    sky = np.linspace(240, 20, 64)[:, None, None] + np.zeros((64, 64, 3))
    noise = np.random.default_rng(0).normal(0, 8, (2, 64, 64, 3))
    one, other = np.clip(sky + noise, 0, 255).astype(np.uint8)
    assert view_correlation(one, other) < SAME_VIEW / 2


def test_nothing_is_said_of_pictures_that_have_nothing_to_compare():
    flat = np.full((1, 8, 8, 3), 9, np.uint8)
    assert np.isnan(view_correlation(flat[0], make_photo(8, 8)))
    assert of_different_views(["flat"], flat, make_photo(8, 8)[None]) == ([], False)


def test_the_pairs_that_differ_are_named():
    high = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    low = high // 5
    low[1] = low[1][::-1, ::-1]
    assert of_different_views("abc", low, high) == (["b"], False)
    assert of_different_views("abc", low[:, ::-1, ::-1], high) == (["a", "c"], True)
