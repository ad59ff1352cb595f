"""What the committed notebooks must be, beside running: clean, small, in step with each other."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbconvert.exporters import ScriptExporter
from PIL import Image

from lowlight_utils.course import course_folders, course_recipe
from lowlight_utils.training import QUICK, SEED

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import notebooks as tool  # noqa: E402

PATHS = sorted((ROOT / "notebooks").glob("*.ipynb"))
each_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def cells(path, kind):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


# Cells of prose with numbers that no output of their notebook prints, and what these are.
ELSEWHERE = {
    "c059": "measured on LOL's pairs, which are not bundled",
    "c065": "measured on LOL's pairs, which are not bundled",
    "c007": "what weights begin with",
    "cell-38": "rounded, and single seeds of a table of means",
    "cell-41": "differences of single seeds",
    "ablation-read": "rounded from the table above it",
    "prediction-13": "the constants of SSIM",
    "prediction-21": "a supposed difference",
    "prediction-55": "a supposed paper",
    "lies-44": "a supposed paper",
}
MEASURED = re.compile(
    r"(?<![\w.])\d+\.\d+(?= dB| ±| against| for )|(?<![\w.])\d+\.\d\d+(?!\w|\.\d)"
)


def unsupported(prose, outputs):
    """The measured numbers in a text that no output prints: a decimal with dB, or two decimals."""
    said = re.sub(r"`[^`]*`|\]\([^)]*\)", "", prose)
    return [n for n in MEASURED.findall(said) if not re.search(rf"(?<![\d.]){n}(?!\d)", outputs)]


def test_a_number_in_prose_that_the_outputs_contradict_is_found():
    assert unsupported("It gains 1.2 dB, an SSIM of 0.85.", "1.2 and 0.85") == []
    assert unsupported("It gains 1.2 dB, an SSIM of 0.85.", "1.3 and 0.851") == ["1.2", "0.85"]


@each_notebook
def test_every_measured_number_in_prose_stands_in_an_output(path):
    outputs = " ".join(
        output.get("text", "") + output.get("data", {}).get("text/plain", "")
        for cell in cells(path, "code")
        for output in cell.outputs
    )
    wrong = {
        cell.id: found
        for cell in cells(path, "markdown")
        if cell.id not in ELSEWHERE and (found := unsupported(cell.source, outputs))
    }
    assert wrong == {}


def test_they_are_numbered_without_a_gap():
    assert [path.name[:2] for path in PATHS] == [f"{n:02}" for n in range(1, len(PATHS) + 1)]


@each_notebook
def test_outputs_are_of_one_clean_run_from_top_to_bottom(path):
    code = cells(path, "code")
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell.outputs]
    assert outputs
    assert not [output for output in outputs if output.output_type == "error"]
    assert not [output for output in outputs if output.get("name") == "stderr"]


@each_notebook
def test_who_cannot_see_its_pictures_reads_what_they_show(path):
    shown = [
        (output.data["text/plain"], output.metadata.get(kind, {}).get("alt", ""))
        for cell in cells(path, "code")
        for output in cell.outputs
        for kind in output.get("data", {})
        if kind.startswith("image/")
    ]
    assert shown
    assert not [alt for plain, alt in shown if alt != plain or len(alt) < 10]


@each_notebook
def test_it_is_small_enough_to_read_on_the_web(path):
    assert path.stat().st_size < 2 * 2**20


@each_notebook
def test_it_names_no_folder_of_the_machine_that_ran_it(path):
    # Base64 pictures may hold anything; paths would stand in text.
    text = re.sub(r"[A-Za-z0-9+/=]{200,}", "", path.read_text(encoding="utf-8"))
    assert not re.findall(r"/(?:root|home|work|tmp|Users)/\w+", text)


@each_notebook
def test_it_opens_with_the_same_set_up_cells_as_the_first(path):
    first = [cell.source for cell in cells(PATHS[0], "code")[:2]]
    assert [cell.source for cell in cells(path, "code")[:2]] == first


@pytest.mark.skipif(os.name != "posix", reason="a link needs rights here")
def test_without_the_library_the_first_cell_stops_in_one_sentence(tmp_path):
    # A Python that sees all packages but the library, and no git.
    for folder in map(Path, sys.path):
        if folder.name == "site-packages":
            for package in folder.iterdir():
                link = tmp_path / "packages" / package.name
                link.parent.mkdir(exist_ok=True)
                if "lowlight" not in package.name and not link.exists():
                    link.symlink_to(package)
    (tmp_path / "sh").symlink_to(shutil.which("sh"))  # alone on the PATH
    source = cells(PATHS[0], "code")[0].source
    script = """
