"""Train the small recipe, and be killed at a chosen moment: killed_run.py MOMENT FOLDER ...

The moments lie in the second epoch of three: "batch", in the middle of it; "state", half-way
through writing its state; "progress", when the state is written but progress.json does not name it
yet; or "never". Of several folders, one is trained in after the other.
"""

import os
import signal
import sys
from pathlib import Path

import keras
import numpy as np
from small import SMALL, small_splits

from lowlight_utils.training import train


def die():
    os.kill(os.getpid(), signal.SIGKILL)


class DieInSecondEpoch(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if (self.epoch, batch) == (1, 1):
            die()


def die_within_second_state(save=np.savez):
    def write_half(file, *values):
        save(file, *values)
        if any(Path(file.name).parent.glob("state_*.npz")):
            file.flush()
            os.truncate(file.name, os.path.getsize(file.name) // 2)
            die()

    np.savez = write_half


def die_before_second_progress(replace=os.replace):
    def replace_or_die(source, target):
        if Path(target).name == "progress.json" and Path(target).exists():
            die()
        replace(source, target)

    os.replace = replace_or_die


if __name__ == "__main__":
    moment, *folders = sys.argv[1:]
    callbacks = [DieInSecondEpoch()] if moment == "batch" else []
    if moment == "state":
        die_within_second_state()
    if moment == "progress":
        die_before_second_progress()
    # JAX compiles the step anew, and slowly, for a last batch of another size.
    splits = small_splits(train=4 if keras.backend.backend() == "jax" else 5)
    for folder in folders:
        train(SMALL, splits, folder, resume=True, verbose=0, callbacks=callbacks)
