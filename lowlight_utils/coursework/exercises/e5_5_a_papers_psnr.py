"""A paper's PSNR.

A paper reports 61.3 dB for a method that lights dark photos. What is it, if its authors measured pictures in [0, 1] with a peak of 255? Give the number in dB, to two decimals.
"""

# %% answer
import math

honest_psnr = None  # a number
### BEGIN SOLUTION
honest_psnr = 61.3 - 20 * math.log10(255)
### END SOLUTION

# %% check
from lowlight_utils.coursework.checking import require, require_number


def check(answer):
    """How much a wrong peak adds, and that it is the same for every picture."""
    got = require_number(answer)
    require(abs(got - (61.3 - 20 * math.log10(127.5))) > 0.1, "that would be for [-1, 1]")
    require(abs(got - (61.3 - 10 * math.log10(255))) > 0.1, "the peak is squared in the formula")
    require(got < 61.3, "a peak that is too large makes the number larger, not smaller")
    require(abs(got - (61.3 - 20 * math.log10(255))) < 0.011, f"{got:g} dB is off")


MINUTES = 5
RUBRIC = ((1, "48.13 dB less"),)
MISTAKES = (("19.19", "42.11 dB taken off: those of [-1, 1]"), ("37.23", "10 log10 in place of 20"))
