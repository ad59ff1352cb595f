"""The notebooks in notebooks/coursework/ are those that the exercises make."""

import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import coursework as tool  # noqa: E402

from lowlight_utils.coursework import list_exercises  # noqa: E402
from lowlight_utils.coursework.reading import CHAPTERS  # noqa: E402


@pytest.mark.parametrize("name", CHAPTERS.values())
def test_a_master_is_what_its_exercises_make(name, tmp_path):
    tool.write(tool.make_notebook(name), tmp_path / "made.ipynb")
    made = (tmp_path / "made.ipynb").read_text(encoding="utf-8")
    committed = (tool.MASTERS / f"{name}.ipynb").read_text(encoding="utf-8")
    assert made == committed, "run: python tools/coursework.py masters"


def test_there_are_no_others():
    assert {path.stem for path in tool.MASTERS.glob("*.ipynb")} == set(CHAPTERS.values())


@pytest.mark.parametrize("name", CHAPTERS.values())
def test_every_chapter_is_a_notebook_of_the_course(name):
    assert (ROOT / "notebooks" / f"{name}.ipynb").exists()


def test_solutions_have_no_marks_and_no_hidden_tests():
    for name in CHAPTERS.values():
        notebook = tool.make_notebook(name, solved=True)
        text = "\n".join(cell.source for cell in notebook.cells)
        assert "SOLUTION" not in text and "HIDDEN" not in text and "seed=" not in text
        assert "NotImplementedError" not in text
        nbformat.validate(notebook)


def test_the_answer_key_has_every_exercise_with_minutes_points_and_solution():
    key = tool.answer_key()
    for exercise in list_exercises():
        assert f"## {exercise.heading}\n\n*{exercise.minutes} minutes" in key
        assert exercise.code in key
        assert all(what in key for _, what in exercise.rubric)
