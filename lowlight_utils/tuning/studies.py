"""Named studies: which recipes to train, and with how many seeds, to answer one question."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, get_args

from lowlight_utils.recipe import Light
from lowlight_utils.training.recipes import EVEN, SEED, SEED_FIVE, Recipe

if TYPE_CHECKING:
    from optuna import Trial

LAMBDAS = (0.0, 0.1, 1.0, 10.0, 50.0, 100.0, 115.0, 130.0, 300.0, 1000.0)
# Where one seed is not enough: both ends, where λ may be felt, and the seed recipe's choice.
REPEATED_LAMBDAS = (0.0, 0.1, 1.0, 10.0, 115.0, 1000.0)
FACTORS = (0.25, 1.0, 4.0)
ONCE, THRICE = (0,), (0, 1, 2)
Space = Callable[["Trial", Recipe], dict[str, float]]
"""From a trial, which suggests values, and the base recipe to what the trial changes in it."""

Steps = tuple[tuple[str, dict[str, object]], ...]
"""Labels, and what each step sets in what was before it; `...`: as the base recipe has it."""

# Size of networks and batches, learning rates and the cutting of pictures are the base's
# throughout, so that all rows cost about the same.
FROM_SEED: Steps = (
    ("instance-norm", {"norm": "instance"}),
    ("resize-convolutions", {"upsampling": ...}),
    ("auto-exposure", {"base": ..., "dropout": ...}),
    ("ssim-term", {"lambda_ssim": ...}),
    ("cosine-and-average", {"schedule": ..., "average": ...}),
    ("group-norm", {"norm": ...}),
    ("reflection", {"padding": ...}),
    ("stem", {"stem": ...}),
)
FROM_EVEN: Steps = (
    ("brightened", {"base": ...}),
    ("level", {"condition": ...}),
    ("backlight", {"lights": "even+backlit"}),
    ("dim-and-night", {"lights": "even+backlit+dim+backlit+night"}),
    ("well-lit", {"lights": ...}),
    ("native-views", {"views": "random"}),
    ("clean-views", {"views": ...}),
    ("gt-mean", {"gt_mean": ...}),
    ("detail-loss", {"lambda_detail": ...}),
)
ALL_LIGHT = "+".join(get_args(Light))


class Configuration(NamedTuple):
    """One setting that a study tries: its name, and what it changes in the base recipe.

    It is trained with `seeds`, unless others are asked for.
    """

    label: str
    changes: dict
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class Study:
    """A question, and the recipes that answer it.

    Attributes
    ----------
    asks : str
        The question, in a line.
    varies : tuple of str
        The fields of the recipe that the study sets; the base's values of them do not count,
        unless as what factors multiply.
    configurations : callable or None
        From the base recipe to the configurations.
    space : callable or None
        In their place, for a search: see `run_sweep`.
    lights : str
        The kinds of light that the bundled validation photos are in.
    """

    asks: str
    varies: tuple[str, ...]
    configurations: "Callable[[Recipe], list[Configuration]] | None" = None
    space: "Space | None" = None
    lights: str = Recipe.lights


def study_recipes(
    name: str, base: Recipe, seeds: Sequence[int] | None = None, trials: int | None = None
) -> list[Recipe]:
    """List the recipes of a named study.

    Parameters
    ----------
    name : str
        One of `STUDIES`.
    base : Recipe
        What everything else is taken from. Its own seed does not count.
    seeds : sequence of int, optional
        Seeds for every configuration; by default the study's own choice. A search has one.
    trials : int, optional
        For a search, and only for that: how many settings are tried.

    Returns
    -------
    list of Recipe
        Each with a name of its own, such as "lambda-115-seed-0". All configurations with their
        first seed come first, so that a sweep that is not finished has something to compare. Those
        of a search are the base by other names: what they try is chosen when their turn comes.

    Raises
    ------
    ValueError
        There is no such study, or a seed is given twice; a search without a number of trials or
        with several seeds, or a number of trials for another study.

    Examples
    --------
    >>> from lowlight_utils.training import QUICK
    >>> [recipe.name for recipe in study_recipes("repeat", QUICK)]
    ['quick-seed-0', 'quick-seed-1', 'quick-seed-2']
    >>> [recipe.name for recipe in study_recipes("search", QUICK, trials=2)]
    ['search-000', 'search-001']
    """
    if name not in STUDIES:
        raise ValueError(f"There is no study {name!r}: choose one of {', '.join(STUDIES)}.")
    if seeds is not None and (not seeds or len(set(seeds)) < len(seeds)):
        raise ValueError(f"Give different seeds, at least one, not {list(seeds)}.")
    study = STUDIES[name]
    if study.space is None and trials is not None:
        raise ValueError(f"Only a search takes a number of trials (--trials), and {name} is none.")
    if study.configurations is None:
        if not trials or trials < 1 or (seeds and len(seeds) > 1):
            raise ValueError(f"Give the study {name} a number of trials (--trials), and one seed.")
        seed = seeds[0] if seeds else base.seed
        return [base.but(seed=seed, name=f"{name}-{number:03}") for number in range(trials)]
    queue = [
        (number, base.but(**changes, seed=seed, name=f"{label}-seed-{seed}"))
        for label, changes, usual in study.configurations(base)
        for number, seed in enumerate(usual if seeds is None else seeds)
    ]
    queue.sort(key=lambda trial: trial[0])  # stable: the configurations keep their order
    return [recipe for _, recipe in queue]


def _repeat(base: Recipe) -> list[Configuration]:
    return [Configuration(base.name, {}, THRICE)]


def _lambda(base: Recipe) -> list[Configuration]:
    seeds = {value: THRICE if value in REPEATED_LAMBDAS else ONCE for value in LAMBDAS}
    found = [Configuration(f"lambda-{x:g}", {"lambda_l1": x}, seeds[x]) for x in LAMBDAS]
    # Adam divides a gradient by its usual size, so L1 alone is the same at any λ: that of the base.
    return [*found, Configuration("l1-only", {"adversarial": 0.0}, THRICE)]


def _learning_rates(base: Recipe) -> list[Configuration]:
    found = []
    for one, other in itertools.product(FACTORS, repeat=2):
        changes = {
            "generator_lr": base.generator_lr * one,
            "discriminator_lr": base.discriminator_lr * other,
        }
        label = "rates-{generator_lr:g}-{discriminator_lr:g}".format(**changes)
        found.append(Configuration(label, changes, THRICE if one == other else ONCE))
    return found


def _seed_five(base: Recipe) -> list[Configuration]:
    # In another base the learning rates keep their ratios to the chosen configuration's: what is
    # right for 150 epochs would leave a network that is trained for twelve unfinished.
    found = []
    for recipe in SEED_FIVE:
        changes = {"lambda_l1": recipe.lambda_l1}
        for rate in ("generator_lr", "discriminator_lr"):
            changes[rate] = getattr(base, rate) * (getattr(recipe, rate) / getattr(SEED, rate))
        label = "seed-5" if recipe is SEED else recipe.name
        found.append(Configuration(label, changes, THRICE))
    return found


def _steps(label: str, start: Recipe, steps: Steps, base: Recipe) -> list[Configuration]:
    """Begin with the start's choices in the base recipe, and change one after the other."""
    changes = {name: getattr(start, name) for name in _fields(steps)}
    found = [Configuration(label, changes, THRICE)]
    for label, step in steps:
        step = {key: getattr(base, key) if to is ... else to for key, to in step.items()}
        if changes | step != changes:  # the base may have the start's choice
            changes = changes | step
            found.append(Configuration(label, changes, THRICE))
    return found


