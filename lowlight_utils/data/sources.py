"""Where pairs come from: the bundled photos, LOL, synthetic RAW pairs, a folder of one's own."""

import csv
import json
import os
import re
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from operator import add
from pathlib import Path

import numpy as np

from lowlight_utils.data.darken import DarknessRanges, darken, draw_darkness
from lowlight_utils.data.download import (
    INSTEAD,
    DownloadError,
    fetch_and_unpack,
    holds_something,
)
from lowlight_utils.data.grain import take_out_grain
from lowlight_utils.data.images import ImageError, list_images, read_image, resize
from lowlight_utils.data.layouts import (
    HOW,
    PART_NAMES,
    child,
    folders_where,
    is_picture,
    only,
    parts_in,
    sides,
    tagged_pairs,
    what_to_rename,
)
from lowlight_utils.data.lights import LIGHTS, random_view
from lowlight_utils.data.matching import match_by_stem
from lowlight_utils.data.pairs import PairSet

PARTS = ("train", "validation", "test")

LOL_URL = "https://huggingface.co/datasets/geekyrakshit/LoL-Dataset/resolve/main/lol_dataset.zip"
LOL_DRIVE_URL = "https://drive.google.com/uc?id=157bjO1_cFuSd0HWDUuAmcHRJDVyWpOxB"
SYNTHETIC_URL = "https://drive.google.com/uc?id=1G6fi9Kiu7CDnW2Sh7UQ5ikvScRv8Q14F"

_UNFINISHED = ".download-unfinished"
"""A file that lies in the folder of `download_pairs` until both are there."""

LOL_PARTS = ("our485", "eval15")
LOL_MISFRAMED = "648"
"""Its two photographs do not show the same view."""
LOL_PREFIX = "lol-"

EVEN = "even"
VIEWS = ("whole", "random", "clean")

VALIDATION_COPIES = 4
"""How often a bundled validation photo is darkened: five photos alone make a noisy judge."""


@dataclass(frozen=True)
class Splits:
    """What to learn from, what to choose by, what to report on."""

    train: PairSet
    validation: PairSet
    test: PairSet


def sample_dir() -> Path:
    """Find the bundled photos: inside an installed package, or in data/sample of a clone."""
    return _bundled("sample", "LICENCES.csv")


def _bundled(name: str, inside: str) -> Path:
    here = Path(__file__).resolve().parent
    for folder in (here / name, here.parents[1] / "data" / name):
        if (folder / inside).is_file():
            return folder
    raise FileNotFoundError(f"the bundled photos are not beside {here}; install the package again")


def sample_photos(part: str) -> list[Path]:
    """List the bundled, well-lit photographs of one part, by name.

    Parameters
    ----------
    part : {"train", "validation", "test"}
    """
    if part not in PARTS:
        raise ValueError(f"part is {part!r}; has to be one of {', '.join(PARTS)}")
    return list_images(sample_dir() / part)


def sample_credits(names: Iterable[str]) -> str:
    """Name the authors of bundled photos whose licence (CC BY) asks for it.

    Parameters
    ----------
    names : iterable of str
        Names of photos, such as "pagoda".

    Returns
    -------
    str
        To stand beneath a picture that shows them; empty if no licence asks for it.

    Examples
    --------
    >>> sample_credits(["cat", "pagoda"])
    'Photo pagoda by danielbuechele (CC BY 2.0).'
    """
    with open(sample_dir() / "LICENCES.csv", encoding="utf-8", newline="") as file:
        rows = {Path(row["file"]).stem: row for row in csv.DictReader(file)}
    named = [
        f"{name} by {rows[name]['author']} ({rows[name]['licence'].replace('CC-BY-', 'CC BY ')})"
        for name in names
        if rows[name]["licence"].startswith("CC-BY-")
    ]
    return f"Photo{'s' * (len(named) > 1)} {', '.join(named)}." if named else ""


def sample_pairs(
    part: str,
    size: int | tuple[int, int] = 256,
    copies: int = 1,
    seed: int = 0,
    ranges: DarknessRanges | None = None,
    lights: str = EVEN,
    views: str = "whole",
) -> PairSet:
    """Pairs made from the bundled photos, by darkening them.

    Parameters
    ----------
    part : {"train", "validation", "test"}
        The photos are 384x384 at most.
    size, copies, seed, ranges, lights, views
        See `photo_pairs`, which gives the result too.
    """
    return photo_pairs(sample_photos(part), size, copies, seed, ranges, lights, views)


