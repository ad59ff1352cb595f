"""Find the swapped pairs.

In some data sets a few pairs lie the wrong way round: what is called low is the bright photo. A network that trains on them learns a
little darkening with its brightening. Write `find_swapped(low, high)`: it gets two stacks, `uint8[n, H, W, 3]`, and returns the list of
the indices of the swapped pairs. A pair of two equal photos is not swapped.
"""

# %% answer
import numpy as np


def find_swapped(low, high):
    """Return the indices of the pairs whose low photo is the brighter one."""
    ### BEGIN SOLUTION
    brighter = low.mean(axis=(1, 2, 3)) > high.mean(axis=(1, 2, 3))
    return [int(index) for index in np.flatnonzero(brighter)]
    ### END SOLUTION


# %% check
from lowlight_utils.coursework.checking import require
from lowlight_utils.data import sample_pairs


def check(answer, rng):
    """Looking at what data hold, with the arithmetic of uint8 in the way."""
    pairs = sample_pairs("train", 64)
    low, high = pairs.low.copy(), pairs.high.copy()
    chosen = rng.permutation(len(pairs))
    swapped, same = sorted(int(index) for index in chosen[:7]), chosen[7:9]
    low[swapped], high[swapped] = high[swapped], low[swapped]
    low[same] = high[same]
    given = low.copy(), high.copy()
    found = [int(index) for index in answer(low, high)]
    require(
        np.array_equal(low, given[0]) and np.array_equal(high, given[1]), "the stacks were changed"
    )
    require(len(set(found)) == len(found), "an index stands twice in the list")
    require(not set(found) & {int(index) for index in same}, "two equal photos count as swapped")
    wrong, missed = set(found) - set(swapped), set(swapped) - set(found)
    require(not wrong, f"{len(wrong)} pairs are named that are not swapped")
    require(not missed, f"{len(missed)} swapped pairs are not found")
    clean = answer(pairs.low, pairs.high)
    require(len(clean) == 0, "pairs are named in a set where none is swapped")


MINUTES = 10
RUBRIC = ((2, "finds all swapped pairs, and no other"), (1, "copes with none, and with equal ones"))
MISTAKES = (
    ("(high - low).mean() < 0", "the difference of uint8 wraps around: it is never negative"),
    ("low.mean() > high.mean()", "the mean of the whole stack, not of each photo"),
)
