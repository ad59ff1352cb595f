"""What all trials of a sweep have in common: the data, and rules for their names."""

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from operator import add
from pathlib import Path

from lowlight_utils.data.pairs import PairSet
from lowlight_utils.data.photos import EVEN
from lowlight_utils.data.sources import Splits, load_splits, sample_pairs
from lowlight_utils.training.origin import hash_of_pairs
from lowlight_utils.training.recipes import Recipe
from lowlight_utils.tuning.results import HIGH_FILE, LOW_FILE, first_of_scenes, write_strip

COPIES_A_LIGHT = 2
"""How often a bundled validation photo is in each kind of light, where there are several."""

Data = str | os.PathLike | Sequence[str | os.PathLike] | Splits
"""What `run_sweep` takes."""

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


def pairs_in_lights(size: int, lights: str) -> PairSet:
    """Bundled validation photos, each in several kinds of light, named such as "night-soccer".

    Every pair of kind and photo is a scene, and those that come first, which are shown as pictures,
    are different photos in different light.

    Parameters
    ----------
    size : int
        The pictures' side.
    lights : str
        Kinds of `lowlight_utils.data.lights`, joined with "+".
    """
    kinds = lights.split("+")
    pairs = reduce(
        add,
        (
            sample_pairs("validation", size, COPIES_A_LIGHT, lights=kind).with_prefix(f"{kind}-")
            for kind in kinds
        ),
    )
    photos = len(pairs) // len(kinds) // COPIES_A_LIGHT
    return pairs[
        [
            (number * photos + (number + turn) % photos) * COPIES_A_LIGHT + copy
            for turn in range(photos)
            for number in range(len(kinds))
            for copy in range(COPIES_A_LIGHT)
        ]
    ]


class CommonData:
    """The pairs that a sweep's recipes, all of one size, train and validate on.

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

    def __init__(
        self,
        data: Data,
        recipes: Sequence[Recipe],
        low_side: str = "left",
        lights: str = EVEN,
    ) -> None:
        sizes = sorted({recipe.size for recipe in recipes})
        if len(sizes) > 1:
            raise ValueError(f"The recipes have sizes {sizes}: only runs of one can be compared.")
        (self.size,) = sizes
        self.label: str | None = None
        self._given: Splits | None = None
        self._in_lights: PairSet | None = None
        if isinstance(data, Splits):
            self._given, sources = data, []
        else:
            sources = [data] if isinstance(data, (str, os.PathLike)) else list(data)
            self.label = " ".join(map(str, sources))
        self._sample = [str(source) for source in sources] == ["sample"]
        if lights != EVEN:
            if not self._sample:
                raise ValueError(
                    "Only the bundled photos can be judged in several kinds of light: give sample."
                )
            self._in_lights = pairs_in_lights(self.size, lights)
            self.label = f"{self.label} --validation-lights {lights}"
        elif low_side != "left" and self.label and not self._sample:
            self.label += f" --dark-side {low_side}"
        # One source alone, so that "sample" is recognised however it came.
        self._sources = sources[0] if len(sources) == 1 else sources
        self._low_side = low_side
        self._read: tuple[dict, Splits] | None = None
        self.validation = self.splits(recipes[0]).validation
        if not len(self.validation):
            raise ValueError("There are no validation pairs.")

    def splits(self, recipe: Recipe) -> Splits:
        """Return the pairs for a recipe; see `run_sweep` for what its seed decides."""
        if self._given:
            return self._given
        asked = recipe.arguments(load_splits, seed=recipe.seed if self._sample else 0)
        if self._read is None or self._read[0] != asked:
            self._read = None  # one at a time: full-size data take gigabytes
            splits = load_splits(self._sources, **asked, low_side=self._low_side)
            if self._in_lights is not None:
                splits = replace(splits, validation=self._in_lights)
            self._read = asked, splits
        return self._read[1]

    def about(self) -> dict:
        """Tell these data from others, on any machine."""
        return {"size": self.size, "validation": hash_of_pairs(self.validation)[:16]}

    def write_scenes(self, folder: Path) -> None:
        """Write one picture of each scene, dark and true, to stand beside the trials' pictures."""
        shown = first_of_scenes(self.validation.scenes)
        for name, stack in ((LOW_FILE, self.validation.low), (HIGH_FILE, self.validation.high)):
            write_strip(folder / name, stack[shown])