import sys
sys.path.append("packages")
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(colors="nocolor")
result = shell.run_cell(sys.argv[1])
print("stopped by", type(result.error_in_exec).__name__)
"""
    alone = {"PATH": str(tmp_path), "HOME": str(tmp_path), "IPYTHONDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script, source],
        env=alone,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    sentence, stopped = done.stdout.splitlines()[-2:]
    assert stopped == "stopped by ImportError", done.stdout + done.stderr
    assert sentence.startswith("The library lowlight_utils could not be installed")
    assert "Traceback" not in done.stdout


@each_notebook
def test_papermill_finds_its_settings_and_nothing_later_overwrites_them(path):
    code = cells(path, "code")
    (tagged,) = (i for i, cell in enumerate(code) if "parameters" in cell.metadata.get("tags", ()))
    assert tagged == 1
    assigned = re.compile(r"^(MODE|RUNS|DATA)\b.*=", re.M)
    assert [line.strip() for line in assigned.findall(code[tagged].source)] == [
        "MODE",
        "RUNS",
        "DATA",
    ]
    later = "\n".join(cell.source for cell in code[tagged + 1 :])
    found = [line for line in later.splitlines() if assigned.match(line)]
    assert [line.partition("  #")[0] for line in found] == [
        "RUNS, DATA = course_folders(MODE, RUNS, DATA)"
    ]


@each_notebook
def test_it_becomes_a_python_script(path):
    script, resources = ScriptExporter().from_filename(str(path))
    assert resources["output_extension"] == ".py"
    compile(script, path.stem, "exec")


@pytest.mark.parametrize("folder", [".", "notebooks", "lowlight_utils/data"])
def test_runs_and_data_are_the_courses_wherever_a_notebook_runs(folder, monkeypatch):
    monkeypatch.chdir(ROOT / folder)
    runs, data = course_folders("full")
    assert runs.resolve() == ROOT / "build" / "runs"
    assert Path(data).resolve() == ROOT / "data" / "pairs"


def test_far_from_any_clone_the_librarys_own_clone_is_the_course(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert course_folders("quick")[0].resolve() == ROOT / "build" / "runs"


def test_folders_that_are_given_are_taken():
    assert course_folders("full", "mine/runs", "mine/pairs") == (Path("mine/runs"), "mine/pairs")
    assert course_folders("quick", "", "mine/pairs")[1] == "sample"
    with pytest.raises(ValueError, match="'fast'"):
        course_folders("fast")


def test_full_mode_trains_as_many_epochs_as_are_asked_for(monkeypatch):
    monkeypatch.delenv("LOWLIGHT_EPOCHS", raising=False)
    assert course_recipe("full", QUICK, SEED) == SEED
    monkeypatch.setenv("LOWLIGHT_EPOCHS", "3")
    assert course_recipe("full", QUICK, SEED) == SEED.but(epochs=3)
    assert course_recipe("quick", QUICK, SEED) == QUICK
    monkeypatch.setenv("LOWLIGHT_EPOCHS", "many")
    with pytest.raises(ValueError, match=r"LOWLIGHT_EPOCHS must be a number of epochs.*'many'"):
        course_recipe("full", QUICK, SEED)


@each_notebook
def test_its_badge_and_set_up_are_made_from_the_address_in_pyproject(path):
    notebook = nbformat.read(path, as_version=4)
    tool.address_notebook(notebook, tool.repository_address(), path.name)
    assert tool.text_of(notebook) == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["CITATION.cff", "deploy/cloud-init.yaml", "docs/deploy.md"])
def test_a_link_elsewhere_is_the_address_in_pyproject(name):
    found = tool.ADDRESS.findall((ROOT / name).read_text(encoding="utf-8"))
    assert set(found) == {tool.repository_address()}


@pytest.fixture
def addressed():
    """addressed(*addresses) gives a notebook's badge and first cell after these, one by one."""
    notebook = nbformat.read(PATHS[0], as_version=4)

    def write(*addresses):
        for address in addresses:
            tool.address_notebook(notebook, address, "01.ipynb")
        code = next(cell for cell in notebook.cells if cell.cell_type == "code")
        return notebook.cells[0].source.split("\n")[0], code.source

    return write


def test_a_new_address_replaces_the_old_in_badge_and_set_up(addressed):
    badge, code = addressed("https://github.com/a/b", "https://github.com/c/d")
    assert badge.endswith(
        "(https://colab.research.google.com/github/c/d/blob/main/notebooks/01.ipynb)"
    )
    assert '@ git+https://github.com/c/d"\n' in code
    assert "a/b" not in badge + code
    assert addressed("https://github.com/c/d") == (badge, code)


def test_an_address_that_is_not_set_is_said_instead_of_linked_to_and_can_be_set(addressed):
    badge, code = addressed("https://github.com/c/d", "https://github.com/OWNER/d")
    assert "does not say where its repository is" in badge and "http" not in badge
    assert "does not say where its repository is" in code and "http" not in code
    compile(code, "first cell", "exec")
    assert "%pip install" in addressed("https://github.com/c/d")[1]


@each_notebook
def test_it_closes_with_a_summary_help_and_exercises(path):
    prose = "\n".join(cell.source for cell in cells(path, "markdown"))
    wanted = ("## Summary", "## If this looks wrong", "## Exercises")
    positions = [prose.find(title) for title in wanted]
    assert -1 not in positions
    assert positions == sorted(positions)


def test_running_a_notebook_keeps_its_pictures_and_reports_a_failure(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(tool, "BUILD", tmp_path / "build")
    monkeypatch.setattr(tool, "NOTEBOOKS", tmp_path)
    picture = "from lowlight_utils.plots import Page\nPage(1)"
    good = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(picture)])
    bad = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")])
    for name, notebook in (("01_good", good), ("02_bad", bad)):
        nbformat.write(notebook, tmp_path / f"{name}.ipynb")
    assert tool.run(tmp_path / "01_good.ipynb", refresh=False)
    (kept,) = (tmp_path / "build" / "01_good").iterdir()
    assert Image.open(kept).format == "PNG"
    metadata = nbformat.read(tmp_path / "build" / "01_good.ipynb", as_version=4).metadata
    assert metadata["language_info"]["file_extension"] == ".py"  # for those who make a script of it
    assert "version" not in metadata["language_info"]  # it differs from run to run
    assert not tool.run(tmp_path / "02_bad.ipynb", refresh=True)
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert nbformat.read(tmp_path / "02_bad.ipynb", as_version=4).cells[0].outputs == []
