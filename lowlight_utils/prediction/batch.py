"""Which files a command's photos are, and which file the result of each becomes."""

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from lowlight_utils.data.encode import check_suffix, suffix_for, writable_suffixes
from lowlight_utils.data.images import IMAGE_SUFFIXES, ImageError, natural_key, unread_photos
from lowlight_utils.data.kinds import RAW_SUFFIXES, reads_raw

NAMED_AT_MOST = 5  # of the files that are skipped


def find_photos(
    given: Iterable[str | os.PathLike], recursive: bool, out: str | os.PathLike
) -> tuple[list[tuple[Path, Path]], bool, list[str]]:
    """Find the photos that are meant by files and folders.

    Parameters
    ----------
    given : paths
        Photos, and folders of photos; what is meant twice counts once.
    recursive : bool
        Enter the folders' folders, but not hidden ones.
    out : path
        A folder that results go to is not entered.

    Returns
    -------
    photos : list of (Path, Path)
        Each with its path below the folder that was given.
    has_folder : bool
        Whether a folder was given.
    skipped : list of str
        A line on the photos in folders that are left out because they cannot be read.

    Raises
    ------
    ImageError
        There is no photo in a folder.
    """
    photos: dict[Path, tuple[Path, Path]] = {}
    unread: list[Path] = []
    has_folder = False
    suffixes = {*IMAGE_SUFFIXES, *(RAW_SUFFIXES if reads_raw() else ())}
    for path in map(Path, given):
        if not path.is_dir():
            photos.setdefault(path.resolve(), (path, Path(path.name)))
            continue
        has_folder = True
        found: list[Path] = []
        for folder in _folders(path, Path(out)) if recursive else [path]:
            found += (
                file
                for file in folder.iterdir()
                if file.suffix.lower() in suffixes and file.name[0] != "." and file.is_file()
            )
            unread += unread_photos(folder)
        found.sort(key=lambda file: [natural_key(part) for part in file.relative_to(path).parts])
        if not found:
            raise ImageError(_nothing_in(path, unread_photos(path), recursive))
        for file in found:
            photos.setdefault(file.resolve(), (file, file.relative_to(path)))
    return list(photos.values()), has_folder, _skipped(unread)


def plan(
    photos: list[tuple[Path, Path]],
    has_folder: bool,
    out: str | os.PathLike,
    format_: str | None = None,
) -> list[tuple[Path, Path]]:
    """Choose the file that the result of each photo is written to.

    Parameters
    ----------
    photos, has_folder
        See `find_photos`.
    out : path
        A file for a single photo, else a folder. It is a folder too if it ends in a slash, exists
        as one, or has no suffix.
    format_ : str, optional
        The suffix of results in a folder, with or without its dot. By default that of the photo,
        where it can be written.

    Returns
    -------
    list of (Path, Path)
        The photo, and the file that does not replace any photo.

    Raises
    ------
    ValueError
        Two results would have one name, a result would replace a photo, or the name that was given
        cannot be written.
    """
    suffix = "." + format_.lower().lstrip(".") if format_ else None
    if suffix:
        check_suffix("--format", suffix)
    folder, is_file = Path(out), _is_file(str(out), len(photos), has_folder)
    if is_file:
        if folder.suffix.lower() not in writable_suffixes():
            raise ImageError(
                f"{out}: cannot write '{folder.suffix}'; end the name in one of"
                f" {' '.join(writable_suffixes())}, or in / if it is a folder"
            )
        if suffix and suffix != folder.suffix.lower():
            raise ValueError(f"{out}: --format {format_} says another format than the name")
        planned = [(photos[0][0], folder)]
    else:
        if folder.exists() and not folder.is_dir():
            raise ValueError(f"{out}: is a file, but there are several photos; name a folder")
        planned = _within(folder, photos, suffix)
    _refuse_to_replace(planned)
    return planned


def _folders(top: Path, out: Path) -> Iterable[Path]:
    results = out.resolve()
    for folder, inner, _ in os.walk(top):
        inner[:] = sorted(
            name for name in inner if name[0] != "." and Path(folder, name).resolve() != results
        )
        yield Path(folder)


def _nothing_in(folder: Path, unread: list[Path], recursive: bool) -> str:
    if unread:
        return (
            f"{folder}: there is no picture in this folder that can be read; {_skipped(unread)[0]}"
        )
    if not recursive and any(path.is_dir() for path in folder.iterdir()):
        return (
            f"{folder}: there is no picture in this folder, but there are folders; --recursive"
            " enters them"
        )
    return f"{folder}: there is no picture in this folder; check the path"


def _skipped(unread: list[Path]) -> list[str]:
    if not unread:
        return []
    names = ", ".join(map(str, unread[:NAMED_AT_MOST]))
    if len(unread) > NAMED_AT_MOST:
        names += f" and {len(unread) - NAMED_AT_MOST} more"
    raw = any(path.suffix.lower() in RAW_SUFFIXES for path in unread)
    install = "; pip install rawpy (the extra raw) lets RAW be read" if raw else ""
    return [
        f"skipped {names}: {'camera RAW, ' * raw}JPEG XL and the like are not read{install}; export"
        " them as JPEG, PNG or 16-bit TIFF"
    ]


def _is_file(out: str, count: int, has_folder: bool) -> bool:
    path = Path(out)
    if out.endswith(("/", os.sep)) or path.is_dir() or not path.suffix:
        return False
    is_picture = path.suffix.lower() in writable_suffixes()
    if count > 1 and is_picture:
        raise ValueError(f"{out}: one picture cannot hold {count} photos; name a folder")
    return count == 1 and (is_picture or not has_folder)


def _within(
    folder: Path, photos: list[tuple[Path, Path]], suffix: str | None
) -> list[tuple[Path, Path]]:
    names = [below.with_suffix(suffix or suffix_for(below)) for _, below in photos]
    counts = Counter(names)
    # IMG_1.HEIC beside IMG_1.JPG: the one whose suffix is another keeps its old one too.
    targets = [
        below.with_name(below.name + name.suffix) if counts[name] > 1 and name != below else name
        for name, (_, below) in zip(names, photos, strict=True)
    ]
    doubled = sorted({str(target) for target, n in Counter(targets).items() if n > 1})
    if doubled:
        raise ValueError(
            f"Several photos are called {', '.join(doubled)}: enhance them into different folders."
        )
    return [(photo, folder / target) for (photo, _), target in zip(photos, targets, strict=True)]


def _refuse_to_replace(planned: list[tuple[Path, Path]]) -> None:
    sources = {photo.resolve() for photo, _ in planned}
    for photo, target in planned:
        if target.resolve() in sources:
            raise ValueError(f"{photo}: the result would replace {target}; name another --out")
