"""The book, as a reader has it: in a headless Chromium, from a folder that any server could serve.

What tools/live.py puts beside it has tests of its own.
"""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from served import served
from tool import load_tool
from visits import visits
from waiting import PATIENCE

sync_api = pytest.importorskip("playwright.sync_api", reason="install the extra dev")
pytest.importorskip("sphinx", reason="install the extra site")
expect = sync_api.expect
expect.set_options(timeout=1000 * PATIENCE)

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
LIVE = {"live/index.html", "live/lambda.html"}  # what tools/live.py makes
DESKTOP = {"viewport": {"width": 1280, "height": 860}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
LAMBDA = "notebooks/04_lambda_and_friends.html"
# One page of each kind.
KINDS = ["index.html", LAMBDA, "docs/glossary.html", "docs/bibliography.html", "search.html"]
KINDS += ["docs/reference/tuning.html", "_modules/lowlight_utils/models/film.html"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The book, built once for all tests here."""
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, ROOT / "tools" / "book.py", "--without-live", out]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def address(site):
    with served(site) as address:
        yield address


@pytest.fixture
def open_page(browser, address):
    with visits(browser, address, **DESKTOP) as open_page:
        yield open_page


class Elements(HTMLParser):
    """What a page links to, what can be linked to in it, and its pictures."""

    def __init__(self, text):
        super().__init__()
        self.links, self.sources, self.anchors, self.pictures = [], [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        self.anchors.add(named.get("id"))
        if tag == "img":
            self.pictures.append(named)
        if tag == "a" and named.get("href"):
            self.links.append(named["href"])
        if tag in ("img", "script") and named.get("src"):
            self.sources.append(named["src"])
        if tag == "link" and named.get("href"):
            self.sources.append(named["href"])


@pytest.fixture(scope="module")
def pages(site):
    return {
        path.relative_to(site).as_posix(): Elements(path.read_text(encoding="utf-8"))
        for path in site.rglob("*.html")
        if "_downloads" not in path.parts
    }


def test_every_notebook_and_document_has_its_page(pages):
    documents = {f"docs/{path.stem}.html" for path in (ROOT / "docs").glob("*.md")}
    rooms = [path.parent.name for path in (ROOT / "lowlight_utils").glob("*/__init__.py")]
    wanted = {f"notebooks/{name}.html" for name in NOTEBOOKS} | documents - {"docs/index.html"}
    wanted |= {f"docs/reference/{room}.html" for room in rooms}
    assert wanted | {"index.html", "README.html"} <= set(pages)


def test_every_link_within_the_site_leads_somewhere(site, pages):
    lost = set()
    for name, page in pages.items():
        for link in page.links + page.sources:
            parts = urlsplit(urljoin(f"http://site/{name}", link))
            if parts.scheme != "http" or parts.netloc != "site":
                continue
            target = unquote(parts.path).lstrip("/") or "index.html"
            known = target in LIVE or (site / target).is_file()
            anchor = unquote(parts.fragment)
            if not known or (anchor and target in pages and anchor not in pages[target].anchors):
                lost.add((name, link))
    assert lost == set()


def test_both_live_pages_are_linked_from_every_page(pages):
    for name, page in pages.items():
        linked = {urlsplit(urljoin(f"http://site/{name}", link)).path[1:] for link in page.links}
        assert linked >= LIVE, name


def test_no_page_loads_anything_from_elsewhere(pages):
    loaded = {(name, source) for name, page in pages.items() for source in page.sources}
    assert [pair for pair in loaded if urlsplit(pair[1]).netloc] == []


def test_every_picture_has_an_alternative_text(pages):
    without = {
        (name, picture["src"][:60])
        for name, page in pages.items()
        for picture in page.pictures
        if not picture.get("alt")
    }
    assert without == set()


def test_a_figures_alternative_text_is_the_notebooks(pages):
    texts = [picture["alt"] for picture in pages["notebooks/02_unet_and_patchgan.html"].pictures]
    assert any(text.startswith("Figure: U-Net generator; 54,425,859 parameters") for text in texts)


def test_widgets_are_never_shown_as_python_prints_them(site):
    for name in NOTEBOOKS:
        text = (site / "notebooks" / f"{name}.html").read_text(encoding="utf-8")
        assert "VBox(children" not in text
        assert "widget-view" not in text


def test_each_widget_is_shown_as_frames_or_says_that_it_needs_a_notebook(open_page):
    page = open_page(LAMBDA)
    assert page.locator(".frames").count() == 2
    assert page.locator(".needs-kernel").count() == 2


def test_notebooks_can_be_downloaded_as_they_are(site):
    for name in NOTEBOOKS:
        given = (site / "notebooks" / f"{name}.ipynb").read_bytes()
        assert given == (ROOT / "notebooks" / f"{name}.ipynb").read_bytes()


@pytest.mark.parametrize("which", [0, 1], ids=["slider", "explorer"])
def test_a_radio_button_changes_picture_text_and_line(open_page, which):
    page = open_page(LAMBDA)
    frames = page.locator(".frames").nth(which)
    picture = frames.locator("img[data-kind=enhanced]")
    before = picture.get_attribute("src"), picture.get_attribute("alt"), frames.inner_text()
    frames.get_by_role("group", name="λ").get_by_label("1000", exact=True).check()
    expect(picture).not_to_have_attribute("src", before[0])
    assert picture.get_attribute("alt") != before[1] and "1000" in picture.get_attribute("alt")
    assert frames.inner_text() != before[2]
    page.wait_for_function("picture => picture.complete", arg=picture.element_handle())
    assert picture.evaluate("picture => picture.naturalWidth") == 256


def test_frames_are_used_by_the_keyboard(open_page):
    frames = open_page(LAMBDA).locator(".frames").first
    frames.get_by_label("10", exact=True).focus()
    frames.page.keyboard.press("ArrowRight")
    expect(frames.get_by_label("30", exact=True)).to_be_checked()
    expect(frames.locator("img[data-kind=enhanced]")).to_have_attribute("src", re.compile("-30"))


def test_a_seed_that_was_not_run_cannot_be_chosen(open_page):
    frames = open_page(LAMBDA).locator(".frames").nth(1)
    seeds = frames.get_by_role("group", name="seed")
    seeds.get_by_label("2", exact=True).check()
    frames.get_by_role("group", name="λ").get_by_label("130", exact=True).check()
    expect(seeds.get_by_label("2", exact=True)).to_be_disabled()
    expect(seeds.get_by_label("0", exact=True)).to_be_checked()


def test_the_search_finds_a_word(open_page):
    page = open_page("index.html")
    page.keyboard.press("Control+k")
    page.get_by_label("Search the course").first.fill("checkerboard")
    page.keyboard.press("Enter")
    expect(page.locator("#search-results a").first).to_be_visible()
    found = page.locator("#search-results a").evaluate_all("links => links.map(x => x.href)")
    assert any("02_unet_and_patchgan.html" in link for link in found)
    assert any("glossary.html#checkerboard" in link for link in found)


@pytest.mark.parametrize("name", KINDS)
def test_a_phone_shows_a_page_without_sideways_scroll(open_page, name):
    page = open_page(name, **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


LOOKED_AT = [*((name, "light") for name in KINDS), ("index.html", "dark")]
LOOKED_AT += [("notebooks/06_web_app.html", "dark")]


@pytest.mark.parametrize(("name", "scheme"), LOOKED_AT)
def test_axe_finds_nothing(open_page, name, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    # Preloading, axe looks for style sheets in the wrong folder.
    results = axe.run(open_page(name, color_scheme=scheme), options={"preload": False})
    violations = results.response["violations"]
    found = {f"{v['id']}: {node['html'][:200]}" for v in violations for node in v["nodes"]}
    assert found == set()


def test_the_first_page_is_at_most_a_megabyte(open_page, address):
    page = open_page("_static/icon.svg")  # next to nothing: all of the first page is counted
    sizes = []
    page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
    page.goto(address, wait_until="networkidle")
    assert 0 < sum(sizes) <= 1_000_000


def test_a_button_copies_code_and_of_an_example_what_one_types(open_page):
    page = open_page("docs/reference/data.html", permissions=["clipboard-read", "clipboard-write"])
    example = page.locator(".highlight", has_text=">>> ").first
    example.hover()
    example.get_by_role("button", name="Copy").click()
    expect(example.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert (
        copied and ">>>" not in copied and f">>> {copied.splitlines()[0]}" in example.inner_text()
    )


def test_the_reference_leads_to_the_source(pages):
    assert any("_modules/lowlight_utils" in x for x in pages["docs/reference/data.html"].links)


def test_where_the_site_will_be_follows_from_the_repository(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")  # its own imports are from there
    sources = load_tool("book_sources")
    assert sources.site_address("https://github.com/OWNER/course") == ""
    assert sources.site_address("https://github.com/Ann/course") == "https://ann.github.io/course/"


def test_formulas_are_mathml(site):
    text = (site / LAMBDA).read_text(encoding="utf-8")
    assert '<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">' in text
    assert "$$" not in text


def test_the_policy_lets_only_the_pages_own_scripts_run(open_page):
    page = open_page("index.html")
    page.evaluate(
        "const s = document.createElement('script'); s.textContent = 'window.stranger = 1';"
        " document.body.append(s)"
    )
    assert page.evaluate("window.stranger") is None
    assert "Content Security Policy" in open_page.complaints.pop()
