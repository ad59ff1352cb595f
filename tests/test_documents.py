"""What the documents tell a reader to type works: every command is parsed, and some are run."""

import re
import shlex
import tomllib
from pathlib import Path

import nbformat
import pytest
from pictures import make_pairs, make_photo

from lowlight_utils.__main__ import _parser, main
from lowlight_utils.data import write_image
from lowlight_utils.training import RECIPES

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
    "optional-dependencies"
]
FOLDERS = ("", "data", "data/sweeps", "docs", "lowlight_utils/prediction/weights")
DOCUMENTS = [path for folder in FOLDERS for path in sorted((ROOT / folder).glob("*.md"))]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
COMMAND = re.compile(r"python -m lowlight_utils +([a-z][^`\n#]*)")
# A training that takes seconds; what is left out is the document's own.
SMALL = "--size 64 --crop 64 --copies 1 --width 4 --depth 3 --discriminator-width 4 --epochs 1"


def text_of(path):
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8").replace("\\\n", " ")
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def commands(path):
    """Each command as a list of words; those that leave something out (...) are only mentioned."""
    found = [match.group(1).strip() for match in COMMAND.finditer(text_of(path))]
    return [shlex.split(command) for command in found if "..." not in command]


WRITTEN = [(path, words) for path in [*DOCUMENTS, *NOTEBOOKS] for words in commands(path)]


def names(value):
    return f"{value.parent.name}-{value.stem}" if isinstance(value, Path) else " ".join(value)


@pytest.mark.parametrize(("path", "words"), WRITTEN, ids=names)
def test_every_command_is_one_that_the_program_takes(path, words, capsys):
    try:
        options = _parser().parse_args(words)
    except SystemExit as stop:
        assert stop.code == 0, capsys.readouterr().err
        return
    recipe = getattr(options, "recipe", None)
    assert recipe is None or recipe in RECIPES or recipe.isupper() or recipe.endswith(".json")


def test_training_is_told_to_look_where_the_downloads_are_put():
    targets = re.findall(r'download_\w+\("([^"]+)"\)', text_of(ROOT / "data" / "README.md"))
    assert targets
    places = {*targets, *(str(parent) for target in targets for parent in Path(target).parents)}
    given = {
        folder
        for _, words in WRITTEN
        if words[0] in ("train", "sweep")
        for folder in _parser().parse_args(words).data
        if "/" in folder
    }
    assert given
    assert given <= places - {".", "data"}


def test_every_extra_is_listed_in_the_readme_and_no_other_is_named():
    readme = text_of(ROOT / "README.md")
    rows = re.findall(r"^\| (`[^|]*) \|", readme, re.M)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(EXTRAS)
    for path in DOCUMENTS:
        for group in re.findall(r"\.\[([a-z,]+)\]", text_of(path)):
            assert set(group.split(",")) <= set(EXTRAS), path


@pytest.mark.parametrize("path", DOCUMENTS, ids=names)
def test_nobody_is_sent_to_an_index_for_the_library(path):
    # It is installed from a clone, or from the repository's address.
    assert not re.findall(r"pip install [^`\n]*lowlight[-_]utils(?![^`\n]*@)", text_of(path))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where a reader stands, with what the documents take for given; the documents' own folder."""
    folder = tmp_path_factory.mktemp("reader")
    write_image(folder / "dark.jpg", make_photo(64, 96) // 6)
    write_image(folder / "my_photos" / "evening.png", make_photo(96, 64) // 6)
    pairs = make_pairs(2, 32, 32)
    for i, (low, high) in enumerate(zip(pairs.low, pairs.high, strict=True)):
        write_image(folder / "low" / f"{i}.png", low)
        write_image(folder / "high" / f"{i}.png", high)
    return folder


def of(name, wanted):
    found = [words for words in commands(ROOT / name) if words[0] in wanted]
    assert found
    return found


def run(words, folder, monkeypatch):
    monkeypatch.chdir(folder)
    given = {"--low": "low", "--high": "high"}
    words = [
        given.get(before, word) if word == "DIR" else word
        for before, word in zip(["", *words], words, strict=False)
    ]
    assert main(words) == 0


def test_the_readmes_photos_are_enhanced(folder, monkeypatch):
    for words in of("README.md", {"enhance"}):
        run(words, folder, monkeypatch)
    assert (folder / "bright.jpg").stat().st_size
    assert [path.name for path in (folder / "enhanced").iterdir()] == ["evening.png"]


def test_the_readmes_first_training_is_measured(folder, monkeypatch):
    train, *_ = of("README.md", {"train"})
    run([*train, *SMALL.split()], folder, monkeypatch)
    for evaluate in of("README.md", {"evaluate"}):
        run(evaluate, folder, monkeypatch)
    assert (folder / "result.json").stat().st_size


def test_the_exported_generator_is_used_as_docs_say(folder, monkeypatch):
    for words in of("docs/serving.md", {"export", "enhance"}):
        run(words, folder, monkeypatch)
    assert (folder / "generator.onnx").stat().st_size


def test_the_readmes_program_runs(folder, monkeypatch):
    (program,) = re.findall(r"```python\n(.*?)```", text_of(ROOT / "README.md"), re.S)
    (folder / "bright.jpg").unlink(missing_ok=True)
    monkeypatch.chdir(folder)
    exec(program, {})
    assert (folder / "bright.jpg").stat().st_size
