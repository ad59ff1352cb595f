"""Every field of a recipe reaches what it decides about, by way of the command that trains.

The fields are the dataclass's own: one that is new fails here until it has values to be tried with
and a target to be found at.
"""

from dataclasses import dataclass, fields

import keras
import numpy as np
import pytest

from lowlight_utils.__main__ import main
from lowlight_utils.data.photos import sample_pairs, sample_photos
from lowlight_utils.models.blocks import AddCorrection, AutoExposure, ReflectConv2D, ResizeConv2D
from lowlight_utils.models.film import LogLevel
from lowlight_utils.recipe import FIELDS, Recipe, Weight
from lowlight_utils.training import build_generator, read_recipe
from lowlight_utils.training.callbacks import Backup, KeepGenerator
from lowlight_utils.training.gan import ConditionalGAN

# What to try each field with, in four recipes. A number differs from those of other fields that it
# may be mistaken for.
VALUES = {
    "name": ("one", "two", "three", "four"),
    "size": (64, 96, 64, 96),
    "crop": (48, None, 32, 64),
    "zoom": (True, False, False, True),
    "whole_epochs": (0, 1, 2, 3),
    "copies": (1, 2, 1, 2),
    "lights": ("even", "lit", "night+dim", "uneven+lit"),
    "views": ("whole", "random", "clean", "random"),
    "width": (8, 4, 16, 12),
    "depth": (4, 3, 3, 2),
    "norm": ("batch", "instance", "group", "none"),
    "upsampling": ("transpose", "resize", "resize", "resize"),
    "padding": ("zeros", "zeros", "reflect", "reflect"),
    "dropout": (0.31, 0.11, 0.0, 0.47),
    "base": ("none", "input", "auto_exposure", "brightened"),
    "stem": (False, True, False, True),
    "condition": ("none", "lambda", "level", "lambda"),
    "discriminator_width": (10, 6, 24, 14),
    "lambda_l1": (3.0, 7.0, 11.0, 0.0),
    "gt_mean": (0.0, 0.33, 0.66, 0.44),
    "lambda_ssim": (13.0, 0.0, 17.0, 19.0),
    "lambda_detail": (0.0, 21.0, 23.0, 29.0),
    "adversarial": (0.25, 0.5, 0.0, 2.0),
    "generator_lr": (1e-3, 2e-3, 3e-3, 4e-3),
    "discriminator_lr": (1e-4, 2e-4, 3e-4, 4e-4),
    "beta_1": (0.4, 0.5, 0.6, 0.7),
    "beta_2": (0.94, 0.95, 0.96, 0.97),
    "schedule": ("constant", "cosine", "cosine", "constant"),
    "batch_size": (2, 3, 4, 5),
    "epochs": (5, 6, 7, 8),
    "augmentation": ("jitter", "dihedral", "none", "jitter"),
    "average": (0.0, 0.81, 0.82, 0.83),
    "keep": ("best", "last", "best", "last"),
    "dtype": ("float32", "mixed_bfloat16", "mixed_float16", "float32"),
    "seed": (0, 1, 2, 3),
}


@dataclass
class Reached:
    """What a recipe's training was given."""

    recipe: Recipe  # only to say what it asked for, never what it got
    folder: object
    gan: ConditionalGAN
    fits: list  # (batches, first epoch, last epoch) of each call of `fit`
    keeper: KeepGenerator

    @property
    def batches(self):
        return self.fits[0][0]

    @property
    def optimizers(self):
        both = self.gan.generator_optimizer, self.gan.discriminator_optimizer
        return [getattr(each, "inner_optimizer", each) for each in both]  # float16 wraps them

    def layers(self, kind):
        return [layer for layer in self.gan.generator.layers if isinstance(layer, kind)]


def of_both(values):
    """The value that both have."""
    one, other = values
    assert one == other
    return one


def crop(reached):
    shape = reached.batches.shape
    return None if shape == reached.batches.pairs.size else shape[0]


def norm(network):
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            return "batch"
        if isinstance(layer, keras.layers.GroupNormalization):
            return "instance" if layer.groups == layer.gamma.shape[0] else "group"
    return "none"


def base(reached):
    for layer in reached.layers(AutoExposure):
        return "auto_exposure" if layer.darkens else "brightened"
    return "input" if reached.layers(AddCorrection) else "none"


def padding(reached):
    mirrored = [layer.beyond == "reflect" for layer in reached.layers(ResizeConv2D)]
    found = bool(reached.layers(ReflectConv2D))
    assert all(each == found for each in mirrored)
    return "reflect" if found else "zeros"


def schedule(reached):
    """What the rates are after the last step."""
    steps = sum(len(batches) * (last - first) for batches, first, last in reached.fits)
    found = []
    for optimizer in reached.optimizers:
        begin = float(optimizer.learning_rate)
        optimizer.iterations.assign(steps)
        end = float(optimizer.learning_rate)
        optimizer.iterations.assign(0)
        found.append({begin: "constant", 0.0: "cosine"}.get(end, f"ends at {end}"))
    return of_both(found)


def condition(reached):
    takes_lambda, draws_lambda = (
        len(reached.gan.generator.inputs) == 2,
        reached.batches.lambda_range,
    )
    assert takes_lambda == bool(draws_lambda)
    if reached.layers(LogLevel):
        return "level"
    return "lambda" if takes_lambda else "none"


