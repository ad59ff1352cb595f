"""Many jobs at once, in processes of their own, whose results come in order."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait as wait_for_end
from typing import TypeVar

from lowlight_utils.backend import may_have_gpu
from lowlight_utils.machine import THREADS, cores, free_memory

AHEAD = 8  # jobs a process that may be in work or done before an earlier one's result is there
PHOTOS_EACH = 4  # fewer are done before one more process has started
EXPORTED, KERAS, PIXEL = 0.45e9, 1.05e9, 16  # bytes, see `process_bytes`

Result = TypeVar("Result")

_work: Callable  # in one of the processes: what it does
_working = threading.Lock()  # held while it does it


def process_bytes(exported: bool, pixels: float) -> float:
    """Estimate the most memory that a process takes which has a generator and a photo in its hands.

    The shipped generator took 0.65 to 0.90 GB over JPEGs of 12 to 50 megapixels where it was
    exported, and 1.22 to 1.79 over 12 to 100 on Keras; deep and transparent photos take more.
    """
    return (EXPORTED if exported else KERAS) + PIXEL * pixels


def usual_processes(photos: int, megapixels: float, exported: bool) -> int:
    """Say how many processes are worth while, and find room.

    Parameters
    ----------
    photos : int
        How many there are to do.
    megapixels : float
        Of the largest photo that is allowed.
    exported : bool
        Whether the generator is an `.onnx` file. Others may run on a GPU, which one process fills.

    Returns
    -------
    int
        At least 1, and at most one for each core.
    """
    if not exported and may_have_gpu():
        return 1
    each = process_bytes(exported, megapixels * 1e6)
    return max(1, min(cores(), int(free_memory() / each), photos // PHOTOS_EACH))


def in_order(
    load: Callable[[], Callable[..., Result]],
    jobs: Iterable[tuple],
    processes: int,
    lost: Callable[..., Result],
) -> Iterator[Result]:
    """Start processes, let them do jobs, and give the results in the order of the jobs.

    A process that dies costs the job in its hands and no other; a new one takes its place. Jobs are
    taken from the iterable as they are begun, at most `AHEAD` a process ahead of the result that is
    next, so that memory does not grow with their number. If this process is killed, the others
    finish what is in their hands and end.

    Parameters
    ----------
    load : callable
        Called once in each process; gives the function that does a job. To be pickled.
    jobs : iterable of tuple
        The function's arguments.
    processes : int
        They share the cores.
    lost : callable
        Called here with a job's arguments, in place of the function, if its process died over it.

    Returns
    -------
    iterator
        Of results. What the function raises is raised here.

    Raises
    ------
    ValueError
        A process died as it started.
    Exception
        What `load` raises.
    """
    workers = _Workers(load, processes)
    workers.start(processes)
    return _results(workers, jobs, lost)


class _Workers:
    """Processes that wait for jobs: executors of one process each, for one that dies breaks all."""

    def __init__(self, load: Callable, share: int) -> None:
        self.prepare = load, max(1, cores() // share)
        self.ahead = AHEAD * share
        self.idle: list[ProcessPoolExecutor] = []

    def start(self, count: int) -> None:
        new = [ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) for _ in range(count)]
        try:
            with _deaf_to_interrupts():
                loading = [worker.submit(_prepare, *self.prepare) for worker in new]
            for each in loading:
                each.result()
        except BaseException as error:
            self.stop(new)
            if isinstance(error, BrokenProcessPool):
                raise ValueError(
                    "a process was ended as it started, perhaps for want of memory; give fewer"
                    " --jobs"
                ) from error
            raise
        self.idle += new

    @staticmethod
    def stop(workers: Iterable[ProcessPoolExecutor]) -> None:
        """Let processes end, once they have finished what is in their hands."""
        workers = list(workers)
        for worker in workers:
            worker.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.shutdown()


def _results(workers: _Workers, jobs: Iterable[tuple], lost: Callable) -> Iterator:
    waiting = enumerate(jobs)
    at_work: dict[Future, tuple[int, tuple, ProcessPoolExecutor]] = {}
    done: dict[int, object] = {}
    given = 0
    try:
        while True:
            while workers.idle and len(at_work) + len(done) < workers.ahead:
                if (begun := next(waiting, None)) is None:
                    break
                number, job = begun
                worker = workers.idle.pop()
                at_work[worker.submit(_do, *job)] = number, job, worker
            while given in done:
                yield done.pop(given)
                given += 1
            if not at_work:
                return
            for future in wait(at_work, return_when=FIRST_COMPLETED).done:
                number, job, worker = at_work.pop(future)
                try:
                    done[number] = future.result()
                    workers.idle.append(worker)
                except BrokenProcessPool:
                    done[number] = lost(*job)
                    workers.start(1)
    finally:
        workers.stop([*workers.idle, *(worker for *_, worker in at_work.values())])


@contextlib.contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Let processes that are started ignore Ctrl-C, which all get: this one decides when to end."""
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # not in the main thread, the only one that hears it
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _prepare(load: Callable, threads: int) -> None:
    global _work
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where it is not inherited, as on Windows
    # Before the backend is loaded; what the user has set counts.
    for name in THREADS:
        os.environ.setdefault(name, str(threads))
    # Or the first process would take all of a GPU's memory.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    _work = load()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _do(*job: object) -> object:
    with _working:
        return _work(*job)


def _end_with_parent() -> None:
    """End this process once the one that gives it work has ended, but not amid a job."""
    parent = multiprocessing.parent_process()
    with contextlib.suppress(OSError):
        wait_for_end([parent.sentinel] if parent else [])
    _working.acquire()
    os._exit(1)
