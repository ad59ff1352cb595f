"""The recipes that have a name, each a `Recipe` of `lowlight_utils.recipe`."""

import os
from pathlib import Path

from lowlight_utils.recipe import Recipe

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

# What made the weights that come with the library, on LOL and bundled photos in two hours on
# one CPU core: more kinds of light, two parts of backlight among six, for a generator that
# leaves alone what is bright and is told how dark its photo is.
SHIPPED = EVEN.but(
    name="shipped",
    whole_epochs=8,
    copies=12,
    lights="even+backlit+dim+lit+backlit+night",
    views="clean",
    base="brightened",
    condition="level",
    gt_mean=0.5,
    epochs=58,
    dtype="auto",
)

RECIPES = {recipe.name: recipe for recipe in (*SEED_FIVE, QUICK, SWEEP, LAMBDA, EVEN, SHIPPED)}


def read_recipe(name: str | os.PathLike) -> Recipe:
    """Return the recipe of that name, or the one in the JSON file of that path.

    Raises
    ------
    ValueError
        If there is neither, or the file holds no recipe.
    """
    if name in RECIPES:
        return RECIPES[str(name)]
    path = Path(name)
    if path.suffix.lower() != ".json":
        raise ValueError(
            f"There is no recipe {name!r}: choose one of {', '.join(RECIPES)}, or a .json file."
        )
    try:
        return Recipe.from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} holds no recipe: {error}") from error
