"""Both losses.

Write `losses(real_logits, fake_logits, fake, high, lambda_l1)`, in NumPy. It returns two numbers, `(discriminator, generator)`:

- the discriminator's is *half* of the sum of its two prices: that of doubting what is real, and that of believing what is fake;
- the generator's is the price of not being believed, plus λ times the mean absolute difference of `high` and `fake`.

The logits are `float[n, h, w, 1]`; the pictures are `float[n, H, W, 3]` in the networks' units, from -1 to 1, and L1 is measured in these. Prices are means.
"""

# %% answer
import numpy as np


def losses(real_logits, fake_logits, fake, high, lambda_l1):
    """Return (discriminator's loss, generator's loss)."""
    ### BEGIN SOLUTION
    doubt, belief = np.logaddexp(0, -real_logits).mean(), np.logaddexp(0, fake_logits).mean()
    not_believed = np.logaddexp(0, -fake_logits).mean()
    return (doubt + belief) / 2, not_believed + lambda_l1 * np.abs(high - fake).mean()
    ### END SOLUTION


# %% check
from lowlight_utils.coursework.checking import require


def check(answer, rng):
    """The half, λ and its units, targets the right way round, means."""
    for _ in range(3):
        real, fake_logits = rng.normal(1, 2, (2, 6, 6, 1)), rng.normal(-1, 2, (2, 6, 6, 1))
        fake, high = rng.uniform(-1, 1, (2, 2, 16, 16, 3))
        lambda_l1 = float(rng.uniform(5, 200))
        got = answer(real, fake_logits, fake, high, lambda_l1)
        require(got is not None and len(got) == 2, "it returns two numbers")
        discriminator, generator = float(got[0]), float(got[1])
        doubt, belief = np.logaddexp(0, -real).mean(), np.logaddexp(0, fake_logits).mean()
        _require_close(discriminator, (doubt + belief) / 2, "the discriminator's loss")
        adversarial = float(answer(real, fake_logits, high, high, lambda_l1)[1])
        wanted = np.logaddexp(0, -fake_logits).mean()
        _require_close(adversarial, wanted, "without any difference, the generator's loss")
        l1 = np.abs(high - fake).mean()
        _require_close(generator - adversarial, lambda_l1 * l1, "what the L1 term adds")


def _require_close(got, wanted, what):
    say = f"{what} is {got / wanted:.3g} times what it should be"
    require(abs(got / wanted - 1) < 1e-6, say)


MINUTES = 15
RUBRIC = (
    (1, "the discriminator's two prices, targets the right way round"),
    (1, "the half"),
    (1, "the generator's adversarial price"),
    (1, "λ times the mean L1, in the networks' units"),
)
MISTAKES = (
    ("twice the discriminator's loss", "the half is in the text and not in the code"),
    ("half the L1 term", "the pictures were brought to [0, 1] first"),
    (
        "minus the price of being found out",
        "the minimax loss of 2014; here it is -log D, not log(1 - D)",
    ),
)
