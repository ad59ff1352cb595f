"""λ for one level.

At which λ does one level of error (of 255), everywhere in the picture, cost exactly as much as a discriminator that can only guess? Give the number,
to three digits or better. Remember the networks' units, and what a guess costs in nats.
"""

# %% answer
import math

lambda_for_one_level = None  # a number
### BEGIN SOLUTION
lambda_for_one_level = math.log(2) / (2 / 255)
### END SOLUTION

# %% check
from lowlight_utils.coursework.checking import require, require_number


def check(answer):
    """The units of both terms: nats, and the networks' range from -1 to 1."""
    got = require_number(answer)
    right = 127.5 * math.log(2)
    says = {
        "one level is not 1/255 in the networks' units": 2 * right,
        "one level is not 1 in the networks' units": math.log(2),
        "a guess does not cost 1 nat": 127.5,
        "the guess is priced in other units than nats": 127.5 * math.log10(2),
        "a guess does not cost half a nat": 127.5 / 2,
    }
    for message, number in says.items():
        require(abs(got / number - 1) > 0.004, message)
    require(got > 0, "λ is positive")
    say = "small" if got < right else "large"
    require(abs(got / right - 1) < 0.001, f"{got:g} is too {say}")


MINUTES = 10
RUBRIC = ((1, "ln 2 nats for a guess"), (1, "2/255 for a level"))
MISTAKES = (
    ("176.8", "one level taken as 1/255: that is so in [0, 1]"),
    ("127.5", "a guess taken to cost 1 (one bit) in place of ln 2 = 0.69 nats"),
)
