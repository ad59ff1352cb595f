"""`run_sweep`: many recipes trained on the same data, in one process or in several at once."""

import contextlib
import logging
import os
import shutil
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock
from tqdm import tqdm

from lowlight_utils.data.images import ImageError
from lowlight_utils.data.photos import EVEN
from lowlight_utils.training.recipes import Recipe
from lowlight_utils.tuning import queue
from lowlight_utils.tuning.common import CommonData, Data, require_folder_names
from lowlight_utils.tuning.queue import optuna
from lowlight_utils.tuning.results import Sweep, read_sweep, tabulate
from lowlight_utils.tuning.studies import Space

if TYPE_CHECKING:
    import keras

POLL = 2.0  # seconds between two looks at what others do


def run_sweep(
    recipes: Sequence[Recipe],
    data: Data,
    folder: str | os.PathLike,
    *,
    name: str = "sweep",
    storage: str | None = None,
    grace: int = 60,
    progress: bool = True,
    low_side: str = "left",
    lights: str = EVEN,
    space: Space | None = None,
) -> Sweep:
    """Train recipes on the same data, each in a folder of its own, and compare what comes out.

    Call it again after it was killed, with the same arguments: what is done stays done, and what
    was under way goes on from its last whole epoch. Call it in several processes, with the same
    `folder` and `storage`, and they share the work: no recipe is trained twice. Each returns when
    all is done.

    With a `space` it is a search: each recipe is only a name and what all have in common, and
    Optuna's TPE chooses the rest when its turn comes, from what the trials before it reached. Those
    that do worse than most, judged by `val_psnr` after each epoch, are pruned: they end early, and
    their folders are removed.

    Parameters
    ----------
    recipes : sequence of Recipe
        All of one size, each with a name of its own, which becomes its folder's.
    data : "sample", path, sequence of these, or Splits
        See `load_splits`. Of the bundled photos the training copies are darkened anew for every
        seed, as `train` does it, and those for validation never. A folder is split with seed 0, so
        that all recipes are judged on the same pairs.
    folder : path
        Where everything is kept: results.csv (a row a trial), a folder a trial, and the database.
    name : str
        What Optuna calls the study; a database may hold several.
    storage : str, optional
        URL of the database that processes share, as SQLAlchemy has them. By default an SQLite file
        in `folder`, which serves the processes of one machine; several machines need a database
        server, and a `folder` that all of them see.
    grace : int
        Seconds of silence after which a process is held to be dead and its trial is taken over.
    progress : bool
        Show a bar over the trials, if there is a terminal to show it on.
    low_side : {"left", "right"}
        Of double pictures, on which side the dark one is.
    lights : str
        The kinds of light that the bundled validation photos are in; see `photo_pairs`.
    space : callable, optional
        From an Optuna trial, which suggests values, and a recipe to what the trial changes in it.

    Returns
    -------
    Sweep
        Everything that the study has finished, also what earlier calls asked for, as far as it is
        in `folder`.

    Raises
    ------
    ValueError
        Before anything is trained: recipes of two sizes or of one name, or the study holds other
        recipes or other data. At the end: recipes whose training broke down; the others are done.
        In a search that is only a warning, unless nothing else is done.
    OSError
        A file or the database cannot be written.
    """
    recipes = list(recipes)
    require_folder_names([recipe.name for recipe in recipes])
    common = CommonData(data, recipes, low_side, lights)
    folder = Path(folder)
    with _naming_what_stopped(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock")
        with lock:  # two processes must not make the database's tables at once
            storage = storage or f"sqlite:///{(folder / 'study.db').resolve()}"
            warmup = recipes[0].epochs // 3 if space else None
            study = queue.open_study(name, storage, grace, common.about(), warmup)
            common.write_scenes(folder)
        quiet = None if progress else True  # None: where there is no terminal
        with tqdm(total=len(recipes), desc=name, unit="trial", disable=quiet) as bar:
            broken = _work(study, recipes, common, folder, lock, bar, space)
    if broken:
        lines = "; ".join(f"{trial}: {error}" for trial, error in broken.items())
        message = f"{len(broken)} of {len(recipes)} trials broke down. {lines}"
        if space is None or len(broken) == len(recipes):
            raise ValueError(message)
        warnings.warn(message, stacklevel=2)
    return read_sweep(folder)


@contextlib.contextmanager
def _naming_what_stopped(folder: Path) -> Iterator[None]:
    """Say in a line which file or database could not be written, and that all else is kept."""
    try:
        yield
    except (OSError, AssertionError, *queue.DATABASE_ERRORS) as error:
        if (reason := queue.database_problem(error)) is None:
            if not isinstance(error, OSError):
                raise
            # A run also says how to resume a run; here, only what it could not write matters.
            cause = error.__cause__ if isinstance(error.__cause__, (OSError, ImageError)) else error
            reason = str(cause)
        raise OSError(
            f"The sweep in {folder} stopped: {reason}. What it has done so far is kept: the same "
            "command again goes on, once there is room on the disk."
        ) from error


def _work(
    study: optuna.Study,
    recipes: Sequence[Recipe],
    common: CommonData,
    folder: Path,
    lock: FileLock,
    bar: tqdm,
    space: Space | None,
) -> dict[str, ValueError]:
    """Run trials until none is left; return those that broke down here, and why."""
    import keras

    from lowlight_utils.tuning.trial import run_trial

    broken: dict[str, ValueError] = {}

    def objective(trial: optuna.Trial) -> float:
        lock.release()  # this process has its trial
        if "name" not in trial.user_attrs:  # one elsewhere was quicker, and Optuna made one up
            raise optuna.TrialPruned
        recipe = queue.recipe_of(trial)

        def report(epoch: int, logs: dict) -> None:
            trial.report(logs["val_psnr"], epoch)
            if trial.should_prune():
                raise optuna.TrialPruned

        # This only ever waits if a trial was taken over from a process that was not dead but
        # asleep, such as a closed laptop's.
        with FileLock(folder / f".{recipe.name}.lock"), _no_retracing_warnings():
            try:
                if space:
                    # Several processes draw different values, and a resumed search the same ones.
                    study.sampler = optuna.samplers.TPESampler(seed=trial.number)
                    recipe = recipe.but(**space(trial, recipe))
                show = [_show_epochs(bar, recipe), keras.callbacks.LambdaCallback(None, report)]
                splits = common.splits(recipe)
                row = run_trial(
                    recipe, splits, folder / recipe.name, data=common.label, callbacks=show
                )
            except (ValueError, optuna.TrialPruned) as error:
                if isinstance(error, ValueError):
                    broken[recipe.name] = error
                if space is None:
                    raise
                shutil.rmtree(folder / recipe.name, ignore_errors=True)
                raise optuna.TrialPruned from error  # that values do not work is a result too
        trial.report(row["psnr"], recipe.epochs)
        return row["psnr"]

    # Where this process was silent for so long that another has taken its trial over, Optuna does
    # not let it report. The other one goes on from what is in the folder.
    taken_over = contextlib.suppress(ValueError, optuna.exceptions.UpdateFinishedTrialError)
    names = [recipe.name for recipe in recipes]
    while True:
        with lock:
            queue.enqueue(study, [recipe for recipe in recipes if recipe.name not in broken])
            states = queue.states(study, names)
            tabulate(folder, list(queue.last_trials(study)))
            bar.n = sum(state not in ("waiting", "running") for state in states.values())
            bar.refresh()
            if "waiting" in states.values():
                with taken_over:
                    study.optimize(objective, n_trials=1, catch=ValueError, gc_after_trial=True)
                continue
        others = [trial for trial, state in states.items() if state == "running"]
        if not others:
            return broken
        bar.set_postfix_str(f"waiting for another process: {', '.join(others)}")
        time.sleep(POLL)


def _show_epochs(bar: tqdm, recipe: Recipe) -> "keras.callbacks.Callback":
    """Make a callback that says after each epoch which trial is how far."""
    import keras

    def show(epoch: int, logs: dict) -> None:
        bar.set_postfix_str(
            f"{recipe.name}: epoch {epoch + 1}/{recipe.epochs}, {logs['val_psnr']:.2f} dB"
        )

    return keras.callbacks.LambdaCallback(on_epoch_end=show)


@contextlib.contextmanager
def _no_retracing_warnings() -> Iterator[None]:
    """Without TensorFlow's advice to trace fewer functions: every trial has its own networks."""
    logger = logging.getLogger("tensorflow")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
