"""`run_sweep`: many recipes trained on the same data, in one process or in several at once."""

import contextlib
import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from lowlight_utils.data.images import ImageError
from lowlight_utils.data.sources import Splits
from lowlight_utils.training.recipes import Recipe
from lowlight_utils.tuning import queue
from lowlight_utils.tuning.common import CommonData, require_folder_names
from lowlight_utils.tuning.results import TABLE_FILE, Sweep, read_sweep, write_table

POLL = 2.0  # seconds between two looks at what others do


def run_sweep(
    recipes: Sequence[Recipe],
    data: str | os.PathLike | Sequence[str | os.PathLike] | Splits,
    folder: str | os.PathLike,
    *,
    name: str = "sweep",
    storage: str | None = None,
    grace: int = 60,
    progress: bool = True,
    low_side: str = "left",
) -> Sweep:
    """Train recipes on the same data, each in a folder of its own, and compare what comes out.

    Call it again after it was killed, with the same arguments: what is done stays done, and what
    was under way goes on from its last whole epoch. Call it in several processes, with the same
    `folder` and `storage`, and they share the work: no recipe is trained twice. Each returns when
    all is done.

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

    Returns
    -------
    Sweep
        Everything that the study has finished, also what earlier calls asked for.

    Raises
    ------
    ValueError
        Before anything is trained: recipes of two sizes or of one name, or the study holds other
        recipes or other data. At the end: recipes whose training broke down; the others are done.
    OSError
        A file or the database cannot be written.
    """
    recipes = list(recipes)
    require_folder_names([recipe.name for recipe in recipes])
    common = CommonData.of(data, recipes, low_side)
    folder = Path(folder)
    with _naming_what_stopped(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = queue.lock(folder / ".lock")
        with lock:  # two processes must not make the database's tables at once
            storage = storage or queue.sqlite_url(folder / "study.db")
            study = queue.open_study(name, storage, grace, common.about())
            queue.require_same_recipes(study, recipes)
            common.write_scenes(folder)
        quiet = None if progress else True  # None: where there is no terminal
        with tqdm(total=len(recipes), desc=name, unit="trial", disable=quiet) as bar:
            broken = _work(study, recipes, common, folder, lock, bar)
    if broken:
        lines = "; ".join(f"{trial}: {error}" for trial, error in broken.items())
        raise ValueError(f"{len(broken)} of {len(recipes)} trials broke down. {lines}")
    return read_sweep(folder)


@contextlib.contextmanager
def _naming_what_stopped(folder):
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


def _work(study, recipes, common, folder, lock, bar):
    """Run trials until none is left; return those that broke down here, and why."""
    from lowlight_utils.tuning.trial import run_trial

    broken = {}

    def run(recipe):
        # This only ever waits if a trial was taken over from a process that was not dead but
        # asleep, such as a closed laptop's.
        with queue.lock(folder / f".{recipe.name}.lock"), _no_retracing_warnings():
            show = [_show_epochs(bar, recipe)]
            splits = common.splits(recipe)
            try:
                return run_trial(
                    recipe, splits, folder / recipe.name, data=common.label, callbacks=show
                )
            except ValueError as error:
                broken[recipe.name] = error
                raise

    while True:
        wanted = [recipe for recipe in recipes if recipe.name not in broken]
        queue.enqueue_missing(study, wanted)
        states = queue.states(study, [recipe.name for recipe in wanted])
        bar.n = len(broken) + sum(state == "complete" for state in states.values())
        bar.refresh()
        if "waiting" in states.values():
            already = len(broken)
            try:
                queue.run_next(study, run)
            except ValueError:
                if len(broken) == already:  # it was not the recipe's fault
                    raise
        elif "running" in states.values():
            others = [trial for trial, state in states.items() if state == "running"]
            bar.set_postfix_str(f"waiting for another process: {', '.join(others)}")
            time.sleep(POLL)
        with lock:  # of two tables, the later one must be written last
            write_table(folder / TABLE_FILE, queue.rows(study))
        if not {"waiting", "running"} & set(states.values()):
            return broken


def _show_epochs(bar, recipe):
    """Make a callback that says after each epoch which trial is how far."""
    import keras

    def show(epoch, logs):
        bar.set_postfix_str(
            f"{recipe.name}: epoch {epoch + 1}/{recipe.epochs}, {logs['val_psnr']:.2f} dB"
        )

    return keras.callbacks.LambdaCallback(on_epoch_end=show)


@contextlib.contextmanager
def _no_retracing_warnings():
    """Without TensorFlow's advice to trace fewer functions: every trial has its own networks."""
    logger = logging.getLogger("tensorflow")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
