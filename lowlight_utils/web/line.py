"""`Line`: photos wait in it for a worker, first come, first served; and how many workers there are.

The line itself is `concurrent.futures.ThreadPoolExecutor`'s, with a thread for each worker.
"""

import math
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from lowlight_utils.machine import memory_limits
from lowlight_utils.prediction.exported import is_exported, usual_threads
from lowlight_utils.prediction.processes import process_bytes
from lowlight_utils.web.job import Deadly, Enhanced, Job
from lowlight_utils.web.settings import MIB, Settings
from lowlight_utils.web.worker import Worker

OTHER_BYTES = 300 * MIB  # the server itself, and the system's


class Line:
    """Give each job to the first worker that is free.

    Parameters
    ----------
    workers : list
        Each a `Worker`, or whatever turns (bytes, Job) into `Enhanced`.
    harmed : function, optional
        Told of a photo that did harm (`Deadly`), and what was said of it, before anybody has the
        result.
    """

    def __init__(
        self, workers: list, harmed: Callable[[bytes, str], None] = lambda content, said: None
    ) -> None:
        self.workers = workers
        self._harmed = harmed
        self._free = list(workers)
        self._lock = threading.Lock()
        self._executor = ThreadPoolExecutor(len(workers), thread_name_prefix="line")
        self._waiting = 0
        self._usual_seconds = 1.0

    def submit(
        self, content: bytes, job: Job, charge: Callable[[float], None] = lambda seconds: None
    ) -> Future:
        """Put a job at the end of the line.

        Parameters
        ----------
        content : bytes
        job : Job
        charge : function, optional
            Told, at the end, how many seconds the job has held a worker.

        Returns
        -------
        Future
            Of an `Enhanced`. Cancelling it takes the job out of the line, and lets go of the photo.
        """
        held = [content]  # a list, since the executor keeps what it was given of a cancelled job
        with self._lock:
            self._waiting += 1
        future = self._executor.submit(self._do, held, job, charge)
        future.add_done_callback(lambda _: self._left(held))
        return future

    def wait_seconds(self) -> int:
        """Estimate how long a job that came now would wait for its result."""
        with self._lock:
            rounds = (self._waiting + 1) / len(self.workers)
            return max(1, math.ceil(rounds * self._usual_seconds))

    @property
    def ready(self) -> bool:
        """Whether any worker lives."""
        return any(getattr(worker, "ready", True) for worker in self.workers)

    @property
    def restarts(self) -> int:
        """How often workers had to be started again."""
        return sum(getattr(worker, "restarts", 0) for worker in self.workers)

    def _do(self, held: list[bytes], job: Job, charge: Callable[[float], None]) -> Enhanced:
        with self._lock:  # there are as many threads as workers, so one is always free
            alive = [each for each in self._free if getattr(each, "ready", True)]
            worker = (alive or self._free)[0]
            self._free.remove(worker)
        started = time.perf_counter()
        try:
            return worker(held[0], job)
        except Deadly as error:
            self._harmed(held[0], str(error))
            raise
        finally:
            seconds = time.perf_counter() - started
            charge(seconds)
            with self._lock:
                self._free.append(worker)
                self._usual_seconds += 0.2 * (seconds - self._usual_seconds)

    def _left(self, held: list[bytes]) -> None:
        held.clear()
        with self._lock:
            self._waiting -= 1


def start_workers(settings: Settings) -> list[Worker]:
    """Start as many workers as the settings say, at once, and share the cores among them.

    Raises
    ------
    ValueError
        The generator cannot be loaded.
    WorkerError
        A process does not start.
    """
    many = settings.workers or usual_workers(settings)
    threads = max(1, usual_threads() // many)
    with ThreadPoolExecutor(many) as executor:
        starting = [executor.submit(Worker, settings, threads) for _ in range(many)]
    failures = [error for each in starting if (error := each.exception())]
    if failures:
        for each in starting:
            if not each.exception():
                each.result().close()
        raise failures[0]
    return [each.result() for each in starting]


def usual_workers(settings: Settings) -> int:
    """Say how many workers this machine carries: one a core, where there is memory for them."""
    each = process_bytes(is_exported(settings.weights), settings.max_pixels)
    return max(1, min(usual_threads(), int((memory_bytes() - OTHER_BYTES) / each)))


def memory_bytes(*where: Path) -> int:
    """Return the machine's memory, or what of it the container or the service may have.

    `where` is for `memory_limits`.
    """
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # Windows
        import psutil

        total = psutil.virtual_memory().total
    return min([total, *(limit for limit, _ in memory_limits(*where))])
