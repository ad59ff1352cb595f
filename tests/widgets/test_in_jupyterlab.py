"""The widgets in JupyterLab, in a browser: moved and clicked as a reader does it."""

import os
import re
import secrets
import shlex
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image
from waiting import PATIENCE, wait_for

TESTS = Path(__file__).resolve().parent.parent
MAKEFILE = TESTS.parent / "Makefile"

CELLS = [
    """
import threading
import numpy as np
from pictures import make_pairs
from sweeps import write_sweep
from lowlight_utils.data import Splits, sample_pairs
from lowlight_utils.training import Recipe
from lowlight_utils.tuning import read_sweep
from lowlight_utils import widgets
from pathlib import Path

def generator(low, lambda_l1):  # brighter with λ, so that a move can be seen
    return (255 * (low / 255) ** (1 / (1.5 + np.log10(lambda_l1 + 1)))).astype(np.uint8)

generator.lambda_range = (0.01, 1000.0)

rates = {"generator_lr": 1e-3, "discriminator_lr": 2e-4, "seed": 0}
trials = {"one": {**rates, "lambda_l1": 1.0}, "ten": {**rates, "lambda_l1": 10.0}}
sweep = write_sweep(Path("sweep"), trials, scenes=("photo4", "photo5"), side=64)
print("ready")
""",
    "widgets.lambda_slider(generator, sample_pairs('validation'))",
    "explorer = widgets.SweepExplorer(sweep)\nexplorer",
    """
pairs = make_pairs(6, 64, 64)
tiny = Recipe(name="tiny", size=64, width=4, depth=3, discriminator_width=4, batch_size=2,
              norm="instance", epochs=4)
form = widgets.train_with_my_lambda(
    "mine", Splits(pairs[:4], pairs[4:], pairs[:0]), base=tiny,
    done=lambda found, trial: explorer.show(explorer.sweep.joined(found), trial))

show, answered = form._show, threading.Event()
def show_and_wait(job):  # after its first step, for the last cell to be run meanwhile
    show(job)
    if job.step == 1:
        answered.clear()
        form.line.value = "Held " + "up."  # not to be found in this text itself
        answered.wait()
form._show = show_and_wait
form
""",
    "widgets.enhance_own_photo(lambda photo: 255 - (255 - photo) // 3)",
    "print('the kernel', 'answers')\nanswered.set()",
]