def kodak_pairs(
    size: int = 256, copies: int = 1, seed: int = 0, lights: str = EVEN, views: str = "whole"
) -> PairSet:
    """Pairs made from Kodak's 24 bundled photographs, 768x512; see `photo_pairs`."""
    folder = _bundled("kodak", "kodim01.jpg")
    return photo_pairs(list_images(folder), size, copies, seed, None, lights, views)


def photo_pairs(
    photos: Sequence[Path],
    size: int | tuple[int, int] = 256,
    copies: int = 1,
    seed: int = 0,
    ranges: DarknessRanges | None = None,
    lights: str = EVEN,
    views: str = "whole",
) -> PairSet:
    """Pairs made from well-lit photos, by taking their light away.

    Parameters
    ----------
    photos : sequence of Path
    size : int or (height, width)
        What the photos are resized to before they lose their light.
    copies : int
        How often each photo is used, each time differently.
    seed : int
        What becomes of a photo depends on the seed, the photo's name and the number of the copy
        alone.
    ranges : DarknessRanges, optional
        Of even light; by default those that are fitted to LOL.
    lights : str
        Which of `LIGHTS`, joined with "+": the copies of a photo take them in turn.
    views : {"whole", "random", "clean"}
        "random": each copy shows another square of the photo, see `random_view`. "clean": the same,
        without the photo's own grain, which a network would learn to paint (`take_out_grain`).

    Returns
    -------
    PairSet
        Named after the photos, which are also the scenes; from the second copy on with a number.

    Raises
    ------
    ValueError
        `copies` is below 1, or `lights` or `views` are unknown.
    """
    if copies < 1:
        raise ValueError(f"copies is {copies}; has to be at least 1")
    if views not in VIEWS:
        raise ValueError(f"views is {views!r}; has to be one of {', '.join(VIEWS)}")
    kinds = lights.split("+")
    unknown = [light for light in kinds if light not in LIGHTS]
    if unknown:
        raise ValueError(f"lights {', '.join(unknown)} are not among {', '.join(LIGHTS)}")
    lows, highs, names, scenes = [], [], [], []
    for path in photos:
        photo = read_image(path)
        photo = take_out_grain(photo) if views == "clean" else photo
        whole = resize(photo, size) if views == "whole" else None  # the same for every copy
        for copy in range(copies):
            rng = np.random.default_rng([seed, zlib.crc32(path.stem.encode()), copy])
            light = kinds[copy % len(kinds)]
            shown = resize(random_view(photo, size, rng), size) if whole is None else whole
            if light == EVEN:
                low, high = darken(shown, draw_darkness(rng, ranges), rng), shown
            else:
                low, high = LIGHTS[light](shown, rng)
            lows.append(low)
            highs.append(high)
            names.append(f"{path.stem}-{copy + 1}" if copy else path.stem)
            scenes.append(path.stem)
    return PairSet(np.stack(lows), np.stack(highs), tuple(names), tuple(scenes))


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
    return _downloaded(Path(folder), *_LOL_TRAINING)


def download_synthetic(folder: str | os.PathLike, url: str = SYNTHETIC_URL) -> Path:
    """Download the 1000 pairs made from RAW photographs (Wei et al. 2018, section 4.1).

    Parameters, result and errors are those of `download_lol`; the folder returned holds ``low/``
    and ``high/``.
    """
    fetch_and_unpack(url, folder, name="BrighteningTrain.zip")
    return _downloaded(Path(folder), *_BOTH_SIDES)


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
    unfinished = folder / _UNFINISHED
    if not unfinished.exists() and holds_something(folder):
        if any(not path.name.startswith(".") for path in folder.iterdir()):
            return folder
    folder.mkdir(parents=True, exist_ok=True)
    unfinished.touch()
    download_lol(folder / "lol", lol_url)
    download_synthetic(folder / "synthetic", synthetic_url)
    unfinished.unlink()
    return folder


def _require_downloaded(folder: Path) -> None:
    """Name the download if a folder is missing, or holds half of it."""
    call = f"lowlight_utils.data.download_pairs({str(folder)!r}), as notebook 01 does in full mode"
    if not folder.is_dir():
        raise ImageError(
            f"{folder}: there is no such folder; check the path, or download the course's pairs"
            f" into it: {call}"
        )
    if (folder / _UNFINISHED).exists():
        raise ImageError(
            f"{folder}: its download was broken off; call {call}, again, or delete"
            f" {folder / _UNFINISHED} to use what is there"
        )


