"""The worker: a real process, killed and starved."""

import os
import signal
import subprocess
import sys

import numpy as np
import psutil
import pytest
from uploads import decode, file_of, good
from waiting import PATIENCE, wait_for

from lowlight_utils.web import Settings, Worker
from lowlight_utils.web.child import _load, without_message
from lowlight_utils.web.job import Deadly, Job, Refused, Told, WorkerError

PATIENT = {"decode_seconds": PATIENCE, "job_seconds": PATIENCE}


@pytest.fixture(scope="module")
def worker(exported, conditional_exported):
    files = {"weights": exported, "lambda_weights": conditional_exported}
    worker = Worker(Settings(**files, max_pixels=2_000_000, **PATIENT))
    yield worker
    worker.close()


def test_it_enhances_and_says_why_it_refuses(worker):
    assert decode(worker(good(), Job()).content).size == (64, 48)
    with pytest.raises(Refused, match=r"walk\.jpg") as refused:
        worker(b"nothing", Job(name="walk.jpg"))
    assert refused.value.status == 415
    assert {"dog-dark", "dog-bright"} <= worker.examples.keys()


def test_beside_its_generator_it_holds_one_that_is_told_lambda(worker):
    assert worker.told == Told("lambda", 0.01, 1000)
    results = [
        worker(good(), Job(**job)).content
        for job in ({}, {"method": "lambda", "lambda_l1": 1.0}, {"method": "lambda"})
    ]
    assert len(set(results)) == 3


def test_one_that_is_not_told_lambda_is_not_taken_for_it(exported):
    with pytest.raises(ValueError, match="is not told λ; export --told-lambda writes one"):
        _load(Settings(weights=exported, lambda_weights=exported))


def test_killed_while_idle_it_comes_back_by_itself(worker):
    before = worker.pid
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: worker.ready and worker.pid != before)


def test_killed_while_idle_it_loses_no_job(worker):
    before = worker.restarts
    os.kill(worker.pid, signal.SIGKILL)
    assert worker(good(), Job()).format == "png"
    assert worker.restarts == before + 1


def test_a_job_that_takes_too_long_is_ended_and_the_next_one_works(exported):
    worker = Worker(Settings(weights=exported, **PATIENT))
    try:
        worker.settings = Settings(weights=exported, decode_seconds=0, job_seconds=PATIENCE)
        slow = file_of(np.zeros((4000, 6000, 3), np.uint8), "JPEG", progressive=True)
        with pytest.raises(Deadly, match="longer than 0 s to decode"):
            worker(slow, Job())
        worker.settings = Settings(weights=exported, **PATIENT)
        assert worker(good(), Job()).format == "png"
        assert worker.restarts == 1
    finally:
        worker.close()


@pytest.mark.skipif(not os.path.exists("/proc/self/limits"), reason="needs Linux's /proc")
def test_it_can_write_no_file_and_leaves_no_core_dump(worker):
    limits = open(f"/proc/{worker.pid}/limits").read()
    for name in ("Max file size", "Max core file size"):
        (line,) = [line for line in limits.splitlines() if line.startswith(name)]
        assert line.split()[4 if "core" in name else 3] == "0"


def test_a_photo_that_needs_too_much_memory_is_refused(exported):
    worker = Worker(Settings(weights=exported, job_memory=150 * 2**20, **PATIENT))
    try:
        large = file_of(np.zeros((6000, 8000, 3), np.uint8), "JPEG")  # 144 MB, and twice over
        with pytest.raises(Refused):
            worker(large, Job())
        wait_for(lambda: worker.ready)
        assert worker(good(), Job()).format == "png"
    finally:
        worker.close()


def test_a_generator_that_cannot_be_loaded_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"none\.keras"):
        Worker(Settings(weights=tmp_path / "none.keras"))


def test_a_program_that_never_closes_it_ends_all_the_same(exported):
    program = (
        "from pathlib import Path; from lowlight_utils.web import Settings, Worker;"
        f"print(Worker(Settings(weights=Path({str(exported)!r}))).pid)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert not psutil.pid_exists(int(ended.stdout))


def test_an_error_is_told_without_its_message():
    try:
        raise KeyError("private")
    except KeyError as error:
        text = without_message(error)
    assert "KeyError in test_worker.py" in text
    assert "private" not in text


def test_with_the_shipped_generator_it_brightens_and_once_closed_takes_no_more():
    worker = Worker(Settings())
    assert np.asarray(decode(worker(good(), Job()).content)).mean() > 60
    worker.close()
    with pytest.raises(WorkerError):
        worker(good(), Job())
    assert not worker.ready
