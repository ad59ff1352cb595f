"""Fetch an archive and unpack it, so that what lies under its final name is whole and harmless."""

import hashlib
import lzma
import os
import shutil
import stat
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath, PureWindowsPath
from urllib.parse import unquote, urlsplit

try:
    import fcntl
except ModuleNotFoundError:  # on Windows
    fcntl = None

MAX_UNPACKED_BYTES = 4 * 2**30
MAX_MEMBERS = 50_000
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError)
_WORKPLACE = ".download-part-"
INSTEAD = "or point --data (in the notebooks, LOWLIGHT_DATA) at a folder you have"


class DownloadError(RuntimeError):
    """Something could not be fetched, or is not what it should be.

    The message is one line: which file, what is wrong with it, and what to do.
    """


@contextmanager
def workplace(beside: Path) -> Iterator[Path]:
    """Make a temporary folder in `beside`, and clear away those that killed processes left there.

    A living process holds a lock in its own, which ends with it however it ends. On Windows, which
    has no such locks, nothing is cleared away.

    Yields
    ------
    Path
        The folder; it is removed at the end.
    """
    for left in beside.glob(f"{_WORKPLACE}*") if fcntl else ():
        with suppress(OSError), _locked(left, wait=False):
            shutil.rmtree(left)
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_WORKPLACE, dir=beside))
        try:
            with _locked(folder, wait=True):
                if not folder.exists():  # another process took it for one that was left
                    continue
                try:
                    yield folder
                finally:
                    shutil.rmtree(folder, ignore_errors=True)
            return
        finally:
            shutil.rmtree(folder, ignore_errors=True)  # where an open lock was in the way


@contextmanager
def _locked(folder, wait):
    """Hold the lock of a temporary folder; OSError if another process does."""
    with open(folder / ".lock", "a") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield


