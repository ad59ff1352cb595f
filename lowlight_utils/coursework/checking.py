"""An answer held against its exercise: right, or one line that says what is wrong with it."""

import traceback
import warnings
from typing import Any

import numpy as np

from lowlight_utils.coursework.reading import read_exercise


class Wrong(AssertionError):
    """An answer that is not right; the message says what is wrong, and not what is right."""

    def _render_traceback_(self) -> list[str]:
        """Let a notebook show the sentence alone."""
        return [str(self)]


def require(condition: bool, message: str) -> None:
    """Raise `Wrong` with a message unless a condition holds."""
    if not condition:
        raise Wrong(message)


def require_number(value: Any) -> float:
    """Return an answer that has to be one number as a float; raise `Wrong` if it is none."""
    require(value is not None, "there is no answer yet")
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise Wrong(f"the answer is one number, not {_short(value)}") from None
    require(np.isfinite(number), f"the answer is a finite number, not {number}")
    return number


def check(number: str, answer: Any, seed: int = 0) -> None:
    """Hold an answer against its exercise, and say at once whether it is right.

    Parameters
    ----------
    number : str
        The exercise's, such as "3.2".
    answer
        What the exercise asks for: a function, or a value.
    seed : int
        Which cases the check draws. What is right is right with every seed.

    Raises
    ------
    Wrong
        The answer is not right, or not there yet. In a notebook only its sentence is shown.
    ValueError
        There is no exercise of that number.
    """
    exercise = read_exercise(number)
    arguments = (answer, np.random.default_rng(seed)) if exercise.draws else (answer,)
    try:
        if answer is None:
            raise NotImplementedError
        module = exercise.module
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nbgrader takes any of them for a wrong answer
            module.check(*arguments)
    except NotImplementedError:
        raise Wrong(f"{exercise.heading}: there is no answer yet.") from None
    except Wrong as wrong:
        raise Wrong(f"{exercise.heading}: {wrong}.") from None
    except ImportError:  # of a package that is not installed
        raise
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        line = _line(error, answer)
        if line is None:  # the check stumbled over what it was given
            said = f"this is not of the kind that the exercise asks for ({what})"
        else:
            said = f"your code stopped in line {line} of its cell ({what})"
        raise Wrong(f"{exercise.heading}: {said}.") from error
    print(f"{exercise.heading}: right.")


def _line(error: Exception, answer: Any) -> int | None:
    """Find the line of the answer's own cell that an exception came from; None if from none."""
    code = getattr(answer, "__code__", None)
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if code and frame.filename == code.co_filename]
    return lines[-1] if lines else None


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 60 else f"{text[:57]}..."
