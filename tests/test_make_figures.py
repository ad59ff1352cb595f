"""tools/make_figures.py: every picture in figures/ can be made again, and is shown to somebody."""

from pathlib import Path

import pytest
from tool import load_tool

ROOT = Path(__file__).parents[1]
DOCUMENTS = ["README.md", "docs/*.md", "notebooks/*.ipynb", "lowlight_utils/prediction/*/*.md"]


@pytest.fixture
def tool():
    return load_tool("make_figures")


def test_a_figure_is_made(tool, tmp_path):
    tool.main(["--out", str(tmp_path), "ablation"])
    assert [path.name for path in tmp_path.iterdir()] == ["ablation.jpg"]


def test_an_unknown_figure_is_refused_with_the_names_of_those_that_are_kept(tool, tmp_path, capsys):
    with pytest.raises(SystemExit):
        tool.main(["--out", str(tmp_path), "sunset"])
    said = capsys.readouterr().err
    assert "no figure sunset" in said
    kept = {path.stem for path in (ROOT / "figures").iterdir()}
    assert kept == set(said.strip().rpartition("there are ")[2].split(", "))


def test_every_picture_that_is_kept_is_shown_by_a_document():
    written = [path for pattern in DOCUMENTS for path in sorted(ROOT.glob(pattern))]
    text = "".join(path.read_text(encoding="utf-8") for path in written)
    assert [x.name for x in (ROOT / "figures").iterdir() if f"figures/{x.name})" not in text] == []