def _downloaded(folder: Path, holds: Callable[[Path], object], what: str) -> Path:
    try:
        return _folder_where(folder.expanduser(), holds, what)
    except ImageError as error:
        raise DownloadError(f"{error}; or give a new or empty folder, {INSTEAD}") from error


def lol_pairs(
    folder: str | os.PathLike, part: str = "our485", size: int | tuple[int, int] | None = 256
) -> PairSet:
    """Read one part of LOL, with its scenes.

    Parameters
    ----------
    folder : path
        What `download_lol` was given, or any folder with ``our485/`` or ``eval15/`` inside.
    part : {"our485", "eval15"}
        The training pairs (484: number 648 is left out, because its two photographs do not show
        the same view), or the evaluation pairs (15).
    size : int or (height, width) or None
        What to resize to; None keeps 600x400.

    Returns
    -------
    PairSet
        14 of the 15 evaluation pairs show a scene that is among the training pairs too, at another
        exposure; the scenes' names are the same in both parts, so that this can be seen.

    Raises
    ------
    ImageError
        There is no such part in `folder`, or see `PairSet.from_folders`.
    """
    if part not in LOL_PARTS:
        raise ValueError(f"part is {part!r}; LOL has {' and '.join(LOL_PARTS)}")
    holds, what = _holding(part)
    root = child(_folder_where(Path(folder).expanduser(), holds, what), (part,))
    paths = match_by_stem(*_sides_of(root))
    if len(paths) > 1:  # or else there is nothing to read
        paths.pop(LOL_MISFRAMED, None)
    pairs = PairSet.from_paths(paths, size, lol_scene, root)
    return pairs[np.array([name != LOL_MISFRAMED for name in pairs.names])]


def lol_scene(name: str) -> str:
    """Name the scene that a pair of LOL shows, from the pair's number.

    LOL has many scenes several times, at different exposures; `lol_scenes.json` groups its files
    into 236 scenes. A name that is not LOL's is its own scene.
    """
    return _lol_scenes().get(name, name)


def in_lol_evaluation(scene: str) -> bool:
    """Say whether one of LOL's 15 evaluation pairs shows a scene, named as by `lol_scene`."""
    return scene.removeprefix(LOL_PREFIX) in _lol_evaluation_scenes()


@cache
def _lol_evaluation_scenes() -> frozenset[str]:
    return frozenset(
        f"scene-{number:03}" for number, group in enumerate(_lol_groups()) if group["eval15"]
    )


@cache
def _lol_scenes() -> dict[str, str]:
    return {
        Path(file).stem: f"scene-{number:03}"
        for number, group in enumerate(_lol_groups())
        for part in LOL_PARTS
        for file in group[part]
    }


def _lol_groups() -> list[dict[str, list[str]]]:
    """LOL's files by scene; the number of a group is its scene's."""
    return json.loads(Path(__file__).with_name("lol_scenes.json").read_text(encoding="utf-8"))


def synthetic_pairs(folder: str | os.PathLike, size: int | tuple[int, int] | None = 256) -> PairSet:
    """Read the pairs made from RAW photographs: the one folder with ``low/`` and ``high/`` in it.

    Parameters
    ----------
    folder : path
        What `download_synthetic` was given, or any folder above the pairs.
    size : int or (height, width) or None
        What to resize to; None keeps the pictures' size.

    Raises
    ------
    ImageError
        No folder inside has both, or several have; or see `PairSet.from_folders`.
    """
    return PairSet.from_folders(*_sides_of(Path(folder).expanduser()), size)


def combine(
    lol_train: PairSet, lol_eval: PairSet, synthetic: PairSet, seed: int = 0, test_size: int = 50
) -> tuple[PairSet, PairSet]:
    """Join LOL and the synthetic pairs as the course's recipe has it.

    The test set is LOL's 15 evaluation pairs and 35 synthetic ones whose scenes are not in
    training; all others are for training: 485 + 965 = 1450, or 1449 without LOL's pair 648.

    That LOL's own evaluation pairs share scenes with its training pairs is not mended here, because
    published numbers are made this way. For an honest figure split `lol_train` by scene.

    Parameters
    ----------
    lol_train, lol_eval, synthetic : PairSet
        Of one size.
    seed : int
        For the choice of the synthetic test pairs.
    test_size : int

    Returns
    -------
    train, test : PairSet
        Names and scenes begin with "lol-" or "synthetic-".

    Raises
    ------
    ValueError
        `test_size` leaves no synthetic pair for the test, or none for training.
    """
    wanted = test_size - len(lol_eval)
    if not 0 < wanted < len(synthetic):
        raise ValueError(
            f"a test set of {test_size} takes {wanted} synthetic pairs beside {len(lol_eval)} of"
            f" LOL, but there are {len(synthetic)}; add some, or take them out of LOL's folder (in"
            " Python, choose another test_size)"
        )
    rest, _, held_out = synthetic.with_prefix("synthetic-").split(
        validation=0.0, test=wanted / len(synthetic), seed=seed
    )
    train = lol_train.with_prefix(LOL_PREFIX) + rest
    return train, lol_eval.with_prefix(LOL_PREFIX) + held_out


