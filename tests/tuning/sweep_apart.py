"""Sweep the tiny recipes in a process of its own: sweep_apart.py FOLDER GRACE [TRIAL].

With TRIAL, the process kills itself, with no chance to clean up, in the middle of that trial's
second epoch. Which epochs it trained is written to epochs-PID.txt in the folder.
"""

import os
import signal
import sys
from pathlib import Path

import keras
from tiny import RECIPES, tiny_splits

from lowlight_utils.tuning import run_sweep, sweep


def watch(folder, victim):
    class Watch(keras.callbacks.Callback):
        def __init__(self, recipe):
            super().__init__()
            self.name = recipe.name

        def on_epoch_begin(self, epoch, logs=None):
            self.at = epoch

        def on_train_batch_end(self, batch, logs=None):
            if (self.name, self.at, batch) == (victim, 1, 0):
                os.kill(os.getpid(), signal.SIGKILL)

        def on_epoch_end(self, epoch, logs=None):
            with open(folder / f"epochs-{os.getpid()}.txt", "a") as file:
                file.write(f"{self.name} {epoch + 1}\n")

    return Watch


if __name__ == "__main__":
    folder, grace, *victim = sys.argv[1:]
    folder = Path(folder)
    watcher = watch(folder, *victim or [None])
    sweep._show_epochs = lambda bar, recipe: watcher(recipe)
    sweep.POLL = 0.2
    run_sweep(RECIPES, tiny_splits(), folder, grace=int(grace))
