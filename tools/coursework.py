"""Make what a teacher hands out from the exercises in lowlight_utils/coursework/exercises/.

    python tools/coursework.py masters            notebooks/coursework/, in nbgrader's format, and
                                                  the table of exercises in docs/teaching.md
    python tools/coursework.py build [--seed N]   a course folder for nbgrader: build/coursework/

The course folder holds the masters (source/), the students' notebooks (release/), the solutions
(solutions/), the answer key with minutes and rubric (answer_key.md) and nbgrader's settings. The
hidden tests draw their cases with the seed; another one than the masters' is a teacher's own.
"""

import argparse
import logging
import os
import shutil
import sys
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lowlight_utils.coursework.reading import CHAPTERS, Exercise, list_exercises
from notebooks import KERNEL, ROOT

MASTERS = ROOT / "notebooks" / "coursework"
BUILD = ROOT / "build" / "coursework"
TEACHING = ROOT / "docs" / "teaching.md"
BEGIN, END = "<!-- exercises -->\n", "<!-- end of exercises -->"
SEED = 1
# What a kernel says of its language, without its version: nbconvert --to script goes by it.
LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}
SETTINGS = '''"""nbgrader's settings for this course, read from the folder that it runs in."""

c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "lowlight"
# Its 30 seconds are too short for a cell that loads TensorFlow or trains.
c.Execute.timeout = 600
# TensorFlow talks on standard error, and nbgrader gives no points to a check that does.
c.Execute.extra_arguments = ["--IPKernelApp.capture_fd_output=False"]
'''
OPENING = """# Coursework: notebook {number}

The exercises that go with notebook `{chapter}`. Fill in the cells that say `YOUR CODE HERE`,
and run the cell below each: it says at once whether the answer is right, and what is wrong if it is
not. Before you hand the notebook in, restart the kernel and run it from top to bottom.

| exercise | minutes | points |
| --- | ---: | ---: |
{rows}
"""
START = """import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow: errors only

from lowlight_utils.coursework import check"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=("masters", "build"))
    parser.add_argument("--seed", type=int, default=SEED, help="of the hidden tests' cases")
    arguments = parser.parse_args()
    if arguments.action == "masters":
        MASTERS.mkdir(parents=True, exist_ok=True)
        for name in CHAPTERS.values():
            write(make_notebook(name), MASTERS / f"{name}.ipynb")
        page = TEACHING.read_text(encoding="utf-8")
        TEACHING.write_text(with_table(page), encoding="utf-8")
        return 0
    build(BUILD, arguments.seed)
    print(f"{len(CHAPTERS)} assignments in {BUILD.relative_to(ROOT)}/: release/ is for students.")
    return 0


def build(folder, seed=SEED):
    """Write the course folder for nbgrader, anew."""
    from nbgrader.apps import NbGraderAPI

    find_alembic()
    shutil.rmtree(folder, ignore_errors=True)
    for name in CHAPTERS.values():
        write(make_notebook(name, seed), folder / "source" / name / f"{name}.ipynb")
        write(make_notebook(name, solved=True), folder / "solutions" / f"{name}.ipynb")
    (folder / "nbgrader_config.py").write_text(SETTINGS, encoding="utf-8")
    (folder / "answer_key.md").write_text(answer_key(), encoding="utf-8")
    api = NbGraderAPI(config=settings(folder), log_level=logging.WARNING)
    for name in CHAPTERS.values():
        require(api.generate_assignment(name))


def find_alembic():
    """Put this Python's commands on the path: nbgrader starts one by its bare name."""
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


def settings(folder):
    """Return nbgrader's settings for a course folder, as its own commands would read them."""
    from traitlets.config import PyFileConfigLoader

    config = PyFileConfigLoader("nbgrader_config.py", path=str(folder)).load_config()
    config.CourseDirectory.root = str(folder)
    return config


def require(result):
    """Stop with nbgrader's log unless it did what it was asked to."""
    if not result["success"]:
        sys.exit("\n".join(filter(None, (result.get("log"), result.get("error")))))


