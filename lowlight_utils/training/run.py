"""A whole training run: from a recipe and pairs to a folder with a generator in it."""

import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import keras

from lowlight_utils.data.batches import EpochSync, PairBatches
from lowlight_utils.data.images import ImageError
from lowlight_utils.data.pairs import PairSet
from lowlight_utils.data.resident import ResidentBatches
from lowlight_utils.data.sources import Splits
from lowlight_utils.files import write_file
from lowlight_utils.models import patchgan_discriminator, unet_generator
from lowlight_utils.models.film import LAMBDA_RANGE
from lowlight_utils.models.unet import require_depth_fits
from lowlight_utils.recipe import Recipe
from lowlight_utils.training.callbacks import (
    Backup,
    KeepGenerator,
    RefuseNaN,
    SamplePictures,
    Validate,
    read_progress,
    restore_state,
)
from lowlight_utils.training.devices import (
    choose_dtype,
    several,
    usual_save_minutes,
    usual_steps,
)
from lowlight_utils.training.gan import Adam, ConditionalGAN
from lowlight_utils.training.origin import ORIGIN_FILE, origin_of, require_same_origin
from lowlight_utils.training.recipes import read_recipe

History = dict[str, list[float]]
"""One list a loss or score, with its value at each epoch."""

SAMPLES = 4  # scenes whose progress is drawn


@dataclass(frozen=True)
class Run:
    """What a training run left.

    Attributes
    ----------
    folder : Path
        recipe.json, origin.json, progress.json, generator.keras, samples/.
    history : dict of str to list of float
        The losses' and `val_psnr`'s value at each epoch.
    gan : ConditionalGAN
        As it was after the last epoch.
    """

    folder: Path
    history: History
    gan: ConditionalGAN

    @property
    def generator_file(self) -> Path:
        """The generator that the run leaves: of the best epoch on validation, or of the last."""
        return self.folder / "generator.keras"


def build_generator(recipe: Recipe, dtype: str = "float32") -> keras.Model:
    """Build a recipe's generator, for pictures of any size that its depth allows."""
    return unet_generator((None, None, 3), **recipe.arguments(unet_generator, dtype=dtype))


def build_gan(recipe: Recipe, steps_per_epoch: int = 1) -> ConditionalGAN:
    """Build and compile a recipe's `ConditionalGAN`.

    Initial weights depend on Keras's global seed (`keras.utils.set_random_seed`).

    Parameters
    ----------
    recipe : Recipe
    steps_per_epoch : int
        Batches an epoch; the cosine schedule ends after epochs * steps_per_epoch steps.
    """
    side = recipe.crop or recipe.size
    dtype = choose_dtype() if recipe.dtype == "auto" else recipe.dtype
    for needed in {side, recipe.size}:  # training sees the one, validation the other
        require_depth_fits((needed, needed, 3), recipe.depth, recipe.norm)
    gan = ConditionalGAN(
        build_generator(recipe, dtype),
        patchgan_discriminator(
            (None, None, 3) if recipe.whole_epochs else (side, side, 3),
            **recipe.arguments(
                patchgan_discriminator, width=recipe.discriminator_width, dtype=dtype
            ),
        ),
        recipe,
    )
    gan.compile(
        *(
            Adam(_learning_rate(rate, recipe, steps_per_epoch), recipe.beta_1, recipe.beta_2)
            for rate in (recipe.generator_lr, recipe.discriminator_lr)
        )
    )
    return gan


