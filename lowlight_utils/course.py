"""Where the course's notebooks keep what they make, and look for what they need."""

import os
from pathlib import Path

from lowlight_utils.recipe import Recipe

MODES = ("quick", "full")
NOTEBOOK = Path("notebooks", "01_data_assembly.ipynb")  # by which the course's folder is known


def course_folders(mode: str, runs: str | Path = "", data: str | Path = "") -> tuple[Path, str]:
    """Return where a notebook's training runs are kept, and what it trains on.

    Wherever a notebook is run from, as papermill or a script may do, the usual folders are those of
    the course, so that one notebook finds what another one left.

    Parameters
    ----------
    mode : {"quick", "full"}
    runs, data : path
        The folders, if they are not the usual ones, build/runs and data/pairs. Relative ones are
        the caller's. Quick mode has the bundled photos, whatever `data` says.

    Returns
    -------
    (Path, str)
        The folder of runs; "sample", or the folder of pairs.

    Raises
    ------
    ValueError
        There is no such mode.
    """
    if mode not in MODES:
        raise ValueError(f"The mode is {' or '.join(MODES)}, not {mode!r}.")
    home = _home()
    return (
        Path(runs) if runs else _from_here(home / "build" / "runs"),
        "sample" if mode == "quick" else str(data or _from_here(home / "data" / "pairs")),
    )


def course_recipe(mode: str, quick: Recipe, full: Recipe) -> Recipe:
    """Return the recipe of a mode; full mode's with LOWLIGHT_EPOCHS epochs, if that is set.

    Raises
    ------
    ValueError
        LOWLIGHT_EPOCHS is no number of epochs.
    """
    epochs = os.environ.get("LOWLIGHT_EPOCHS", "")
    if mode == "quick" or not epochs:
        return quick if mode == "quick" else full
    if not epochs.isdecimal() or not int(epochs):
        raise ValueError(f"LOWLIGHT_EPOCHS must be a number of epochs, 1 or more, not {epochs!r}.")
    return full.but(epochs=int(epochs))


def _home() -> Path:
    """Find the course's folder: around us, or around the library; in Colab there is none."""
    here = Path.cwd()
    for folder in (here, *here.parents, Path(__file__).resolve().parent.parent):
        if (folder / NOTEBOOK).exists():
            return folder
    return here


def _from_here(path: Path) -> Path:
    """Write a path as seen from here, so that no output names the machine's folders."""
    try:
        return Path(os.path.relpath(path))
    except ValueError:  # Windows: on another drive
        return path
