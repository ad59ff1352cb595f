"""Recipes: named sets of everything that decides how a training run goes."""

import json
import math
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

# What a field may be. The rooms that use the fields check too, but only once Keras is loaded, and
# perhaps after the data are; a recipe says at once what is wrong with it.
CHOICES = {
    "norm": ("batch", "instance", "group", "none"),
    "upsampling": ("transpose", "resize"),
    "padding": ("zeros", "reflect"),
    "base": ("none", "input", "auto_exposure", "brightened"),
    "condition": ("none", "lambda", "level"),
    "views": ("whole", "random", "clean"),
    "schedule": ("constant", "cosine"),
    "augmentation": ("jitter", "dihedral", "none"),
    "keep": ("best", "last"),
    "dtype": ("float32", "mixed_bfloat16", "auto"),
}
LEAST = {  # of the whole numbers
    "size": 1,
    "crop": 1,
    "whole_epochs": 0,
    "copies": 1,
    "width": 1,
    "depth": 2,
    "discriminator_width": 1,
    "batch_size": 1,
    "epochs": 1,
    "seed": 0,
}
POSITIVE = ("generator_lr", "discriminator_lr")
SWITCHES = ("zoom", "stem")
FRACTIONS = ("dropout", "beta_1", "beta_2", "average", "gt_mean")  # at least 0, and below 1
LIGHTS = ("even", "dim", "uneven", "backlit", "night", "lit")


@dataclass(frozen=True)
class Recipe:
    """How to train: networks, losses, optimisation and data handling.

    The defaults are the seed recipe: the configuration that the course starts from.

    Parameters
    ----------
    name : str
        What the recipe is called.
    size : int
        Side in pixels that pictures are resized to.
    crop : int or None
        Side of a random crop that training sees instead of the whole picture; `None`: no crop.
    zoom : bool
        Show every other picture whole, but shrunk to the crop's size; see `PairBatches`.
    whole_epochs : int
        How many epochs at the end see whole pictures, not crops; all, if there are not so many.
    copies : int
        How many times each bundled photo is darkened. Real pairs do not need it.
    lights : str
        How bundled photos lose their light: some of the kinds in `lowlight_utils.data.lights`,
        joined with "+". The copies of a photo take them in turn; one that stands twice comes twice.
    views : {"whole", "random", "clean"}
        What a copy shows: the photo, or a random square of it, down to one that keeps its pixels,
        as it is or without the photo's own grain.
    width, depth, norm, upsampling, padding, dropout, base, stem, condition
        The generator's, see `unet_generator`.
    discriminator_width : int
        Channels of the PatchGAN's first block.
    lambda_l1 : float
        λ, the weight of the L1 term beside the adversarial one. A conditional generator learns
        every λ of `lowlight_utils.models.film.LAMBDA_RANGE`, and is validated at this one.
    gt_mean : float
        Share of the L1 term that does not count the brightness of the whole picture: it is measured
        after scaling the result to the truth's mean. What the dark photo cannot tell then teaches
        less noise.
    lambda_ssim : float
        Weight of a term 1 - SSIM; 0: no such term.
    lambda_detail : float
        Weight of a term on differences between neighbouring pixels; 0: no such term.
    adversarial : float
        Weight of the adversarial term; 0: the discriminator takes no part.
    generator_lr, discriminator_lr : float
        Adam's learning rates.
    beta_1, beta_2 : float
        Adam's decay rates.
    schedule : {"constant", "cosine"}
        "cosine" takes both learning rates down to nothing over the run.
    batch_size, epochs : int
        Pairs a step, and passes over the training pairs.
    augmentation : {"jitter", "dihedral", "none"}
        What `PairBatches` does to each pair.
    average : float
        Momentum of the generator's moving average; 0 keeps none.
    keep : {"best", "last"}
        Which epoch's generator the run leaves: the best on validation, or the last. A run that ends
        with a cosine schedule and an average needs no choice, and an unchosen epoch's validation
        figure is not flattered by the choice.
    dtype : str
        Keras dtype policy: "float32" or "mixed_bfloat16"; "auto" takes the latter where the
        processor computes with it, and else the former.
    seed : int
        Decides initial weights, order and augmentation of the pairs, dropout, and darkening.

    Raises
    ------
    ValueError
        If a field has the wrong type or is out of range; the message names it.
    """

    name: str = "seed"
    size: int = 256
    crop: int | None = None
    zoom: bool = False
    whole_epochs: int = 0
    copies: int = 1
    lights: str = "even"
    views: str = "whole"
    width: int = 64
    depth: int = 8
    norm: str = "batch"
    upsampling: str = "transpose"
    padding: str = "zeros"
    dropout: float = 0.5
    base: str = "none"
    stem: bool = False
    condition: str = "none"
    discriminator_width: int = 64
    lambda_l1: float = 115.0
    gt_mean: float = 0.0
    lambda_ssim: float = 0.0
    lambda_detail: float = 0.0
    adversarial: float = 1.0
    generator_lr: float = 1e-4
    discriminator_lr: float = 5e-5
    beta_1: float = 0.5
    beta_2: float = 0.999
    schedule: str = "constant"
    batch_size: int = 1
    epochs: int = 150
    augmentation: str = "jitter"
    average: float = 0.0
    keep: str = "best"
    dtype: str = "float32"
    seed: int = 0

    def __post_init__(self):
        for field in fields(self):
            wrong = _what_is_wrong(field.name, getattr(self, field.name))
            if wrong:
                raise ValueError(f"{field.name} {wrong}, not {getattr(self, field.name)!r}.")
        if self.zoom and self.crop is None:
            raise ValueError("zoom needs a crop to shrink pictures to, and there is none.")
        if self.crop is not None and self.crop > self.size:
            raise ValueError(f"crop must not exceed size, {self.size}, but is {self.crop}.")

    def but(self, /, **changes):
        """Return the recipe with some fields changed.

        Raises
        ------
        ValueError
            If a field does not exist, or its value is not allowed.
        """
        unknown = changes.keys() - {field.name for field in fields(self)}
        if unknown:
            raise ValueError(f"A recipe has no field {', '.join(sorted(unknown))}.")
        return replace(self, **changes)

    def to_json(self):
        """Return the recipe as a JSON object, in text."""
        return json.dumps(asdict(self), indent=2)

    @classmethod
    def from_json(cls, text):
        """Make a recipe from a JSON object; fields that it leaves out keep their defaults.

        Raises
        ------
        ValueError
            If the text is no JSON object, or has a field or a value that recipes do not have.
        """
        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError('A recipe is a JSON object, such as {"lambda_l1": 115}.')
        return cls().but(**values)


