"""`Worker`: a process that holds the generator, does one photo at a time, and is watched over.

Decoders are the part of a server that strangers can reach. Here they run in a process of their own:
a file that crashes one, fills the memory or never ends costs its sender an error and the server
some seconds to start the process again. The process can write no file (its limit for files is zero
bytes, core dumps included), and answers in JSON, not in pickles, so that a decoder that has been
taken over cannot reach further.
"""

import atexit
import contextlib
import ctypes
import json
import logging
import multiprocessing
import os
import signal
import threading
import traceback
from dataclasses import asdict
from pathlib import Path

from lowlight_utils.backend import start_keras
from lowlight_utils.extras import explain
from lowlight_utils.web.job import Enhanced, Job, Refused, WorkerError
from lowlight_utils.web.settings import Settings
from lowlight_utils.web.turns import Turns

log = logging.getLogger(__name__)
START_SECONDS = 120  # a slow disk and a cold cache; usually some seconds
LARGE = 2**19  # bytes of a file; after smaller photos, taking memory anew costs more than it saves


class Worker:
    """Start the process, and give it jobs; from any thread, one at a time.

    Parameters
    ----------
    settings : Settings

    Attributes
    ----------
    lambda_range : tuple of float or None
        What the generator offers, see `Pipeline`.
    examples : dict of str to bytes
        See `Pipeline.warm_up`.
    restarts : int
        How often the process had to be started again.

    Raises
    ------
    ValueError
        The generator cannot be loaded.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.restarts = 0
        self._turns = Turns()
        self._closed = False
        with self._turns:
            self._start()
        # Where nobody closes it (gunicorn, a notebook's kernel): before multiprocessing asks it to
        # end by a signal that it ignores, and waits.
        atexit.register(self.close)

    def __call__(self, content: bytes, job: Job) -> Enhanced:
        """Do one job; see `Pipeline.__call__`.

        Raises
        ------
        Refused
            The photo cannot be enhanced.
        WorkerError
            The job could not be done, and trying again later may help.
        """
        patience = self.settings.job_seconds * (self.settings.queue + 1)
        if not self._turns.acquire(timeout=patience):
            raise WorkerError("waited too long for other photos")
        try:
            if self._closed:
                raise WorkerError("the server is shutting down")
            try:
                try:
                    self._announce(job)
                except (EOFError, OSError):
                    self._restart()  # it was killed while idle, which is not this photo's fault
                    self._announce(job)
                self._connection.send_bytes(content)
                self._wait()
                return self._answer()
            except (EOFError, OSError) as error:
                raise WorkerError("the worker died over this photo") from error
        except WorkerError:
            if not self._closed:
                self._kill()  # before anybody else gives it a job
                threading.Thread(target=self._mend, daemon=True).start()
            raise
        finally:
            self._turns.release()

    @property
    def ready(self) -> bool:
        """Whether the process lives."""
        return not self._closed and self._process.is_alive()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def close(self) -> None:
        """Finish the job in work, then end the process."""
        atexit.unregister(self.close)
        with self._turns:
            self._closed = True
            self._connection.close()  # which it takes for the end of its work
            self._process.join(5)
            self._kill()

    def _announce(self, job: Job) -> None:
        self._connection.send_bytes(json.dumps(asdict(job)).encode())
        self._wait()
        self._connection.recv_bytes()

    def _wait(self) -> None:
        if not self._connection.poll(self.settings.job_seconds):
            raise WorkerError(f"took longer than {self.settings.job_seconds:g} s")

    def _answer(self) -> Enhanced:
        answer = json.loads(self._connection.recv_bytes())
        if "status" in answer:
            raise Refused(answer["status"], answer["detail"])
        if "error" in answer:
            log.error("a photo could not be enhanced: %s", answer["error"])
            raise WorkerError("the photo could not be enhanced")
        return Enhanced(content=self._connection.recv_bytes(), **answer)

    def _mend(self) -> None:
        with self._turns:
            if not self._closed and not self._process.is_alive():  # else the next job was first
                try:
                    self._restart()
                except WorkerError as error:
                    log.error("%s", error)

    def _restart(self) -> None:
        self._kill()
        self.restarts += 1
        log.warning("starting the worker again (%d)", self.restarts)
        try:
            self._start()
        except ValueError as error:
            raise WorkerError(f"the worker cannot be started again: {error}") from error

    def _start(self) -> None:
        # "spawn": a fork would copy the threads' locks, whoever holds them.
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        words, their_words = context.Pipe(duplex=False)
        self._process = context.Process(
            target=_work, args=(theirs, their_words, self.settings), name="enhancing", daemon=True
        )
        self._process.start()
        theirs.close()  # so that its death is the end of the pipe
        their_words.close()
        try:
            if not self._connection.poll(START_SECONDS):
                raise WorkerError(f"the worker did not start within {START_SECONDS} s")
            ready = json.loads(self._connection.recv_bytes())
            if "error" in ready:
                raise ValueError(ready["error"])
            self.lambda_range = ready["lambda_range"]
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


def _last_words(words, exit_code: int | None) -> str:
    """Tell how a process ended, and the last line that it wrote to standard error."""
    names = {-each.value: each.name for each in signal.Signals}
    how = names.get(exit_code, f"exit status {exit_code}")
    if how == "SIGKILL":  # Linux's way when there is no memory left
        how += ", perhaps for want of memory"
    said = b""
    if os.name == "posix":
        os.set_blocking(words.fileno(), False)
        with contextlib.suppress(BlockingIOError):
            said = os.read(words.fileno(), 2**16)
    last = said.decode(errors="replace").strip().splitlines()[-1:]
    return f" ({'; '.join([how, *last])})"


def _work(connection, words, settings: Settings) -> None:
    """Load, warm up, and do jobs until the other end of the pipe is closed."""
    # Signals go to the whole group. The server decides when to stop, and closes the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # Native decoders write what they find wrong with a photo to standard error: nobody's business.
    # What is said until the first photo comes is heard if the process then dies.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    if os.name == "posix":
        os.set_blocking(words.fileno(), False)  # nobody reads before the end
        os.dup2(words.fileno(), 2)
    words.close()
    try:
        from lowlight_utils.prediction import Enhancer, is_exported
        from lowlight_utils.web.pipeline import Pipeline

        if not is_exported(settings.weights):
            start_keras()
        pipeline = Pipeline(Enhancer(settings.weights), settings)
        examples = pipeline.warm_up()
    except Exception as error:
        problem = explain(error) or str(error) or type(error).__name__
        connection.send_bytes(json.dumps({"error": problem}).encode())
        return
    os.dup2(nowhere, 2)
    ready = {"lambda_range": pipeline.lambda_range, "examples": list(examples)}
    connection.send_bytes(json.dumps(ready).encode())
    for file in examples.values():
        connection.send_bytes(file)
    del examples
    _confine(settings.job_memory)
    while True:
        try:
            job = Job(**json.loads(connection.recv_bytes()))
            connection.send_bytes(b"go on")
            content = connection.recv_bytes()
        except (EOFError, OSError):
            return
        try:
            enhanced = pipeline(content, job)
            answer = {name: value for name, value in vars(enhanced).items() if name != "content"}
        except Refused as error:
            enhanced, answer = None, {"status": error.status, "detail": str(error)}
        except Exception as error:  # its message may quote the photo: only where it arose is told
            enhanced, answer = None, {"error": _without_message(error)}
        try:
            connection.send_bytes(json.dumps(answer).encode())
            if enhanced:
                connection.send_bytes(enhanced.content)
        except OSError:  # the server has gone
            return
        large = max(len(content), len(enhanced.content) if enhanced else 0) > LARGE
        content = enhanced = None  # not to be kept until the next photo comes
        if large:
            _return_memory()


def _return_memory() -> None:
    """Give back the memory that a large photo took; the C library would keep it."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError, TypeError):  # another C library
        pass


def _without_message(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    places = " < ".join(
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames)
    )
    return f"{type(error).__name__} in {places}"


def _confine(job_memory: int) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a refused write is an error, not the end
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        limit = int(lines["VmData"].split()[0]) * 1024 + job_memory
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
