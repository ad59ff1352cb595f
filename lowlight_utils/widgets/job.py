"""`TrainingJob`: a recipe trained in a thread of its own, watched and stopped from elsewhere."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lowlight_utils.data.sources import Splits
from lowlight_utils.training.recipes import Recipe
from lowlight_utils.tuning.common import CommonData, require_folder_names
from lowlight_utils.tuning.results import Sweep, collect

if TYPE_CHECKING:
    import keras

ONE_AT_A_TIME = threading.Lock()


class TrainingJob:
    """One trial, trained in the background.

    The folder gets what a sweep's has: a folder for the trial, and a table of all trials in it. A
    job that was stopped, or whose process ended, goes on from its last whole epoch when another one
    of the same recipe is started.

    What holds beside it: other models may be built, called and trained meanwhile, for Keras keeps
    its state by thread; but the job sets the seeds of Python's and NumPy's global generators, and
    takes processor time. Jobs wait for one another.

    Parameters
    ----------
    recipe : Recipe
    data : "sample", path or Splits
        See `run_sweep`.
    folder : path
        Where the trial's folder, named after the recipe, is kept.
    changed : callable, optional
        Called with the job whenever it has come further; from the job's thread.

    Attributes
    ----------
    state : {"new", "running", "done", "stopped", "failed"}
    step, steps : int
        How many training steps are done, and of how many; 0 before that is known.
    epoch : int
        How many epochs are done.
    val_psnr : float or None
        Of the last epoch that is done, in dB.
    error : Exception or None
        Why it failed.
    sweep : Sweep or None
        Once done: all trials in `folder`.

    Raises
    ------
    ValueError
        The recipe's name cannot be a folder's.
    """

    def __init__(
        self,
        recipe: Recipe,
        data: str | os.PathLike | Splits,
        folder: str | os.PathLike,
        changed: "Callable[[TrainingJob], None] | None" = None,
    ) -> None:
        require_folder_names([recipe.name])
        self.recipe, self.folder = recipe, Path(folder)
        self.state = "new"
        self.error: Exception | None = None
        self.sweep: Sweep | None = None
        self.step = self.steps = self.epoch = 0
        self.val_psnr: float | None = None
        self._data, self._changed = data, changed
        self._stop = threading.Event()
        # A daemon, so that a notebook's kernel can end: what is on disk is whole at any time.
        self._thread = threading.Thread(target=self._run, name=recipe.name, daemon=True)

    def start(self) -> "TrainingJob":
        """Begin; return at once."""
        self._note(state="running")
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ask it to stop after the step under way; return at once."""
        self._stop.set()

    def wait(self, seconds: float | None = None) -> "TrainingJob":
        """Wait until it is over, at most so long."""
        self._thread.join(seconds)
        return self

    def _run(self) -> None:
        try:
            while not ONE_AT_A_TIME.acquire(timeout=0.1):
                self._stop_if_asked()
            try:
                self._train()
            finally:
                ONE_AT_A_TIME.release()
        except Stopped:
            self._note(state="stopped")
        except Exception as error:  # nobody waits for this thread: whoever looks has to see it
            self._note(state="failed", error=error)

    def _train(self) -> None:
        from lowlight_utils.tuning.trial import run_trial

        self._stop_if_asked()
        common = CommonData(self._data, [self.recipe])
        splits = common.splits(self.recipe)
        self.folder.mkdir(parents=True, exist_ok=True)
        common.write_scenes(self.folder)
        row = run_trial(
            self.recipe,
            splits,
            self.folder / self.recipe.name,
            data=common.label,
            callbacks=[_watch(self)],
        )
        # All of it said once more, for a trial that had been finished before.
        self._note(step=self.steps, epoch=self.recipe.epochs, val_psnr=row["psnr"])
        self._note(state="done", sweep=collect(self.folder))

    def _stop_if_asked(self) -> None:
        if self._stop.is_set():
            raise Stopped

    def _note(self, **values: object) -> None:
        for name, value in values.items():
            setattr(self, name, value)
        if self._changed is not None:
            self._changed(self)


class Stopped(Exception):
    """The job was asked to stop."""


def _watch(job: TrainingJob) -> "keras.callbacks.Callback":
    """Make the callback that tells the job how far it is, and ends training if it is to stop."""
    import keras

    class Watch(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
            self.before = epoch * self.params["steps"]
            job._note(epoch=epoch, steps=self.params["epochs"] * self.params["steps"])

        def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
            # An exception, not `stop_training`: Keras would end the epoch as if it were whole, and
            # its state would be kept as such.
            job._stop_if_asked()
            job._note(step=self.before + batch + 1)

        def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
            job._note(epoch=epoch + 1, val_psnr=(logs or {}).get("val_psnr"))

    return Watch()
