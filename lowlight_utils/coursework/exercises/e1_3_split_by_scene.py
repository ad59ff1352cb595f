"""Split by scene.

LOL shows many scenes more than once. Write `split_by_scene(scenes, share, seed)`: it gets the scene of each pair, a list of texts, and
returns two lists of indices, `(train, validation)`.

- No scene is in both parts, and every index is in exactly one.
- The validation part has about the given share of all *pairs*: at most two percentage points more or less, on a set like LOL's.
- The same seed gives the same parts, and another seed other ones.
"""

# %% answer
import numpy as np


def split_by_scene(scenes, share, seed):
    """Return (train, validation): lists of indices, with no scene in both."""
    ### BEGIN SOLUTION
    names = sorted(set(scenes))
    np.random.default_rng(seed).shuffle(names)
    wanted, chosen, count = share * len(scenes), set(), 0
    for name in names:
        size = scenes.count(name)
        if count + size <= wanted:
            chosen.add(name)
            count += size
    parts = ([], [])
    for index, scene in enumerate(scenes):
        parts[scene in chosen].append(index)
    return parts
    ### END SOLUTION


# %% check
from lowlight_utils.coursework.checking import require


def check(answer, rng):
    """Splitting by scene: leakage, exact partition, size counted in pairs, seeds."""
    # As in LOL, most scenes have one or two photos, and some have many.
    sizes = np.minimum(rng.geometric(0.55, 230), 12)
    scenes = [f"scene {number}" for number, size in enumerate(sizes) for _ in range(size)]
    scenes = [str(scene) for scene in rng.permutation(scenes)]
    seed = int(rng.integers(1000))
    for share in (0.1, 0.25):
        train, validation = (
            [int(index) for index in part] for part in answer(list(scenes), share, seed)
        )
        both = {scenes[index] for index in train} & {scenes[index] for index in validation}
        require(not both, f"{len(both)} scenes are in both parts")
        require(
            sorted(train + validation) == list(range(len(scenes))),
            "not every index is in exactly one part",
        )
        got = len(validation) / len(scenes)
        require(
            abs(got - share) <= 0.02,
            f"with share={share} the validation part has {got:.1%} of the pairs",
        )
    again = answer(list(scenes), 0.25, seed)
    require(sorted(map(int, again[1])) == sorted(validation), "the same seed gives other parts")
    others = [sorted(map(int, answer(list(scenes), 0.25, seed + n)[1])) for n in range(1, 4)]
    require(any(other != sorted(validation) for other in others), "all seeds give the same parts")


MINUTES = 20
RUBRIC = (
    (2, "no scene in both parts, every pair in one"),
    (1, "the share is one of pairs, and is kept"),
    (1, "the seed decides, alone"),
)
MISTAKES = (
    ("shuffles the pairs", "81 % of LOL's validation photos then show a scene of the training"),
    ("takes a share of the scenes", "scenes are of several sizes: the share of pairs is another"),
    ("list(set(scenes)) without sorting", "a set's order changes from one start to the next"),
)
