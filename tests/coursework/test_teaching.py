"""The pages for teachers and students are in step with the exercises, and their links lead on."""

import re
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import coursework as tool  # noqa: E402

from lowlight_utils.coursework import numbers  # noqa: E402

PAGES = [ROOT / "docs" / f"{name}.md" for name in ("teaching", "glossary", "reading")]
TERMS = re.findall(r"^### (.+)$", (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"), re.M)
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def anchor(heading):
    """What GitHub, Sphinx and others make of a heading."""
    return re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")


def links(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = nbformat.reads(text, as_version=4).cells
        text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return re.findall(r"\]\(([^)\s]+)\)", text)


def test_the_table_of_exercises_is_what_their_files_say():
    page = tool.TEACHING.read_text(encoding="utf-8")
    assert tool.with_table(page) == page, "run: python tools/coursework.py masters"


def test_the_sessions_use_every_exercise_of_their_notebooks_once():
    page = tool.TEACHING.read_text(encoding="utf-8")
    plan = page[page.index("## Six sessions") : page.index("Three things that work")]
    assert sorted(re.findall(r"\b\d\.\d\b", plan)) == numbers()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_links_to_files_lead_somewhere(path):
    local = [link.partition("#")[0] for link in links(path) if "://" not in link]
    assert [link for link in local if not (path.parent / link).exists()] == []


def test_the_glossary_is_in_order_and_has_every_term_once():
    assert sorted(TERMS, key=str.lower) == TERMS
    assert len({anchor(term) for term in TERMS}) == len(TERMS)
    wanted = {"iso", "raw", "stop", "tanh", "adam", "nat", "logits", "gt-mean"}
    assert wanted <= {anchor(term) for term in TERMS}


def test_links_into_the_glossary_find_their_term():
    for path in [*NOTEBOOKS, *(ROOT / "docs").glob("*.md"), ROOT / "README.md"]:
        for link in links(path):
            page, _, term = link.partition("#")
            if page.endswith("glossary.md") and term:
                assert term in {anchor(name) for name in TERMS}, f"{path.name}: {link}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_there_is_something_to_read_on_for_every_notebook(path):
    page = (ROOT / "docs" / "reading.md").read_text(encoding="utf-8")
    (part,) = re.findall(rf"^## {path.name[:2]} .*?(?=^## |\Z)", page, re.M | re.S)
    assert part.count("\n- ") >= 3
