"""The widgets show what their functions compute, and a bad upload costs one line."""

import io
import time

import numpy as np
import pytest
from pictures import make_pairs
from PIL import Image

from lowlight_utils import widgets
from lowlight_utils.prediction import measure, sharpness
from lowlight_utils.widgets import pictures


def brighten(gain):
    return lambda low: (low.astype(int) * gain).clip(0, 255).astype(np.uint8)


@pytest.fixture
def results():
    enhancers = {100.0: brighten(5), 0.0: brighten(1), 1.0: brighten(3)}
    return widgets.lambda_results(enhancers, make_pairs(3, 24, 32))


def decoded(data):
    return np.asarray(Image.open(io.BytesIO(data)))


def file_of(image, kind="PNG"):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, kind)
    return buffer.getvalue()


# λ explorer


def test_results_hold_every_photo_at_every_lambda_in_order(results):
    assert list(results.pictures) == [0.0, 1.0, 100.0]
    for images in results.pictures.values():
        assert images.shape == results.pairs.high.shape
    assert np.array_equal(results.pictures[0.0], results.pairs.low)


def test_scores_are_those_of_the_metrics(results):
    low, high = results.pairs[1]
    scores = results.scores[0.0][1]
    assert scores["psnr"] == measure(high, low)["psnr"]
    assert scores["sharpness"] == sharpness(high, low)
    assert set(scores) == {"psnr", "ssim", "ciede2000", "sharpness"}


def test_means_are_over_the_photos(results):
    expected = np.mean([each["psnr"] for each in results.scores[1.0]])
    assert results.means()[1.0]["psnr"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("enhancers", "count"), [({}, 2), ({1.0: brighten(2)}, 0)], ids=["no generator", "no pair"]
)
def test_nothing_to_show_is_refused(enhancers, count):
    with pytest.raises(ValueError, match="at least one"):
        widgets.lambda_results(enhancers, make_pairs(3, 24, 32)[:count])


def test_the_view_has_low_enhanced_truth_and_difference_in_a_row(results):
    view = widgets.lambda_view(results, 1.0, "photo2")
    low, truth = results.pairs[2]
    enhanced = results.pictures[1.0][2]
    step = 32 + pictures.GAP
    assert view.shape == (pictures.TITLE + 24, 4 * step - pictures.GAP, 3)
    shown = [view[pictures.TITLE :, i * step : i * step + 32] for i in range(4)]
    difference = (np.abs(enhanced.astype(int) - truth) * pictures.GAIN).clip(0, 255)
    for picture, expected in zip(shown, (low, enhanced, truth, difference), strict=True):
        assert np.array_equal(picture, expected)


@pytest.mark.parametrize(("lambda_", "scene"), [(7.0, "photo1"), (1.0, "photo9")])
def test_a_lambda_or_scene_that_is_not_there_is_refused_by_name(results, lambda_, scene):
    with pytest.raises(ValueError, match=r"7, only with 0, 1, 100|'photo9', only photo0, photo1"):
        widgets.lambda_view(results, lambda_, scene)


def explorer(results):
    box = widgets.lambda_explorer(results)
    (slider, scene), picture, line = box.children[0].children, *box.children[1:]
    return slider, scene, picture, line


def test_moving_the_slider_changes_picture_and_scores(results):
    slider, scene, picture, line = explorer(results)
    for lambda_ in (0.0, 1.0, 100.0, 1.0):
        slider.value = lambda_
        expected = widgets.lambda_view(results, lambda_, scene.value)
        assert picture.value == widgets.to_jpeg(expected)
        assert line.value == widgets.lambda_line(results, lambda_, scene.value)


def test_choosing_a_scene_changes_the_picture(results):
    slider, scene, picture, _ = explorer(results)
    scene.value = "photo2"
    assert picture.value == widgets.to_jpeg(widgets.lambda_view(results, slider.value, "photo2"))


def test_the_slider_names_the_lambdas_and_starts_with_a_picture(results):
    slider, _, picture, _ = explorer(results)
    assert [label for label, _ in slider.options] == ["0", "1", "100"]
    assert decoded(picture.value).shape[2] == 3


def test_a_move_takes_less_than_100_ms_at_256x256():
    enhancers = {0.0: brighten(1), 100.0: brighten(5)}
    slider, *_ = explorer(widgets.lambda_results(enhancers, make_pairs(1, 256, 256)))
    taken = []
    for lambda_ in (0.0, 100.0) * 5:
        started = time.perf_counter()
        slider.value = lambda_
        taken.append(time.perf_counter() - started)
    assert min(taken[1:]) < 0.1  # the quickest: the machine may have other work
