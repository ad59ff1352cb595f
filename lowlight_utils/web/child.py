"""The worker's process: it holds the generator, and does one job after the other.

Decoders are the part of a server that strangers can reach. Here a file that crashes one, fills the
memory or never ends costs its sender an error and the server some seconds to start the process
again. The process can write no file (its limit for files is zero bytes, core dumps included), and
answers in JSON, not in pickles, so that a decoder that has been taken over cannot reach further.
"""

import json
import os
import signal
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from lowlight_utils.backend import start_keras
from lowlight_utils.extras import explain
from lowlight_utils.machine import THREADS, call_c_library
from lowlight_utils.web.job import Job, Refused
from lowlight_utils.web.settings import Settings

if TYPE_CHECKING:
    from lowlight_utils.web.pipeline import Pipeline

LARGE = 2**19  # bytes of a file; after smaller photos, taking memory anew costs more than it saves


def work(connection: Connection, words: Connection, settings: Settings, threads: int) -> None:
    """Load, warm up, and do jobs until the other end of the pipe is closed."""
    # Signals go to the whole group. The server decides when to stop, and closes the pipe.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    for name in THREADS:
        os.environ[name] = str(threads)
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
        pipeline = _load(settings)
        examples = pipeline.warm_up()
    except Exception as error:
        problem = explain(error) or str(error) or type(error).__name__
        connection.send_bytes(json.dumps({"error": problem}).encode())
        return
    os.dup2(nowhere, 2)
    ready = {"told": pipeline.told and vars(pipeline.told), "examples": list(examples)}
    connection.send_bytes(json.dumps(ready).encode())
    for file in examples.values():
        connection.send_bytes(file)
    del examples
    _confine(settings.job_memory)
    while _one_job(connection, pipeline):
        pass


def _load(settings: Settings) -> "Pipeline":
    from lowlight_utils.prediction import LAMBDA_WEIGHTS, Enhancer, is_exported
    from lowlight_utils.web.pipeline import Pipeline

    beside = settings.lambda_weights or (LAMBDA_WEIGHTS if settings.weights is None else None)
    if not is_exported(settings.weights) or (beside and not is_exported(beside)):
        start_keras()
    first = Enhancer(settings.weights)
    if first.lambda_range or beside is None:
        return Pipeline(first, settings)
    second = Enhancer(beside)
    if not second.lambda_range:
        raise ValueError(f"{beside}: is not told λ; export --told-lambda writes one that is")
    return Pipeline(first, settings, second)


def _one_job(connection: Connection, pipeline: "Pipeline") -> bool:
    """Do the next job; False if there are no more."""

    def say(**message: object) -> None:
        connection.send_bytes(json.dumps(message).encode())

    try:
        job = Job(**json.loads(connection.recv_bytes()))
        say(stage="listening")
        content = connection.recv_bytes()
        try:
            enhanced = pipeline(content, job, decoded=lambda: say(stage="decoded"))
            answer = {name: value for name, value in vars(enhanced).items() if name != "content"}
        except Refused as error:
            enhanced, answer = None, {"status": error.status, "detail": str(error)}
        except Exception as error:  # its message may quote the photo: only where it arose is told
            enhanced, answer = None, {"error": without_message(error)}
        say(**answer)
        if enhanced:
            connection.send_bytes(enhanced.content)
    except (EOFError, OSError):  # the server has gone
        return False
    large = max(len(content), len(enhanced.content) if enhanced else 0) > LARGE
    del content, enhanced  # not to be kept until the next photo comes
    if large:
        call_c_library("malloc_trim", 0)  # it would keep what a large photo took
    return True


def without_message(error: Exception) -> str:
    """Tell an error's class and where it arose, but not what it says."""
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
