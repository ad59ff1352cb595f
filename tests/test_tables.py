"""The documents' tables of results are what the files with the results say."""

import shutil
from pathlib import Path

import pytest
from tool import load_tool

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def tables():
    return load_tool("tables")


def test_no_document_is_out_of_date(tables, capsys):
    assert tables.main(["--check"]) == 0, capsys.readouterr().out


def test_every_table_is_in_some_document(tables):
    text = "".join((ROOT / name).read_text("utf-8") for name in tables.DOCUMENTS)
    assert {name for _, name, _ in tables.TABLE.findall(text)} == set(tables.TABLES)


def test_a_wrong_figure_is_found_and_written_anew(tables, tmp_path, monkeypatch, capsys):
    for name in tables.DOCUMENTS:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "data" / "sweeps", tmp_path / "data" / "sweeps")
    monkeypatch.setattr(tables, "ROOT", tmp_path)
    results = tmp_path / "docs" / "results.md"
    right = results.read_text("utf-8")
    results.write_text(right.replace("| stem | 21.59", "| stem | 29.51"), "utf-8")
    assert tables.main(["--check"]) == 1
    assert "docs/results.md: out of date" in capsys.readouterr().out
    assert results.read_text("utf-8") != right
    assert tables.main([]) == 0
    assert results.read_text("utf-8") == right
