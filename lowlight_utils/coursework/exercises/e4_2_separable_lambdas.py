"""λ that can be told apart.

A difference between two runs counts when it has the same sign with every seed. Write `separable(rows, measure, reference)`. The rows are those of a sweep, such as
`bundled_sweep("lambda").rows`: a dict for each run, with `"lambda_l1"`, `"adversarial"`, `"seed"`, and measures such as `"psnr"` and `"ssim"`.

Return the set of those λ that differ from λ = `reference` in the same direction, in this measure, with every seed.

- Compare a run with the reference's run of the *same* seed.
- A λ counts only if it has at least three seeds in common with the reference.
- Runs without a discriminator (`"adversarial"` is 0) take no part.
"""


# %% answer
def separable(rows, measure, reference=115.0):
    """Return the set of λ that differ from the reference in one direction with every seed."""
    ### BEGIN SOLUTION
    scores = {}
    for row in rows:
        if row["adversarial"]:
            scores.setdefault(row["lambda_l1"], {})[row["seed"]] = row[measure]
    base = scores.pop(reference)
    found = set()
    for value, by_seed in scores.items():
        apart = [score - base[seed] for seed, score in by_seed.items() if seed in base]
        if len(apart) >= 3 and (min(apart) > 0 or max(apart) < 0):
            found.add(value)
    return found
    ### END SOLUTION


# %% check
from lowlight_utils.coursework.checking import require
from lowlight_utils.tuning import bundled_sweep


def check(answer, rng):
    """Comparing within a seed; what the bundled sweep of λ can tell apart, and what not."""
    for _ in range(3):
        rows, expected = _made_up(rng)
        _compare(set(answer(rows, "psnr", 10.0)), expected, "in a made-up sweep")
    rows = [dict(row) for row in bundled_sweep("lambda").rows]
    for measure in ("psnr", "ssim", "sharpness"):
        _compare(set(answer(rows, measure)), _reference(rows, measure), f"in the sweep, {measure}")


def _compare(got, wanted, where):
    require(not got - wanted, f"{where}: {len(got - wanted)} λ are named that cannot be told apart")
    require(not wanted - got, f"{where}: {len(wanted - got)} λ can be told apart and are not named")


def _made_up(rng):
    """Rows in which the seed matters more than λ, and which λ differ in every seed."""
    seeds = rng.normal(20, 3, 4)
    steps = {1.0: -0.5, 3.0: -0.3, 10.0: 0.0, 30.0: 0.4, 100.0: 0.6}
    rows = [
        {"lambda_l1": value, "adversarial": 1.0, "seed": seed, "psnr": level + step}
        for value, step in steps.items()
        for seed, level in enumerate(seeds)
    ]
    unsure = [row for row in rows if row["lambda_l1"] == 3.0]
    unsure[int(rng.integers(4))]["psnr"] += 1.0
    rows = [row for row in rows if row["lambda_l1"] != 30.0 or row["seed"] < 2]  # too few seeds
    rows += [
        {"lambda_l1": 10.0, "adversarial": 0.0, "seed": seed, "psnr": 0.0} for seed in range(4)
    ]
    return [rows[int(index)] for index in rng.permutation(len(rows))], {1.0, 100.0}


def _reference(rows, measure):
    found, with_judge = set(), [row for row in rows if row["adversarial"]]
    base = {row["seed"]: row[measure] for row in with_judge if row["lambda_l1"] == 115.0}
    for value in {row["lambda_l1"] for row in with_judge} - {115.0}:
        mine = {row["seed"]: row[measure] for row in with_judge if row["lambda_l1"] == value}
        signs = [
            (mine[seed] > base[seed]) - (mine[seed] < base[seed]) for seed in mine if seed in base
        ]
        if len(signs) >= 3 and abs(sum(signs)) == len(signs):
            found.add(value)
    return found


MINUTES = 20
RUBRIC = (
    (2, "compares within a seed, all of the same sign"),
    (1, "three seeds at least"),
    (1, "leaves out the runs without a discriminator"),
)
MISTAKES = (
    ("compares the means", "a mean of three hides a seed that says the contrary"),
    (
        "compares the lowest with the highest of all seeds",
        "too strict: the seed's own share is in it",
    ),
    ("names λ = 50, 130 and 300", "they were run once, and one run cannot be told from luck"),
)