def answers(address):
    try:
        urllib.request.urlopen(address).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Where a JupyterLab with the notebook widgets.ipynb listens, its token included."""
    folder = tmp_path_factory.mktemp("lab")
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in CELLS]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, folder / "widgets.ipynb")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    own = {
        name: str(folder / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "IPYTHONDIR", "HOME")
    }
    own |= {"JUPYTER_RUNTIME_DIR": str(folder / "runtime"), "TF_CPP_MIN_LOG_LEVEL": "3"}
    own["PYTHONPATH"] = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    options = ["--no-browser", "--allow-root", f"--port={port}", "--ServerApp.port_retries=0"]
    options += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}"]
    options += [
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    (lab,) = re.findall(r"^\t.*jupyter (lab .*)$", MAKEFILE.read_text(encoding="utf-8"), re.M)
    options += [option for option in shlex.split(lab) if option.startswith("--ServerApp.")]
    with open(folder / "lab.log", "w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            env={**os.environ, **own},
            stdout=log,
            stderr=log,
        )
    try:
        wait_for(lambda: answers(f"http://127.0.0.1:{port}/api?token={token}"), server)
        yield f"http://127.0.0.1:{port}/lab/tree/widgets.ipynb?token={token}"
    finally:
        server.terminate()  # it ends its kernels too
        try:
            server.wait(PATIENCE)
        finally:
            server.kill()


@pytest.fixture(scope="module")
def page(browser, address):
    """The notebook in JupyterLab, with all its cells run."""
    page = browser.new_page(viewport={"width": 1500, "height": 2600})
    page.set_default_timeout(1000 * PATIENCE)
    # On a slow machine JupyterLab may ask which kernel to use before it has started one, and may
    # ask again: without no_wait_after the second question would wait for ever.
    page.add_locator_handler(
        page.locator(".jp-Dialog"),
        lambda dialog: dialog.locator(".jp-mod-accept").click(),
        no_wait_after=True,
    )
    page.goto(address)
    page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for()

    def begun():  # what is asked of a kernel that is still being connected is lost
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name=re.compile("^Run All Cells")).click()
        page.wait_for_timeout(2000)
        return cell(page, 0).locator(".jp-InputPrompt").inner_text() != "[ ]:"

    wait_for(begun)
    page.get_by_text("the kernel answers").wait_for()
    return page


def cell(page, number):
    return page.locator(".jp-Cell").nth(number)


def source(image):
    return image.get_attribute("src")


def wait_for_change(image, before):
    """Wait until an image has another source."""
    wait_for(lambda: source(image) != before)


def test_moving_the_live_slider_changes_picture_and_scores(page, screenshots):
    output = cell(page, 1)
    picture, line = output.locator("img").first, output.locator(".widget-html-content").nth(1)
    picture.wait_for()
    output.screenshot(path=screenshots / "lambda_slider_before.png")
    assert "enhanced at λ = 3.16" in picture.get_attribute("alt")
    text = line.inner_text()
    assert text.startswith("λ = 3.16")
    handle = output.locator(".noUi-handle")
    handle.focus()
    for _ in range(3):
        before = source(picture)
        handle.press("ArrowRight")
        wait_for_change(picture, before)
    page.wait_for_function("text => !document.body.innerText.includes(text)", arg=text)
    output.screenshot(path=screenshots / "lambda_slider_after.png")
    assert line.inner_text() != text
    with (
        Image.open(screenshots / "lambda_slider_before.png") as one,
        Image.open(screenshots / "lambda_slider_after.png") as other,
    ):
        assert one.tobytes() != other.tobytes()


def test_choosing_in_the_explorer_changes_the_picture(page, screenshots):
    output = cell(page, 2)
    picture, line = output.locator("img").first, output.locator(".widget-html-content").nth(1)
    before = source(picture)
    handle = output.locator(".noUi-handle")
    handle.focus()
    handle.press("ArrowRight")
    wait_for_change(picture, before)
    wait_for(lambda: line.inner_text().startswith("ten "))  # the line may come after the picture
    before = source(picture)
    output.locator("select").first.select_option("photo5")
    wait_for_change(picture, before)
    output.screenshot(path=screenshots / "explorer.png")


def test_training_with_my_lambda_runs_beside_other_cells_and_joins_the_explorer(page, screenshots):
    form, other = cell(page, 3), cell(page, 5)
    form.get_by_role("button", name="Train").click()
    form.get_by_text("Held up.").wait_for()
    form.screenshot(path=screenshots / "training_under_way.png")
    prompt = other.locator(".jp-InputPrompt")
    before = prompt.inner_text()
    other.locator(".jp-InputArea-editor").click()
    page.keyboard.press("Control+Enter")
    wait_for(lambda: prompt.inner_text() not in (before, "[*]:"))
    form.get_by_text(re.compile("^Done")).wait_for()
    form.screenshot(path=screenshots / "training.png")
    joined = cell(page, 2).locator(".widget-html-content").nth(1)
    joined.get_by_text(re.compile("^my-lambda-115-")).wait_for()
    cell(page, 2).screenshot(path=screenshots / "explorer_joined.png")


def test_a_photo_of_ones_own_is_enhanced(page, screenshots, tmp_path):
    Image.new("RGB", (80, 60), (20, 10, 5)).save(tmp_path / "dark.png")
    output = cell(page, 4)
    with page.expect_file_chooser() as chooser:
        output.locator("button.widget-upload").click()
    chooser.value.set_files(tmp_path / "dark.png")
    output.get_by_text("save dark-enhanced.jpg").wait_for()
    output.screenshot(path=screenshots / "own_photo.png")


def test_a_photo_of_more_than_10_mib_arrives(page, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (2000, 2000, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "large.png")
    assert (tmp_path / "large.png").stat().st_size > 11 * 2**20
    output = cell(page, 4)
    with page.expect_file_chooser() as chooser:
        output.locator("button.widget-upload").click()
    chooser.value.set_files(tmp_path / "large.png")
    output.get_by_text("save large-enhanced.jpg").wait_for()
