"""The pairs that the course trains on in full mode, from the web: LOL, and those made from RAW."""

import os
from collections.abc import Callable
from pathlib import Path

from lowlight_utils.data.download import INSTEAD, DownloadError, fetch_and_unpack, holds_something
from lowlight_utils.data.errors import ImageError
from lowlight_utils.data.layouts import BOTH, folder_where, holding, sides
from lowlight_utils.data.lol import TRAINING

LOL_URL = "https://huggingface.co/datasets/geekyrakshit/LoL-Dataset/resolve/main/lol_dataset.zip"
LOL_DRIVE_URL = "https://drive.google.com/uc?id=157bjO1_cFuSd0HWDUuAmcHRJDVyWpOxB"
SYNTHETIC_URL = "https://drive.google.com/uc?id=1G6fi9Kiu7CDnW2Sh7UQ5ikvScRv8Q14F"

UNFINISHED = ".download-unfinished"
"""A file that lies in the folder of `download_pairs` until both are there."""


def download_lol(folder: str | os.PathLike, url: str = LOL_URL) -> Path:
    """Download LOL (331 MB) and unpack it into `folder`; does nothing if it is there.

    Parameters
    ----------
    folder : path
        A new or empty folder, such as ``data/lol``.
    url : str
        By default a public mirror; `LOL_DRIVE_URL` is the authors' own copy.

    Returns
    -------
    Path
        The folder that holds ``our485/`` and ``eval15/``: `folder`, or one inside it.

    Raises
    ------
    DownloadError
        See `fetch_and_unpack`; or `folder` holds something else.
    """
    fetch_and_unpack(url, folder, name="lol_dataset.zip")
    return _downloaded(folder, holding(TRAINING), f"{TRAINING}/")


def download_synthetic(folder: str | os.PathLike, url: str = SYNTHETIC_URL) -> Path:
    """Download the 1000 pairs made from RAW photographs (Wei et al. 2018, section 4.1).

    Parameters, result and errors are those of `download_lol`; the folder returned holds ``low/``
    and ``high/``.
    """
    fetch_and_unpack(url, folder, name="BrighteningTrain.zip")
    return _downloaded(folder, sides, BOTH)


def download_pairs(
    folder: str | os.PathLike, lol_url: str = LOL_URL, synthetic_url: str = SYNTHETIC_URL
) -> Path:
    """Download the pairs that the course trains on in full mode: LOL, and those made from RAW.

    If one of the two fails, or the process is killed, the next call fetches what is missing. A
    folder that holds something, but not a download of this function that was broken off, is left
    as it is: it may hold pairs of your own.

    Parameters
    ----------
    folder : path
        Gets ``lol/`` and ``synthetic/``. Made if it is missing.
    lol_url, synthetic_url : str
        See `download_lol` and `download_synthetic`.

    Returns
    -------
    Path
        `folder`, for `load_splits`, which refuses it until both are there.

    Raises
    ------
    DownloadError
        See `download_lol`.
    """
    folder = Path(folder).expanduser()
    unfinished = folder / UNFINISHED
    if not unfinished.exists() and holds_something(folder):
        if any(not path.name.startswith(".") for path in folder.iterdir()):
            return folder
    folder.mkdir(parents=True, exist_ok=True)
    unfinished.touch()
    download_lol(folder / "lol", lol_url)
    download_synthetic(folder / "synthetic", synthetic_url)
    unfinished.unlink()
    return folder


def require_downloaded(folder: Path) -> None:
    """Name the download if a folder is missing, or holds half of it."""
    call = f"lowlight_utils.data.download_pairs({str(folder)!r})"
    if not folder.is_dir():
        raise ImageError(
            f"{folder}: there is no such folder; check the path, or download into it: {call} gets"
            " the course's pairs, download_lol, called likewise, LOL alone"
        )
    if (folder / UNFINISHED).exists():
        raise ImageError(
            f"{folder}: its download was broken off; call {call}, again, or delete"
            f" {folder / UNFINISHED} to use what is there"
        )


def _downloaded(folder: str | os.PathLike, holds: Callable[[Path], object], what: str) -> Path:
    try:
        return folder_where(Path(folder).expanduser(), holds, what)
    except ImageError as error:
        raise DownloadError(f"{error}; or give a new or empty folder, {INSTEAD}") from error
