"""Which pair goes into which part, with no scene in two parts."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np


def assign_parts(scenes: Sequence[str], validation: float, test: float, seed: int) -> np.ndarray:
    """Assign pairs to train (0), validation (1) and test (2); see `PairSet.split`.

    Parameters
    ----------
    scenes : sequence of str
        The scene of each pair.

    Returns
    -------
    int[n]
        The part of each pair.
    """
    if min(validation, test) < 0 or validation + test >= 1:
        raise ValueError(
            f"validation={validation} and test={test} must be at least 0 and together below 1"
        )
    sizes = Counter(scenes)
    wanted = [(part, share) for part, share in ((2, test), (1, validation)) if share]
    if len(sizes) <= len(wanted):
        raise ValueError(
            f"{len(sizes)} scenes cannot make {len(wanted) + 1} parts without a scene in two of"
            " them; add scenes, or put the pairs into train/, validation/ and test/ yourself"
        )
    # Sorted first, so that the order in which the pairs stand does not matter.
    shuffled = sorted(sizes)
    np.random.default_rng(seed).shuffle(shuffled)
    part_of = dict.fromkeys(shuffled, 0)
    for still_to_fill, (part, share) in zip((len(wanted), 1), wanted, strict=False):
        pool = {scene: sizes[scene] for scene in shuffled if part_of[scene] == 0}
        room = int(len(scenes) * share + 1e-9)  # 0.29 * 100 is 28.999999999999996
        for scene in _fill(pool, room, at_most=len(pool) - still_to_fill):
            part_of[scene] = part
    return np.array([part_of[scene] for scene in scenes], dtype=int)


def _fill(sizes: Mapping[str, int], room: int, at_most: int) -> list[str]:
    """Take scenes in order, of at most `room` pairs together; the smallest one if none fits."""
    taken: list[str] = []
    for scene, size in sizes.items():
        if size <= room and len(taken) < at_most:
            taken.append(scene)
            room -= size
    return taken or [min(sizes, key=lambda scene: sizes[scene])]
