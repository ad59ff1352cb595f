"""What a teacher does: build the course folder, hand out, collect, autograde."""

import logging
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import coursework as tool  # noqa: E402

from lowlight_utils.coursework import list_exercises  # noqa: E402
from lowlight_utils.coursework.reading import CHAPTERS  # noqa: E402

pytest.importorskip("nbgrader", reason="install the extra coursework")

# Its checks need no Keras; functions and a value, with hidden tests and without.
CHAPTER = "04_lambda_and_friends"


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course")
    tool.build(folder, seed=4711)
    return folder


def released(course, chapter):
    return nbformat.read(course / "release" / chapter / f"{chapter}.ipynb", as_version=4)


def hand_in(course, student, chapter, answers):
    """Put a student's copy of a notebook, with some cells filled in, where nbgrader collects."""
    notebook = released(course, chapter)
    for cell in notebook.cells:
        cell.source = answers.get(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source)
    path = course / "submitted" / student / chapter / f"{chapter}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)


def autograde(course, student, chapter):
    """Return the points that nbgrader gives."""
    from nbgrader.api import Gradebook
    from nbgrader.apps import NbGraderAPI

    api = NbGraderAPI(config=tool.settings(course), log_level=logging.WARNING)
    tool.require(api.autograde(chapter, student))
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        graded = book.find_submission(chapter, student)
        return {grade.name: grade.auto_score for nb in graded.notebooks for grade in nb.grades}


def exercises_of(chapter):
    return [exercise for exercise in list_exercises() if exercise.chapter == chapter]


def test_a_solved_copy_gets_all_points(course):
    exercises = exercises_of(CHAPTER)
    answers = {tool.cell_id(exercise, "answer"): exercise.code for exercise in exercises}
    hand_in(course, "solved", CHAPTER, answers)
    points = {tool.cell_id(exercise, "check"): exercise.points for exercise in exercises}
    assert autograde(course, "solved", CHAPTER) == points


def test_an_untouched_copy_gets_none(course):
    hand_in(course, "untouched", CHAPTER, {})
    points = autograde(course, "untouched", CHAPTER)
    assert points == dict.fromkeys(points, 0)
    assert len(points) == len(exercises_of(CHAPTER))


@pytest.mark.parametrize("chapter", CHAPTERS.values())
def test_students_get_neither_solutions_nor_hidden_tests(course, chapter):
    notebook = released(course, chapter)
    text = "\n".join(cell.source for cell in notebook.cells)
    assert "SOLUTION" not in text and "HIDDEN" not in text and "4711" not in text
    answers = {
        cell.metadata.nbgrader.grade_id: cell
        for cell in notebook.cells
        if "nbgrader" in cell.metadata
    }
    for exercise in exercises_of(chapter):
        assert answers[tool.cell_id(exercise, "answer")].source == exercise.stub
        assert answers[tool.cell_id(exercise, "check")].metadata.nbgrader.points == exercise.points
