"""Fixtures and settings that the tests of several rooms share."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from pictures import make_photo
from PIL import Image

# Neither a deadline nor a complaint about slowness, because the machine may be busy; derandomised,
# so that `make test` gives everybody the same verdict.
settings.register_profile(
    "house",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
    max_examples=40,
)
settings.load_profile("house")


@pytest.fixture
def photo():
    return make_photo()


@pytest.fixture
def save(tmp_path):
    """save("low/1.png", array or PIL image, **options) writes with Pillow alone; gives the path."""

    def save(name, image, **options):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray(image) if isinstance(image, np.ndarray) else image
        picture.save(path, **options)
        return path

    return save


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium of Playwright's, for as long as a module's tests run.

    Not for the whole session: while it runs, so does an event loop, which others then trip over.
    """
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip("no browser: install Chromium, such as with apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="install the extra dev")
    with playwright.sync_playwright() as driver:
        # Without a sandbox, because root may not have one; the pages are the tests' own.
        chromium = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def screenshots():
    """The folder for pictures of what a browser showed, which outlives the tests."""
    folder = Path(__file__).resolve().parent.parent / "build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