def load_splits(
    data: str | os.PathLike | Sequence[str | os.PathLike],
    size: int | tuple[int, int] = 256,
    copies: int = 1,
    seed: int = 0,
    *,
    evaluation_scenes: bool = True,
    lights: str = EVEN,
    views: str = "whole",
    low_side: str = "left",
) -> Splits:
    """Read whatever ``train --data`` is given.

    Parameters
    ----------
    data : "sample", "kodak" or path, or a sequence of these
        The bundled photos; or Kodak's, all of which are for training; or a folder that holds one of

        - ``low/`` and ``high/``, here or in one folder further inside; ``Low/`` and ``Normal/``,
          ``input/`` and ``target/`` and other such names (`lowlight_utils.data.layouts`) do too;
        - both pictures of each pair, as ``1_low.png`` and ``1_high.png``;
        - ``our485/`` and perhaps ``eval15/`` (LOL), likewise: the latter becomes the test set. If
          another folder with ``low/`` and ``high/`` lies beside them, its pairs are taken for the
          synthetic ones and the two are joined (`combine`);
        - double pictures, the dark one on the left (or see `low_side`);
        - ``train/`` and perhaps ``validation/`` (or ``valid/``, ``val/``) and ``test/``, each with
          one of these, here or in one folder further inside.

        A part that is not there is split off from the training pairs by scene: a tenth. LOL alone
        is split as `split_lol` has it, and without ``eval15/`` its test set is empty. Of several
        sources, each part is joined to one.
    size : int or (height, width)
        What to resize to.
    copies : int
        For "sample": how often each *training* photo is darkened. Those for validation always are
        `VALIDATION_COPIES` times, and those for the test once.
    seed : int
        For the darkness of the bundled training photos, and for the split of a folder. LOL and the
        bundled photos are split alike whatever the seed, because runs with different seeds have to
        be judged on the same pictures, or they cannot be compared.
    evaluation_scenes : bool
        Whether training may see the scenes of LOL's evaluation pairs, at other exposures. The
        official split has them in; without them the evaluation says what a generator does in rooms
        that it has never seen.
    lights, views : str
        For the training pairs made from "sample" and "kodak", see `photo_pairs`.
    low_side : {"left", "right"}
        Of double pictures, on which side the dark one is.

    Raises
    ------
    ImageError
        Nothing of the above is there, or a picture or pair is not as it should be.
    ValueError
        Too few scenes to split, or `copies` is below 1.
    """
    if not isinstance(data, (str, os.PathLike)):
        rules = {
            "evaluation_scenes": evaluation_scenes,
            "lights": lights,
            "views": views,
            "low_side": low_side,
        }
        several = [load_splits(one, size, copies, seed, **rules) for one in data]
        if not several:
            raise ValueError("no data are named; give sample, or a folder of pairs")
        return Splits(*(reduce(add, (getattr(one, part) for one in several)) for part in PARTS))
    if str(data) == "sample":
        train = sample_pairs("train", size, copies, seed, None, lights, views)
        return Splits(
            train, sample_pairs("validation", size, VALIDATION_COPIES), sample_pairs("test", size)
        )
    if str(data) == "kodak":
        train = kodak_pairs(size, copies, seed, lights, views)
        return Splits(train, train[:0], train[:0])
    folder = Path(data).expanduser()
    _require_downloaded(folder)
    validation = test = None
    parts = _find_parts(folder)
    if parts:
        read = {part: read_pairs(path, size, low_side) for part, path in parts.items()}
        train, validation, test = (read.get(part) for part in PARTS)
    elif folders_where(folder, _LOL_TRAINING[0]):
        lol = lol_pairs(folder, "our485", size)
        train, validation = split_lol(lol)
        test = lol[:0]
        if folders_where(folder, _holding("eval15")[0]):
            test = lol_pairs(folder, "eval15", size)
        others = [f for f in folders_where(folder, sides) if f.name.casefold() not in LOL_PARTS]
        if others:
            synthetic = synthetic_pairs(only(others, "low/ and high/"), size)
            train, test = combine(lol, test, synthetic, seed)
            validation = None
        if not evaluation_scenes:
            train = train[np.array([not in_lol_evaluation(scene) for scene in train.scenes])]
    else:
        train = read_pairs(folder, size, low_side)
    train, split_validation, split_test = train.split(
        validation=0.1 if validation is None else 0.0, test=0.1 if test is None else 0.0, seed=seed
    )
    return Splits(
        train,
        split_validation if validation is None else validation,
        split_test if test is None else test,
    )