def train(
    recipe: Recipe,
    splits: Splits,
    folder: str | os.PathLike,
    *,
    resume: bool = False,
    start_from: keras.Model | None = None,
    verbose: int = 1,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    devices: int | Literal["all"] = 1,
    steps_per_execution: int | None = None,
    save_minutes: float | None = None,
) -> Run:
    """Train a recipe on pairs, and keep in a folder what comes out.

    Every epoch ends with a validation, a picture of fixed scenes, the generator saved (if it is the
    best yet, or in any case: `recipe.keep`), and the whole state saved, so that a killed run can be
    resumed and loses at most one epoch. On one machine and backend, and with the same pairs, a
    resumed run ends where an unbroken one would have ended.

    The last three parameters say how, not what: the run is the same to rounding, and can be resumed
    with others.

    Parameters
    ----------
    recipe : Recipe
    splits : Splits
        Pairs for training and validation, at `recipe.size`. The test pairs are not touched.
    folder : path
        Where the run is kept. Made if missing.
    resume : bool
        Go on with the run that the folder holds; if it holds none, start one. Its `epochs` may be
        more than they were if nothing before the last epoch depends on their number: with a
        constant learning rate, and without epochs of whole pictures.
    start_from : keras.Model, optional
        A generator of the recipe's own kind, whose weights the run's generator starts from. The
        discriminator and the optimizers start anew.
    verbose : {0, 1, 2}
        Keras's: silent, a progress bar, a line an epoch.
    callbacks : sequence of keras.callbacks.Callback
        More callbacks.
    devices : int or "all"
        How many GPUs or TPU cores share each batch, on the JAX backend.
    steps_per_execution : int, optional
        Steps in one call of the compiled code. With more than 1 the pictures are kept on the
        device, where they are cropped and flipped too, if they fit there; callbacks then see a
        batch end for each call. By default up to 64 on a GPU or TPU, and 1 on a CPU.
    save_minutes : float, optional
        Write the generator and the state only when so many minutes have passed since the last time,
        and at the end. By default 5 on a GPU or TPU, and 0, after every epoch, on a CPU.

    Returns
    -------
    Run

    Raises
    ------
    FileExistsError
        If the folder holds a run and `resume` is false.
    ValueError
        If the folder's run has another recipe, or began with other pairs, or is damaged; if a split
        is empty, or not of the recipe's size; if `start_from` is another network; if the devices
        are not there or cannot share out a batch; or if the losses stop being numbers.
    OSError
        If a file cannot be written; the message says which, and what is kept.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from lowlight_utils.data.sources import load_splits
    >>> tiny = Recipe(size=32, width=4, depth=2, discriminator_width=4, batch_size=30, epochs=1)
    >>> splits = load_splits("sample", **tiny.arguments(load_splits))
    >>> run = train(tiny, splits, mkdtemp(), verbose=0)
    >>> run.generator_file.name, len(run.history["val_psnr"])
    ('generator.keras', 1)
    """
    folder = Path(folder)
    progress = read_progress(folder)
    if progress and not resume:
        raise FileExistsError(
            f"{folder} already holds a run: go on with it by --resume (in Python, resume=True), "
            "or choose another folder."
        )
    for part, pairs in (("training", splits.train), ("validation", splits.validation)):
        if not len(pairs):
            raise ValueError(
                f"There are no {part} pairs: add a source that has some, such as sample or a folder"
                " of pairs (kodak is for training only)."
            )
        if pairs.size != (recipe.size, recipe.size):
            raise ValueError(
                f"The {part} pairs are {pairs.size[0]}x{pairs.size[1]}, but the recipe's size is "
                f"{recipe.size}: load them at that size."
            )
    origin = origin_of(splits, start_from)
    if progress:
        _require_recipe(folder / "recipe.json", recipe)
        require_same_origin(folder, origin)

    keras.utils.set_random_seed(recipe.seed)
    steps_per_epoch = math.ceil(len(splits.train) / recipe.batch_size)
    with several(devices, recipe.batch_size):
        gan = build_gan(recipe, steps_per_epoch)
    together = steps_per_execution or usual_steps(steps_per_epoch)
    minutes = usual_save_minutes() if save_minutes is None else save_minutes
    history: History = {}
    if progress:
        history = progress["history"]
        restore_state(gan, folder / progress["state"])
    elif start_from is not None:
        _start_from(gan, start_from)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_file(folder / "recipe.json", f"{recipe.to_json()}\n")
        if not progress or not (folder / ORIGIN_FILE).exists():
            write_file(folder / ORIGIN_FILE, f"{json.dumps(origin, indent=2)}\n")
        keeping = _kept(recipe, splits, folder, history, minutes)
        _fit(gan, recipe, splits.train, history, [*keeping, *callbacks], verbose, together)
    except (OSError, ImageError) as error:
        kept = read_progress(folder)
        raise OSError(
            f"{error}. "
            + (
                f"{kept['epoch']} of {recipe.epochs} epochs are kept: once there is room for the "
                "file, go on with --resume (in Python, resume=True)."
                if kept
                else "No epoch is kept: start again once there is room for the file."
            )
        ) from error
    return Run(folder, history, gan)


