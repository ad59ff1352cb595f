"""What a sweep's folder holds, read back: a table, histories and pictures. Needs no Keras."""

import csv
import io
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from lowlight_utils.data.images import read_image
from lowlight_utils.data.photos import sample_dir
from lowlight_utils.files import replacing, write_file

TABLE_FILE = "results.csv"
METRICS_FILE = "metrics.json"
PICTURES_FILE = "pictures.webp"
LOW_FILE, HIGH_FILE = "low.webp", "high.webp"
SCENES = 6  # at most so many are kept as pictures
QUALITY = 80  # of WebP: for looking at; nothing is measured on these files


@dataclass(frozen=True, eq=False)
class Sweep:
    """Trials side by side: their rows, and beside each the folder with its history and pictures.

    Attributes
    ----------
    rows : tuple of dict
        One a trial: what `run_trial` gives.
    folders : dict of str to Path
        The trial's name -> its folder.
    scenes : tuple of str
        Names of the scenes that there are pictures of.
    low, high : tuple of uint8[H, W, 3]
        Every scene's dark photo and its truth.
    """

    rows: tuple[dict, ...]
    folders: dict[str, Path]
    scenes: tuple[str, ...]
    low: tuple[np.ndarray, ...]
    high: tuple[np.ndarray, ...]

    def row(self, trial: str) -> dict:
        """Return a trial's row; raise ValueError if there is none of that name."""
        for row in self.rows:
            if row["trial"] == trial:
                return row
        raise ValueError(f"no trial is called {trial!r}, only {', '.join(self.folders)}")

    def history(self, trial: str) -> dict[str, list[float]]:
        """Return the losses and "val_psnr" of each epoch of a trial."""
        return _read(self._folder(trial) / "progress.json")["history"]

    def pictures(self, trial: str) -> dict[str, np.ndarray]:
        """Return a trial's picture of every scene, after its last epoch: name -> uint8[H, W, 3]."""
        strip = read_strip(self._folder(trial) / PICTURES_FILE, len(self.scenes))
        return dict(zip(self.scenes, strip, strict=True))

    def images(self, trial: str) -> list[dict]:
        """Return a trial's scores on every validation pair, whose name is "image"."""
        return _read(self._folder(trial) / METRICS_FILE)["images"]

    def scores(self, trial: str, scene: str) -> dict[str, float]:
        """Return a trial's "psnr", "ssim", "ciede2000" and "sharpness" on one scene's picture."""
        for image in self.images(trial):
            if image["image"] == scene:
                return {key: value for key, value in image.items() if key != "image"}
        raise ValueError(f"no scene is called {scene!r}, only {', '.join(self.scenes)}")

    def _folder(self, trial: str) -> Path:
        return self.folders[self.row(trial)["trial"]]

    def joined(self, other: "Sweep") -> "Sweep":
        """Both sweeps' trials, of the same scenes; of the same name, the other's counts.

        Raises
        ------
        ValueError
            They show other scenes, or at another size.
        """
        if self.low[0].shape != other.low[0].shape:
            sides = " and ".join(str(sweep.low[0].shape[0]) for sweep in (self, other))
            raise ValueError(f"The sweeps' pictures are {sides} pixels high: they do not compare.")
        if self.scenes != other.scenes:
            raise ValueError(
                f"One sweep shows {', '.join(self.scenes)}, the other {', '.join(other.scenes)}: "
                "only runs on the same data can be compared."
            )
        kept = tuple(row for row in self.rows if row["trial"] not in other.folders)
        return Sweep(
            kept + other.rows, self.folders | other.folders, self.scenes, self.low, self.high
        )