def split_lol(pairs: PairSet) -> tuple[PairSet, PairSet]:
    """Split LOL's training pairs for good: a seventh of them, by scene, is for validation.

    No scene of an evaluation pair is among the validation pairs, so that leaving those scenes out
    of the training (`load_splits`, ``evaluation_scenes=False``) changes the training pairs alone.

    Parameters
    ----------
    pairs : PairSet
        What `lol_pairs` read from ``our485/``.

    Returns
    -------
    train, validation : PairSet
        Of the 484 usable pairs 415 and 69.
    """
    apart = np.array([in_lol_evaluation(scene) for scene in pairs.scenes])
    rest = pairs[~apart]
    share = min(0.5, len(pairs) / 7 / max(1, len(rest)))
    _, validation, _ = rest.split(validation=share, seed=0)
    held_out = set(validation.scenes)
    return pairs[np.array([scene not in held_out for scene in pairs.scenes])], validation


def _find_parts(folder: Path) -> dict[str, Path]:
    """The folders train/ and perhaps validation/ and test/, here or in one folder further inside.

    LOL comes first: it may lie beside folders of other pairs.
    """
    if "train" in parts_in(folder):
        return parts_in(folder)
    if folders_where(folder, _LOL_TRAINING[0]):
        return {}
    found = folders_where(folder, lambda inside: child(inside, PART_NAMES["train"]))
    return parts_in(only(found, "train/")) if found else {}


def read_pairs(
    folder: str | os.PathLike, size: int | tuple[int, int] = 256, low_side: str = "left"
) -> PairSet:
    """Read one folder of pairs that are not split into parts.

    Parameters
    ----------
    folder : path
        One with ``low/`` and ``high/``, with NAME_low and NAME_high, or with double pictures; see
        `load_splits`.
    size : int or (height, width)
        What to resize to.
    low_side : {"left", "right"}
        Of double pictures, on which side the dark one is.

    Raises
    ------
    ImageError
        Nothing of the above is there, or a picture or pair is not as it should be.
    """
    folder = Path(folder).expanduser()
    found = folders_where(folder, sides)
    if found:
        root = only(found, "low/ and high/")
        if root.name.casefold() in LOL_PARTS:
            return lol_pairs(root.parent, root.name.casefold(), size)
        return PairSet.from_folders(*sides(root), size, scenes=_scene_of_file)
    if any(map(is_picture, folder.iterdir())):
        if tagged_pairs(folder):
            return PairSet.from_tagged(folder, size, scenes=_scene_of_file)
        return PairSet.from_concatenated(folder, size, _scene_of_file, low_side)
    raise ImageError(f"{folder}: holds no pairs; give it {HOW}{what_to_rename(folder)}")


def _scene_of_file(name: str) -> str:
    """LOL's scenes survive being written to files by way of the names that `combine` gives, and the
    developments of one RAW file are one scene.
    """
    if name.startswith(LOL_PREFIX):
        return LOL_PREFIX + lol_scene(name.removeprefix(LOL_PREFIX))
    return re.sub(r"-exposure\d+$", "", name)  # see `raw_pairs.pair_names`


def _holding(name: str) -> tuple[Callable[[Path], object], str]:
    """What tells a folder that holds another one, and how messages call it."""
    return lambda folder: child(folder, (name,)), f"{name}/"


_LOL_TRAINING = _holding("our485")
_BOTH_SIDES = sides, "low/ and high/"


def _sides_of(folder: Path) -> tuple[Path, Path]:
    return sides(_folder_where(folder, *_BOTH_SIDES))


def _folder_where(folder: Path, holds: Callable[[Path], object], what: str) -> Path:
    found = folders_where(folder, holds)
    if not found:
        raise ImageError(f"{folder}: there is no {what} in it; check the path")
    return only(found, what)