def _kept(
    recipe: Recipe, splits: Splits, folder: Path, history: History, minutes: float
) -> list[keras.callbacks.Callback]:
    """Return the callbacks by which a run measures, shows and keeps what it has learned."""
    keep = KeepGenerator(
        folder / "generator.keras",
        lambda: build_generator(recipe),
        keep=recipe.keep,
        best=max(history.get("val_psnr", ()), default=float("-inf")),
        wait=True,
    )
    return [
        RefuseNaN(),
        Validate(splits.validation),
        SamplePictures(_one_a_scene(splits.validation, SAMPLES), folder / "samples"),
        keep,
        Backup(folder, history, minutes, before=keep.write),
    ]


def _fit(
    gan: ConditionalGAN,
    recipe: Recipe,
    pairs: PairSet,
    history: History,
    callbacks: list[keras.callbacks.Callback],
    verbose: int,
    together: int,
) -> None:
    """Train for the epochs that are still to do; they are added to the history."""
    done = len(history.get("val_psnr", ()))
    cropped_epochs = max(recipe.epochs - recipe.whole_epochs, 0)
    for last, crop in ((cropped_epochs, recipe.crop), (recipe.epochs, None)):
        if done < last:
            batches = _batches(pairs, recipe, crop, done)
            held = together > 1 and ResidentBatches.fit(batches)
            given = ResidentBatches(batches, together) if held else batches
            gan.hold(given if held else None)
            gan.fit(
                given,
                shuffle=False,  # they are in an order of their own, which a resumed run repeats
                initial_epoch=done,
                epochs=last,
                verbose=verbose,
                callbacks=[EpochSync(batches), *callbacks],
            )
            gan.hold(None)
            done = len(history["val_psnr"])
        if gan.stop_training:  # as a callback asked
            break


def _batches(pairs: PairSet, recipe: Recipe, crop: int | None, epoch: int) -> PairBatches:
    return PairBatches(
        pairs,
        **recipe.arguments(
            PairBatches,
            crop=crop,
            zoom=recipe.zoom and crop is not None,
            lambda_range=LAMBDA_RANGE if recipe.condition == "lambda" else None,
            epoch=epoch,
        ),
    )


def _one_a_scene(pairs: PairSet, count: int) -> PairSet:
    first = [pairs.scenes.index(scene) for scene in dict.fromkeys(pairs.scenes)]
    return pairs[first[:count]]


def _learning_rate(
    rate: float, recipe: Recipe, steps_per_epoch: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    if recipe.schedule == "constant":
        return rate
    return keras.optimizers.schedules.CosineDecay(rate, recipe.epochs * steps_per_epoch)


def _require_recipe(path: Path, recipe: Recipe) -> None:
    """Refuse to go on with another recipe, unless it only takes longer and begins in the same way.

    The recipe that the run then has is the longer one.
    """
    kept = read_recipe(path)
    longer = recipe.epochs > kept.epochs and kept.but(epochs=recipe.epochs) == recipe
    if longer and recipe.schedule == "constant" and not recipe.whole_epochs:
        return
    remedy = "resume with that one, or choose another folder."
    if longer:
        remedy += (
            " A longer run would have been another one from its first epoch on, because learning "
            "rates or whole pictures follow from the number of epochs. To train this generator "
            f"further, start a new run from it: --start-from {path.parent / 'generator.keras'} "
            "and another --out (in Python, start_from=)."
        )
    recipe.require_same(kept, path, remedy)


def _start_from(gan: ConditionalGAN, generator: keras.Model) -> None:
    """Give a generator's weights to that of a `ConditionalGAN`, and to its average."""
    if _plan(generator) != _plan(gan.generator):
        raise ValueError(
            f"The generator {generator.name} to start from is another network than the recipe's: "
            "name the recipe that it was trained with (recipe.json in its run's folder)."
        )
    for own in (gan.generator, gan.best_generator):
        own.set_weights(generator.get_weights())


def _plan(model: keras.Model) -> list[tuple]:
    """What decides whether one network's weights mean the same in another."""
    return [
        (
            type(layer).__name__,
            getattr(layer, "groups", None),
            [tuple(weight.shape) for weight in layer.weights],
        )
        for layer in model.layers
    ]
