"""The reader's own photo: shown before and after, and a bad upload costs one line."""

import base64
import io
import re
import sys
import types
from datetime import UTC, datetime

import numpy as np
import pytest
from pictures import make_photo
from PIL import Image

from lowlight_utils import widgets
from lowlight_utils.data import ImageError
from lowlight_utils.widgets import own_photo, pictures


def brighten(gain):
    return lambda low: (low.astype(int) * gain).clip(0, 255).astype(np.uint8)


def decoded(data):
    return np.asarray(Image.open(io.BytesIO(data)))


def file_of(image, kind="PNG"):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, kind)
    return buffer.getvalue()


def upload(box, *files):
    """Give the widget files as (name, bytes), as the browser would."""
    box.children[0].children[0].value = tuple(
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
    assert decoded(picture.content).shape == (pictures.TITLE + 30, 2 * 50 + pictures.GAP, 3)
    link = re.search(
        r'download="dark-enhanced.jpg" href="data:image/jpeg;base64,([^"]+)"', message.value
    )
    assert decoded(base64.b64decode(link[1])).shape == (30, 50, 3)


def test_an_enhancer_that_is_told_lambda_has_a_slider_that_tells_it():
    def enhance(low, lambda_l1):
        return np.full_like(low, round(lambda_l1))

    enhance.lambda_range = (1.0, 100.0)
    photo = make_photo(30, 50)
    box = widgets.enhance_own_photo(enhance)
    _, picture = upload(box, ("dark.png", file_of(photo)))
    box.children[0].children[1].value = 50.0
    after = decoded(picture.content)[pictures.TITLE + 2 :, -48:]
    assert abs(after.mean() - 50) < 2


def test_a_large_photo_is_shown_small_and_saved_large():
    message, picture = upload(
        widgets.enhance_own_photo(brighten(1)), ("large.jpg", file_of(make_photo(600, 900), "JPEG"))
    )
    assert decoded(picture.content).shape[1] == 2 * own_photo.PREVIEW + pictures.GAP
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
    assert own_photo._uploaded(value) == ("dark.png", b"abc")


@pytest.mark.parametrize("colab", [True, False])
def test_what_is_too_large_to_arrive_is_said_beside_the_button(monkeypatch, colab):
    if colab:
        monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    message = widgets.enhance_own_photo(brighten(2)).children[1].value
    assert "10 MB" in message
    assert ("Google" in message) == colab
