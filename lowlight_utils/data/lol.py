"""LOL, the pairs that others measure on: its files, its scenes, and how it is split.

C. Wei, W. Wang, W. Yang, J. Liu, "Deep Retinex Decomposition for Low-Light Enhancement", BMVC 2018.
"""

import json
import os
from functools import cache
from pathlib import Path

import numpy as np

from lowlight_utils.data.images import Size
from lowlight_utils.data.layouts import folder_named, sides_in
from lowlight_utils.data.matching import match_by_stem
from lowlight_utils.data.pairs import PairSet

LOL_PARTS = TRAINING, EVALUATION = "our485", "eval15"
LOL_MISFRAMED = "648"
"""Its two photographs do not show the same view."""
LOL_PREFIX = "lol-"


def lol_pairs(folder: str | os.PathLike, part: str = TRAINING, size: Size | None = 256) -> PairSet:
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
    root = folder_named(Path(folder).expanduser(), part)
    paths = match_by_stem(*sides_in(root))
    if len(paths) > 1:  # or else there is nothing to read
        paths.pop(LOL_MISFRAMED, None)
    pairs = PairSet.from_paths(paths, size, lol_scene, root)
    return pairs[np.array([name != LOL_MISFRAMED for name in pairs.names])]


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


def combine(
    lol_train: PairSet, lol_eval: PairSet, synthetic: PairSet, seed: int = 0, test_size: int = 50
) -> tuple[PairSet, PairSet]:
    """Join LOL and the synthetic pairs as the course's recipe has it.

    The test set is LOL's 15 evaluation pairs and 35 synthetic ones whose scenes are not in
    training; all others are for training: 485 + 965 = 1450, or 1449 without LOL's pair 648. Pairs
    of one's own do as well (`make_pairs`): 5 developments of each of 200 RAW files give the same
    numbers. No scene is cut in two, so with 3 of each the test has 48.

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


def lol_scene(name: str) -> str:
    """Name the scene that a pair of LOL shows, from the pair's number.

    LOL has many scenes several times, at different exposures; `lol_scenes.json` groups its files
    into 236 scenes. A name that is not LOL's is its own scene.

    Examples
    --------
    >>> lol_scene("1") == lol_scene("2"), lol_scene("cat")
    (True, 'cat')
    """
    return _lol_scenes().get(name, name)


def in_lol_evaluation(scene: str) -> bool:
    """Say whether one of LOL's 15 evaluation pairs shows a scene, named as by `lol_scene`."""
    return scene.removeprefix(LOL_PREFIX) in _lol_evaluation_scenes()


@cache
def _lol_evaluation_scenes() -> frozenset[str]:
    return frozenset(
        f"scene-{number:03}" for number, group in enumerate(_lol_groups()) if group[EVALUATION]
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
