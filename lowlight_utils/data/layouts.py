"""How a folder of pairs may be laid out: which names mean dark, well-lit, and the three parts.

Capitals, and "-", "_" and blanks within a name, do not count: ``Low/`` is ``low/``.
"""

import re
from collections.abc import Callable
from pathlib import Path

from lowlight_utils.data.images import IMAGE_SUFFIXES, ImageError

LOW_NAMES = ("low", "lowlight", "dark", "input", "inputs", "underexposed", "short")
HIGH_NAMES = (
    *("high", "normal", "normallight", "bright", "light", "target", "targets", "long"),
    *("gt", "groundtruth", "reference", "ref", "truth"),
)
PART_NAMES = {
    "train": ("train", "training", "trainset", "trainingset"),
    "validation": ("validation", "valid", "val", "validationset", "dev"),
    "test": ("test", "testing", "testset", "testingset"),
}
HOW = (
    "low/ and high/ (or Low/ and Normal/, input/ and target/), or NAME_low and NAME_high in one"
    " folder, or our485/ and eval15/, or double pictures with the dark half on the left"
)
"""What a folder of pairs may hold, for messages."""
BOTH = "low/ and high/"

_SEPARATORS = "[-_ .]"
_SIDE = "|".join(  # the longer names first, and "low_light" as one of them
    name.replace("light", f"{_SEPARATORS}?light").replace("truth", f"{_SEPARATORS}?truth")
    if name in ("lowlight", "normallight", "groundtruth")
    else name
    for name in sorted((*LOW_NAMES, *HIGH_NAMES), key=len, reverse=True)
)
_BEFORE = re.compile(rf"(?P<side>{_SIDE})(?:{_SEPARATORS}+|(?=\d))(?P<rest>.+)", re.IGNORECASE)
_AFTER = re.compile(rf"(?P<rest>.+?)(?:{_SEPARATORS}+|(?<=\d))(?P<side>{_SIDE})", re.IGNORECASE)


def plain(name: str) -> str:
    """A name without capitals and separators: "Low-Light" -> "lowlight"."""
    return re.sub(_SEPARATORS, "", name).casefold()


def side_in_name(stem: str) -> tuple[str | None, str]:
    """Split a file's stem into "low", "high" or None, and what is left of it.

    Examples
    --------
    >>> side_in_name("12_low"), side_in_name("normal00012"), side_in_name("lowlands")
    (('low', '12'), ('high', '00012'), (None, 'lowlands'))
    """
    found = _BEFORE.fullmatch(stem) or _AFTER.fullmatch(stem)
    if found is None:
        return None, stem
    return "low" if plain(found["side"]) in LOW_NAMES else "high", found["rest"]


def child(folder: Path, names: tuple[str, ...]) -> Path | None:
    """The folder inside `folder` that has one of these names, or None.

    Raises
    ------
    ImageError
        There are several.
    """
    found = [path for path in folders_in(folder) if plain(path.name) in names]
    if len(found) > 1:
        several = " and ".join(f"{path.name}/" for path in found)
        raise ImageError(f"{folder}: {several} would both be {names[0]}/; keep or rename one")
    return found[0] if found else None