def _fields(steps: Steps) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for _, step in steps for name in step))


def _ablation(base: Recipe) -> list[Configuration]:
    found = _steps("seed-like", SEED, FROM_SEED, base)
    last = found[-1].changes | {"adversarial": 0.0}
    return [*found, Configuration("without-adversary", last, THRICE)]


def _lights(base: Recipe) -> list[Configuration]:
    """Step from even light to every light; at the end, take back what evenly dark photos hid."""
    found = _steps("even", EVEN, FROM_EVEN, base)
    last = found[-1].changes
    taken_back: dict[str, dict] = {
        "without-brightened": {"base": EVEN.base},
        "without-level": {"condition": EVEN.condition},
        "without-adversary": {"adversarial": 0.0},
    }
    return found + [Configuration(key, last | change, THRICE) for key, change in taken_back.items()]


def _search(trial: "Trial", base: Recipe) -> dict[str, float]:
    """Suggest what a search tries; learning rates and width within a factor of the base's.

    The adversarial term keeps its weight: Adam divides a gradient by its usual size, so that only
    the ratios of the terms count.
    """

    def between(name: str, low: float, high: float, log: bool = True) -> float:
        # Three digits, so that a recipe can be read.
        return float(f"{trial.suggest_float(name, low, high, log=log):.3g}")

    one, other = base.generator_lr, base.discriminator_lr
    width = max(8, base.width // 8 * 8)  # for norms in eight groups
    return {
        "lambda_l1": between("lambda_l1", 0.1, 1000.0),
        "lambda_ssim": between("lambda_ssim", 1.0, 1000.0),
        "lambda_detail": between("lambda_detail", 1.0, 1000.0),
        "gt_mean": between("gt_mean", 0.0, 0.9, log=False),
        "generator_lr": between("generator_lr", one / 4, one * 4),
        "discriminator_lr": between("discriminator_lr", other / 10, other * 10),
        "width": trial.suggest_int("width", 8, 2 * width, step=8),
    }


STUDIES = {
    "ablation": Study(
        "What does each change from the seed recipe bring, one after the other?",
        (*_fields(FROM_SEED), "adversarial"),
        _ablation,
    ),
    "lights": Study(
        "What does each change from the recipe even to the shipped one bring, in every light?",
        (*_fields(FROM_EVEN), "adversarial"),
        _lights,
        lights=ALL_LIGHT,
    ),
    "lambda": Study(
        "What does λ do, from the discriminator alone to L1 alone?",
        ("lambda_l1", "adversarial"),
        _lambda,
    ),
    "seed-five": Study(
        "Is the seed project's choice better than the other four, or is that noise?",
        ("lambda_l1", "generator_lr", "discriminator_lr"),
        _seed_five,
    ),
    "learning-rates": Study(
        "What do the two learning rates do, at the base's λ?",
        ("generator_lr", "discriminator_lr"),
        _learning_rates,
    ),
    "repeat": Study("How far apart are runs that differ by the seed alone?", (), _repeat),
    "search": Study(
        "Which λ, loss weights, learning rates and width reach the most PSNR?",
        (
            "lambda_l1",
            "lambda_ssim",
            "lambda_detail",
            "gt_mean",
            "generator_lr",
            "discriminator_lr",
            "width",
        ),
        space=_search,
    ),
}
