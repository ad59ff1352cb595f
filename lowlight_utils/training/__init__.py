"""The training room: recipes, the conditional GAN and a run from start to end (notebook 03).

Recipes can be read without Keras; the other names load it when they are first used.
"""

import importlib

from lowlight_utils.training.recipes import QUICK, RECIPES, SEED, SEED_FIVE, Recipe, read_recipe

_HOMES = {
    "ConditionalGAN": "gan",
    "Run": "run",
    "build_gan": "run",
    "build_generator": "run",
    "train": "run",
    "discriminator_losses": "losses",
    "generator_losses": "losses",
}

__all__ = ["QUICK", "RECIPES", "SEED", "SEED_FIVE", "Recipe", "read_recipe", *sorted(_HOMES)]


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
