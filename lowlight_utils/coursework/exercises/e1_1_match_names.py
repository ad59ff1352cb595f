"""Match names.

A data set comes as two folders, and a file system lists each in an order of its own. Write `match_names(lows, highs)`: it gets two
lists of file names such as `"12.png"`, and returns a list of pairs `(low, high)`.

- A low and a high file belong together if their names are the same up to the ending: `7.png` goes with `7.jpg`.
- The names are whole numbers. The pairs come in the order of these numbers, 2 before 10, whatever the order of the lists.
- A file without a partner, on either side, raises a `ValueError` whose message has the file's name.
"""

# %% answer
from pathlib import Path


def match_names(lows, highs):
    """Pair two lists of file names; return a list of (low, high)."""
    ### BEGIN SOLUTION
    low_of = {Path(name).stem: name for name in lows}
    high_of = {Path(name).stem: name for name in highs}
    for stem in low_of.keys() ^ high_of.keys():
        raise ValueError(f"no partner for {low_of.get(stem) or high_of.get(stem)}")
    return [(low_of[stem], high_of[stem]) for stem in sorted(low_of, key=int)]
    ### END SOLUTION


# %% check
from lowlight_utils.coursework.checking import Wrong, require


def check(answer, rng):
    """Pairing by name and not by position; natural order; refusing what has no partner."""
    count = 12
    lows = [f"{number}.png" for number in range(1, count + 1)]
    highs = [f"{number}.jpg" for number in range(1, count + 1)]
    pairs = answer(list(rng.permutation(lows)), list(rng.permutation(highs)))
    pairs = [tuple(map(str, pair)) for pair in pairs]
    apart = [pair for pair in pairs if Path(pair[0]).stem != Path(pair[1]).stem]
    require(not apart, f"{len(apart)} of {count} pairs do not belong together")
    require(sorted(pairs) == sorted(zip(lows, highs, strict=True)), "pairs are missing or doubled")
    require(pairs == list(zip(lows, highs, strict=True)), "the pairs come in another order")
    lost = int(rng.integers(count))
    for side, names in (("high", (lows, highs[:lost] + highs[lost + 1 :])), ("low", None)):
        given = names or (lows[:lost] + lows[lost + 1 :], highs)
        alone = (lows if side == "high" else highs)[lost]
        try:
            answer(*given)
        except ValueError as error:
            require(alone in str(error), "the error's message lacks the name of the lonely file")
        else:
            raise Wrong(f"a {side} file is missing, and nothing is raised")


MINUTES = 10
RUBRIC = (
    (1, "pairs by name, whatever the order of the lists"),
    (1, "natural order"),
    (1, "refuses a lonely file on either side, by name"),
)
MISTAKES = (
    ("zip(sorted(lows), sorted(highs))", "one lonely file shifts all pairs after it"),
    ("10 before 2", "the names are sorted as texts"),
    ("only missing high files are noticed", "a loop over one of the two lists"),
)
