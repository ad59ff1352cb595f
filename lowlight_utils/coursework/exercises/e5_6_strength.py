"""The best strength.

`enhance(low, strength=0.5)` goes half of the way from the dark photo to the enhanced one. Write `best_strength(enhance, pairs)`: the strength among 0, 0.05, 0.1 and so on to 1 at which the
mean PSNR of `pairs`, a `PairSet`, is highest.

Try it on `Enhancer()` and the validation photos. Why not on the test photos?
"""

# %% answer
import numpy as np

from lowlight_utils.prediction import psnr


def best_strength(enhance, pairs):
    """Return the strength with the highest mean PSNR."""

    ### BEGIN SOLUTION
    def mean_psnr(strength):
        results = (enhance(low, strength=strength) for low in pairs.low)
        return np.mean([psnr(*both) for both in zip(pairs.high, results, strict=True)])

    return max(np.arange(21) / 20, key=mean_psnr)
    ### END SOLUTION


# %% check
from lowlight_utils.coursework.checking import require
from lowlight_utils.data import sample_pairs


def check(answer, rng):
    """Choosing a setting by the mean over all validation photos."""
    pairs = sample_pairs("validation", 48)
    for _ in range(3):
        enhance = _enhancer(pairs, rng)
        scores = [
            np.mean([psnr(high, enhance(low, strength=step / 20)) for low, high in _pairs(pairs)])
            for step in range(21)
        ]
        got = float(answer(enhance, pairs))
        require(0 <= got <= 1, f"{got:g} is no strength from 0 to 1")
        step = round(got * 20)
        require(abs(got - step / 20) < 1e-6, f"{got:g} is no multiple of 0.05")
        lost = max(scores) - scores[step]
        require(lost < 1e-9, f"another strength has a mean PSNR that is {lost:.2f} dB higher")


def _enhancer(pairs, rng):
    """Make one that takes each photo too far, by another factor each, and adds some noise."""
    far_of = {low.tobytes(): rng.uniform(1.1, 2.0) for low in pairs.low}
    truth_of = {low.tobytes(): high for low, high in _pairs(pairs)}
    noise = rng.normal(0, 4, pairs.low[0].shape)

    def enhance(low, strength=1.0):
        change = truth_of[low.tobytes()] - low.astype(float)
        result = low + strength * (far_of[low.tobytes()] * change + noise)
        return np.clip(result, 0, 255).astype(np.uint8)

    return enhance


def _pairs(pairs):
    return zip(pairs.low, pairs.high, strict=True)


MINUTES = 15
RUBRIC = ((2, "the best of 21 strengths, by the mean over all pairs"), (1, "says why not the test"))
MISTAKES = (
    ("the mean of each photo's best strength", "that is not the strength with the best mean"),
    ("PSNR of the mean squared error of all photos", "then the worst photo decides for all"),
    ("chosen on the test photos", "the test is then no test any more"),
)
