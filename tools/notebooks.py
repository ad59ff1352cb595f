"""Run the notebooks, refresh their committed outputs, and keep the repository's address in step.

    python tools/notebooks.py run [NAME ...]      executed copies, pictures too, in build/notebooks/
    python tools/notebooks.py refresh [NAME ...]  the same, and the outputs into notebooks/
    python tools/notebooks.py address             write pyproject.toml's address wherever it stands

A NAME is a notebook's beginning, such as 03; without one, all are run, in order.
"""

import argparse
import base64
import re
import shutil
import sys
import time
import tomllib
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

from lowlight_utils.files import write_file

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
BUILD = ROOT / "build" / "notebooks"
CELL_TIMEOUT = 3600  # seconds
ADDRESS = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+?(?=\.git|/|\"|'|\)|\s|,|$)")
UNSET = "OWNER"  # who owns the repository, in an address that has yet to be set
BADGE = "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
NO_BADGE = (
    "*No link to Colab yet: this copy of the course does not say where its repository is"
    " (CONTRIBUTING.md).*"
)
NO_INSTALL = """    print(
        "This copy of the course does not say where its repository is (CONTRIBUTING.md), so install"
        " the library yourself: pip install -e '.[cpu,notebooks,tuning,web]' in a clone."
    )
"""
INSTALL = re.compile(r"(?<=is None:\n).*?(?=    importlib\.invalidate_caches)", re.DOTALL)
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
IMAGES = ("image/png", "image/jpeg")
IMAGE_IN_HTML = re.compile(r'<img [^>]*src="data:image/(png|jpeg);base64,([\w+/=]+)"')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=("run", "refresh", "address"))
    parser.add_argument("names", nargs="*", help="notebooks' beginnings, such as 03")
    arguments = parser.parse_args()
    if arguments.action == "address":
        write_address(repository_address())
        return 0
    paths = choose(arguments.names)
    if not arguments.names:  # a whole run starts with no earlier run's networks
        shutil.rmtree(ROOT / "build" / "runs", ignore_errors=True)
    for path in paths:
        if not run(path, refresh=arguments.action == "refresh"):
            return 1
    return 0


def choose(names):
    """Return the notebooks whose names begin with one of `names`; all without names."""
    paths = sorted(NOTEBOOKS.glob("*.ipynb"))
    chosen = [path for path in paths if not names or path.name.startswith(tuple(names))]
    if not chosen:
        sys.exit(f"No notebook in {NOTEBOOKS} begins with {' or '.join(names)}.")
    return chosen


def run(path, refresh):
    """Execute one notebook in its own folder; return whether every cell ran."""
    print(f"{path.name} ...", end=" ", flush=True)
    started = time.perf_counter()
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        coalesce_streams=True,
        record_timing=False,
        resources={"metadata": {"path": str(NOTEBOOKS)}},
    )
    BUILD.mkdir(parents=True, exist_ok=True)
    log = BUILD / f"{path.stem}.log"  # what the kernel's process says beside the notebook
    error = None
    try:
        with open(log, "w", encoding="utf-8") as stderr:
            client.execute(stderr=stderr)
    except (CellExecutionError, DeadKernelError) as failure:
        error = failure
    tidy(notebook)
    nbformat.write(notebook, BUILD / path.name)
    count = save_pictures(notebook, BUILD / path.stem)
    seconds = time.perf_counter() - started
    if error is not None:
        print(f"failed after {seconds:.0f} s; see also {log}\n{error}", file=sys.stderr)
        return False
    print(f"{seconds:.0f} s, {count} pictures")
    if refresh:
        write_file(path, text_of(notebook))
    return True


def text_of(notebook):
    """Return a notebook as its file holds it."""
    return nbformat.writes(notebook) + "\n"


def tidy(notebook):
    """Take out what differs from run to run and tells a reader nothing."""
    notebook.metadata.get("language_info", {}).pop("version", None)
    notebook.metadata["kernelspec"] = KERNEL


def save_pictures(notebook, folder):
    """Write every picture of a notebook's outputs into `folder`; return how many."""
    shutil.rmtree(folder, ignore_errors=True)
    pictures = [
        found
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        for found in pictures_in(output.get("data", {}))
    ]
    for number, (suffix, picture) in enumerate(pictures, start=1):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:02d}.{suffix}").write_bytes(base64.b64decode(picture))
    return len(pictures)


def pictures_in(data):
    """List the pictures of an output as (kind, base64): its own, and those in its HTML."""
    own = [(kind.removeprefix("image/"), data[kind]) for kind in data if kind in IMAGES]
    return own + IMAGE_IN_HTML.findall(data.get("text/html", ""))


def repository_address():
    """Return the address that pyproject.toml names."""
    with open(ROOT / "pyproject.toml", "rb") as file:
        return tomllib.load(file)["project"]["urls"]["Repository"]


def is_set(address):
    """Say whether a repository's address has been set, and is not the one to be replaced."""
    return f"/{UNSET}/" not in address


def badge(address, name):
    """Return what stands above a notebook's title: a link to Colab, or why there is none."""
    if not is_set(address):
        return NO_BADGE
    repository = address.removeprefix("https://github.com/")
    place = f"https://colab.research.google.com/github/{repository}/blob/main/notebooks/{name}"
    return f"{BADGE}({place})"


def install(address):
    """Return the lines of a notebook's first cell that install the library where it is missing."""
    if not is_set(address):
        return NO_INSTALL
    return f'    %pip install -q "lowlight-utils[tuning,web] @ git+{address}"\n'


def address_notebook(notebook, address, name):
    """Write the address into a notebook: into its badge, and into its first cell of code."""
    top = notebook.cells[0]
    above, blank, below = top.source.partition("\n\n")
    if not above.startswith((BADGE, NO_BADGE)):
        raise ValueError(f"{name}: does not begin with a badge, nor with why there is none")
    top.source = badge(address, name) + blank + below
    code = next(cell for cell in notebook.cells if cell.cell_type == "code")
    code.source = INSTALL.sub(lambda _: install(address), code.source, count=1)


def write_address(address):
    """Write the address into every notebook, and where else it stands."""
    for path in choose(()):
        notebook = nbformat.read(path, as_version=4)
        address_notebook(notebook, address, path.name)
        write_file(path, text_of(notebook))
    for name in ("CITATION.cff", "deploy/cloud-init.yaml", "docs/deploy.md"):
        path = ROOT / name
        write_file(path, ADDRESS.sub(address, path.read_text(encoding="utf-8")))


if __name__ == "__main__":
    sys.exit(main())
