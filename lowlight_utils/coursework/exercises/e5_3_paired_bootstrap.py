"""A paired bootstrap.

Eight test photos are few. Is method A better than method B, or was it luck with these eight? Write `paired_bootstrap(a, b, draws, rng)`: `a` and `b` are the two methods' scores on the
*same* photos. Return three numbers: the mean difference A - B, and the ends of its 95 % interval, from the 2.5th to the 97.5th percentile over `draws` bootstrap samples.

A bootstrap sample draws as many photos as there are, with replacement, and takes the mean difference over these. Draw photos, not scores: a photo that is hard for A is hard for B, and
that must not count. `rng` is a NumPy generator.
"""

# %% answer
import numpy as np


def paired_bootstrap(a, b, draws, rng):
    """Return (mean difference, lower end, upper end)."""
    ### BEGIN SOLUTION
    difference = np.asarray(a) - np.asarray(b)
    chosen = rng.integers(len(difference), size=(draws, len(difference)))
    low, high = np.percentile(difference[chosen].mean(axis=1), (2.5, 97.5))
    return difference.mean(), low, high
    ### END SOLUTION


# %% check
from lowlight_utils.coursework.checking import require

DRAWS = 20_000


def check(answer, rng):
    """Pairing by photo: hard photos are hard for both; the interval of a mean, not of one photo."""
    for _ in range(2):
        hard = rng.normal(22, 5, 8)  # the photos differ by more than the methods do
        b = hard + rng.normal(0, 0.3, 8)
        a = hard + rng.uniform(0.1, 0.6) + rng.normal(0, 0.3, 8)
        mean, low, high = (float(x) for x in answer(a.copy(), b.copy(), DRAWS, rng))
        difference = a - b
        require(abs(mean - difference.mean()) < 1e-9, "the mean difference is off")
        require(low <= mean <= high, "the interval does not hold the mean difference")
        samples = difference[rng.integers(8, size=(DRAWS, 8))].mean(axis=1)
        wanted = np.percentile(samples, (2.5, 97.5))
        times = (high - low) / (wanted[1] - wanted[0])
        say = f"the interval is {times:.2f} times as wide as that of the paired differences"
        require(abs(times - 1) < 0.08, say)
        off = max(abs(low - wanted[0]), abs(high - wanted[1])) / (wanted[1] - wanted[0])
        require(off < 0.06, "the interval has the right width, at another place")
    one, other = (answer(a, b, 200, np.random.default_rng(1)) for _ in range(2))
    require(np.array_equal(one, other), "the draws do not come from `rng` alone")


MINUTES = 20
RUBRIC = (
    (1, "the mean difference"),
    (2, "photos are drawn, the same for both methods"),
    (1, "percentiles of the means, from rng alone"),
)
MISTAKES = (
    ("an interval ten times as wide", "A's and B's scores are drawn apart from one another"),
    ("2.8 times as wide", "percentiles of the differences, not of their means"),
    ("mean ± 2 standard deviations of the photos", "the same; the root of 8 is missing"),
)
