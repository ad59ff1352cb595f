"""Lay out the book's sources: documents and notebooks as the site wants them."""

import re
import shutil
from pathlib import Path, PurePosixPath
from posixpath import normpath

import nbformat

from lowlight_utils.files import write_file
from notebooks import BADGE, NO_BADGE, badge, is_set, repository_address

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("*.md", "docs/**/*.md", "data/*.md", "data/sweeps/*.md", "lowlight_utils/*/weights/*.md")
PICTURES = ("figures/*", "docs/*.bib")
LINK = re.compile(r"(?<!!)\[([^\[\]]+)\]\(([^()\s]+)\)")
FENCE = re.compile(r"(^```.*?^```$)", re.DOTALL | re.MULTILINE)
WIDGET = "application/vnd.jupyter.widget-view+json"


def site_address(repository):
    """Say where GitHub Pages serves a repository's site; "" until the address has been set."""
    if not is_set(repository):
        return ""
    owner, name = repository.removeprefix("https://github.com/").split("/")
    return f"https://{owner.lower()}.github.io/{name}/"


def lay_out(folder, frames):
    """Write all of the book's sources into a folder, which is emptied first.

    `frames` is the HTML that stands for a widget, by the name of the call that makes the widget.
    """
    shutil.rmtree(folder, ignore_errors=True)
    address = repository_address()
    for pattern in (*PAGES, *PICTURES):
        for path in sorted(ROOT.glob(pattern)):
            place = path.relative_to(ROOT)
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".md":
                text = with_links(path.read_text(encoding="utf-8"), place, folder, address)
                write_file(folder / place, text)
            else:
                shutil.copy(path, folder / place)
    (folder / "docs" / "index.md").rename(folder / "index.md")
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        place = path.relative_to(ROOT)
        notebook = nbformat.read(path, as_version=4)
        show(notebook, path.name, frames, address)
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = with_links(cell.source, place, folder, address)
        write_file(folder / place, nbformat.writes(notebook))


def with_links(text, place, folder, address):
    """Return Markdown whose links to what is no page of the book lead somewhere all the same.

    A room of the library has its page in the reference. Another file or folder is at the
    repository's address, once that is set; until then a file is copied, and a folder only named.
    """

    def link(match):
        name, target = match.groups()
        path, _, anchor = target.partition("#")
        if "://" in target or not path or path.endswith((".md", ".ipynb")):
            return match.group()
        where = normpath(path.lstrip("/") if path[0] == "/" else (place.parent / path).as_posix())
        room = PurePosixPath(where)
        if (
            room.parent.name == "lowlight_utils"
            and (ROOT / "docs/reference" / f"{room.name}.md").exists()
        ):
            return f"[{name}](/docs/reference/{room.name}.md)"
        if is_set(address):
            return f"[{name}]({address}/blob/main/{where}{'#' * bool(anchor)}{anchor})"
        if not (ROOT / where).is_file():
            return name
        (folder / where).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / where, folder / where)
        return match.group()

    parts = FENCE.split(text)
    return "".join(part if part.startswith("```") else LINK.sub(link, part) for part in parts)


def show(notebook, name, frames, address):
    """Make a notebook one to read: alternative texts, frames for widgets, a link to the file."""
    notebook.metadata.pop("widgets", None)
    top = notebook.cells[0]
    above, _, below = top.source.partition("\n\n# ")
    if not above.startswith((BADGE, NO_BADGE)):
        raise ValueError(f"{name}: does not begin with a badge, nor with why there is none")
    links = [f'<a href="{name}" download>Download this notebook</a>']
    if (colab := badge(address, name)).startswith(BADGE):
        links.append(f'<a href="{colab[len(BADGE) + 1 : -1]}">Open it in Colab</a>')
    title, _, below = below.partition("\n\n")
    top.source = f'# {title}\n\n<p class="launch">{" · ".join(links)}</p>\n\n{below}'
    code = next(cell for cell in notebook.cells if cell.cell_type == "code")
    code.metadata["tags"] = ["hide-input"]  # it installs the library in Colab
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            describe(cell, output, name)
            if WIDGET in output.get("data", {}):
                # As Markdown, because the theme puts what is HTML on white, in the dark too.
                output["data"] = {"text/markdown": instead_of_widget(cell.source, frames)}


def describe(cell, output, name):
    """Hand an output's alternative text on to the picture, by way of its cell."""
    for kind, details in output.get("metadata", {}).items():
        if kind.startswith("image/"):
            options = cell.metadata.setdefault("mystnb", {}).setdefault("image", {})
            if options.setdefault("alt", details["alt"]) != details["alt"]:
                raise ValueError(
                    f"{name}: two pictures in one cell, which has one alt: {cell.source}"
                )


def instead_of_widget(source, frames):
    """Return the HTML that is shown where the notebook has a widget."""
    for call, html in frames.items():
        if f"{call}(" in source:
            return html
    raise ValueError(f"nothing stands for the widget of this cell (book_frames.py): {source}")
