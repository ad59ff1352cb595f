"""`Worker`: a process that holds a generator, does one photo at a time, and is watched over.

What happens inside it stands in `child`.
"""

import atexit
import contextlib
import json
import logging
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
import time
from dataclasses import asdict

from lowlight_utils.prediction.exported import usual_threads
from lowlight_utils.web.child import work
from lowlight_utils.web.job import Deadly, Enhanced, Job, Refused, Told, WorkerError
from lowlight_utils.web.settings import Settings

log = logging.getLogger(__name__)
START_SECONDS = 120  # a slow disk and a cold cache; usually some seconds
LONGEST_PAUSE = 60  # seconds between two starts of a process that does not start
ANEW = "save it anew as a plain JPEG or PNG, or make it smaller"


class Worker:
    """Start the process, and give it jobs; from any thread, one at a time.

    Parameters
    ----------
    settings : Settings
    threads : int, optional
        How many cores one photo may use; by default all.

    Attributes
    ----------
    told : Told or None
        See `Pipeline`.
    examples : dict of str to bytes
        See `Pipeline.warm_up`.
    restarts : int
        How often the process had to be started again.

    Raises
    ------
    ValueError
        The generator cannot be loaded.
    WorkerError
        The process does not start.
    """

    def __init__(self, settings: Settings | None = None, threads: int | None = None) -> None:
        self.settings = settings or Settings()
        self.threads = threads or usual_threads()
        self.restarts = 0
        self._lock = threading.Lock()  # whoever holds it has the process to itself
        self._closed = False
        self._start()
        threading.Thread(target=self._watch, name="watching", daemon=True).start()
        # Where nobody closes it (gunicorn, a notebook's kernel): before multiprocessing asks it to
        # end by a signal that it ignores, and waits.
        atexit.register(self.close)

    def __call__(self, content: bytes, job: Job) -> Enhanced:
        """Do one job; see `Pipeline.__call__`.

        Raises
        ------
        Refused
            The photo cannot be enhanced; `Deadly` if it cost the process its life.
        WorkerError
            The job could not be done, and trying again later may help.
        """
        with self._lock:
            if self._closed:
                raise WorkerError("the server is shutting down")
            try:
                self._announce(job)
            except (EOFError, OSError):
                self._restart()  # it was killed while idle, which is not this photo's fault
                self._announce(job)
            try:
                self._connection.send_bytes(content)
                return self._answer(job)
            except (EOFError, OSError) as error:
                self._kill()
                raise Deadly(422, f"{job.name}: brought the decoder down; {ANEW}") from error
            except Deadly:
                self._kill()  # `_watch` starts it again
                raise

    @property
    def ready(self) -> bool:
        """Whether the process lives."""
        return not self._closed and self._process.is_alive()

    @property
    def pid(self) -> int | None:
        """The process's number."""
        return self._process.pid

    def close(self) -> None:
        """Finish the job in work, then end the process."""
        atexit.unregister(self.close)
        with self._lock:
            self._closed = True
            self._connection.close()  # which it takes for the end of its work
            self._process.join(5)
            self._kill()

    def _announce(self, job: Job) -> None:
        self._connection.send_bytes(json.dumps(asdict(job)).encode())
        self._listen(self.settings.job_seconds, job, "to be taken")

    def _answer(self, job: Job) -> Enhanced:
        answer = self._listen(self.settings.decode_seconds, job, "to decode")
        if "stage" in answer:
            answer = self._listen(self.settings.job_seconds, job, "to enhance")
        if "status" in answer:
            raise Refused(answer["status"], answer["detail"])
        if "error" in answer:
            log.error("a photo could not be enhanced: %s", answer["error"])
            raise Deadly(500, "the photo could not be enhanced; it has been noted")
        return Enhanced(content=self._connection.recv_bytes(), **answer)

    def _listen(self, seconds: float, job: Job, what: str) -> dict:
        if not self._connection.poll(seconds):
            self._kill()
            raise Deadly(422, f"{job.name}: took longer than {seconds:g} s {what}; {ANEW}")
        return json.loads(self._connection.recv_bytes())

    def _watch(self) -> None:
        """Start the process again as soon as it dies, whoever ended it, until `close`."""
        pause = 1
        while True:
            process = self._process
            multiprocessing.connection.wait([process.sentinel])
            with self._lock:
                if self._closed:
                    return
                if self._process.is_alive():  # the next job was first
                    continue
                try:
                    self._restart()
                    pause = 1
                    continue
                except WorkerError as error:
                    log.error("%s", error)
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _restart(self) -> None:
        self._kill()
        self.restarts += 1
        log.warning("starting a worker again (%d)", self.restarts)
        try:
            self._start()
        except ValueError as error:
            raise WorkerError(f"the worker cannot be started again: {error}") from error

    def _start(self) -> None:
        # "spawn": a fork would copy the threads' locks, whoever holds them.
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        words, their_words = context.Pipe(duplex=False)
        arguments = (theirs, their_words, self.settings, self.threads)
        self._process = context.Process(target=work, args=arguments, name="enhancing", daemon=True)
        self._process.start()
        theirs.close()  # so that its death is the end of the pipe
        their_words.close()
        try:
            if not self._connection.poll(START_SECONDS):
                raise WorkerError(f"the worker did not start within {START_SECONDS} s")
            ready = json.loads(self._connection.recv_bytes())
            if "error" in ready:
                raise ValueError(ready["error"])
            self.told = ready["told"] and Told(**ready["told"])
            self.examples = {name: self._connection.recv_bytes() for name in ready["examples"]}
        except (EOFError, OSError) as error:
            self._process.join(5)
            last = _last_words(words, self._process.exitcode)
            self._kill()
            raise WorkerError(f"the worker died as it started{last}") from error
        except BaseException:
            self._kill()
            raise
        finally:
            words.close()

    def _kill(self) -> None:
        if self._process.is_alive():
            self._process.kill()
        self._process.join()


def _last_words(words: multiprocessing.connection.Connection, exit_code: int | None) -> str:
    """Tell how a process ended, and the last line that it wrote to standard error."""
    names = {-each.value: each.name for each in signal.Signals}
    how = names.get(exit_code or 0, f"exit status {exit_code}")
    if how == "SIGKILL":  # Linux's way when there is no memory left
        how += ", perhaps for want of memory"
    said = b""
    if os.name == "posix":
        os.set_blocking(words.fileno(), False)
        with contextlib.suppress(BlockingIOError):
            said = os.read(words.fileno(), 2**16)
    last = said.decode(errors="replace").strip().splitlines()[-1:]
    return f" ({'; '.join([how, *last])})"
