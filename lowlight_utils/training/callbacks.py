"""What happens after each epoch: measure, show, keep the best, and be ready to be killed."""

import json
import os
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from lowlight_utils.data.images import to_image, to_network, write_image
from lowlight_utils.data.pairs import PairSet
from lowlight_utils.files import replacing, write_file
from lowlight_utils.metrics import mean_scores, measure_pairs, psnr
from lowlight_utils.models.saving import save_generator
from lowlight_utils.recipe import Recipe

PROGRESS_FILE = "progress.json"


def enhance_stack(
    generator: keras.Model,
    low: np.ndarray,
    batch_size: int = 4,
    lambda_l1: float = Recipe.lambda_l1,
) -> np.ndarray:
    """Enhance uint8[n, h, w, 3] with a generator in inference mode, a few pictures at a time.

    A conditional generator is told `lambda_l1`; others do not ask. On a CPU four pictures at a time
    take less than eight, a quarter less for each: their features stay in the caches.
    """
    parts = []
    for i in range(0, len(low), batch_size):
        pictures = to_network(low[i : i + batch_size])
        told = np.full((len(pictures), 1), lambda_l1, np.float32)
        given = [pictures, told] if len(generator.inputs) > 1 else pictures
        parts.append(to_image(np.asarray(generator.predict_on_batch(given))))
    return np.concatenate(parts)


class RefuseNaN(keras.callbacks.Callback):
    """End a run whose losses are no longer numbers, before anything of that epoch is kept."""

    def on_epoch_end(self, epoch: int, logs: dict) -> None:
        broken = [name for name, value in logs.items() if not np.isfinite(value)]
        if broken:
            raise ValueError(
                f"In epoch {epoch + 1} the training broke down ({', '.join(broken)} no longer a "
                "number): choose lower learning rates."
            )


class Validate(keras.callbacks.Callback):
    """Put `val_psnr` into the logs: mean PSNR in dB of the best generator on a `PairSet`.

    A conditional generator is measured at the recipe's λ.
    It is measured on whole 8-bit pictures, as `evaluate` does it, and it comes before the callbacks
    that read it.
    """

    def __init__(self, pairs: PairSet) -> None:
        super().__init__()
        self.pairs = pairs

    def on_epoch_end(self, epoch: int, logs: dict) -> None:
        enhanced = enhance_stack(
            self.model.best_generator, self.pairs.low, lambda_l1=self.model.recipe.lambda_l1
        )
        scores = measure_pairs(enhanced, self.pairs, {"psnr": psnr})
        logs["val_psnr"] = mean_scores(scores)["psnr"]


class SamplePictures(keras.callbacks.Callback):
    """Write the same few scenes, as enhanced after each epoch, side by side into `folder`.

    The pictures are epoch_0001.png and so on; low.png and high.png hold the scenes' two ends.
    """

    def __init__(self, pairs: PairSet, folder: str | os.PathLike) -> None:
        super().__init__()
        self.pairs = pairs
        self.folder = Path(folder)

    def on_train_begin(self, logs: dict | None = None) -> None:
        write_image(self.folder / "low.png", np.hstack([*self.pairs.low]))
        write_image(self.folder / "high.png", np.hstack([*self.pairs.high]))

    def on_epoch_end(self, epoch: int, logs: dict) -> None:
        enhanced = enhance_stack(
            self.model.best_generator, self.pairs.low, lambda_l1=self.model.recipe.lambda_l1
        )
        strip = np.hstack([*enhanced])
        write_image(self.folder / f"epoch_{epoch + 1:04d}.png", strip)


