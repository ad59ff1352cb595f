"""Named studies: which recipes to train, and with how many seeds, to answer one question."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lowlight_utils.training.recipes import SEED, SEED_FIVE, Recipe

LAMBDAS = (0.0, 0.1, 1.0, 10.0, 50.0, 100.0, 115.0, 130.0, 300.0, 1000.0)
# Where one seed is not enough: both ends, where λ may be felt, and the seed recipe's choice.
REPEATED_LAMBDAS = (0.0, 0.1, 1.0, 10.0, 115.0, 1000.0)
FACTORS = (0.25, 1.0, 4.0)
ONCE, THRICE = (0,), (0, 1, 2)
# From the seed recipe to the shipped one; each step keeps those before it. Size of networks and
# batches, learning rates and the cutting of pictures are the base's throughout, so that all rows
# cost about the same.
STEPS = (
    ("instance-norm", ("norm",)),
    ("resize-convolutions", ("upsampling",)),
    ("auto-exposure", ("base", "dropout")),
    ("ssim-term", ("lambda_ssim",)),
    ("cosine-and-average", ("schedule", "average")),
    ("group-norm", ("norm",)),
    ("reflection", ("padding",)),
    ("stem", ("stem",)),
)


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
    configurations : callable
        From the base recipe to the configurations.
    """

    asks: str
    varies: tuple[str, ...]
    configurations: Callable[[Recipe], list[Configuration]]


def study_recipes(name: str, base: Recipe, seeds: Sequence[int] | None = None) -> list[Recipe]:
    """List the recipes of a named study.

    Parameters
    ----------
    name : str
        One of `STUDIES`.
    base : Recipe
        What everything else is taken from. Its own seed does not count.
    seeds : sequence of int, optional
        Seeds for every configuration; by default the study's own choice.

    Returns
    -------
    list of Recipe
        Each with a name of its own, such as "lambda-115-seed-0". All configurations with their
        first seed come first, so that a sweep that is not finished has something to compare.

    Raises
    ------
    ValueError
        There is no such study, or a seed is given twice.
    """
    if name not in STUDIES:
        raise ValueError(f"There is no study {name!r}: choose one of {', '.join(STUDIES)}.")
    if seeds is not None and (not seeds or len(set(seeds)) < len(seeds)):
        raise ValueError(f"Give different seeds, at least one, not {list(seeds)}.")
    configurations = STUDIES[name].configurations(base)
    trials = [
        (number, configuration, seed)
        for configuration in configurations
        for number, seed in enumerate(configuration.seeds if seeds is None else seeds)
    ]
    trials.sort(key=lambda trial: trial[0])  # stable: the configurations keep their order
    return [
        base.but(**configuration.changes, seed=seed, name=f"{configuration.label}-seed-{seed}")
        for _, configuration, seed in trials
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


def _ablation(base):
    undone = {name: getattr(SEED, name) for _, names in STEPS for name in names}
    found = [Configuration("seed-like", dict(undone), THRICE)]
    for label, names in STEPS:
        for name in names:
            undone[name] = "instance" if label == "instance-norm" else getattr(base, name)
        found.append(Configuration(label, dict(undone), THRICE))
    return [*found, Configuration("without-adversary", undone | {"adversarial": 0.0}, THRICE)]


STUDIES = {
    "ablation": Study(
        "What does each change from the seed recipe bring, one after the other?",
        (*(name for _, names in STEPS for name in names), "adversarial"),
        _ablation,
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
}
