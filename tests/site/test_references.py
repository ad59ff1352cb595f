"""The reading list and the bibliography name the same works, with the same data."""

import re
from pathlib import Path

import pytest

bibtex = pytest.importorskip("pybtex.database", reason="install the extra site")

DOCS = Path(__file__).resolve().parents[2] / "docs"
BIBLIOGRAPHY = bibtex.parse_file(str(DOCS / "references.bib"), "bibtex").entries
LISTED = re.findall(r"^- .*", (DOCS / "reading.md").read_text(encoding="utf-8"), re.M)


def plain(title):
    return re.sub(r"\W+", " ", title).strip().lower()


def entry_of(line):
    """The entry whose title begins as the work on a line of the reading list is called."""
    title = plain(re.search(r"\*([^*]+)\*", line)[1])
    return next(e for e in BIBLIOGRAPHY.values() if plain(e.fields["title"]).startswith(title))


@pytest.mark.parametrize("line", LISTED, ids=lambda line: re.search(r"\*([^*]+)\*", line)[1])
def test_every_work_that_is_listed_has_an_entry_that_says_the_same(line):
    entry = entry_of(line)
    assert re.findall(r"\[arXiv:([\d.]+)\]", line) == [
        entry.fields[name] for name in ("eprint",) if name in entry.fields
    ]
    for name in ("year", "doi", "url", "volume"):
        assert entry.fields.get(name, "") in line
    authors = [" ".join(person.last_names) for person in entry.persons["author"]]
    named = authors[:1] if " and others" in line else authors
    assert all(plain(name) in plain(line) for name in named if "\\" not in name), authors


def test_the_bibliography_has_no_other_works():
    assert len(BIBLIOGRAPHY) == len(LISTED)
    assert len({entry_of(line).key for line in LISTED}) == len(LISTED)
