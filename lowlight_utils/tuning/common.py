"""What all trials of a sweep have in common: the data, and rules for their names."""

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

from lowlight_utils.data.pairs import PairSet
from lowlight_utils.data.sources import Splits, load_splits
from lowlight_utils.training.recipes import Recipe
from lowlight_utils.tuning.results import HIGH_FILE, LOW_FILE, first_of_scenes, write_strip

FOLDER_NAME = re.compile(r"[\w.,=+-]*\w[\w.,=+-]*")


def require_folder_names(names: Sequence[str]) -> None:
    """Raise ValueError unless every name can be a folder's, and there is none twice."""
    if not names:
        raise ValueError("There is no recipe to train.")
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise ValueError(f"Several recipes are called {', '.join(doubled)}: rename with but(name=)")
    for name in names:
        if not FOLDER_NAME.fullmatch(name):
            raise ValueError(
                f"{name!r} cannot be a folder's name: use letters, digits and .,=+-_ alone."
            )


class CommonData:
    """The pairs that a sweep trains and validates on.

    Attributes
    ----------
    label : str or None
        What ``--data`` is given on the command line, and what has to follow it; None if the
        pairs were given.
    size : int
        The pictures' side.
    validation : PairSet
        The same for all recipes.
    """

    def __init__(self, data, size: int, copies: int, low_side: str = "left") -> None:
        self._given = data if isinstance(data, Splits) else None
        # One source alone, so that "sample" is recognised however it came.
        many = not isinstance(data, (str, os.PathLike, Splits))
        self._sources = data[0] if many and len(data) == 1 else data
        self._read = {}
        self._low_side = low_side
        self.label = None if self._given else " ".join(map(str, data if many else [data]))
        if self.label not in (None, "sample") and low_side != "left":
            self.label += f" --dark-side {low_side}"
        self.size = size
        self.validation = (self._given or self._load(copies, seed=0)).validation
        if not len(self.validation):
            raise ValueError("There are no validation pairs.")

    @classmethod
    def of(cls, data, recipes: Sequence[Recipe], low_side: str = "left") -> "CommonData":
        """Read what recipes of one size need; raise ValueError if they have several."""
        sizes = sorted({recipe.size for recipe in recipes})
        if len(sizes) > 1:
            raise ValueError(f"The recipes have sizes {sizes}: only runs of one can be compared.")
        return cls(data, sizes[0], recipes[0].copies, low_side)

    def splits(self, recipe: Recipe) -> Splits:
        """Return the pairs for a recipe; see `run_sweep` for what its seed decides."""
        if self._given:
            return self._given
        return self._load(recipe.copies, recipe.seed if self.label == "sample" else 0)

    def about(self) -> dict:
        """Tell these data from others, on any machine."""
        pairs: PairSet = self.validation
        digest = hashlib.sha256(repr((pairs.names, pairs.low.shape)).encode())
        for stack in (pairs.low, pairs.high):
            digest.update(stack)
        return {"size": self.size, "validation": digest.hexdigest()[:16]}

    def write_scenes(self, folder: Path) -> None:
        """Write one picture of each scene, dark and true, to stand beside the trials' pictures."""
        shown = first_of_scenes(self.validation.scenes)
        for name, stack in ((LOW_FILE, self.validation.low), (HIGH_FILE, self.validation.high)):
            write_strip(folder / name, stack[shown])

    def _load(self, copies, seed):
        key = copies, seed
        if key not in self._read:
            self._read.clear()  # one at a time: full-size data take gigabytes
            self._read[key] = load_splits(
                self._sources, self.size, copies, seed, low_side=self._low_side
            )
        return self._read[key]
