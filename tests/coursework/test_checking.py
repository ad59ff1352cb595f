"""What a student sees when an answer is right, wrong, or breaks."""

import subprocess
import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell

from lowlight_utils.coursework import Wrong, check, list_exercises, numbers, read_exercise, show
from lowlight_utils.coursework.reading import CHAPTERS


def test_an_exercise_that_there_is_not_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"no exercise '9\.9', only 1\.1, 1\.2"):
        check("9.9", 1)


def test_code_that_breaks_is_told_in_which_line():
    def match_names(lows, highs):
        return lows[0] + 1

    line = match_names.__code__.co_firstlineno + 1
    with pytest.raises(Wrong, match=rf"stopped in line {line} of its cell \(TypeError"):
        check("1.1", match_names)


def test_an_answer_of_another_kind_is_told_so():
    with pytest.raises(Wrong, match="not of the kind that the exercise asks for"):
        check("2.1", lambda layers: "seventy")
    with pytest.raises(Wrong, match="not of the kind that the exercise asks for"):
        check("3.1", 4)


@pytest.fixture
def shell():
    yield InteractiveShell.instance(colors="nocolor")
    InteractiveShell.clear_instance()


def test_a_notebook_shows_one_sentence_and_no_traceback(shell, capsys):
    shell.run_cell('from lowlight_utils.coursework import check\ncheck("5.5", 70)')
    seen = capsys.readouterr()
    assert seen.out == (
        "5.5 A paper's PSNR: a peak that is too large makes the number larger, not smaller.\n"
    )


def test_an_exercise_is_shown_with_its_cell(capsys):
    show("3.2")
    text = capsys.readouterr().out
    assert text.startswith("### 3.2 Both losses\n")
    assert "raise NotImplementedError()" in text
    assert text.endswith('check("3.2", losses)\n')
    assert "logaddexp" not in text


def test_a_notebook_sets_the_exercise_as_markdown(shell, capsys):
    shell.run_cell('from lowlight_utils.coursework import show\nshow("1.1")')
    assert "Markdown object" in capsys.readouterr().out


def test_they_are_numbered_without_a_gap_in_every_chapter():
    assert len(numbers()) == len(list_exercises())
    for chapter in CHAPTERS:
        own = [number for number in numbers() if number.startswith(f"{chapter}.")]
        assert own == [f"{chapter}.{n}" for n in range(1, len(own) + 1)]
        assert own


def test_the_audits_report_is_part_of_its_text():
    text = read_exercise("5.4").text
    assert "[[" not in text
    assert [f"[{number}]" in text for number in range(1, 21)] == [True] * 20
    assert "[21]" not in text


def test_reading_exercises_loads_neither_keras_nor_a_check():
    code = (
        "import sys; from lowlight_utils.coursework import list_exercises; list_exercises();"
        "print([m for m in sys.modules if m.startswith(('keras', 'tensorflow', 'jax', 'skimage',"
        "'lowlight_utils.coursework.exercises'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
