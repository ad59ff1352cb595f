"""Audit a report.

Below is a report of one page. Six of its twenty numbered sentences hide a trap of the kinds that this course has shown; the others are as they should be. Find them: give a dict from the
sentence's number to the kind of trap, in these words:

`"wrong peak"`, `"red and blue swapped"`, `"pairs by position"`, `"training mode"`, `"loss not halved"`, `"leaked scenes"`, `"GT-mean"`, `"chosen on the test"`, `"another SSIM"`,
`"batch norm at batch size 1"`, `"cherry-picked pictures"`, `"one seed"`, `"the mean hides the picture"`, `"other size or file"`.

For each, note in a line how large its effect may be, and what you would ask the authors for.

---

[[report.md]]
"""

# %% answer
traps = None  # such as {1: "training mode", 2: "one seed"}
### BEGIN SOLUTION
traps = {
    3: "leaked scenes",
    8: "chosen on the test",
    11: "one seed",
    12: "wrong peak",
    13: "GT-mean",
    14: "another SSIM",
}
### END SOLUTION

# %% check
from lowlight_utils.coursework.checking import require

SENTENCES = range(1, 21)
KINDS = {
    "wrong peak",
    "red and blue swapped",
    "pairs by position",
    "training mode",
    "loss not halved",
    "leaked scenes",
    "GT-mean",
    "chosen on the test",
    "another SSIM",
    "batch norm at batch size 1",
    "cherry-picked pictures",
    "one seed",
    "the mean hides the picture",
    "other size or file",
}
# The six traps, and what is behind each.
PLANTED = {
    3: ("leaked scenes", "pairs are shuffled, and most of LOL's scenes stand in several pairs"),
    8: ("chosen on the test", "the best of 40 epochs on the test pairs, with validation at hand"),
    11: ("one seed", "0.2 to 0.4 dB between single runs, where seeds differ by 1 dB"),
    12: ("wrong peak", "a peak of 255 on pictures in [0, 1]: 48.13 dB too much, for all alike"),
    13: ("GT-mean", "the truth corrects the answer, and that of the authors' method alone"),
    14: ("another SSIM", "a flat 7×7 window held against others' Gaussian one of 11×11"),
}


def check(answer):
    """Reading a paper: six traps among twenty sentences, and no sound sentence accused."""
    require(isinstance(answer, dict), "the answer is a dict, from a number to a kind of trap")
    for number, kind in answer.items():
        require(number in SENTENCES, f"there is no sentence {number!r}")
        require(kind in KINDS, f"{kind!r} is none of the kinds that are named")
    sound = sorted(set(answer) - set(PLANTED))
    named = f"{'sentences' if len(sound) > 1 else 'sentence'} {', '.join(map(str, sound))}"
    require(not sound, f"{named} can stand as it is")
    for number, kind in answer.items():
        require(kind == PLANTED[number][0], f"what sentence {number} hides is not {kind!r}")
    require(len(answer) == len(PLANTED), f"{len(answer)} traps are found, and there are six")


MINUTES = 30
RUBRIC = (
    (6, "a point for each trap, in its sentence and by its name"),
    (2, "how large each effect may be"),
)
MISTAKES = (
    ("sentence 16 accused", "the bootstrap is right; what it is fed is wrong, by sentence 13"),
    (
        "sentences 17 and 18 accused",
        "pictures in the order of their names, and the worst: not picked",
    ),
    ("sentence 5 or 9 accused", "both say what was tested, and are as they should be"),
)
