"""One trial of a sweep: a recipe trained, measured after its last epoch, and written down."""

import gc
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from lowlight_utils.backend import hardware, versions
from lowlight_utils.data.sources import Splits
from lowlight_utils.files import write_file
from lowlight_utils.metrics import MEASURES, mean_scores, measure_pairs
from lowlight_utils.models.saving import save_generator
from lowlight_utils.recipe import Recipe
from lowlight_utils.training.callbacks import enhance_stack, read_progress
from lowlight_utils.training.recipes import EVEN, QUICK, SEED, SHIPPED, SWEEP, read_recipe
from lowlight_utils.training.run import build_generator, train
from lowlight_utils.tuning.results import METRICS_FILE, PICTURES_FILE, first_of_scenes, write_strip


def run_trial(
    recipe: Recipe,
    splits: Splits,
    folder: str | os.PathLike,
    *,
    data: str | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> dict:
    """Train a recipe, going on where its folder is, and measure what it has after the last epoch.

    The last epoch, not the best: a checkpoint chosen by PSNR has stopped where PSNR began to fall,
    and would hide what a low λ does.

    Parameters
    ----------
    recipe : Recipe
    splits : Splits
        Trained on `splits.train`, measured on `splits.validation` (a conditional generator at the
        recipe's λ). The test pairs are not touched.
    folder : path
        Gets what `train` leaves, and metrics.json (the row, and every picture's scores),
        pictures.webp (one of each scene) and last.keras (the generator that was measured). What is
        needed to resume is removed at the end: it is three times as large as the networks.
    data : str, optional
        What `load_splits` was given, for the row.
    callbacks : sequence of keras.callbacks.Callback
        More callbacks for `train`.

    Returns
    -------
    dict
        The row: what was trained on what, how, and the mean scores; a column of the table each.

    Raises
    ------
    ValueError
        See `train`; or the folder's metrics are another recipe's.
    """
    folder = Path(folder)
    finished = folder / METRICS_FILE
    if finished.exists():
        # Only another recipe is refused here; a finished folder needs nothing else.
        kept = folder / "recipe.json"
        recipe.require_same(read_recipe(kept), kept, "choose another folder.")
        return json.loads(finished.read_text(encoding="utf-8"))["row"]
    resumed = read_progress(folder) is not None
    started = time.perf_counter()
    run = train(recipe, splits, folder, resume=True, verbose=0, callbacks=callbacks)
    seconds = time.perf_counter() - started

    validation = splits.validation
    enhanced = enhance_stack(run.gan.best_generator, validation.low, lambda_l1=recipe.lambda_l1)
    scores = measure_pairs(enhanced, validation, MEASURES)
    images = [{"image": name, **each} for name, each in zip(validation.names, scores, strict=True)]
    val_psnr = run.history["val_psnr"]
    row = {
        "trial": recipe.name,
        **describe(recipe, data),
        **{key: round(value, 4) for key, value in mean_scores(scores).items()},
        "best_epoch": int(np.argmax(val_psnr)) + 1,
        "best_val_psnr": round(max(val_psnr), 4),
        "seconds": None if resumed else round(seconds, 1),
        "train_pairs": len(splits.train),
        "validation_pairs": len(validation),
        "hardware": hardware(),
        "backend": keras.backend.backend(),
        "versions": ", ".join(map(" ".join, versions().items())),
    }
    shown = first_of_scenes(validation.scenes)
    write_strip(folder / PICTURES_FILE, enhanced[shown])
    generator = build_generator(recipe)  # in float32, for pictures of any size
    generator.set_weights(run.gan.best_generator.get_weights())
    save_generator(generator, folder / "last.keras")
    result = {"row": row, "scenes": [validation.names[i] for i in shown], "images": images}
    write_file(finished, json.dumps(result, indent=2) + "\n")
    for state in folder.glob("state_*.npz"):
        state.unlink()
    del run, generator
    gc.collect()  # networks hold cycles, and many trials follow in this process
    return row


def describe(recipe: Recipe, data: str | None) -> dict:
    """Say which recipe a row is of, and the command that trains it again."""
    base, changes = _nearest_base(recipe)
    options = [_option(key.replace("_", "-"), value) for key, value in changes.items()]
    command = [
        "python -m lowlight_utils sweep --study repeat",
        f"--recipe {base.name}",
        *options,
        f"--seeds {recipe.seed}",
        f"--data {data or 'DIR'}",
        "--out build/again",
    ]
    return {
        # As the notebooks call it; options follow the data.
        "mode": "quick" if data and data.partition(" --")[0] == "sample" else "full",
        "recipe": base.name,
        "changes": " ".join(f"{key}={value}" for key, value in changes.items()),
        "lambda_l1": recipe.lambda_l1,
        "adversarial": recipe.adversarial,
        "generator_lr": recipe.generator_lr,
        "discriminator_lr": recipe.discriminator_lr,
        "epochs": recipe.epochs,
        "seed": recipe.seed,
        "data": data,
        "command": " ".join(command),
    }


def _option(name: str, value: object) -> str:
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no-{name}"
    return f"--{name} {value}"


def _nearest_base(recipe: Recipe) -> tuple[Recipe, dict]:
    """Return the named recipe with the fewest fields to change, and the changes."""
    found = []
    for base in (SEED, QUICK, SWEEP, EVEN, SHIPPED):
        fields = (name for name in vars(recipe) if name not in ("name", "seed"))
        wanted = {name: getattr(recipe, name) for name in fields}
        changes = {name: x for name, x in wanted.items() if x != getattr(base, name)}
        if None not in changes.values():  # which the command line cannot ask for
            found.append((base, changes))
    return min(found, key=lambda each: len(each[1]))
