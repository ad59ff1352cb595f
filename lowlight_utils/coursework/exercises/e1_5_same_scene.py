"""Photos of one scene.

A split by scene needs to know which photos show the same scene, and a new data set seldom says. Write `group_scenes(photos)`: it gets a stack of dark photos, `uint8[n, H, W, 3]`, among
them several exposures of each scene, pixel on pixel, and returns a list of n labels (any values): equal for photos of one scene, different for others.

Exposure, noise and a colour cast differ between two photos of a scene; where it is lighter and where darker does not. Of all pairs of photos, at least 95 % of those of one scene must have
one label, and at most 1 % of the others.
"""

# %% answer
import numpy as np


def group_scenes(photos):
    """Return a label for each photo, equal for those of one scene."""
    ### BEGIN SOLUTION
    n, height, width, _ = photos.shape
    small = photos.reshape(n, 16, height // 16, 16, width // 16, 3).mean(axis=(2, 4, 5))
    ranks = small.reshape(n, -1).argsort(axis=1).argsort(axis=1)  # any curve keeps the order
    alike = np.corrcoef(ranks) > 0.85
    labels = [-1] * n
    for index in range(n):
        if labels[index] == -1:
            for other in np.flatnonzero(alike[index]):
                labels[other] = index
    return labels
    ### END SOLUTION


# %% check
from lowlight_utils.coursework.checking import require
from lowlight_utils.data import sample_pairs


def check(answer, rng):
    """What stays of a scene at another exposure: the order of its parts, not its levels."""
    pairs = sample_pairs("validation", 64, copies=3, seed=int(rng.integers(1000)))
    pairs += sample_pairs("test", 64, copies=3, seed=int(rng.integers(1000)))
    order = [int(index) for index in rng.permutation(len(pairs))]
    labels = list(answer(pairs.low[order]))
    require(len(labels) == len(order), f"{len(order)} photos get {len(labels)} labels")
    scenes = [pairs.scenes[index] for index in order]
    one, two = np.triu_indices(len(order), k=1)
    same = np.array([scenes[i] == scenes[j] for i, j in zip(one, two, strict=True)])
    joined = np.array([bool(labels[i] == labels[j]) for i, j in zip(one, two, strict=True)])
    kept, mixed = joined[same].mean(), joined[~same].mean()
    require(kept >= 0.95, f"of the pairs of one scene {kept:.0%} have one label")
    require(mixed <= 0.01, f"of the pairs of two scenes {mixed:.1%} have one label")


MINUTES = 30
RUBRIC = (
    (2, "finds the photos of one scene"),
    (2, "keeps scenes apart"),
)
MISTAKES = (
    ("compares levels, or their means", "the exposure decides: equally dark photos come together"),
    ("one colour for all of a scene", "the white balance differs between its photos"),
    ("compares at full size", "noise hides what is alike; a small copy has hardly any"),
)