def folders_in(folder: Path) -> list[Path]:
    """The folders inside one, without those that are hidden or that macOS leaves in archives."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_dir() and not path.name.startswith((".", "__MACOSX"))
    )


def sides(folder: Path) -> tuple[Path, Path] | None:
    """The folders of dark and of well-lit pictures inside `folder`, if it has both."""
    low, high = child(folder, LOW_NAMES), child(folder, HIGH_NAMES)
    return (low, high) if low and high else None


def folders_where(folder: Path, holds: Callable[[Path], object], depth: int = 3) -> list[Path]:
    """`folder` itself, if `holds` says yes to it, or else those inside that it says yes to.

    Raises
    ------
    ImageError
        There is no such folder.
    """
    if not folder.is_dir():
        raise ImageError(f"{folder}: there is no such folder; check the path")
    if holds(folder):
        return [folder]
    if depth == 0:
        return []
    return [found for path in folders_in(folder) for found in folders_where(path, holds, depth - 1)]


def only(found: list[Path], what: str) -> Path:
    """The one folder of a list; an error if it has several."""
    if len(found) > 1:
        some = ", ".join(map(str, found[:5])) + (", ..." if len(found) > 5 else "")
        raise ImageError(
            f"{what} are in several folders ({some}); give one of these, or each by its own path"
        )
    return found[0]


def folder_where(folder: Path, holds: Callable[[Path], object], what: str) -> Path:
    """The one folder of `folders_where`; `what` it holds is for the message if there is none."""
    found = folders_where(folder, holds)
    if not found:
        raise ImageError(f"{folder}: there is no {what} in it; check the path")
    return only(found, what)


def sides_in(folder: Path) -> tuple[Path, Path]:
    """The folders of dark and of well-lit pictures, here or in the one folder that has both."""
    both = sides(folder_where(folder, sides, BOTH))
    assert both is not None  # it is a folder where it holds
    return both


def folder_named(folder: Path, name: str) -> Path:
    """The one folder of this name, here or further inside."""
    parent = folder_where(folder, holding(name), f"{name}/")
    return next(path for path in folders_in(parent) if plain(path.name) == name)


def holding(name: str) -> Callable[[Path], Path | None]:
    """What tells, for `folders_where`, a folder that holds one of this name."""
    return lambda folder: child(folder, (name,))


def parts_in(folder: Path) -> dict[str, Path]:
    """The folders train/, validation/ and test/ that `folder` holds, by any of their names.

    Raises
    ------
    ImageError
        Beside train/ there is a folder with pictures in it whose name says nothing.
    """
    parts = {part: path for part, names in PART_NAMES.items() if (path := child(folder, names))}
    if "train" in parts:
        for path in folders_in(folder):
            if path not in parts.values() and _holds_pictures(path):
                raise ImageError(
                    f"{path}: is neither train/ nor validation/ nor test/, but holds pictures;"
                    f" rename it, or move it out of {folder}"
                )
    return parts


def _holds_pictures(folder: Path) -> bool:
    return any(map(is_picture, folder.iterdir())) or bool(folders_where(folder, sides))


def tagged_pairs(folder: Path) -> dict[str, tuple[Path, Path]] | None:
    """Find NAME_low and NAME_high in one folder: the name -> both paths.

    Returns
    -------
    dict or None
        None if that is not how the folder's pictures are named.

    Raises
    ------
    ImageError
        Most pictures are named so, but some have no partner, or two have one name.
    """
    found: dict[str, dict[str, Path]] = {}
    others = []
    paths = [path for path in folder.iterdir() if is_picture(path)]
    for path in sorted(paths):
        side, rest = side_in_name(path.stem)
        if side is None:
            others.append(path)
        elif side in found.setdefault(rest, {}):
            twin = found[rest][side].name
            raise ImageError(f"{folder}: {twin} and {path.name} are one pair's {side}; keep one")
        else:
            found[rest][side] = path
    pairs = {name: (two["low"], two["high"]) for name, two in found.items() if len(two) == 2}
    if 4 * len(pairs) <= len(paths):  # each has two of them
        return None
    others += [path for two in found.values() if len(two) == 1 for path in two.values()]
    if others:
        some = ", ".join(path.name for path in others[:5])
        more = f" and {len(others) - 5} more" if len(others) > 5 else ""
        raise ImageError(f"{folder}: no partner for {some}{more}; add or remove them")
    return pairs


def is_picture(path: Path) -> bool:
    """Say, by its name, whether a path is a picture that is not hidden."""
    return path.suffix.lower() in IMAGE_SUFFIXES and path.name[0] != "." and path.is_file()


def what_to_rename(folder: Path) -> str:
    """Say how a folder that holds no pairs might be made to; nothing if that is not clear."""
    for there, missing in ((LOW_NAMES, HIGH_NAMES), (HIGH_NAMES, LOW_NAMES)):
        if path := child(folder, there):
            return f"; there is {path.name}/, so call the folder of its partners {missing[0]}/"
    stems = {path: {x.stem for x in path.iterdir() if is_picture(x)} for path in folders_in(folder)}
    filled = [path for path, names in stems.items() if names]
    if len(filled) == 2 and stems[filled[0]] & stems[filled[1]]:
        one, other = (f"{path.name}/" for path in filled)
        return (
            f"; {one} and {other} hold pictures of the same names: call the one with the dark"
            " pictures low/ and the other high/"
        )
    return ""