def made_with(reached, name):
    """What the recipe asks for, if the training pairs are those that come of it."""
    wanted, pairs = reached.recipe, reached.batches.pairs
    copies = len(pairs) // len(sample_photos("train"))
    again = sample_pairs(
        "train", pairs.size[0], copies, wanted.seed, lights=wanted.lights, views=wanted.views
    )
    np.testing.assert_array_equal(pairs.low, again.low)
    np.testing.assert_array_equal(pairs.high, again.high)
    return getattr(wanted, name)


def seed(reached):
    """The batches' seed, if the photos were darkened and the networks begun with it too."""
    wanted = reached.recipe
    made_with(reached, "seed")
    keras.utils.set_random_seed(wanted.seed)
    kernels = [
        keras.ops.convert_to_numpy(generator.get_layer("down1_conv").kernel)
        for generator in (reached.gan.generator, build_generator(wanted))
    ]
    np.testing.assert_array_equal(*kernels)
    return reached.batches.seed


TARGETS = {
    "name": lambda reached: read_recipe(str(reached.folder / "recipe.json")).name,
    "size": lambda reached: of_both(reached.batches.pairs.size),
    "crop": crop,
    "zoom": lambda reached: reached.batches.zoom,
    "whole_epochs": lambda reached: sum(last - first for _, first, last in reached.fits[1:]),
    "copies": lambda reached: len(reached.batches.pairs) / len(sample_photos("train")),
    "lights": lambda reached: made_with(reached, "lights"),
    "views": lambda reached: made_with(reached, "views"),
    "width": lambda reached: reached.gan.generator.get_layer("down1_conv").filters,
    "depth": lambda reached: sum(
        "down" in x.name and "conv" in x.name for x in reached.layers(object)
    ),
    "norm": lambda reached: of_both([norm(reached.gan.generator), norm(reached.gan.discriminator)]),
    "upsampling": lambda reached: "resize" if reached.layers(ResizeConv2D) else "transpose",
    "padding": padding,
    "dropout": lambda reached: max(
        (x.rate for x in reached.layers(keras.layers.Dropout)), default=0
    ),
    "base": base,
    "stem": lambda reached: any(x.name == "stem_conv" for x in reached.layers(object)),
    "condition": condition,
    "discriminator_width": lambda reached: (
        reached.gan.discriminator.get_layer("block1_conv").filters
    ),
    "gt_mean": lambda reached: reached.gan.recipe.gt_mean,
    "generator_lr": lambda reached: float(reached.optimizers[0].learning_rate),
    "discriminator_lr": lambda reached: float(reached.optimizers[1].learning_rate),
    "beta_1": lambda reached: of_both(each.beta_1 for each in reached.optimizers),
    "beta_2": lambda reached: of_both(each.beta_2 for each in reached.optimizers),
    "schedule": schedule,
    "batch_size": lambda reached: reached.batches.batch_size,
    "epochs": lambda reached: reached.fits[-1][2],
    "augmentation": lambda reached: reached.batches.augmentation,
    "average": lambda reached: reached.gan.recipe.average,
    "keep": lambda reached: reached.keeper.keep,
    "dtype": lambda reached: of_both(
        network.get_layer(layer).dtype_policy.name
        for network, layer in (
            (reached.gan.generator, "down1_conv"),
            (reached.gan.discriminator, "block1_conv"),
        )
    ),
    "seed": seed,
}
# A weight reaches its target if the step weighs a term of the loss by it.
WEIGHTS = [name for name, kind in FIELDS.items() if kind is Weight]
TARGETS |= {name: lambda reached, name=name: reached.gan.weigh().get(name, 0.0) for name in WEIGHTS}
RECIPES = 4


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """For each of the recipes, what `train` gave to `fit`; the training itself is left out."""
    found = []

    def note(gan, batches, *, initial_epoch, epochs, callbacks, **_):
        found[-1].gan = gan
        found[-1].fits.append((batches, initial_epoch, epochs))
        (found[-1].keeper,) = (x for x in callbacks if isinstance(x, KeepGenerator))
        (backup,) = (x for x in callbacks if isinstance(x, Backup))
        backup.history.setdefault("val_psnr", []).extend([0.0] * (epochs - initial_epoch))

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")  # else the command would set it for good
        patch.setattr(ConditionalGAN, "fit", note)
        for number in range(RECIPES):
            folder = tmp_path_factory.mktemp("reached")
            recipe = Recipe(**{name: values[number] for name, values in VALUES.items()})
            (folder / "given.json").write_text(recipe.to_json(), encoding="utf-8")
            found.append(Reached(recipe, folder, None, [], None))
            command = ["train", "--recipe", folder / "given.json", "--data", "sample"]
            assert main([*map(str, command), "--out", str(folder)]) == 0
    return found


@pytest.mark.parametrize("name", [field.name for field in fields(Recipe)])
def test_a_recipes_field_reaches_its_target(name, trained):
    assert name in VALUES and name in TARGETS, (
        f"Recipe has the field {name}, and nothing sees to it that it has an effect: give "
        f"{RECIPES} values of it in VALUES, and in TARGETS a function that finds it again in what "
        "training is given (both in tests/training/test_recipe_fields.py)."
    )
    assert len(set(VALUES[name])) > 1
    found = [TARGETS[name](reached) for reached in trained]
    assert found == pytest.approx(list(VALUES[name]))


def test_no_field_is_looked_for_that_is_gone():
    assert VALUES.keys() == TARGETS.keys() == {field.name for field in fields(Recipe)}
