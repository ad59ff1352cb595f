"""Fixtures and settings that the tests of several rooms share."""

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from pictures import make_photo
from PIL import Image
from waiting import PATIENCE

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

if "PYTEST_XDIST_WORKER" in os.environ:
    # Several test processes share the cores, and perhaps a GPU. Before TensorFlow and JAX load;
    # what the tests start, such as the notebooks' kernels, inherits it.
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(name, "1")
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

# What takes a minute or more comes first, so that at the end no process waits for the others.
LONGEST = (
    "03_training.ipynb",
    "test_sweep.py",
    "test_run.py",
    "test_cli.py",
    "test_export.py",
    "test_book.py",
    "test_live.py",
    "02_unet_and_patchgan.ipynb",
    "04_lambda_and_friends.ipynb",
    "07_how_numbers_lie.ipynb",
)
# Trains on what the other has left, and so comes after it in the same process.
AFTER = {"05_prediction_gallery.ipynb": "03_training.ipynb"}


def place(path):
    """Where a file's tests stand in the whole."""
    name = AFTER.get(path.name, path.name)
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


def pytest_collection_modifyitems(config, items):
    for item in items:
        if hasattr(item, "output_timeout"):  # nbval's patience with a kernel; no option sets it
            item.output_timeout = PATIENCE
    if config.getoption("dist", "no") != "no":
        items.sort(key=lambda item: place(item.path))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give each process a file at a time, those that take long first."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid):
            folder, name = os.path.split(super()._split_scope(nodeid))
            return os.path.join(folder, AFTER.get(name, name))

    config.option.loadscopereorder = False  # it would go by the number of tests
    return Scheduling(config, log)


@pytest.fixture
def photo():
    return make_photo()


@pytest.fixture
def without_rawpy(monkeypatch):
    """Have the package not found, wherever it is installed."""
    monkeypatch.setitem(sys.modules, "rawpy", None)


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
