"""Named studies: which recipes to train, and with how many seeds, to answer one question."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

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
    ("uneven-light", {"lights": "even+uneven"}),
    ("dim-and-night", {"lights": "even+uneven+dim+uneven+night"}),
    ("well-lit", {"lights": ...}),
    ("native-views", {"views": ...}),
    ("gt-mean", {"gt_mean": ...}),
    ("detail-loss", {"lambda_detail": ...}),
)
ALL_LIGHT = "+".join(get_args(Light))


@dataclass(frozen=True)
class Configuration:
    """One setting that a study tries.

    Attributes
    ----------
    label : str
        What it is called; it begins the names of its trials.
    changes : dict
        What it changes in the base recipe.
    seeds : tuple of int
        The seeds that it is trained with, unless others are asked for.
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
        (number, configuration, seed)
        for configuration in study.configurations(base)
        for number, seed in enumerate(configuration.seeds if seeds is None else seeds)
    ]
    queue.sort(key=lambda trial: trial[0])  # stable: the configurations keep their order
    return [
        base.but(**configuration.changes, seed=seed, name=f"{configuration.label}-seed-{seed}")
        for _, configuration, seed in queue
    ]


def _repeat(base):
    return [Configuration(base.name, {}, THRICE)]


def _lambda(base):
    found = [
        Configuration(
            f"lambda-{value:g}",
            {"lambda_l1": value},
            THRICE if value in REPEATED_LAMBDAS else ONCE,
        )
        for value in LAMBDAS
    ]
    # Adam divides a gradient by its usual size, so L1 alone is the same at any λ: that of the base.
    return [*found, Configuration("l1-only", {"adversarial": 0.0}, THRICE)]


def _learning_rates(base):
    return [
        Configuration(
            f"rates-{base.generator_lr * generator:g}-{base.discriminator_lr * discriminator:g}",
            {
                "generator_lr": base.generator_lr * generator,
                "discriminator_lr": base.discriminator_lr * discriminator,
            },
            THRICE if generator == discriminator else ONCE,
        )
        for generator in FACTORS
        for discriminator in FACTORS
    ]


def _seed_five(base):
    # In another base the learning rates keep their ratios to the chosen configuration's: what is
    # right for 150 epochs would leave a network that is trained for twelve unfinished.
    return [
        Configuration(
            recipe.name if recipe is not SEED else "seed-5",
            {
                "lambda_l1": recipe.lambda_l1,
                "generator_lr": base.generator_lr * (recipe.generator_lr / SEED.generator_lr),
                "discriminator_lr": base.discriminator_lr
                * (recipe.discriminator_lr / SEED.discriminator_lr),
            },
            THRICE,
        )
        for recipe in SEED_FIVE
    ]


def _steps(label, start, steps, base):
    """Begin with the start's choices in the base recipe, and change one after the other."""
    changes = {name: getattr(start, name) for name in _fields(steps)}
    found = [Configuration(label, changes, THRICE)]
    for label, step in steps:
        step = {key: getattr(base, key) if to is ... else to for key, to in step.items()}
        if changes | step != changes:  # the base may have the start's choice
            changes = changes | step
            found.append(Configuration(label, changes, THRICE))
    return found


def _fields(steps):
    return tuple(dict.fromkeys(name for _, step in steps for name in step))


def _ablation(base):
    found = _steps("seed-like", SEED, FROM_SEED, base)
    return [
        *found,
        Configuration("without-adversary", found[-1].changes | {"adversarial": 0.0}, THRICE),
    ]


def _lights(base):
    return _steps("even", EVEN, FROM_EVEN, base)


def _search(trial, base):
    """Suggest what a search tries; learning rates and width within a factor of the base's.

    The adversarial term keeps its weight: Adam divides a gradient by its usual size, so that only
    the ratios of the terms count.
    """

    def between(name, low, high, log=True):  # three digits, so that a recipe can be read
        return float(f"{trial.suggest_float(name, low, high, log=log):.3g}")

    generator_lr, discriminator_lr = base.generator_lr, base.discriminator_lr
    width = max(8, base.width // 8 * 8)  # for norms in eight groups
    return {
        "lambda_l1": between("lambda_l1", 0.1, 1000.0),
        "lambda_ssim": between("lambda_ssim", 1.0, 1000.0),
        "lambda_detail": between("lambda_detail", 1.0, 1000.0),
        "gt_mean": between("gt_mean", 0.0, 0.9, log=False),
        "generator_lr": between("generator_lr", generator_lr / 4, generator_lr * 4),
        "discriminator_lr": between(
            "discriminator_lr", discriminator_lr / 10, discriminator_lr * 10
        ),
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
        _fields(FROM_EVEN),
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
