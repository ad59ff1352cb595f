"""The widgets show what their functions compute, and a bad upload costs one line."""

import base64
import io
import re
import time
from datetime import UTC, datetime

import ipywidgets
import numpy as np
import pytest
from pictures import make_pairs, make_photo
from PIL import Image

from lowlight_utils import widgets
from lowlight_utils.data import ImageError
from lowlight_utils.prediction import measure, sharpness


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
    step = 32 + widgets.GAP
    assert view.shape == (widgets.TITLE + 24, 4 * step - widgets.GAP, 3)
    shown = [view[widgets.TITLE :, i * step : i * step + 32] for i in range(4)]
    difference = (np.abs(enhanced.astype(int) - truth) * widgets.GAIN).clip(0, 255)
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


# The reader's own photo


def upload(box, *files):
    """Give the widget files as (name, bytes), as the browser would."""
    box.children[0].value = tuple(
        {"name": name, "type": "", "size": len(content), "content": memoryview(content)}
        | {"last_modified": datetime.now(UTC)}
        for name, content in files
    )
    return box.children[1:]


def test_an_uploaded_photo_is_enhanced_at_its_full_size():
    photo = make_photo(30, 50) // 4
    enhanced = widgets.enhance_upload(brighten(4), file_of(photo), "dark.png")
    assert np.array_equal(enhanced.before, photo)
    assert np.array_equal(enhanced.after, photo * 4)
    assert enhanced.name == "dark-enhanced.jpg"
    saved = decoded(enhanced.file).astype(int)
    assert np.abs(saved - enhanced.after).mean() < 2


@pytest.mark.parametrize("content", [b"", b"this is no picture", file_of(make_photo())[:90]])
def test_bytes_that_are_no_picture_are_refused_by_name(content):
    with pytest.raises(ImageError, match=r"odd\.png"):
        widgets.enhance_upload(brighten(2), content, "odd.png")


def test_the_widget_shows_before_and_after_and_offers_the_file():
    photo = make_photo(30, 50) // 4
    message, picture = upload(widgets.enhance_own_photo(brighten(4)), ("dark.png", file_of(photo)))
    assert picture.layout.display is None
    assert decoded(picture.value).shape == (widgets.TITLE + 30, 2 * 50 + widgets.GAP, 3)
    link = re.search(
        r'download="dark-enhanced.jpg" href="data:image/jpeg;base64,([^"]+)"', message.value
    )
    assert decoded(base64.b64decode(link[1])).shape == (30, 50, 3)


def test_a_large_photo_is_shown_small_and_saved_large():
    message, picture = upload(
        widgets.enhance_own_photo(brighten(1)), ("large.jpg", file_of(make_photo(600, 900), "JPEG"))
    )
    assert decoded(picture.value).shape[1] == 2 * widgets.PREVIEW + widgets.GAP
    assert message.value.startswith("900x600")


def test_a_bad_upload_is_one_line_and_takes_the_last_picture_away():
    box = widgets.enhance_own_photo(brighten(4))
    upload(box, ("good.png", file_of(make_photo())))
    message, picture = upload(box, ("<b>bad</b>.png", b"this is no picture"))
    assert "&lt;b&gt;bad&lt;/b&gt;.png" in message.value
    assert "\n" not in message.value
    assert "<" not in message.value
    assert picture.layout.display == "none"


def test_a_file_name_cannot_smuggle_markup_into_the_page():
    name = '"><script>alert(1)</script>.png'
    message, _ = upload(widgets.enhance_own_photo(brighten(4)), (name, file_of(make_photo())))
    assert "<script>" not in message.value


def test_what_ipywidgets_7_calls_an_upload_is_understood():
    value = {"dark.png": {"metadata": {"name": "dark.png"}, "content": b"abc"}}
    assert widgets._uploaded(value) == ("dark.png", b"abc")


def test_only_widgets_of_ipywidgets_itself_are_used(results):
    for box in (widgets.lambda_explorer(results), widgets.enhance_own_photo(brighten(1))):
        waiting = [box]
        while waiting:
            widget = waiting.pop()
            assert type(widget).__module__.startswith("ipywidgets.")
            waiting += getattr(widget, "children", ())
    assert isinstance(box, ipywidgets.VBox)
