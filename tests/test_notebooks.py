"""What the committed notebooks must be, beside running: clean, small, in step with each other."""

import re
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import notebooks as tool  # noqa: E402

PATHS = sorted((ROOT / "notebooks").glob("*.ipynb"))
each_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def cells(path, kind):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


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


@each_notebook
def test_its_badge_and_set_up_name_the_repository_of_pyproject(path):
    text = path.read_text(encoding="utf-8")
    address = tool.repository_address()
    assert address in text
    assert f"{address.split('github.com/')[1]}/blob/main/notebooks/{path.name}" in text
    assert tool.with_address(text, address) == text


def test_a_new_address_replaces_the_old_in_badges_and_set_up():
    old = (
        "[![Open in Colab](badge.svg)](https://colab.research.google.com/github/a/b/blob/main/n.ipynb)"
        ' %pip install "x @ git+https://github.com/a/b"'
    )
    new = tool.with_address(old, "https://github.com/c/d")
    assert "a/b" not in new
    assert "colab.research.google.com/github/c/d/blob/main/n.ipynb" in new
    assert 'git+https://github.com/c/d"' in new


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
    picture = "from PIL import Image\nImage.new('RGB', (2, 2))"
    good = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(picture)])
    bad = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")])
    for name, notebook in (("01_good", good), ("02_bad", bad)):
        nbformat.write(notebook, tmp_path / f"{name}.ipynb")
    assert tool.run(tmp_path / "01_good.ipynb", refresh=False)
    assert (tmp_path / "build" / "01_good" / "01.png").stat().st_size > 0
    assert not tool.run(tmp_path / "02_bad.ipynb", refresh=True)
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert nbformat.read(tmp_path / "02_bad.ipynb", as_version=4).cells[0].outputs == []
