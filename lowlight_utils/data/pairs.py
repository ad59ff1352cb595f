"""`PairSet`: dark photos and their well-lit counterparts, matched, checked and split."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np

from lowlight_utils.data.images import ImageError, Size, write_image
from lowlight_utils.data.layouts import tagged_pairs
from lowlight_utils.data.matching import match_by_stem, mean_levels, scenes_of, some
from lowlight_utils.data.reading import read_double_pictures, read_two_files
from lowlight_utils.data.splitting import assign_parts

Scenes = Mapping[str, str] | Callable[[str], str] | None


@dataclass(frozen=True)
class PairSummary:
    """What a `PairSet` holds; ``str()`` of it reads as a sentence or two."""

    count: int
    height: int
    width: int
    scenes: int
    low_mean: float
    """Mean level of the low images, 0 to 255."""
    high_mean: float
    """Mean level of the high images, 0 to 255."""
    median_ratio: float
    """Median over pairs of (mean level of high) / (mean level of low)."""

    def __str__(self) -> str:
        size = f"{self.height}x{self.width}"
        if not self.count:
            return f"no pairs (of {size})"
        return (
            f"{self.count} pairs of {size} from {self.scenes} scenes; mean level"
            f" {self.low_mean:.1f} (low) and {self.high_mean:.1f} (high) of 255,"
            f" high is {self.median_ratio:.1f} times as bright (median)"
        )


@dataclass(frozen=True, eq=False, repr=False)
class PairSet:
    """Matched dark and well-lit images of one size, in memory.

    Parameters
    ----------
    low, high : uint8[n, H, W, 3]
        sRGB; ``low[i]`` and ``high[i]`` show the same view.
    names : sequence of str
        One a pair, as a person would call it (the file's stem).
    scenes : sequence of str, optional
        What each pair shows; pairs of one scene never part in `split`. By default each pair is a
        scene of its own.

    Raises
    ------
    ValueError
        The arrays do not have these types and shapes, or the lengths differ.

    Examples
    --------
    >>> high = np.full((4, 8, 8, 3), 180, np.uint8)
    >>> names, scenes = ["cat", "cat-2", "bridge", "lake"], ["cat", "cat", "bridge", "lake"]
    >>> pairs = PairSet(high // 6, high, names, scenes)
    >>> pairs
    PairSet(4 pairs of 8x8, 3 scenes)
    >>> low, high = pairs[0]
    >>> pairs[[0, 2]].names
    ('cat', 'bridge')
    >>> train, validation, test = pairs.split(validation=0.25, test=0.25)
    >>> set(train.scenes) & set(validation.scenes + test.scenes)
    set()
    """

    low: np.ndarray
    high: np.ndarray
    names: tuple[str, ...]
    scenes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(self.names))
        object.__setattr__(self, "scenes", tuple(self.scenes or self.names))
        for label, stack in (("low", self.low), ("high", self.high)):
            if stack.dtype != np.uint8 or stack.ndim != 4 or stack.shape[-1] != 3:
                raise ValueError(
                    f"{label} needs to be uint8[n, H, W, 3], but is"
                    f" {stack.dtype}{list(stack.shape)}"
                )
        if self.low.shape != self.high.shape:
            raise ValueError(
                f"low and high differ in shape: {list(self.low.shape)} and {list(self.high.shape)}"
            )
        if not len(self.low) == len(self.names) == len(self.scenes):
            raise ValueError(
                f"{len(self.low)} pairs, {len(self.names)} names and {len(self.scenes)} scenes:"
                " give as many of each"
            )

    @classmethod
    def from_folders(
        cls,
        low_dir: str | os.PathLike,
        high_dir: str | os.PathLike,
        size: Size | None = 256,
        scenes: Scenes = None,
    ) -> "PairSet":
        """Read a folder of dark and a folder of well-lit pictures.

        Pictures are matched by the stem of their names, never by the order in which a directory
        lists them: ``low/1.png`` goes with ``high/1.jpg``, and with ``high/1_high.jpg`` if all of
        them name their side. The pairs come in natural order.

        It warns if most pictures are brighter than their partners, and of pairs that do not show
        the same view.

        Parameters
        ----------
        low_dir, high_dir : path
        size : int or (height, width) or None
            What to resize to; None keeps the pictures' size, which then must be one for all.
        scenes : mapping or callable, optional
            From a pair's name (the stem) to its scene.

        Raises
        ------
        ImageError
            A picture without a partner, two with one stem, a pair of two sizes, a picture that
            cannot be read, a folder without pictures.
        """
        paths = match_by_stem(low_dir, high_dir)
        return cls.from_paths(paths, size, scenes, f"{low_dir} and {high_dir}")

    @classmethod
    def from_tagged(
        cls,
        folder: str | os.PathLike,
        size: Size | None = 256,
        scenes: Scenes = None,
    ) -> "PairSet":
        """Read a folder with both pictures of each pair: ``1_low.png`` goes with ``1_high.png``.

        The side may stand before or after the name, in capitals too, and be called as the folders
        in `lowlight_utils.data.layouts` may be. Parameters and errors are those of `from_folders`.
        """
        paths = tagged_pairs(Path(folder))
        if not paths:
            raise ImageError(f"{folder}: there are no NAME_low and NAME_high in it")
        return cls.from_paths(paths, size, scenes, folder)

    @classmethod
    def from_paths(
        cls,
        paths: Mapping[str, tuple[Path, ...]],
        size: Size | None,
        scenes: Scenes,
        where: str | os.PathLike,
    ) -> "PairSet":
        """Read pairs whose two files are known, name by name; `where` is for the warnings.

        The rest is as in `from_folders`.
        """
        low, high = read_two_files(paths, size, where)
        return cls(low, high, tuple(paths), scenes_of(paths, scenes))

    @classmethod
    def from_concatenated(
        cls,
        folder: str | os.PathLike,
        size: Size | None = None,
        scenes: Scenes = None,
        low_side: str = "left",
    ) -> "PairSet":
        """Read a folder of double pictures: the dark one on the left, its truth on the right.

        This is how pix2pix stores pairs (Isola et al., 2017); at the course's size each picture
        is 256 high and 512 wide.

        Parameters
        ----------
        folder : path
        size : int or (height, width) or None
            What to resize each half to; None keeps it.
        scenes : mapping or callable, optional
            From a pair's name (the stem) to its scene.
        low_side : {"left", "right"}
            On which side the dark picture is.

        Raises
        ------
        ImageError
            A picture of odd width, or that cannot be read; two with one stem; no pictures; or of
            most pictures the halves do not show the same view, or the side that should be dark is
            not clearly darker.
        """
        paths = {name: path for name, (path,) in match_by_stem(folder).items()}
        low, high = read_double_pictures(paths, size, folder, low_side)
        return cls(low, high, tuple(paths), scenes_of(paths, scenes))

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        scenes = len(set(self.scenes))
        return f"PairSet({len(self)} pairs of {self.size[0]}x{self.size[1]}, {scenes} scenes)"

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the images, in pixels."""
        return self.low.shape[1:3]

    @overload
    def __getitem__(self, key: int) -> tuple[np.ndarray, np.ndarray]: ...
    @overload
    def __getitem__(self, key: slice | Sequence[int] | np.ndarray) -> "PairSet": ...
    def __getitem__(
        self, key: int | slice | Sequence[int] | np.ndarray
    ) -> "tuple[np.ndarray, np.ndarray] | PairSet":
        """``pairs[i]`` is (low, high) of one pair; a slice, an index array or list, or a mask of
        booleans gives a `PairSet`.
        """
        if isinstance(key, (int, np.integer)):
            return self.low[key], self.high[key]
        index = np.arange(len(self))[key]
        return PairSet(
            self.low[key if isinstance(key, slice) else index],
            self.high[key if isinstance(key, slice) else index],
            tuple(self.names[i] for i in index),
            tuple(self.scenes[i] for i in index),
        )

    def __add__(self, other: "PairSet") -> "PairSet":
        """Join two sets of one size. Scenes of the same name count as the same scene."""
        if not isinstance(other, PairSet):
            return NotImplemented
        if self.size != other.size:
            raise ValueError(
                f"pairs of {self.size} and of {other.size} (height, width) cannot be joined;"
                " read both with one size"
            )
        return PairSet(
            np.concatenate([self.low, other.low]),
            np.concatenate([self.high, other.high]),
            self.names + other.names,
            self.scenes + other.scenes,
        )

    def choose(self, names: Sequence[str]) -> "PairSet":
        """The pairs of these names, in this order.

        Raises
        ------
        ValueError
            There is no pair of that name.
        """
        unknown = [name for name in names if name not in self.names]
        if unknown:
            raise ValueError(f"no pair is named {some(unknown)}; there are {some(self.names)}")
        return self[[self.names.index(name) for name in names]]

    def with_prefix(self, prefix: str) -> "PairSet":
        """The same pairs with `prefix` put before every name and scene, so that two sets that both
        count from 1 can be joined and their scenes not be mixed up.
        """
        return PairSet(
            self.low,
            self.high,
            tuple(prefix + name for name in self.names),
            tuple(prefix + scene for scene in self.scenes),
        )

    def split(
        self, validation: float = 0.1, test: float = 0.0, seed: int = 0
    ) -> tuple["PairSet", "PairSet", "PairSet"]:
        """Split by scene: no scene is ever in two parts.

        Which pairs go where depends on the seed, the names and the scenes, not on the order in
        which the pairs stand.

        Parameters
        ----------
        validation, test : float
            Fractions of the pairs, in [0, 1), together less than 1. A part gets at most its
            fraction (scenes are not cut to measure), and at least one scene unless its fraction
            is 0.
        seed : int

        Returns
        -------
        train, validation, test : PairSet
            Each in this set's order; train is never empty, a part of fraction 0 is.

        Raises
        ------
        ValueError
            Impossible fractions, or fewer scenes than parts.
        """
        part = assign_parts(self.scenes, validation, test, seed)
        train, validating, testing = (self[part == i] for i in range(3))
        return train, validating, testing

    def write_concatenated(self, folder: str | os.PathLike) -> list[Path]:
        """Write each pair as one PNG twice as wide, dark on the left, and return the paths.

        Raises
        ------
        ValueError
            Two pairs share a name, or a name cannot be a file's.
        """
        if len(set(self.names)) < len(self):
            repeated = [name for name in set(self.names) if self.names.count(name) > 1]
            raise ValueError(f"several pairs are named {some(sorted(repeated))}; see with_prefix")
        paths = [Path(folder) / f"{name}.png" for name in self.names]
        for path, name in zip(paths, self.names, strict=True):
            if path.name != f"{name}.png" or name.startswith("."):
                raise ValueError(f"{name!r} cannot be a file's name; name the pairs without '/'")
        for path, low, high in zip(paths, self.low, self.high, strict=True):
            write_image(path, np.concatenate([low, high], axis=1))
        return paths

    def summary(self) -> PairSummary:
        """Count, size, scenes and brightness of the set."""
        low, high = mean_levels(self.low), mean_levels(self.high)
        ratio = np.median(high / np.maximum(low, 1 / 255)) if len(self) else np.nan
        return PairSummary(
            count=len(self),
            height=self.size[0],
            width=self.size[1],
            scenes=len(set(self.scenes)),
            low_mean=float(low.mean()) if len(self) else np.nan,
            high_mean=float(high.mean()) if len(self) else np.nan,
            median_ratio=float(ratio),
        )
