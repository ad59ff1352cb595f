"""A recipe and pairs that train in seconds: ``from tiny import TINY, tiny_splits``."""

from pictures import make_pairs

from lowlight_utils.data.sources import Splits
from lowlight_utils.training.recipes import Recipe

TINY = Recipe(
    name="tiny",
    size=32,
    width=4,
    depth=3,
    discriminator_width=4,
    norm="instance",
    generator_lr=2e-3,
    batch_size=2,
    epochs=3,
    augmentation="dihedral",
)
RECIPES = [TINY.but(name=f"lambda-{value:g}", lambda_l1=value) for value in (0.0, 1.0, 100.0)]


def tiny_splits():
    pairs = make_pairs(7, 32, 32, scenes=("a", "b", "c", "d", "e", "e", "f"))
    return Splits(pairs[:4], pairs[4:], pairs[:0])