def _what_is_wrong(name, value):
    """Say what a recipe's field must be, if it is not."""
    if name == "name":
        return None if isinstance(value, str) and value else "must be a text"
    if name == "lights":
        known = isinstance(value, str) and set(value.split("+")) <= set(LIGHTS)
        return None if known else f'must be one or more of {", ".join(LIGHTS)}, joined with "+"'
    if name in CHOICES:
        return None if value in CHOICES[name] else f"must be one of {', '.join(CHOICES[name])}"
    if name == "crop" and value is None:
        return None
    if name in SWITCHES:
        return None if isinstance(value, bool) else "must be true or false"
    if name in LEAST:
        # True is an int to Python; a seed must fit into 32 bits for NumPy.
        whole = isinstance(value, int) and not isinstance(value, bool)
        if whole and LEAST[name] <= value < 2**32:
            return None
        return f"must be a whole number, at least {LEAST[name]}"
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if name in POSITIVE:
        return None if number and value > 0 else "must be a number above 0"
    if name in FRACTIONS:
        return None if number and 0 <= value < 1 else "must be a number, at least 0 and below 1"
    return None if number and value >= 0 else "must be a number, at least 0"


SEED = Recipe()

# The five configurations that the seed project tried; the last was its choice.
SEED_FIVE = (
    SEED.but(name="seed-1", lambda_l1=100.0, generator_lr=2e-4, discriminator_lr=2e-4),
    SEED.but(name="seed-2", lambda_l1=100.0),
    SEED.but(name="seed-3", lambda_l1=50.0),
    SEED.but(name="seed-4", lambda_l1=130.0, generator_lr=2e-4, discriminator_lr=2e-4),
    SEED,
)

# A minute or two on two CPU cores, on the bundled photos: a narrow network that corrects an
# auto-exposed picture instead of drawing one from nothing.
QUICK = SEED.but(
    name="quick",
    crop=128,
    copies=2,
    width=16,
    depth=5,
    norm="instance",
    upsampling="resize",
    dropout=0.3,
    base="auto_exposure",
    discriminator_width=16,
    generator_lr=1e-3,
    discriminator_lr=2e-4,
    schedule="cosine",
    batch_size=4,
    epochs=12,
    augmentation="dihedral",
    average=0.98,
)

# What the course's sweeps change: the quick recipe, with the network that the slider's generator
# has, so that one model for every λ can be held against one for each.
SWEEP = QUICK.but(name="sweep", norm="group", padding="reflect", dropout=0.0)

# One generator for every λ, behind the slider of notebook 04. It is trained as long as five of the
# sweep's runs together, because it sees each picture at another λ each time, and its discriminator,
# which has to judge what comes of every λ, learns faster.
LAMBDA = SWEEP.but(name="lambda", condition="lambda", discriminator_lr=1e-3, epochs=60, keep="last")

# Where the course's ablation ends: what real pairs and evenly dark photos teach well. The study
# "ablation" trains the steps that lead here from the seed recipe.
EVEN = SEED.but(
    name="even",
    crop=128,
    zoom=True,
    whole_epochs=8,
    copies=4,
    width=24,
    depth=6,
    norm="group",
    upsampling="resize",
    padding="reflect",
    dropout=0.0,
    base="auto_exposure",
    stem=True,
    discriminator_width=16,
    lambda_ssim=120.0,
    generator_lr=7e-4,
    discriminator_lr=2e-4,
    beta_1=0.9,
    schedule="cosine",
    batch_size=2,
    epochs=30,
    augmentation="dihedral",
    average=0.999,
    keep="last",
)

# What made the weights that come with the library, on LOL and bundled photos in an hour or two on
# one CPU core: more kinds of light, two parts of uneven light among six, for a generator that
# leaves alone what is bright and is told how dark its photo is.
SHIPPED = EVEN.but(
    name="shipped",
    whole_epochs=6,
    copies=12,
    lights="even+uneven+dim+lit+uneven+night",
    views="random",
    base="brightened",
    condition="level",
    gt_mean=0.5,
    epochs=40,
    dtype="auto",
)

RECIPES = {recipe.name: recipe for recipe in (*SEED_FIVE, QUICK, SWEEP, LAMBDA, EVEN, SHIPPED)}


def read_recipe(name):
    """Return the recipe of that name, or the one in the JSON file of that path.

    Raises
    ------
    ValueError
        If there is neither, or the file holds no recipe.
    """
    if name in RECIPES:
        return RECIPES[name]
    path = Path(name)
    if path.suffix.lower() != ".json":
        raise ValueError(
            f"There is no recipe {name!r}: choose one of {', '.join(RECIPES)}, or a .json file."
        )
    try:
        return Recipe.from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} holds no recipe: {error}") from error
