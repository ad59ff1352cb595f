"""Shot noise.

Light arrives in grains. Write `shoot(light, electrons, rng)`: `light` is linear, a float array with 1 at the photo's white; there a pixel
collects `electrons` electrons on average, elsewhere in proportion. Return the light as the sensor counts it, in the same unit, with
the Poisson distribution's noise drawn from the NumPy generator `rng`.

On a flat patch the signal-to-noise ratio, mean over standard deviation, then is the square root of the number of electrons.
"""

# %% answer
import numpy as np


def shoot(light, electrons, rng):
    """Return linear light with shot noise, in the unit that it came in."""
    ### BEGIN SOLUTION
    return rng.poisson(light * electrons) / electrons
    ### END SOLUTION


# %% check
from lowlight_utils.coursework.checking import require


def check(answer, rng):
    """A Poisson distribution in the right unit: mean, signal-to-noise ratio, black, seeds."""
    side = 400
    for electrons in (rng.uniform(2e3, 8e3), rng.uniform(2e4, 9e4)):
        for level in (0.5, 0.02):
            noisy = np.asarray(answer(np.full((side, side), level), electrons, rng))
            require(noisy.shape == (side, side), f"a {side}x{side} array comes back {noisy.shape}")
            mean, spread = noisy.mean(), noisy.std()
            require(abs(mean / level - 1) < 0.02, f"light of {level} has a mean of {mean:.3g}")
            require(spread > 0, "there is no noise")
            ratio, wanted = mean / spread, np.sqrt(level * electrons)
            say = f"at light {level} the signal-to-noise ratio is {ratio / wanted:.2f} times"
            require(abs(ratio / wanted - 1) < 0.03, f"{say} what {electrons:.0f} electrons give")
    require(not np.any(answer(np.zeros((8, 8)), 100.0, rng)), "black is no longer black")
    few = np.asarray(answer(np.full((64, 64), 0.5), 4.0, rng)) * 4.0
    require(np.allclose(few, np.rint(few), atol=1e-6), "the sensor has counted parts of electrons")
    one, other = (answer(np.full((8, 8), 0.5), 100.0, np.random.default_rng(1)) for _ in range(2))
    require(np.array_equal(one, other), "the noise does not come from `rng` alone")


MINUTES = 10
RUBRIC = (
    (2, "signal-to-noise ratio within 3 % of the root of n"),
    (1, "whole electrons, black, rng"),
)
MISTAKES = (
    ("rng.normal(light, 0.01)", "noise that does not grow with the light: read noise"),
    ("rng.poisson(light * electrons)", "electrons returned, not light"),
    ("normal with the root of n", "nearly right; negative at few electrons, and no whole counts"),
)