def fetch(
    url: str,
    folder: str | os.PathLike,
    name: str | None = None,
    sha256: str | None = None,
    attempts: int = 3,
    wait: float = 2.0,
    progress: bool = True,
) -> Path:
    """Download one file, unless it is there already.

    The file gets its name only once all of it has arrived. A connection that is cut is tried again
    from the start.

    Parameters
    ----------
    url : str
        http(s); links to Google Drive may be of any of the forms that it hands out.
    folder : path
        Where to put the file; made if it is missing.
    name : str, optional
        The file's name; by default the last part of the address.
    sha256 : str, optional
        What the file's checksum has to be. A file that is there with another one is replaced.
    attempts : int
        How often to try.
    wait : float
        Seconds before the second attempt; twice as long before the third, and so on.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    Path

    Raises
    ------
    DownloadError
        The server refused, the connection broke every time, or the checksum differs.
    ValueError
        `url` is not http(s), or gives no name.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"{url}: is not an http or https address")
    name = name or unquote(parts.path).rsplit("/", 1)[-1]
    if name != Path(name).name or name in ("", ".", ".."):
        raise ValueError(f"{url}: gives no file name; pass name=")
    target = Path(folder).expanduser() / name
    if target.is_file() and sha256 in (None, _sha256(target)):
        return target
    on_drive = (parts.hostname or "").endswith(("drive.google.com", "drive.usercontent.google.com"))
    get = _get_from_drive if on_drive else _get
    target.parent.mkdir(parents=True, exist_ok=True)
    for attempt in range(1, attempts + 1):
        with workplace(target.parent) as temporary:
            part = temporary / name
            problem, may_pass = get(url, part, progress)
            if problem is None and sha256 not in (None, _sha256(part)):
                problem, may_pass = "what arrived has another checksum than it should", True
            if problem is None:
                os.replace(part, target)
                return target
        if not may_pass or attempt == attempts:
            break
        new_line = "\n" if progress else ""  # leave the bar standing where it broke off
        again = f"trying again ({attempt + 1} of {attempts})"
        print(f"{new_line}{name}: {problem}; {again}", file=sys.stderr)
        time.sleep(wait * 2 ** (attempt - 1))
    raise DownloadError(
        f"{name}: could not be downloaded from {url} ({problem}); try again later,"
        f" or fetch and unpack it yourself, {INSTEAD}"
    )


def _get(url: str, path: Path, progress: bool) -> tuple[str | None, bool]:
    """Fetch over HTTP. Return what went wrong, if anything, and whether it may pass."""
    import pooch
    import requests

    download = pooch.HTTPDownloader(progressbar=progress, timeout=30)
    try:
        download(url, str(path), None)
    except requests.HTTPError as error:
        status = error.response.status_code
        return f"the server answered {status} {error.response.reason}", status >= 500
    except requests.RequestException as error:
        # Their text is a chain of reprs: the type says as much, on one line.
        return f"the connection failed: {type(error).__name__}", True
    return None, False


def _get_from_drive(url: str, path: Path, progress: bool) -> tuple[str | None, bool]:
    """Fetch from Google Drive, whose big files hide behind a page that asks for confirmation."""
    import gdown
    import requests

    try:
        # Cookies would be read from and kept in the user's home.
        got = gdown.download(url=url, output=str(path), quiet=not progress, use_cookies=False)
    except requests.ConnectionError as error:
        return f"the connection failed: {type(error).__name__}", True
    except Exception as error:  # gdown's own errors have changed from version to version
        return f"Google Drive did not hand it out: {' '.join(str(error).split())[:200]}", False
    if not got or not path.is_file() or _is_web_page(path):
        path.unlink(missing_ok=True)
        return "Google Drive did not hand it out; its quota may be used up for today", False
    return None, False


def _is_web_page(path: Path) -> bool:
    """Say whether a file is a page of HTML: gdown before 6 keeps the refusal for the file."""
    with open(path, "rb") as file:
        return file.read(512).lstrip().lower().startswith((b"<!doctype html", b"<html"))


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_archive(archive: str | os.PathLike, max_bytes: int = MAX_UNPACKED_BYTES) -> list[str]:
    """Check a zip archive before anything of it is unpacked.

    Parameters
    ----------
    archive : path
    max_bytes : int
        What it may hold, unpacked.

    Returns
    -------
    list of str
        Its members' names.

    Raises
    ------
    DownloadError
        Not a zip archive; cut short or damaged (every member's checksum is tested); encrypted; a
        member outside its own folder (an absolute path, ``..``, a symbolic link), or there twice;
        more than `max_bytes` or 50,000 members.
    """
    archive = Path(archive)

    def refuse(why: str) -> DownloadError:
        return DownloadError(
            f"{archive}: {why}; delete it if it is still there and download it again, {INSTEAD}"
        )

    try:
        with zipfile.ZipFile(archive) as opened:
            members = opened.infolist()
            if len(members) > MAX_MEMBERS:
                raise refuse(f"holds {len(members)} files, more than the {MAX_MEMBERS} it may")
            total = sum(member.file_size for member in members)
            if total > max_bytes:
                raise refuse(f"would unpack to {total:,} bytes, more than the {max_bytes:,} it may")
            seen = set()
            for member in members:
                problem = _problem(member)
                path = PurePosixPath(member.filename)
                if problem is None and path in seen:
                    problem = "is in it twice"
                if problem:
                    raise refuse(f"its member {member.filename!r} {problem}")
                seen.add(path)
            damaged = opened.testzip()
            if damaged is not None:
                raise refuse(f"its member {damaged!r} is damaged")
            return [member.filename for member in members]
    except FileNotFoundError as error:
        raise DownloadError(f"{archive}: there is no such file; check the path") from error
    except _DAMAGED as error:
        raise refuse(f"not a whole zip archive ({error})") from error


def _problem(member: zipfile.ZipInfo) -> str | None:
    name = member.filename
    # Backslashes and drive letters are harmless here, but not where the same archive goes next.
    if PurePosixPath(name).is_absolute() or PureWindowsPath(name).anchor:
        return "has an absolute path"
    if ".." in PureWindowsPath(name).parts:
        return "would land outside the folder"
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a device, not a file"
    if member.flag_bits & 1:
        return "is encrypted"
    return None


def unpack(
    archive: str | os.PathLike,
    folder: str | os.PathLike,
    max_bytes: int = MAX_UNPACKED_BYTES,
) -> Path:
    """Unpack a zip archive into a new folder, whole or not at all.

    It is checked first (`check_archive`), then unpacked beside `folder`, and renamed in the end. If
    `folder` holds anything already, that is taken for the result of an earlier call.

    Parameters
    ----------
    archive, folder : path
    max_bytes : int
        See `check_archive`.

    Returns
    -------
    Path
        `folder`.

    Raises
    ------
    DownloadError
        The archive did not pass the check, or there is a file where the folder should be.
    """
    folder = Path(folder).expanduser()
    if holds_something(folder):
        return folder
    check_archive(archive, max_bytes)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with workplace(folder.parent) as temporary:
        whole = temporary / "whole"
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(whole)
        if folder.exists():
            folder.rmdir()  # it is empty; Windows does not rename onto it
        os.replace(whole, folder)
    return folder


def holds_something(folder: Path) -> bool:
    """Whether there is a folder with anything in it; an error if it is a file."""
    if folder.exists() and not folder.is_dir():
        raise DownloadError(f"{folder}: is a file; give a new or empty folder, {INSTEAD}")
    return folder.is_dir() and any(folder.iterdir())


def fetch_and_unpack(
    url: str,
    folder: str | os.PathLike,
    name: str | None = None,
    sha256: str | None = None,
    progress: bool = True,
) -> Path:
    """Download an archive and unpack it into `folder`; do nothing if `folder` holds something.

    The archive lies beside `folder` meanwhile, and is deleted once it is unpacked or has not passed
    the check. One that was there before is used, and kept.

    Parameters and errors are those of `fetch` and `unpack`.
    """
    folder = Path(folder).expanduser()
    if holds_something(folder):
        return folder
    before = set(folder.parent.iterdir()) if folder.parent.is_dir() else set()
    archive = fetch(url, folder.parent, name, sha256, progress=progress)
    try:
        unpack(archive, folder)
    except DownloadError:
        if archive not in before:
            archive.unlink()
        raise
    if archive not in before:
        archive.unlink()
    return folder
