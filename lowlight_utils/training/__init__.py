"""The training room: recipes, the conditional GAN and a run from start to end (notebook 03).

Names are imported from their module on first use, so that recipes can be read without Keras.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "gan": ["ConditionalGAN"],
        "losses": ["discriminator_losses", "generator_losses"],
        "recipes": [
            "LAMBDA",
            "QUICK",
            "RECIPES",
            "SEED",
            "SEED_FIVE",
            "EVEN",
            "SHIPPED",
            "SWEEP",
            "Recipe",
            "read_recipe",
        ],
        "run": ["Run", "build_gan", "build_generator", "train"],
    },
)
