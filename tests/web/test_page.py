"""The page, as a visitor uses it: in a headless Chromium, against a real server."""

import io
import re

import numpy as np
import pytest
from PIL import Image
from uploads import dark_photo, file_of
from visits import visits
from waiting import PATIENCE

from lowlight_utils.web import Pipeline, Server, Settings, create_app
from lowlight_utils.web.job import Deadly, WorkerError

sync_api = pytest.importorskip("playwright.sync_api", reason="install the extra dev")
expect = sync_api.expect
expect.set_options(timeout=1000 * PATIENCE)

DESKTOP = {"viewport": {"width": 1280, "height": 860}}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
PHOTO = file_of(dark_photo(240, 360), "JPEG", quality=95)


class Counted(Pipeline):
    """The pipeline, and what it was asked for."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.jobs, self.busy, self.deadly = [], 0, False

    def __call__(self, content, job):
        if self.busy:
            self.busy -= 1
            raise WorkerError("busy")
        self.jobs.append(job)
        if self.deadly:
            raise Deadly(422, f"{job.name}: took longer than 10 s to decode")
        return super().__call__(content, job)


@pytest.fixture(scope="module")
def counted(enhancer):
    counted = Counted(enhancer)
    counted.examples = counted.warm_up()
    return counted


@pytest.fixture(scope="module")
def server(counted):
    settings = Settings(port=0, rate_limit="", max_bytes=2_000_000, upload_memory=8_000_000)
    with Server(create_app(counted, settings), settings) as server:
        yield server


@pytest.fixture(scope="module")
def told_lambda(conditional):
    """A page whose generator takes λ, and the pipeline behind it."""
    counted = Counted(conditional)
    settings = Settings(port=0, rate_limit="")
    with Server(create_app(counted, settings), settings) as server:
        counted.address = server.address
        yield counted


@pytest.fixture
def open_page(browser, server, counted):
    counted.jobs.clear()
    with visits(browser, server.address, **DESKTOP) as open_page:
        yield open_page


def choose(page, content=PHOTO, name="My walk.jpg", kind="image/jpeg"):
    page.set_input_files("#file", {"name": name, "mimeType": kind, "buffer": content})


def finished(page, text="My walk.jpg: enhanced in"):
    expect(page.locator("#status")).to_contain_text(text)
    expect(page.locator("#working")).to_be_hidden()


def transfer(page, content=PHOTO, name="My walk.jpg"):
    """What a browser hands to a page when files are dropped or pasted."""
    return page.evaluate_handle(
        """([bytes, name]) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], name, { type: "image/jpeg" }));
            return data;
        }""",
        [list(content), name],
    )


def line(page):
    return float(page.locator("#divider").input_value())


def download(page):
    with page.expect_download() as begun:
        page.get_by_role("button", name="Download").click()
    file = begun.value
    return file.suggested_filename, open(file.path(), "rb").read()


def as_array(content):
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)


def test_a_dropped_photo_is_enhanced_and_shown_beside_the_original(open_page, counted):
    page = open_page()
    data = transfer(page)
    page.dispatch_event("body", "dragenter", {"dataTransfer": data})
    expect(page.locator("#drop")).to_be_visible()
    page.dispatch_event("body", "drop", {"dataTransfer": data})
    finished(page)
    expect(page.locator("#drop")).to_be_hidden()
    assert [job.method for job in counted.jobs] == ["generator"]
    sizes = page.evaluate(
        "['before', 'after'].map((id) => [document.getElementById(id).naturalWidth,"
        " document.getElementById(id).naturalHeight])"
    )
    assert sizes == [[360, 240], [360, 240]]


def test_a_pasted_photo_is_enhanced(open_page):
    page = open_page()
    page.evaluate(
        "(data) => dispatchEvent(new ClipboardEvent('paste', { clipboardData: data }))",
        transfer(page),
    )
    finished(page)


def test_the_divider_follows_the_mouse(open_page):
    page = open_page()
    box = page.locator("#stage").bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, y)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.25 * box["width"], y, steps=4)
    page.mouse.up()
    assert line(page) == pytest.approx(25, abs=1)
    page.mouse.move(box["x"] + 0.9 * box["width"], y)
    assert line(page) == pytest.approx(25, abs=1)  # let go is let go


def test_what_lies_left_of_the_divider_is_the_original(open_page):
    page = open_page()
    page.locator("#divider").evaluate(
        "(input) => { input.value = 50; input.dispatchEvent(new Event('input')); }"
    )
    page.wait_for_load_state("networkidle")
    shown = as_array(page.locator("#stage").screenshot())
    width = shown.shape[1]
    left, right = shown[:, : width // 2 - 40], shown[:, width // 2 + 40 :]
    assert right.mean() > 1.3 * left.mean()


def test_everything_works_with_the_keyboard_alone(open_page):
    page = open_page()
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        element = page.evaluate(
            "document.activeElement.id || document.activeElement.name"
            " || document.activeElement.dataset.example || ''"
        )
        reached.append(element)
        if element == "divider":
            before = line(page)
            page.keyboard.press("ArrowRight")
            assert line(page) > before
            page.keyboard.press("End")
            assert line(page) == 100
        if element == "parrot":
            page.keyboard.press("Enter")
            finished(page, "parrot.png: enhanced in")
        if element == "strength":
            page.keyboard.press("Home")
            expect(page.locator("#strength-value")).to_have_text("0 %")
        if element == "how":
            page.keyboard.press("ArrowRight")
            finished(page, "gamma 2.2 in")
            expect(page.locator("#after-label")).to_have_text("gamma 2.2")
        if element == "format":
            break
    expected = ["divider", "view", "file", "dog", "parrot", "strength", "how", "download", "format"]
    assert [name for name in reached if name in expected] == expected


def test_focus_is_seen_wherever_it_is(open_page):
    page = open_page()
    for _ in range(14):
        page.keyboard.press("Tab")
        seen = page.evaluate(
            """() => {
                const at = document.activeElement;
                const places = [at, at.nextElementSibling, at.parentElement].filter(Boolean);
                const after = at.nextElementSibling ? [getComputedStyle(at.nextElementSibling,
                    "::after")] : [];
                return [...places.map((each) => getComputedStyle(each)), ...after]
                    .some((style) => style.outlineStyle === "solid");
            }"""
        )
        assert seen, page.evaluate("document.activeElement.outerHTML")


def test_strength_changes_the_picture_at_once_and_the_download_without_another_upload(
    open_page, server, enhancer
):
    page = open_page()
    uploads = []
    page.on(
        "request",
        lambda request: (
            uploads.append(int(request.headers.get("content-length", 0)))
            if request.method == "POST"
            else None
        ),
    )
    photo = file_of(dark_photo(240, 360))
    choose(page, photo, "My walk.png", "image/png")
    finished(page, "My walk.png")
    asked = len(uploads)
    page.locator("#strength").fill("50")
    expect(page.locator("#strength-value")).to_have_text("50 %")
    opacity = page.locator("#after").evaluate("(image) => getComputedStyle(image).opacity")
    assert float(opacity) == 0.5
    assert len(uploads) == asked  # the browser blends by itself

    sizes = []
    page.on("request", lambda request: sizes.append(len(request.post_data_buffer or b"")))
    name, content = download(page)
    assert name == "My walk.png"
    dark = dark_photo(240, 360)
    half = (dark.astype(int) + enhancer(dark)) / 2
    assert np.abs(as_array(content) - half).max() <= 1
    assert 0 < max(sizes) < 2000  # a token, not the photo


def test_lambda_changes_the_picture_without_another_upload(open_page, told_lambda, conditional):
    page = open_page(told_lambda.address)
    slider, value = page.locator("#lambda"), page.locator("#lambda-value")
    expect(value).to_have_text("115")
    photo = file_of(dark_photo(240, 360))
    choose(page, photo, "walk.png", "image/png")
    finished(page, "walk.png: enhanced, λ 115, in")
    told_lambda.jobs.clear()
    sizes = []
    page.on("request", lambda request: sizes.append(len(request.post_data_buffer or b"")))
    slider.focus()
    page.keyboard.press("Home")
    expect(value).to_have_text("0.01")
    expect(slider).to_have_attribute("aria-valuetext", "0.01")
    finished(page, "λ 0.01,")
    _, least = download(page)
    slider.focus()
    page.keyboard.press("End")
    expect(value).to_have_text("1000")
    finished(page, "λ 1000,")
    _, most = download(page)
    slider.focus()
    for content, lambda_l1 in ((least, 0.01), (most, 1000)):
        expected = conditional(dark_photo(240, 360), lambda_l1=lambda_l1)
        np.testing.assert_array_equal(as_array(content), expected)
    assert np.abs(as_array(least) - as_array(most)).mean() > 1
    page.keyboard.press("Home")
    finished(page, "λ 0.01,")
    assert [job.lambda_l1 for job in told_lambda.jobs] == [0.01, 1000]  # each made once, and kept
    assert 0 < max(sizes) < 2000  # a token, not the photo


def test_lambda_moves_by_ratios_and_asks_once_it_rests(open_page, told_lambda):
    page = open_page(told_lambda.address)
    told_lambda.jobs.clear()
    # All in one go, as fast as nobody moves it: in between there is no time to rest.
    page.locator("#lambda").evaluate(
        """(slider) => {
            for (let moves = 0; moves < 10; moves++) {
                slider.stepDown();
                slider.dispatchEvent(new Event("input", { bubbles: true }));
            }
        }"""
    )
    expect(page.locator("#lambda-value")).to_have_text("72.4")  # 115 / 10**0.2
    finished(page, "λ 72.4,")
    assert len(told_lambda.jobs) == 1


def test_lambda_rests_while_a_classical_method_is_chosen(open_page, told_lambda):
    page = open_page(told_lambda.address)
    page.get_by_label("CLAHE").check()
    finished(page, "CLAHE in")
    expect(page.locator("#lambda")).to_be_disabled()
    page.get_by_label("our network").check()
    expect(page.locator("#lambda")).to_be_enabled()


def test_what_is_shown_at_half_strength_is_what_is_downloaded(open_page):
    page = open_page()
    choose(page, file_of(dark_photo(240, 360)), "walk.png", "image/png")
    finished(page, "walk.png")
    page.locator("#strength").fill("50")
    page.locator("#divider").evaluate(
        "(input) => { input.value = 0; input.dispatchEvent(new Event('input')); }"
    )
    _, content = download(page)
    shown = Image.open(io.BytesIO(page.locator("#stage").screenshot())).convert("RGB")
    saved = Image.open(io.BytesIO(content)).convert("RGB").resize(shown.size)
    middle = (slice(100, -100), slice(100, -100))  # without handle and labels
    difference = np.asarray(shown).astype(int)[middle] - np.asarray(saved).astype(int)[middle]
    assert np.abs(difference).mean() < 2


def test_a_download_has_the_full_size_the_name_and_the_format_asked_for(open_page, enhancer):
    page = open_page()
    choose(page)
    finished(page)
    name, content = download(page)
    assert name == "My walk.jpg"
    assert Image.open(io.BytesIO(content)).size == (360, 240)
    page.locator("#format").select_option("webp")
    name, content = download(page)
    assert name == "My walk.webp"
    assert Image.open(io.BytesIO(content)).format == "WEBP"


def test_methods_are_compared_without_another_upload_and_only_once_each(open_page, counted):
    page = open_page()
    choose(page)
    finished(page)
    page.get_by_label("CLAHE").check()
    finished(page, "CLAHE in")
    page.get_by_label("our network").check()
    finished(page)
    page.get_by_label("CLAHE").check()
    finished(page, "CLAHE in")
    assert [job.method for job in counted.jobs] == ["generator", "clahe"]


def test_a_photo_that_the_browser_cannot_show_is_shown_by_the_server(open_page, counted):
    page = open_page()
    choose(page, file_of(dark_photo(240, 360), "TIFF"), "scan.tif", "image/tiff")
    finished(page, "scan.tif: enhanced")
    assert [job.method for job in counted.jobs] == ["generator", "original"]
    expect(page.locator("#before")).to_have_js_property("naturalWidth", 360)


def test_the_opening_example_can_be_played_with_at_once(open_page):
    page = open_page()
    page.get_by_label("LIME").check()
    finished(page, "LIME in")
    name, content = download(page)
    assert name == "dog.png"
    assert Image.open(io.BytesIO(content)).size == (384, 384)


def test_side_by_side_shows_both_whole(open_page):
    page = open_page()
    choose(page)
    finished(page)
    page.get_by_label("Side by side").check()
    before, after = (page.locator(f"#{name}").bounding_box() for name in ("before", "after"))
    assert before["width"] == pytest.approx(after["width"], abs=1)
    assert before["x"] + before["width"] <= after["x"]
    expect(page.locator("#divider")).to_be_hidden()


def test_a_bad_photo_is_explained_and_the_next_one_works(open_page):
    page = open_page()
    choose(page, b"no picture", "notes.jpg")
    expect(page.get_by_role("alert")).to_contain_text("notes.jpg: not a picture")
    open_page.complaints.clear()  # the browser itself notes every 4xx
    choose(page)
    finished(page)
    expect(page.locator("#problem")).to_be_hidden()


def test_a_refused_photo_leaves_the_one_on_the_stage_as_it_was(open_page):
    page = open_page()
    choose(page)
    finished(page)
    page.get_by_label("CLAHE").check()
    finished(page, "CLAHE in")
    choose(page, b"no picture", "notes.jpg")
    expect(page.get_by_role("alert")).to_contain_text("notes.jpg: not a picture")
    open_page.complaints.clear()  # the browser itself notes every 4xx
    expect(page.get_by_label("CLAHE")).to_be_checked()
    expect(page.locator("#after-label")).to_have_text("CLAHE")
    _, content = download(page)
    assert as_array(content).shape[:2] == (240, 360)


def test_a_photo_that_is_too_large_is_refused_before_it_is_sent(open_page, counted):
    page = open_page()
    choose(page, b"\xff" * 2_100_000, "huge.jpg")
    expect(page.get_by_role("alert")).to_contain_text("huge.jpg")
    assert counted.jobs == []


def test_a_busy_server_is_asked_again(open_page, counted):
    page = open_page()
    counted.busy = 1
    # What was said is written down: it may be gone again before a busy machine looks.
    page.evaluate(
        """() => {
            const text = document.getElementById("stage-text");
            window.said = [];
            const note = () => window.said.push(text.textContent);
            new MutationObserver(note).observe(text, { childList: true, characterData: true });
        }"""
    )
    choose(page)
    finished(page)
    assert "trying again" in " ".join(page.evaluate("window.said"))
    open_page.complaints.clear()


def test_a_photo_that_the_server_has_forgotten_is_sent_again(open_page, server):
    page = open_page()
    choose(page)
    finished(page)
    page.evaluate("fetch(PHOTOS.replace('TOKEN', photo.token), { method: 'DELETE' })")
    page.get_by_label("CLAHE").check()
    finished(page, "CLAHE in")
    open_page.complaints.clear()  # of the 410


def test_another_photo_makes_the_server_forget_the_one_before(open_page, server):
    page = open_page()
    choose(page)
    finished(page)
    with page.expect_request(lambda request: request.method == "DELETE") as forgotten:
        choose(page, file_of(dark_photo(100, 100), "JPEG"), "second.jpg")
    assert "/api/photos/" in forgotten.value.url
    finished(page, "second.jpg")


def test_on_a_phone_the_photo_fills_the_width_and_nothing_overflows(open_page, screenshots):
    page = open_page(**PHONE)
    expect(page.get_by_text("Take a photo")).to_be_visible()
    assert page.locator("#camera").get_attribute("capture") == "environment"
    choose(page)
    finished(page)
    stage = page.locator("#stage").bounding_box()
    assert (stage["x"], stage["width"]) == (0, 390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.touchscreen.tap(stage["x"] + 100, stage["y"] + 60)
    assert line(page) == pytest.approx(100 / 3.9, abs=1)
    small = page.evaluate(
        """() => [...document.querySelectorAll(
            ".button, .methods label, .segments span, select, .slider input, .examples button")]
            .filter((each) => each.offsetParent && each.getBoundingClientRect().height < 44)
            .map((each) => each.innerText)"""
    )
    assert small == []  # fingers are not pointers
    page.screenshot(path=screenshots / "web-phone.png")


def where(page, name):
    """The place and size of a picture on the screen, and its own width."""
    box = page.locator(f"#{name}").bounding_box()
    return box["x"], box["y"], box["width"], box["height"]


@pytest.mark.parametrize("view", ["Divider", "Side by side"])
def test_zoom_and_pan_move_both_halves_in_step(open_page, view):
    page = open_page()
    choose(page)
    finished(page)
    page.get_by_label(view, exact=True).check()
    stage = page.locator("#stage").bounding_box()
    page.locator("#zoom").focus()
    page.keyboard.press("+")
    page.keyboard.press("+")
    page.mouse.move(stage["x"] + 60, stage["y"] + 60)
    page.mouse.wheel(0, -100)
    page.mouse.down()
    page.mouse.move(stage["x"] + 20, stage["y"] + 30, steps=3)
    page.mouse.up()
    before, after = where(page, "before"), where(page, "after")
    figures = [page.locator(f"figure.{name}").bounding_box() for name in ("original", "result")]
    assert before[2] > 1.5 * figures[0]["width"]
    assert before[2:] == pytest.approx(after[2:], abs=0.1)
    assert before[0] - figures[0]["x"] == pytest.approx(after[0] - figures[1]["x"], abs=0.1)
    assert before[1] - figures[0]["y"] == pytest.approx(after[1] - figures[1]["y"], abs=0.1)
    assert before[0] < figures[0]["x"]
    page.keyboard.press("0")
    assert where(page, "before")[2] == pytest.approx(figures[0]["width"], abs=0.5)


def test_at_100_percent_a_pixel_of_the_photo_is_one_of_the_screen(open_page):
    page = open_page(device_scale_factor=2)
    choose(page, file_of(dark_photo(1200, 2000), "JPEG"), "large.jpg")
    finished(page, "large.jpg")
    page.get_by_role("button", name="Zoom").click()
    expect(page.locator("#zoom-value")).to_have_text("Fit (100 %)")
    assert where(page, "before")[2] == pytest.approx(1000, abs=1)  # at two pixels to each of CSS's
    page.get_by_role("button", name="Zoom").click()
    expect(page.locator("#zoom-value")).to_have_text("100 %")


def test_two_fingers_zoom_and_one_moves_the_divider(open_page):
    page = open_page(**PHONE)
    choose(page)
    finished(page)
    stage = page.locator("#stage").bounding_box()
    x, y = stage["x"] + 195, stage["y"] + stage["height"] / 2
    touch = page.context.new_cdp_session(page)

    def fingers(kind, *apart):
        points = [{"x": x + each, "y": y, "id": i} for i, each in enumerate(apart)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    width = where(page, "before")[2]
    fingers("touchStart", -20)
    fingers("touchStart", -20, 20)
    for apart in (30, 45, 60):
        fingers("touchMove", -apart, apart)
    fingers("touchEnd")
    assert where(page, "before")[2] > 2 * width


def test_full_screen_fills_the_window_and_escape_leaves_it(open_page):
    page = open_page()
    page.get_by_role("button", name="Full screen").click()
    box = page.locator("#viewer").bounding_box()
    size = page.evaluate("[innerWidth, innerHeight]")
    assert [box["width"], box["height"]] == size
    page.keyboard.press("Escape")
    expect(page.locator("#viewer")).not_to_have_class(re.compile("full"))


@pytest.mark.parametrize("shape", [(60, 600), (600, 60)], ids=["panorama", "tower"])
def test_a_panorama_and_a_tower_get_a_stage_to_look_at(open_page, shape):
    page = open_page(**PHONE)
    choose(page, file_of(dark_photo(*shape), "JPEG"))
    finished(page)
    box = page.locator("#stage").bounding_box()
    assert min(box["width"], box["height"]) > 150


def test_a_clear_photo_is_shown_as_it_is_downloaded(open_page):
    page = open_page()
    clear = np.dstack([dark_photo(240, 360), np.full((240, 360), 60, np.uint8)])
    choose(page, file_of(clear), "walk.png", "image/png")
    finished(page, "walk.png")
    _, content = download(page)
    page.locator("#divider").evaluate(
        "(input) => { input.value = 0; input.dispatchEvent(new Event('input')); }"
    )
    shown = Image.open(io.BytesIO(page.locator("#stage").screenshot())).convert("RGB")
    saved = Image.open(io.BytesIO(content)).resize(shown.size)
    squares = Image.new("RGB", shown.size, (204, 204, 204))  # their mean
    squares.paste(saved, mask=saved.getchannel("A"))
    middle = (slice(100, -100), slice(100, -100))
    expected, seen = (np.asarray(each).astype(int)[middle].mean() for each in (squares, shown))
    assert seen == pytest.approx(expected, abs=6)


def test_a_photo_that_took_too_long_is_not_sent_again(open_page, counted):
    page = open_page()
    counted.deadly = True
    choose(page, file_of(dark_photo(200, 300), "JPEG"))  # the server knows it from now on
    expect(page.get_by_role("alert")).to_contain_text("took longer")
    counted.deadly = False
    assert len(counted.jobs) == 1
    open_page.complaints.clear()


def test_a_photo_given_up_leaves_the_one_on_the_stage(open_page, server):
    page = open_page()
    choose(page)
    finished(page)
    page.route("**/api/enhance", lambda route: None)  # never answered
    choose(page, file_of(dark_photo(100, 100), "JPEG"), "second.jpg")
    page.get_by_role("button", name="Cancel").click()
    page.unroute("**/api/enhance")
    name, content = download(page)
    assert name == "My walk.jpg"
    assert as_array(content).shape[:2] == (240, 360)


def test_too_large_a_photo_is_made_smaller_by_the_browser_if_one_wants(open_page):
    page = open_page()
    choose(page, file_of(np.zeros((5000, 6000), np.uint8), "JPEG"), "huge.jpg")
    expect(page.get_by_role("alert")).to_contain_text("30 megapixels")
    page.get_by_role("button", name="Make it fit here").click()
    finished(page, "huge.jpg: enhanced")
    expect(page.locator("#output")).to_contain_text("JPEG at quality 92")
    width, height = page.evaluate("[$('after').naturalWidth, $('after').naturalHeight]")
    assert 24_000_000 < width * height <= 25_000_000


def test_a_bmp_is_converted_by_the_browser_if_one_wants(open_page):
    page = open_page()
    choose(page, file_of(dark_photo(), "BMP"), "old.bmp", "image/bmp")
    expect(page.get_by_role("alert")).to_contain_text("a BMP picture")
    open_page.complaints.clear()  # the browser itself notes every 4xx
    page.get_by_role("button", name="Make it fit here").click()
    finished(page, "old.jpg: enhanced")


def test_on_a_phone_the_download_of_ones_own_photo_is_on_the_first_screen(open_page):
    page = open_page(**PHONE)
    choose(page)
    finished(page)
    box = page.get_by_role("button", name="Download").bounding_box()
    assert box["y"] + box["height"] <= 844


def test_a_phone_on_its_side_shows_the_whole_photo(open_page):
    page = open_page(**(PHONE | {"viewport": {"width": 844, "height": 390}}))
    choose(page)
    finished(page)
    box = page.locator("#stage").bounding_box()
    assert box["y"] + box["height"] <= 390


def test_the_first_load_is_light(browser, server):
    page = browser.new_page()
    sizes = []
    page.on("response", lambda response: sizes.append(len(response.body())))
    page.goto(server.address)
    page.wait_for_load_state("networkidle")
    page.close()
    assert 50_000 < sum(sizes) < 200_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_to_complain_about(open_page, told_lambda, screenshots, scheme, device):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="the extra dev")
    page = open_page(told_lambda.address, color_scheme=scheme, **device)
    choose(page)
    finished(page, "My walk.jpg: enhanced, λ 115, in")
    result = axe.Axe().run(page)
    assert result.violations_count == 0, result.generate_report()
    page.get_by_label("Side by side").check()
    choose(page, b"no picture", "notes.jpg")
    expect(page.get_by_role("alert")).to_be_visible()
    result = axe.Axe().run(page)
    assert result.violations_count == 0, result.generate_report()
    open_page.complaints.clear()
    name = "phone" if device is PHONE else "desktop"
    page.screenshot(path=screenshots / f"web-{name}-{scheme}.png", full_page=True)


def test_the_dark_scheme_is_dark(open_page):
    for scheme, dark in (("light", False), ("dark", True)):
        page = open_page(color_scheme=scheme)
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", colour))) < 300) == dark


def test_without_a_script_the_form_still_works(open_page, enhancer):
    page = open_page(java_script_enabled=False)
    choose(page)
    with page.expect_download() as begun:
        page.get_by_role("button", name="Enhance it").click()
    assert begun.value.suggested_filename == "My walk.jpg"
    open_page.complaints.clear()  # the page that was left for the download


def test_nothing_is_loaded_from_elsewhere(open_page, server):
    page = open_page()
    addresses = []
    page.on("request", lambda request: addresses.append(request.url))
    page.reload()
    choose(page)
    finished(page)
    assert all(address.startswith((server.address, "blob:")) for address in addresses)
    assert page.context.cookies() == []
