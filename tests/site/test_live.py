"""The live pages, as a reader uses them: built, served from a folder, in a headless Chromium."""

import base64
import io
import re

import numpy as np
import pytest
from pictures import make_photo
from PIL import Image
from served import served
from tool import load_tool
from visits import visits
from waiting import PATIENCE

from lowlight_utils.prediction import LAMBDA_WEIGHTS, Enhancer

sync_api = pytest.importorskip("playwright.sync_api", reason="install the extra dev")
expect = sync_api.expect
expect.set_options(timeout=1000 * PATIENCE)

PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}


live = load_tool("live")


@pytest.fixture(scope="module")
def pages(tmp_path_factory, browser):
    """A folder that holds the built pages two folders down: they work below any prefix."""
    try:
        live.fetch_package()
    except live.BuildError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("site")
    live.build(folder / "the course" / "live", home="../index.html")
    return folder


@pytest.fixture(scope="module")
def address(pages):
    with served(pages) as start:
        yield f"{start}the course/live/"


@pytest.fixture(scope="module")
def open_page(browser, address):
    with visits(browser, address, service_workers="block") as open_page:
        yield open_page


@pytest.fixture(scope="module")
def phone(open_page):
    """The page "Try it" on a phone, the same for the tests that do not care what was before."""
    return open_page(**PHONE)


@pytest.fixture(scope="module")
def lambda_page(open_page):
    return open_page("lambda.html", viewport={"width": 1280, "height": 860})


def choose(page, photo, name="walk.png"):
    file = io.BytesIO()
    Image.fromarray(photo).save(file, "PNG")
    content = {"name": name, "mimeType": "image/png", "buffer": file.getvalue()}
    page.set_input_files("#file", content)
    expect(page.locator("#status")).to_contain_text(f"{name}: enhanced in")


def download(page):
    with page.expect_download() as begun:
        page.get_by_role("button", name="Download").click()
    return np.asarray(Image.open(begun.value.path()).convert("RGB")).astype(int)


def test_nothing_heavy_is_loaded_before_it_is_asked_for(browser, address):
    page = browser.new_page(service_workers="block")
    sizes = {}
    page.on("response", lambda answer: sizes.update({answer.url: len(answer.body())}))
    for name in ("index.html", "lambda.html"):
        page.goto(address + name)
        page.wait_for_load_state("networkidle")
    page.close()
    assert 100_000 < sum(sizes.values()) < 1_000_000
    assert not [url for url in sizes if url.endswith((".onnx", ".gz"))]


def test_what_is_loaded_when_asked_is_within_its_budget(pages):
    folder = pages / "the course" / "live"
    networks = [(folder / f"{name}.onnx").stat().st_size for name in ("generator", "lambda")]
    runtimes = [path.stat().st_size for path in (folder / "runtime").glob("*.gz")]
    assert max(networks) < 8_000_000
    assert max(networks) + max(runtimes) < 16_000_000


@pytest.mark.parametrize("size", [(240, 360), (500, 900)], ids=["whole", "by a small copy"])
def test_a_photo_comes_out_as_the_library_makes_it(phone, size):
    rng = np.random.default_rng(1)
    noisy = make_photo(*size) / 8 + rng.normal(0, 2, (*size, 3))
    photo = noisy.clip(0, 255).astype(np.uint8)
    choose(phone, photo)
    expected = Enhancer()(photo)
    assert expected.mean() > 2 * photo.mean()
    assert np.abs(download(phone) - expected).max() <= 2


def test_half_the_strength_is_half_of_each(phone):
    photo = make_photo(200, 300) // 8
    choose(phone, photo, "half.png")
    phone.locator("#strength").fill("50")
    half = (photo.astype(int) + Enhancer()(photo)) / 2
    assert np.abs(download(phone) - half).max() <= 2


