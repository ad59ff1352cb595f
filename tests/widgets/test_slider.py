"""The live slider asks its generator at every move, and shows what it gave."""

import html

import numpy as np
import pytest
from pictures import make_pairs

from lowlight_utils.prediction import measure, sharpness
from lowlight_utils.widgets import compared, lambda_slider, to_jpeg, view_at_lambda
from lowlight_utils.widgets.pictures import credit


def generator(low, lambda_l1):
    """Brighter with λ, as no generator would."""
    return (low * np.log10(10 + lambda_l1)).clip(0, 255).astype(np.uint8)


generator.lambda_range = (0.1, 1000.0)


def parts(box):
    (slider, scene), picture, line = box.children[0].children, *box.children[1:]
    return slider, scene, picture, line


@pytest.fixture
def pairs():
    return make_pairs(3, 24, 32)


def test_the_view_holds_what_the_generator_made_and_its_scores(pairs):
    low, truth = pairs[1]
    view = view_at_lambda(generator, low, truth, 90.0)
    assert np.array_equal(view.enhanced, generator(low, 90.0))
    assert np.array_equal(
        view.difference, (np.abs(view.enhanced.astype(int) - truth) * 4).clip(0, 255)
    )
    assert np.array_equal(view.row, compared(low, view.enhanced, truth))
    assert view.scores["ssim"] == measure(truth, view.enhanced)["ssim"]
    assert view.scores["sharpness"] == sharpness(truth, view.enhanced)
    assert str(view).startswith("λ = 90: PSNR ")


@pytest.mark.parametrize("lambda_l1", [-1.0, float("nan")])
def test_a_lambda_below_0_is_refused(lambda_l1, pairs):
    with pytest.raises(ValueError, match="at least 0"):
        view_at_lambda(generator, *pairs[0], lambda_l1)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda low, lambda_l1: low[0],
        lambda low, lambda_l1: low / 255,
        lambda low, lambda_l1: low[:, ::2],
    ],
)
def test_a_generator_that_gives_something_else_is_refused(wrong, pairs):
    with pytest.raises(ValueError, match=r"has to give uint8\[24, 32, 3\]"):
        view_at_lambda(wrong, *pairs[0], 1.0)


def test_every_move_shows_another_picture_and_its_scores(pairs):
    slider, _, picture, line = parts(lambda_slider(generator, pairs))
    shown = set()
    for lambda_l1 in (0.1, 7.0, 1000.0):
        slider.value = lambda_l1
        view = view_at_lambda(generator, *pairs[0], slider.value)
        assert picture.content == to_jpeg(view.row)
        assert line.value == html.escape(f"{view}. ")
        shown.add(picture.content)
    assert len(shown) == 3


def test_another_scene_is_shown_at_the_same_lambda(pairs):
    slider, scene, picture, _ = parts(lambda_slider(generator, pairs))
    scene.value = "photo2"
    assert picture.content == to_jpeg(view_at_lambda(generator, *pairs[2], slider.value).row)


def test_the_slider_begins_in_the_middle_of_its_log_scale(pairs):
    slider, *_ = parts(lambda_slider(generator, pairs))
    assert (slider.base**slider.min, slider.base**slider.max) == pytest.approx((0.1, 1000))
    assert slider.value == pytest.approx(10)


def test_a_photo_names_its_author_where_the_licence_asks_for_it():
    assert credit("stream") == "Photo stream by Aitzol Berasategi, 2018 (CC BY 4.0)."
    assert credit("raccoon") == ""
    assert credit("a photo of my own") == ""


def test_who_cannot_see_the_picture_reads_what_it_shows(pairs):
    slider, scene, picture, _ = parts(lambda_slider(generator, pairs))
    slider.value = 100
    scene.value = "photo2"
    assert picture.value.startswith('<img alt="photo2: the dark photo, enhanced at λ = 100, the')
