"""Cross-entropy that does not overflow.

`cross_entropy` of notebook 03 takes the sigmoid first and its logarithm afterwards. At a logit of 1000 it returns infinity or nan, where the price is plainly
0 or 1000. Write `cross_entropy(logits, target)` so that it is right for all logits from -1000 to 1000: the mean over an array of any shape, where the target
is 1 (real) or 0 (fake) for all of them.

Small prices count too: at a logit of 40 and a target of 1 the price is about 4e-18, and not 0.
"""

# %% answer
import numpy as np


def cross_entropy(logits, target):
    """Return the mean price of these verdicts in nats; the target is 1 (real) or 0 (fake)."""
    ### BEGIN SOLUTION
    x = np.asarray(logits, float)
    wrong_way = -x if target == 1 else x
    return float((np.maximum(wrong_way, 0) + np.log1p(np.exp(-np.abs(x)))).mean())
    ### END SOLUTION


# %% check
from lowlight_utils.coursework.checking import require


def check(answer, rng):
    """Numerical stability: softplus in place of log(sigmoid), at both ends."""
    for target in (1, 0):
        for logit in (0.0, 3.0, -3.0, 40.0, -40.0, 750.0, -750.0, 1000.0, -1000.0):
            got = float(answer(np.array([logit]), target))
            wanted = np.logaddexp(0.0, -logit if target == 1 else logit)
            say = f"at logit {logit:g} and target {target} it returns {got:.4g}"
            require(np.isfinite(got), say)
            require(abs(got - wanted) <= 1e-9 * wanted, f"{say}, which is off")
        grid = rng.normal(0, 3, (2, 30, 30, 1))
        got = float(answer(grid, target))
        wanted = np.logaddexp(0.0, -grid if target == 1 else grid).mean()
        require(abs(got - wanted) < 1e-9, f"30x30 verdicts on two pictures cost {got:.4g}: off")


MINUTES = 20
RUBRIC = (
    (1, "right for ordinary logits, and their mean"),
    (2, "right at ±1000"),
    (1, "right for tiny prices"),
)
MISTAKES = (
    ("clips the probability to 1e-7", "no price then is above 16, nor below 1e-7"),
    ("np.log(1 + np.exp(-x))", "overflows at -1000, and is 0 at 40: log1p exists for that"),
    ("a sum in place of the mean", "the loss would grow with the picture"),
)
