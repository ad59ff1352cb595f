"""Exercises as their files hold them: text, the student's cell, solution, minutes and points."""

import ast
import importlib
import re
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

FOLDER = Path(__file__).parent / "exercises"
FILE = re.compile(r"e(\d)_(\d)_\w+\.py")
CHAPTERS = {  # the notebook that each first digit belongs to
    1: "01_data_assembly",
    2: "02_unet_and_patchgan",
    3: "03_training",
    4: "04_lambda_and_friends",
    5: "05_prediction_gallery",
    6: "06_web_app",
}
CELL = re.compile(r"^# %% (answer|check)\n", re.M)
INCLUDED = re.compile(r"^\[\[([\w.]+)\]\]$", re.M)  # a file that stands in this package
# As nbgrader replaces it, with its own words.
SOLUTION = re.compile(
    r"^([ \t]*)### BEGIN SOLUTION\n.*?^[ \t]*### END SOLUTION(?:\n|\Z)", re.M | re.S
)


@dataclass(frozen=True)
class Exercise:
    """One exercise, as its file says.

    Attributes
    ----------
    number, title, text : str
        Such as "3.2"; `text` is Markdown.
    code : str
        The cell that the student fills in, with the solution between nbgrader's marks.
    name : str
        What the answer is called in it: a function, or a value.
    purpose : str
        What the exercise tests: one line.
    minutes : int
        What a student of the course may take for it.
    rubric : tuple of (int, str)
        Points, and what they are for.
    mistakes : tuple of (str, str)
        Common wrong answers, and what is behind each.
    draws : bool
        Whether the check draws its cases, so that another seed makes another check.
    """

    number: str
    title: str
    text: str
    code: str
    name: str
    purpose: str
    minutes: int
    rubric: tuple[tuple[int, str], ...]
    mistakes: tuple[tuple[str, str], ...]
    draws: bool

    @property
    def chapter(self) -> str:
        """The notebook that it belongs to, such as "03_training"."""
        return CHAPTERS[int(self.number[0])]

    @property
    def points(self) -> int:
        return sum(points for points, _ in self.rubric)

    @property
    def stub(self) -> str:
        """The cell as the student gets it."""
        blank = r"\1# YOUR CODE HERE\n\1raise NotImplementedError()\n"
        return SOLUTION.sub(blank, self.code).rstrip("\n")

    @property
    def call(self) -> str:
        """The line that checks the answer."""
        return f'check("{self.number}", {self.name})'

    @property
    def heading(self) -> str:
        return f"{self.number} {self.title}"

    @property
    def path(self) -> Path:
        """The file."""
        return _files()[self.number]

    @property
    def module(self) -> ModuleType:
        """The file as a Python module; importing it may load Keras."""
        return importlib.import_module(f"lowlight_utils.coursework.exercises.{self.path.stem}")

    @property
    def solution(self) -> Any:
        """The model answer itself."""
        return getattr(self.module, self.name)


def numbers() -> list[str]:
    """Name all exercises, such as "1.1", in order."""
    return list(_files())


def read_exercise(number: str) -> Exercise:
    """Read an exercise's file; nothing of it is run.

    Raises
    ------
    ValueError
        There is no exercise of that number.
    """
    files = _files()
    if str(number) not in files:
        raise ValueError(f"There is no exercise {number!r}, only {', '.join(files)}.")
    source = files[str(number)].read_text(encoding="utf-8")
    tree = ast.parse(source)
    title, _, text = (ast.get_docstring(tree) or "").partition("\n")
    start, end = CELL.finditer(source)
    code = source[start.end() : end.start()].strip("\n")
    assigned = {
        ast.unparse(node.targets[0]): node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
    }
    check = _functions(tree)["check"]
    return Exercise(
        number=str(number),
        title=title.rstrip("."),
        text=INCLUDED.sub(_included, text.strip("\n")),
        code=code,
        name=_last_name(code),
        purpose=" ".join((ast.get_docstring(check) or "").split()),
        minutes=ast.literal_eval(assigned["MINUTES"]),
        rubric=ast.literal_eval(assigned["RUBRIC"]),
        mistakes=ast.literal_eval(assigned["MISTAKES"]),
        draws=len(check.args.args) == 2,
    )


def list_exercises() -> list[Exercise]:
    """Read all exercises, in order."""
    return [read_exercise(number) for number in numbers()]


def show(number: str) -> None:
    """Print an exercise: its text, and the cell to copy and fill in.

    In a notebook the text is set as Markdown.

    Raises
    ------
    ValueError
        There is no exercise of that number.
    """
    exercise = read_exercise(number)
    cell = f"from lowlight_utils.coursework import check\n\n{exercise.stub}\n\n{exercise.call}"
    text = f"### {exercise.heading}\n\n*{exercise.minutes} minutes*\n\n{exercise.text}\n"
    try:
        from IPython import get_ipython
        from IPython.display import Markdown, display
    except ModuleNotFoundError:
        get_ipython = lambda: None  # noqa: E731
    if get_ipython() is None:
        print(f"{text}\n{cell}")
    else:
        display(Markdown(f"{text}\n```python\n{cell}\n```"))


def _files() -> dict[str, Path]:
    found = {}
    for path in sorted(FOLDER.glob("e*.py")):
        if named := FILE.fullmatch(path.name):
            found[".".join(named.groups())] = path
    return found


def _included(match: re.Match[str]) -> str:
    return (FOLDER.parent / match[1]).read_text(encoding="utf-8").strip("\n")


def _functions(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def _last_name(code: str) -> str:
    """Name what a cell without its solutions defines last."""
    last = ast.parse(SOLUTION.sub(r"\1pass\n", code)).body
    named = [node for node in last if isinstance(node, ast.FunctionDef | ast.Assign)][-1]
    return named.name if isinstance(named, ast.FunctionDef) else ast.unparse(named.targets[0])