class KeepGenerator(keras.callbacks.Callback):
    """Save the generator to `path` after each epoch, or only after those that are the best yet.

    Parameters
    ----------
    path : path
        A `.keras` file.
    empty_generator : callable
        Makes the generator that is saved, in float32 and for any picture size; it gets the weights.
    keep : {"best", "last"}
        "best": whenever `val_psnr` is better than in every epoch before.
    best : float
        The `val_psnr` to beat, in dB.
    wait : bool
        Only remember the generator; `write` saves it. So it can be written together with the state
        of its run, and never be from an epoch that a killed run has lost.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        empty_generator: Callable[[], keras.Model],
        keep: str = "best",
        best: float = -np.inf,
        wait: bool = False,
    ) -> None:
        super().__init__()
        self.path = Path(path)
        self.empty_generator = empty_generator
        self.keep = keep
        self.best = best
        self.wait = wait
        self.unwritten: list[np.ndarray] | None = None

    def on_epoch_end(self, epoch: int, logs: dict) -> None:
        if self.keep == "best" and logs["val_psnr"] <= self.best:
            return
        self.best = logs["val_psnr"]
        self.unwritten = self.model.best_generator.get_weights()
        if not self.wait:
            self.write()

    def write(self) -> None:
        """Save the generator that is to be kept, unless it is saved already."""
        if self.unwritten is not None:
            generator = self.empty_generator()
            generator.set_weights(self.unwritten)
            save_generator(generator, self.path)
            self.unwritten = None


class Backup(keras.callbacks.Callback):
    """Write down all that a killed run needs to go on, after each epoch or every few minutes.

    progress.json names the state file that belongs to it and is replaced last, in one step:
    whenever the run is killed, the folder holds one whole epoch's state.

    Parameters
    ----------
    folder : path
        The run's folder.
    history : dict of str to list of float
        One list a log, of the epochs before this run; it grows by a value an epoch.
    minutes : float
        Let so much time pass between two states, and write one when the training ends. A state has
        three numbers a weight, 686 MB at the seed recipe's size: on a graphics card, writing it
        takes longer than the epoch.
    before : callable, optional
        What else to write, before the state.
    """

    def __init__(
        self,
        folder: str | os.PathLike,
        history: dict[str, list[float]],
        minutes: float = 0.0,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__()
        self.folder = Path(folder)
        self.history = history
        self.minutes = minutes
        self.before = before
        self.written = time.monotonic()
        self.unwritten: int | None = None  # the last epoch, while its state is not written

    def on_epoch_end(self, epoch: int, logs: dict) -> None:
        for name, value in logs.items():
            self.history.setdefault(name, []).append(float(value))
        self.unwritten = epoch
        if time.monotonic() - self.written >= 60 * self.minutes:
            self.write(epoch)

    def on_train_end(self, logs: dict | None = None) -> None:
        if self.unwritten is not None:
            self.write(self.unwritten)

    def write(self, epoch: int) -> None:
        """Write the state after an epoch, in place of the earlier one."""
        self.before()
        state = self.folder / f"state_{epoch + 1:04d}.npz"
        with replacing(state) as file:
            np.savez(file, *[np.asarray(variable) for variable in _state(self.model)])
        progress = {"epoch": epoch + 1, "state": state.name, "history": self.history}
        write_file(self.folder / PROGRESS_FILE, json.dumps(progress, indent=2))
        # What was cut off, when the run was killed, is as large as a state.
        for old in (*self.folder.glob("state_*.npz"), *self.folder.glob(".*.part")):
            if old != state:
                old.unlink()
        self.unwritten, self.written = None, time.monotonic()


def read_progress(folder: str | os.PathLike) -> dict | None:
    """Return what `Backup` wrote in a run's folder: epoch, state and history; or None.

    Raises
    ------
    ValueError
        If the file is there but cannot be read.
    """
    path = Path(folder) / PROGRESS_FILE
    if not path.exists():
        return None
    try:
        progress = json.loads(path.read_text(encoding="utf-8"))
        lengths = {len(values) for values in progress["history"].values()}
        if lengths != {progress["epoch"]}:
            raise ValueError(f"it holds {progress['epoch']} epochs, its history {sorted(lengths)}")
        return {key: progress[key] for key in ("epoch", "state", "history")}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is damaged ({error}): start again in another folder.") from error


def restore_state(gan: keras.Model, path: str | os.PathLike) -> None:
    """Give a compiled `ConditionalGAN` every weight, moment and random state that a file holds.

    Raises
    ------
    ValueError
        If the file is missing, damaged, or of other networks.
    """
    variables = _state(gan)
    try:
        with np.load(path) as file:
            values = [file[f"arr_{index}"] for index in range(len(file.files))]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path} cannot be read ({error}): start again in another folder."
        ) from error
    if [value.shape for value in values] != [tuple(variable.shape) for variable in variables]:
        raise ValueError(f"{path} belongs to other networks: use the recipe that made it.")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _state(gan: keras.Model) -> list[keras.Variable]:
    """List all that a step changes: weights, statistics, random states, optimizers' moments."""
    return [*gan.variables, *gan.optimizer.variables]
