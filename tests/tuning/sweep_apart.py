"""Sweep the tiny recipes in a process of its own: sweep_apart.py FOLDER GRACE [MOMENT TRIAL].

With a trial, something happens in the middle of that trial's second epoch, when the process is sent
the moment's signal: KILL, so that it has no chance to clean up, or STOP. Which epochs it trained is
written to epochs-PID.txt in the folder. LOWLIGHT_TEST_STORAGE is the URL of another database.
"""

import os
import signal
import sys
import threading
from pathlib import Path

import keras
from apart import die_with_parent
from optuna.storages import RDBStorage
from tiny import RECIPES, tiny_splits

from lowlight_utils.tuning import run_sweep, sweep

HEARTBEAT = threading.Lock()


def between_heartbeats(record=RDBStorage.record_heartbeat):
    """Let no heartbeat be under way when the process is stopped: it would keep the database."""

    def record_heartbeat(storage, trial):
        with HEARTBEAT:
            record(storage, trial)

    RDBStorage.record_heartbeat = record_heartbeat


def watch(folder, moment, victim):
    class Watch(keras.callbacks.Callback):
        def __init__(self, recipe):
            super().__init__()
            self.name = recipe.name

        def on_epoch_begin(self, epoch, logs=None):
            self.at = epoch

        def on_train_batch_end(self, batch, logs=None):
            if (self.name, self.at, batch) == (victim, 1, 0):
                with HEARTBEAT:
                    os.kill(os.getpid(), getattr(signal, f"SIG{moment}"))

        def on_epoch_end(self, epoch, logs=None):
            with open(folder / f"epochs-{os.getpid()}.txt", "a") as file:
                file.write(f"{self.name} {epoch + 1}\n")

    return Watch


if __name__ == "__main__":
    die_with_parent()
    folder, grace, *moment = sys.argv[1:]
    folder = Path(folder)
    between_heartbeats()
    watcher = watch(folder, *moment or (None, None))
    sweep._show_epochs = lambda bar, recipe: watcher(recipe)
    sweep.POLL = 0.2
    storage = os.environ.get("LOWLIGHT_TEST_STORAGE")
    run_sweep(RECIPES, tiny_splits(), folder, grace=int(grace), storage=storage)
