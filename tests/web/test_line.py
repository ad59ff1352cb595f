"""The line before the workers, and how many of them there are."""

import threading

import pytest
from waiting import wait_for

from lowlight_utils.web import Settings
from lowlight_utils.web.job import Job
from lowlight_utils.web.line import Line, memory_bytes, usual_workers


class Held:
    """Stands in for a worker where the test decides when a job is done."""

    def __init__(self, ready=True):
        self.ready, self.done, self.open = ready, [], threading.Event()

    def __call__(self, content, job):
        self.open.wait()
        self.done.append(content)
        return content


def test_jobs_are_done_in_the_order_in_which_they_came():
    worker = Held()
    line = Line([worker])
    futures = [line.submit(bytes([number]), Job()) for number in range(20)]
    worker.open.set()
    assert [future.result() for future in futures] == [bytes([number]) for number in range(20)]
    assert worker.done == [bytes([number]) for number in range(20)]


def test_as_many_jobs_are_in_work_as_there_are_workers():
    inside = threading.Barrier(3, timeout=60)  # broken, unless all three are there at once

    def worker(content, job):
        inside.wait()

    line = Line([worker] * 3)
    for future in [line.submit(b"", Job()) for _ in range(3)]:
        future.result()


def test_a_job_that_is_cancelled_leaves_the_line_and_lets_go_of_its_photo():
    worker = Held()
    line = Line([worker])
    first, second, third = (line.submit(each, Job()) for each in (b"1", b"2", b"3"))
    assert second.cancel()
    worker.open.set()
    assert (first.result(), third.result()) == (b"1", b"3")
    assert worker.done == [b"1", b"3"]


def test_a_worker_that_is_being_started_again_is_passed_over():
    dead, alive = Held(ready=False), Held()
    dead.open.set()
    alive.open.set()
    line = Line([dead, alive])
    for number in range(4):
        line.submit(bytes([number]), Job()).result()
    assert (len(dead.done), len(alive.done)) == (0, 4)


def test_what_a_job_took_is_charged_also_where_it_failed():
    charged = []

    def worker(content, job):
        raise ValueError

    with pytest.raises(ValueError):
        Line([worker]).submit(b"", Job(), charged.append).result()
    assert len(charged) == 1 and charged[0] > 0


def test_who_stands_further_back_is_told_to_wait_longer():
    worker = Held()
    line = Line([worker])
    before = line.wait_seconds()
    futures = [line.submit(b"", Job()) for _ in range(5)]
    assert line.wait_seconds() > before
    worker.open.set()
    for future in futures:
        future.result()
    wait_for(lambda: line.wait_seconds() <= before)


def test_a_limit_of_the_service_or_of_a_slice_above_it_counts_as_memory(tmp_path):
    ours = tmp_path / "cgroup"
    ours.write_text("0::/system.slice/lowlight.service\n")
    service = tmp_path / "fs" / "system.slice" / "lowlight.service"
    service.mkdir(parents=True)
    (service / "memory.max").write_text("max\n")
    whole = memory_bytes(tmp_path / "fs", ours)
    (service.parent / "memory.max").write_text("1000000\n")
    assert memory_bytes(tmp_path / "fs", ours) == 1_000_000 < whole


def test_there_is_a_worker_a_core_where_memory_allows_and_always_one(monkeypatch, tmp_path):
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    settings = Settings(weights=tmp_path / "generator.onnx")
    for gigabytes, workers in ((64, 4), (2, 2), (1, 1), (0.1, 1)):
        monkeypatch.setattr(
            "lowlight_utils.web.line.memory_bytes", lambda held=gigabytes: int(held * 2**30)
        )
        assert usual_workers(settings) == workers
