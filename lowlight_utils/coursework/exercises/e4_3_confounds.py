"""The ablation's confounds.

An ablation changes one thing after the other, and says what each brings. It can only say that of a step that changes *one* thing. Write `confounds(recipes)`: it gets the recipes
in order, each a step on top of the one before, and returns a dict of those steps that change more than one field: the recipe's name, and the set of the names of the fields that
differ from the recipe before. `name` and `seed` are no changes.

Then try it on the course's own ablation: `[r for r in study_recipes("ablation", EVEN) if r.seed == 0]`. What does that do to notebook 04's sentence about auto-exposure?
"""

# %% answer
from itertools import pairwise


def confounds(recipes):
    """Return {name: set of fields} for each recipe that changes more than one field."""
    ### BEGIN SOLUTION
    found = {}
    for before, recipe in pairwise(recipes):
        fields = set(vars(recipe)) - {"name", "seed"}
        changed = {field for field in fields if getattr(recipe, field) != getattr(before, field)}
        if len(changed) > 1:
            found[recipe.name] = changed
    return found
    ### END SOLUTION


# %% check
from dataclasses import asdict

from lowlight_utils.coursework.checking import require
from lowlight_utils.training import EVEN, SEED
from lowlight_utils.tuning import study_recipes

CHANGES = {
    "norm": "group",
    "upsampling": "resize",
    "padding": "reflect",
    "dropout": 0.0,
    "base": "auto_exposure",
    "stem": True,
    "lambda_ssim": 120.0,
    "schedule": "cosine",
    "average": 0.98,
}


def check(answer, rng):
    """One change at a time: finding the steps of an ablation that change two things at once."""
    names = [str(name) for name in rng.permutation(sorted(CHANGES))]
    sizes = [int(size) for size in rng.permutation([1, 1, 2, 1, 3, 1])]
    chain, expected, recipe = [SEED], {}, SEED
    for step, size in enumerate(sizes):
        now, names = names[:size], names[size:]
        recipe = recipe.but(name=f"step-{step}", seed=step, **{name: CHANGES[name] for name in now})
        chain.append(recipe)
        if size > 1:
            expected[recipe.name] = set(now)
    _compare(answer(list(chain)), expected, "in a made-up ablation")
    course = [recipe for recipe in study_recipes("ablation", EVEN) if recipe.seed == 0]
    _compare(answer(course), _reference(course), "in the course's ablation")


def _compare(got, wanted, where):
    require(isinstance(got, dict), "it returns no dict")
    more, fewer = got.keys() - wanted.keys(), wanted.keys() - got.keys()
    require(not more, f"{where}: {len(more)} steps are named that change one thing or none")
    require(not fewer, f"{where}: {len(fewer)} steps change more than one thing and are not named")
    for name, fields in wanted.items():
        require(set(got[name]) == fields, f"{where}: what {name} changes is not {set(got[name])}")


def _reference(recipes):
    found, before = {}, asdict(recipes[0])
    for recipe in recipes[1:]:
        now = asdict(recipe)
        changed = {field for field in now if now[field] != before[field]} - {"name", "seed"}
        if len(changed) > 1:
            found[recipe.name] = changed
        before = now
    return found


MINUTES = 15
RUBRIC = (
    (2, "finds the steps, each held against the one before"),
    (1, "name and seed are no changes"),
    (1, "says that such a step's gain belongs to all its changes together"),
)
MISTAKES = (
    ("compares each step with the first", "then all later steps change many things"),
    (
        "fixes it by removing a step from the table",
        "the change stays; a run with only one of them would tell",
    ),
)
