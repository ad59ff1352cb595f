"""One study in a PostgreSQL server, as several machines share it. Needs a server installed."""

import getpass
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from tiny import RECIPES, tiny_splits
from waiting import PATIENCE

from lowlight_utils.training.callbacks import read_progress
from lowlight_utils.tuning import run_sweep

pytest.importorskip("psycopg", reason="install the extra postgres")
HERE = Path(__file__).parent


def program(name):
    """Find a program of PostgreSQL's; Debian keeps them off the PATH."""
    found = [shutil.which(name), *sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))]
    if not any(found):
        pytest.skip(f"there is no {name}: install PostgreSQL's server (Debian: postgresql)")
    return next(filter(None, found))


@pytest.fixture
def server():
    """The URL of a new database in a server of its own, which listens on a socket alone."""
    initdb, pg_ctl = program("initdb"), program("pg_ctl")
    # Not in tmp_path: a socket's path may have 107 letters, and root, as whom PostgreSQL will not
    # run, keeps tmp_path to itself.
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        user = {"user": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
        if user:
            shutil.chown(folder, "postgres")

        def call(*command):
            log = Path(folder).with_suffix(".log")
            with open(log, "w+") as file:  # not a pipe: the server would keep it open
                done = subprocess.run(command, stdout=file, stderr=file, cwd="/", **user)
            text = log.read_text()
            log.unlink()
            assert done.returncode == 0, text

        data = f"{folder}/data"
        call(initdb, "-D", data, "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
        call(pg_ctl, "-D", data, "-w", "-o", f"-k {folder} -c listen_addresses=''", "start")
        try:
            name = "postgres" if user else getpass.getuser()
            yield f"postgresql+psycopg://{name}@/postgres?host={folder}"
        finally:
            call(pg_ctl, "-D", data, "-m", "immediate", "stop")


def test_two_processes_share_a_study_and_one_takes_over_what_the_other_was_killed_in(
    server, tmp_path
):
    command = [sys.executable, HERE / "sweep_apart.py", tmp_path, "3", "KILL", "lambda-1"]
    path = os.pathsep.join([str(HERE), str(HERE.parent), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "LOWLIGHT_TEST_STORAGE": server}
    killed = subprocess.Popen(command, env=environment)
    assert killed.wait(PATIENCE) == -signal.SIGKILL
    assert read_progress(tmp_path / "lambda-1")["epoch"] == 1
    assert not (tmp_path / "study.db").exists()

    sweep = run_sweep(RECIPES, tiny_splits(), tmp_path, storage=server, grace=3)
    assert [row["trial"] for row in sweep.rows] == [recipe.name for recipe in RECIPES]
    assert sweep.row("lambda-0")["seconds"] is not None
    assert sweep.row("lambda-1")["seconds"] is None  # it went on from the epoch that was whole