def read_sweep(folder: str | os.PathLike) -> Sweep:
    """Read a sweep's folder, or what `export` made of one. What still runs is not in it.

    Raises
    ------
    ValueError
        The folder holds no finished trial.
    """
    folder = Path(folder)
    if not (folder / TABLE_FILE).is_file():
        raise ValueError(
            f"{folder} holds no {TABLE_FILE}: run python -m lowlight_utils sweep --out {folder}"
        )
    with open(folder / TABLE_FILE, encoding="utf-8", errors="surrogateescape", newline="") as file:
        folders = {row["trial"]: folder / row["trial"] for row in csv.DictReader(file)}
    if not folders:
        raise ValueError(f"{folder / TABLE_FILE} has no rows: no trial is finished yet.")
    found = [_read(path / METRICS_FILE) for path in folders.values()]
    scenes = tuple(found[0]["scenes"])
    low, high = (read_strip(folder / name, len(scenes)) for name in (LOW_FILE, HIGH_FILE))
    return Sweep(tuple(each["row"] for each in found), folders, scenes, low, high)


def bundled_sweep(study: str) -> Sweep:
    """Read a sweep that comes with the course, such as "lambda"; see data/sweeps/README.md.

    Raises
    ------
    ValueError
        There is none of that study.
    """
    sample = sample_dir()  # inside an installed package, or in data/ of a clone
    folder = sample.with_name("sweeps")
    known = sorted(path.parent.name for path in folder.glob(f"*/{TABLE_FILE}"))
    if study not in known:
        raise ValueError(f"No sweep called {study!r} comes with the course, only {known}.")
    return read_sweep(folder / study)


def tabulate(folder: str | os.PathLike, trials: Sequence[str] | None = None) -> None:
    """Write the table of the finished trials whose folders are in `folder`: a CSV file for people.

    What a trial's folder says is the truth, and the table is made from it.

    Parameters
    ----------
    folder : path
    trials : sequence of str, optional
        Which, in this order; by default all, by name.
    """
    folder = Path(folder)
    if trials is None:
        trials = sorted(path.parent.name for path in folder.glob(f"*/{METRICS_FILE}"))
    paths = [folder / trial / METRICS_FILE for trial in trials]
    rows = [_read(path)["row"] for path in paths if path.is_file()]
    text = io.StringIO(newline="")
    columns = dict.fromkeys(name for row in rows for name in row)
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    # A folder's name that is not in the system's encoding is written as the bytes that it is.
    write_file(folder / TABLE_FILE, text.getvalue().encode(errors="surrogateescape"))


def collect(folder: str | os.PathLike) -> Sweep:
    """Tabulate all finished trials whose folders are in `folder`, by name, and read them."""
    tabulate(folder)
    return read_sweep(folder)


def export(folder: str | os.PathLike, to: str | os.PathLike) -> Sweep:
    """Copy of a sweep's folder what a reader needs: table, histories, scores, pictures; no weights.

    A trial takes a few tens of kilobytes, so that it can be kept beside a notebook.

    Returns
    -------
    Sweep
        The copy.
    """
    source, to = read_sweep(folder), Path(to)
    kept = ("recipe.json", "progress.json", METRICS_FILE, PICTURES_FILE)
    files = [f"{trial}/{file}" for trial in source.folders for file in kept]
    for file in (*files, LOW_FILE, HIGH_FILE, TABLE_FILE):  # the table last: it names what is there
        write_file(to / file, (Path(folder) / file).read_bytes())
    return read_sweep(to)


def first_of_scenes(scenes: Sequence[str], most: int = SCENES) -> list[int]:
    """Return the index of each scene's first pair, of at most so many scenes.

    Examples
    --------
    >>> first_of_scenes(["cat", "cat", "dog"])
    [0, 2]
    """
    return [scenes.index(scene) for scene in dict.fromkeys(scenes)][:most]


def write_strip(path: str | os.PathLike, images: Iterable[np.ndarray]) -> None:
    """Write pictures of one size, side by side, as one WebP file."""
    with replacing(path) as file:
        strip = Image.fromarray(np.hstack(list(images)))
        strip.save(file, "WEBP", quality=QUALITY, method=6)


def read_strip(path: str | os.PathLike, count: int) -> tuple[np.ndarray, ...]:
    """Read `count` pictures of one size that stand side by side in one file."""
    return tuple(np.hsplit(read_image(path), count))


def _read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))
