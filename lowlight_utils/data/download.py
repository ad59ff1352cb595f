"""Fetch an archive and unpack it, so that what lies under its final name is whole."""

import importlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from urllib.parse import urlsplit

# Windows has no such locks.
fcntl = importlib.import_module("fcntl") if os.name == "posix" else None

DRIVE = ("drive.google.com", "drive.usercontent.google.com")
INSTEAD = "or point --data (in the notebooks, LOWLIGHT_DATA) at a folder you have"


class DownloadError(RuntimeError):
    """Something could not be fetched, or is not what it should be.

    The message is one line: which file, what is wrong with it, and what to do.
    """


def holds_something(folder: Path) -> bool:
    """Whether there is a folder with anything in it; an error if it is a file."""
    if folder.exists() and not folder.is_dir():
        raise DownloadError(f"{folder}: is a file; give a new or empty folder, {INSTEAD}")
    return folder.is_dir() and any(folder.iterdir())


def fetch_and_unpack(
    url: str, folder: str | os.PathLike, name: str, sha256: str | None = None
) -> Path:
    """Download a zip archive and unpack it into `folder`; do nothing if `folder` holds something.

    pooch does both, in a hidden folder beside `folder` that takes its name in the end; a broken
    connection is tried three times. What a killed process left there, the next call clears away.

    Parameters
    ----------
    url : str
        http(s); links to Google Drive may be of any of the forms that it hands out.
    folder : path
        Made if it is missing.
    name : str
        What the archive is called, in the messages too.
    sha256 : str, optional
        What its checksum has to be.

    Returns
    -------
    Path
        `folder`.

    Raises
    ------
    DownloadError
        The server refused, the connection broke every time, the disk is full, or what arrived is
        no whole zip archive; or there is a file where the folder should be. Nothing is left then.
    """
    folder = Path(folder).expanduser().resolve()
    if holds_something(folder):
        return folder
    try:
        import pooch

        with _workplace(folder.with_name(f".{folder.name}.download")) as place:
            if holds_something(folder):  # another process was at it
                return folder
            source = pooch.create(
                place, "", registry={name: sha256}, urls={name: url}, retry_if_failed=2
            )
            # zipfile, which does the work, lets no member reach outside the folder.
            source.fetch(name, pooch.Unzip(extract_dir=str(place / "whole")), _download)
            if folder.exists():
                folder.rmdir()  # it is empty; Windows does not rename onto it
            os.replace(place / "whole", folder)
    except Exception as error:  # zipfile alone has five kinds, and gdown's change with its version
        raise DownloadError(
            f"{name}: could not be downloaded from {url} ({_reason(error)}); try again later, or"
            f" fetch and unpack it yourself, {INSTEAD}"
        ) from error
    return folder


@contextmanager
def _workplace(folder: Path) -> Iterator[Path]:
    """Give a new folder inside a hidden one that a single process has; then remove both.

    The lock ends with its process, however that ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") if fcntl else nullcontext() as lock:
        if fcntl and lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            shutil.rmtree(folder / "new", ignore_errors=True)
            yield folder / "new"
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _download(url: str, path: str, _: object) -> None:
    """Fetch one file, as pooch wants it: what it is to try again is raised as requests' error."""
    import requests

    if urlsplit(url).hostname in DRIVE:
        import gdown

        # Big files hide behind a page that asks for confirmation. Cookies would be read from and
        # kept in the user's home.
        if not gdown.download(url=url, output=path, quiet=False, use_cookies=False):
            raise DownloadError("Google Drive did not hand it out")
    else:
        import pooch

        try:
            pooch.HTTPDownloader(progressbar=True, timeout=30)(url, path, None)
        except requests.HTTPError as error:
            if error.response is not None and error.response.status_code < 500:
                raise DownloadError(str(error)) from error
            raise
    with open(path, "rb") as file:
        if file.read(512).lstrip().lower().startswith((b"<!doctype html", b"<html")):
            raise DownloadError(
                "a web page came in its place, such as a network's or Google Drive's that asks for"
                " something, or says that too many have downloaded it today"
            )


def _reason(error: Exception) -> str:
    """Say on one line why a download failed."""
    import requests

    if isinstance(error, requests.RequestException) and not isinstance(error, requests.HTTPError):
        # Their text is a chain of reprs: the type says as much.
        return f"the connection failed: {type(error).__name__}"
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(said.split())[:300]
