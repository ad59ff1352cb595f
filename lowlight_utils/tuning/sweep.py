"""Several recipes trained on the same pairs, so that a killed sweep goes on where it was."""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from lowlight_utils.data.sources import Splits
from lowlight_utils.training.recipes import Recipe, read_recipe

if TYPE_CHECKING:
    from lowlight_utils.training.run import Run

FOLDER_NAME = re.compile(r"[\w.,=+-]*\w[\w.,=+-]*")


def sweep(
    recipes: Iterable[Recipe],
    splits: Splits,
    folder: str | os.PathLike,
    *,
    verbose: int = 0,
    progress: bool = True,
) -> "dict[str, Run]":
    """Train each recipe on the same pairs, in a folder of its own.

    Call it again after it was killed, and it goes on: recipes that are done are not trained again,
    and the one that was under way loses at most an epoch.

    Parameters
    ----------
    recipes : iterable of Recipe
        Each with a name of its own, which becomes its folder's. All of `splits`' size.
    splits : Splits
        The pairs that all of them are trained and validated on. The test pairs are not touched.
    folder : path
        Where the recipes' folders are kept. Made if missing.
    verbose : {0, 1, 2}
        What `train` shows of each run: nothing, a progress bar, a line an epoch.
    progress : bool
        Show a bar over the recipes, if there is a terminal to show it on.

    Returns
    -------
    dict of str to Run
        The recipe's name -> its run, in the order of `recipes`. All networks stay in memory.

    Raises
    ------
    ValueError
        Two recipes share a name, or a name cannot be a folder's, before anything is trained; or
        see `train`.
    """
    from lowlight_utils.training.run import train

    recipes = list(recipes)
    names = [recipe.name for recipe in recipes]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise ValueError(f"Several recipes are called {', '.join(doubled)}: rename with but(name=)")
    for name in names:
        if not FOLDER_NAME.fullmatch(name):
            raise ValueError(
                f"{name!r} cannot be a folder's name: use letters, digits and .,=+-_ alone."
            )
    runs = {}
    with tqdm(recipes, "sweep", unit="recipe", disable=None if progress else True) as bar:
        for recipe in bar:
            bar.set_postfix_str(recipe.name)
            runs[recipe.name] = train(
                recipe, splits, Path(folder) / recipe.name, resume=True, verbose=verbose
            )
    return runs


def results_table(
    runs: "Mapping[str, Run]", scores: Mapping[str, Mapping[str, float]] | None = None
) -> list[dict]:
    """Put runs side by side: what differs between their recipes, and what came of it.

    Parameters
    ----------
    runs : mapping of str to Run
        What `sweep` returned.
    scores : mapping of str to mapping of str to float, optional
        A run's name -> more columns, such as means of metrics on pictures.

    Returns
    -------
    list of dict
        One row a run: "recipe", "lambda_l1", "generator_lr", "discriminator_lr", "seed",
        "best_epoch" (from 1), "best_val_psnr" and "last_val_psnr" (dB), and the scores.

    Raises
    ------
    ValueError
        `scores` lacks a run, or has one that is not in `runs`.
    """
    if scores is not None and scores.keys() != runs.keys():
        odd = ", ".join(sorted(scores.keys() ^ runs.keys()))
        raise ValueError(f"Runs and scores have to be of the same names, and differ in {odd}.")
    rows = []
    for name, run in runs.items():
        recipe = read_recipe(run.folder / "recipe.json")
        val_psnr = run.history["val_psnr"]
        rows.append(
            {
                "recipe": name,
                "lambda_l1": recipe.lambda_l1,
                "generator_lr": recipe.generator_lr,
                "discriminator_lr": recipe.discriminator_lr,
                "seed": recipe.seed,
                "best_epoch": int(np.argmax(val_psnr)) + 1,
                "best_val_psnr": max(val_psnr),
                "last_val_psnr": val_psnr[-1],
                **(scores[name] if scores else {}),
            }
        )
    return rows