def make_notebook(name, seed=SEED, solved=False):
    """Make a chapter's notebook: nbgrader's master, or one with solutions and no marks."""
    exercises = [exercise for exercise in list_exercises() if exercise.chapter == name]
    rows = "\n".join(f"| {x.heading} | {x.minutes} | {x.points} |" for x in exercises)
    opening = OPENING.format(number=name[:2], chapter=name, rows=rows)
    cells = [
        new_markdown_cell(opening.rstrip("\n"), id="opening"),
        new_code_cell(install_cell(), id="install"),
        new_code_cell(START, id="start"),
    ]
    for exercise in exercises:
        cells += solved_cells(exercise) if solved else master_cells(exercise, seed)
    metadata = {"kernelspec": KERNEL, "language_info": LANGUAGE}
    return new_notebook(cells=cells, metadata=metadata)


def install_cell():
    """Return the cell that installs the library in Colab, as the course's notebooks have it."""
    first = nbformat.read(ROOT / "notebooks" / "01_data_assembly.ipynb", as_version=4)
    return next(cell.source for cell in first.cells if cell.cell_type == "code")


def master_cells(exercise: Exercise, seed):
    """Make the text, the answer with its solution, and the check with its hidden tests."""
    check = exercise.call
    if exercise.draws:
        again = f"{check[:-1]}, seed={seed})"
        check += f"\n### BEGIN HIDDEN TESTS\n{again}\n### END HIDDEN TESTS"
    return [
        new_markdown_cell(text_of(exercise), id=cell_id(exercise, "text")),
        graded(new_code_cell(exercise.code, id=cell_id(exercise, "answer")), solution=True),
        graded(
            new_code_cell(check, id=cell_id(exercise, "check")), grade=True, points=exercise.points
        ),
    ]


def solved_cells(exercise: Exercise):
    """Make the same, with the solution in place and no marks around it."""
    code = "\n".join(
        line
        for line in exercise.code.split("\n")
        if line.strip() not in ("### BEGIN SOLUTION", "### END SOLUTION")
    )
    return [
        new_markdown_cell(text_of(exercise), id=cell_id(exercise, "text")),
        new_code_cell(code, id=cell_id(exercise, "answer")),
        new_code_cell(exercise.call, id=cell_id(exercise, "check")),
    ]


def text_of(exercise):
    what = f"*{exercise.minutes} minutes, {exercise.points} points*"
    return f"## {exercise.heading}\n\n{what}\n\n{exercise.text}"


def cell_id(exercise, part):
    return f"{part}-{exercise.number.replace('.', '-')}"


def graded(cell, *, solution=False, grade=False, points=None):
    """Tell nbgrader what a cell is: the student's to fill in, or its own to grade by."""
    cell.metadata["nbgrader"] = {
        "schema_version": 3,
        "cell_type": "code",
        "grade_id": cell.id,
        "solution": solution,
        "grade": grade,
        "locked": grade,
        "task": False,
    } | ({"points": points} if grade else {})
    return cell


def answer_key():
    """Write down, for teachers, every exercise's minutes, rubric, solution and mistakes."""
    exercises = list_exercises()
    minutes, points = (
        sum(getattr(exercise, name) for exercise in exercises) for name in ("minutes", "points")
    )
    parts = [
        "# Answer key\n",
        f"{len(exercises)} exercises, {minutes} minutes, {points} points. nbgrader gives all points"
        " of an exercise or none; the rubric is for those who want to give some.\n",
    ]
    for x in exercises:
        rubric = "\n".join(f"- {points} for: {what}" for points, what in x.rubric)
        mistakes = "\n".join(f"| {seen} | {behind} |" for seen, behind in x.mistakes)
        parts.append(
            f"## {x.heading}\n\n*{x.minutes} minutes, {x.points} points.* Tests: {x.purpose}\n\n"
            f"{rubric}\n\n```python\n{x.code}\n```\n\n"
            f"| wrong answer | what is behind it |\n| --- | --- |\n{mistakes}\n"
        )
    return "\n".join(parts)


def with_table(page):
    """Return the text of docs/teaching.md with the table of exercises as they now are."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    rows = ["| exercise | minutes | points | tests | common wrong answers |"]
    rows.append("| --- | ---: | ---: | --- | --- |")
    for x in list_exercises():
        wrong = "; ".join(f"“{seen}”: {behind}" for seen, behind in x.mistakes)
        path = f"../lowlight_utils/coursework/exercises/{x.path.name}"
        row = f"[{x.heading}]({path}) | {x.minutes} | {x.points} | {x.purpose} | {wrong}"
        rows.append(f"| {row} |")
    return before + BEGIN + "\n" + "\n".join(rows) + "\n\n" + END + after


def write(notebook, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


if __name__ == "__main__":
    sys.exit(main())