def test_black_bars_and_what_is_clear_stay_as_they_are(phone):
    photo = np.pad(make_photo(100, 200) // 8 + 4, ((30, 30), (0, 0), (0, 0)))
    clear = np.dstack([photo, np.full(photo.shape[:2], 255, np.uint8)])
    clear[50:60, 50:60, 3] = 0
    choose(phone, clear, "film.png")
    with phone.expect_download() as begun:
        phone.get_by_role("button", name="Download").click()
    saved = np.asarray(Image.open(begun.value.path()))
    assert not saved[:30, :, :3].any() and not saved[-30:, :, :3].any()
    assert not saved[50:60, 50:60, 3].any() and (saved[70, :, 3] == 255).all()


def test_a_refused_file_is_explained_and_leaves_the_one_on_the_stage(phone):
    choose(phone, make_photo(100, 150) // 8, "before.png")
    content = {"name": "notes.jpg", "mimeType": "image/jpeg", "buffer": b"no picture"}
    phone.set_input_files("#file", content)
    expect(phone.get_by_role("alert")).to_contain_text("notes.jpg: this browser cannot read it")
    assert download(phone).shape == (100, 150, 3)


def test_the_network_told_lambda_can_be_chosen(phone):
    photo = make_photo(128, 192) // 8
    choose(phone, photo, "told.png")
    expect(phone.locator("#lambda")).to_be_disabled()
    phone.get_by_label("the network told λ").check()
    expect(phone.locator("#status")).to_contain_text("told.png: the network told λ, λ 115, in")
    expected = Enhancer(LAMBDA_WEIGHTS)(photo, lambda_l1=115)
    assert np.abs(download(phone) - expected).max() <= 2


def test_on_a_phone_the_download_is_at_hand_and_fingers_find_what_they_touch(phone, screenshots):
    choose(phone, make_photo(300, 400) // 8)
    box = phone.get_by_role("button", name="Download").bounding_box()
    assert box["y"] + box["height"] <= 844
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    small = phone.evaluate(
        """() => [...document.querySelectorAll(
            ".button, nav a, .methods label, .segments span, select, .slider input, .examples img")]
            .filter((each) => each.offsetParent && each.getBoundingClientRect().height < 44)
            .map((each) => each.outerHTML)"""
    )
    assert small == []
    phone.screenshot(path=screenshots / "live-phone.png")


def canvas(page):
    """What the λ page computed, uint8[256, 256, 3] as int."""
    png = page.locator("#enhanced").evaluate("(canvas) => canvas.toDataURL().split(',')[1]")
    content = io.BytesIO(base64.b64decode(png))
    return np.asarray(Image.open(content).convert("RGB")).astype(int)


def test_the_slider_shows_what_keras_makes_at_each_lambda(lambda_page, pages, screenshots):
    enhance = Enhancer(LAMBDA_WEIGHTS)
    low = pages / "the course" / "live" / "scenes" / "raccoon-low.png"
    dark = np.asarray(Image.open(low).convert("RGB"))
    shown = []
    for key, value in (("Home", 0.01), ("End", 1000)):
        lambda_page.locator("#lambda").focus()
        lambda_page.keyboard.press(key)
        expect(lambda_page.locator("#status")).to_contain_text(f"λ = {value}: PSNR")
        shown.append(canvas(lambda_page))
        assert np.abs(shown[-1] - enhance(dark, lambda_l1=value)).max() <= 2
    assert np.abs(shown[0] - shown[1]).mean() > 3
    lambda_page.screenshot(path=screenshots / "live-lambda.png", full_page=True)


def test_another_photo_is_computed_and_so_is_its_strip_shown(lambda_page):
    lambda_page.locator("input[name=scene][value=citrus]").check()
    expect(lambda_page.locator("#low")).to_have_attribute("src", "scenes/citrus-low.png")
    expect(lambda_page.locator("#strip img").first).to_have_attribute(
        "src", "scenes/citrus-0.01.jpg"
    )
    expect(lambda_page.locator("#enhanced")).to_have_attribute(
        "aria-label", "Citrus fruits, enhanced at λ = 1000"
    )


@pytest.mark.parametrize("which", ["phone", "lambda_page"])
def test_axe_finds_nothing_to_complain_about(which, request):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="the extra dev")
    page = request.getfixturevalue(which)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        result = axe.Axe().run(page)
        assert result.violations_count == 0, result.generate_report()


def test_a_browser_that_lacks_something_says_so_and_shows_the_strip(browser, address):
    context = browser.new_context(service_workers="block")
    context.add_init_script("delete window.DecompressionStream")
    page = context.new_page()
    page.goto(f"{address}lambda.html")
    expect(page.get_by_role("alert")).to_contain_text("it lacks DecompressionStream")
    expect(page.locator("#lambda")).to_be_disabled()
    expect(page.locator("#strip img")).to_have_count(6)
    page.goto(address)
    expect(page.get_by_role("alert")).to_contain_text("A current Firefox")
    context.close()


GPUS = {
    "none": "requestAdapter: async () => null",
    "one that fails": "requestAdapter: async () => { throw new Error('lost'); }",
    "of software": "requestAdapter: async () => ({ info: { isFallbackAdapter: true } })",
    "one that cannot compute": "requestAdapter: async () => ({ info: {} })",
}


@pytest.mark.parametrize("gpu", GPUS.values(), ids=GPUS)
def test_without_a_graphics_processor_that_computes_webassembly_does(open_page, pages, gpu):
    script = (pages / "the course" / "live" / "network.js").read_text(encoding="utf-8")
    before = f"Object.defineProperty(navigator, 'gpu', {{ value: {{ {gpu} }} }});"
    page = open_page()
    page.route(
        "**/network.js",
        lambda route: route.fulfill(body=f"{before}\n{script}", content_type="text/javascript"),
    )
    photo = make_photo(64, 96) // 8
    choose(page, photo, "gpu.png")
    assert np.abs(download(page) - Enhancer()(photo)).max() <= 2
    open_page.complaints.clear()  # what the runtime says of a graphics processor that fails


@pytest.mark.parametrize("name", ["index.html", "lambda.html"])
def test_the_page_that_is_shown_is_marked_in_the_navigation(pages, name):
    page = (pages / "the course" / "live" / name).read_text(encoding="utf-8")
    assert re.findall(r'<a href="([^"]+)" aria-current="page">', page) == [name]


def test_how_a_link_is_shown_elsewhere_is_said_once_the_sites_address_is_known(pages, tmp_path):
    assert "og:image" not in (pages / "the course" / "live" / "index.html").read_text("utf-8")
    site = "https://somebody.github.io/course/"
    live.add_pages(tmp_path, None, site, (0.01, 1000), {"generator": 1, "lambda": 1})
    for name in ("", "lambda.html"):
        page = (tmp_path / (name or "index.html")).read_text(encoding="utf-8")
        assert f'<meta property="og:url" content="{site}live/{name}">' in page
        assert f'<meta property="og:image" content="{site}before_after.jpg">' in page


def test_once_it_has_enhanced_the_page_works_and_opens_without_a_network(open_page, pages):
    with served(pages) as start:
        page = open_page(f"{start}the course/live/", service_workers="allow")
        page.evaluate("navigator.serviceWorker.ready")
        page.reload()  # from here on the service worker keeps what comes
        choose(page, make_photo(64, 64) // 8)
    choose(page, make_photo(80, 64) // 8, "cut.png")
    page.evaluate("unsaved = false")
    page.reload()
    choose(page, make_photo(64, 80) // 8, "again.png")


def test_without_npm_the_build_says_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.setattr(live, "CACHE", tmp_path)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(live.BuildError, match=r"npm is not installed.*Node\.js"):
        live.fetch_package()


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious", encoding="utf-8")
    with pytest.raises(live.BuildError, match="holds other files"):
        live.build(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
