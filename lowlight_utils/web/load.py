"""The load test, run by hand: ``python -m lowlight_utils benchmark serve``."""

import http.client
import io
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil
from PIL import Image

from lowlight_utils.backend import start_keras
from lowlight_utils.data.images import encode_image, read_image, resize
from lowlight_utils.data.sources import sample_pairs
from lowlight_utils.machine import cores

if TYPE_CHECKING:
    from lowlight_utils.web.pipeline import Pipeline

SIDE = 1000  # pixels: uploads of one megapixel
PHOTOS = 4
AGAIN_SECONDS = 0.25  # how long a client that is told "busy" waits: less than it is asked to


def benchmark_serve(
    weights: Path | None = None,
    clients: int = 20,
    seconds: float = 60.0,
    queue: int = 8,
    workers: int | None = None,
) -> dict:
    """Send photos of one megapixel to a server of our own, from many clients at once.

    Every picture that comes back is held against what `Enhancer` makes of the same upload.

    Parameters
    ----------
    weights : path, optional
        A generator; by default the shipped one.
    clients : int
        Each sends the next photo as soon as it has the last one back.
    seconds : float
    queue, workers : int
        See `Settings`.

    Returns
    -------
    dict
        "answers" by status; "latency" in seconds of those with 200 (median, 95th percentile) as
        the clients saw it; "memory_mib" of the server with its worker (idle, peak, and the medians
        over the first and the last third); "photos_per_second" beside "floor", what the same cores
        would do if there were nothing but the network; and "wrong", the pictures that were not
        what they should be.
    """
    photos = [encode_image(photo, ".jpg") for photo in _photos()]
    command = [sys.executable, "-m", "lowlight_utils", "serve", "--port", "0", "--rate-limit", ""]
    command += ["--queue", str(queue), "--queue-each", str(queue + 1), "--client-seconds", "0"]
    command += ["--weights", str(weights)] if weights else []
    command += ["--workers", str(workers)] if workers else []
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            host, port = _address(process)
            start_seconds = time.perf_counter() - started
            references = [_post(host, port, photo)[1] for photo in photos]
            run = _Run(host, port, photos, references, seconds)
            memory = run.measure(process.pid, clients)
        finally:
            process.terminate()
            process.communicate()  # its last words too
    pipeline = _pipeline(weights)
    wrong = run.wrong + _compare_with_library(pipeline, photos, references)
    latencies = run.latencies or [float("nan")]
    return {
        "what": f"{clients} clients sending photos of one megapixel for {seconds:g} s",
        "start_s": start_seconds,
        "answers": dict(sorted(run.answers.items())),
        "workers": run.workers,
        "photos_per_second": len(run.latencies) / run.took,
        "floor": _floor(pipeline, photos[0]),
        "latency": {
            "median_s": statistics.median(latencies),
            "p95_s": float(np.percentile(latencies, 95)),
        },
        "memory_mib": memory,
        "wrong": wrong,
    }


class _Run:
    def __init__(
        self, host: str, port: int, photos: list[bytes], references: list[bytes], seconds: float
    ) -> None:
        self.host, self.port, self.seconds = host, port, seconds
        self.photos = photos
        self.expected = [read_image(io.BytesIO(reference)) for reference in references]
        self.answers: Counter[int | str] = Counter()
        self.latencies: list[float] = []
        self.wrong = 0
        self._lock = threading.Lock()

    def measure(self, pid: int, clients: int) -> dict[str, int]:
        server = psutil.Process(pid)
        family = [server, *server.children(recursive=True)]

        def memory() -> float:
            return sum(process.memory_info().rss for process in family) / 2**20

        idle, samples = memory(), []
        self.workers = sum("spawn_main" in " ".join(each.cmdline()) for each in family)
        started = time.monotonic()
        self.end = started + self.seconds
        threads = [threading.Thread(target=self._client, args=(n,)) for n in range(clients)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            samples.append(memory())
            time.sleep(0.25)
        self.took = time.monotonic() - started
        third = max(1, len(samples) // 3)
        return {
            "idle": round(idle),
            "peak": round(max(samples)),
            "first_third": round(statistics.median(samples[:third])),
            "last_third": round(statistics.median(samples[-third:])),
        }

    def _client(self, number: int) -> None:
        while True:  # at least one photo each, however late a busy machine lets it begin
            number = (number + 1) % len(self.photos)
            started = time.perf_counter()
            status: int | str
            try:
                status, body = _post(self.host, self.port, self.photos[number])
            except OSError as error:
                status, body = type(error).__name__, b""
            took = time.perf_counter() - started
            right = status != 200 or _alike(body, self.expected[number])
            with self._lock:
                self.answers[status] += 1
                self.wrong += not right
                if status == 200:
                    self.latencies.append(took)
            if time.monotonic() >= self.end:
                return
            if status != 200:
                time.sleep(AGAIN_SECONDS)


def _photos() -> list[np.ndarray]:
    return [resize(low, SIDE) for low in sample_pairs("test", size=384).low[:PHOTOS]]


def _address(process: subprocess.Popen) -> tuple[str, int]:
    for line in process.stdout or ():
        if "Serving on http://" in line:
            host, port = line.split("//")[1].split("/")[0].rsplit(":", 1)
            return host, int(port)
    raise ValueError("the server did not start; python -m lowlight_utils serve says why")


def _post(host: str, port: int, photo: bytes) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(host, port, timeout=120)
    try:
        connection.request("POST", "/api/enhance", photo, {"Content-Type": "image/jpeg"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _alike(body: bytes, expected: np.ndarray) -> bool:
    """Whether a file holds a picture: up to what rounding in another order may change."""
    picture = np.asarray(Image.open(io.BytesIO(body)).convert("RGB"))
    if picture.shape != expected.shape:
        return False
    return np.abs(picture.astype(np.int16) - expected).mean() < 1


def _pipeline(weights: Path | None) -> "Pipeline":
    from lowlight_utils.prediction import Enhancer, is_exported
    from lowlight_utils.web.pipeline import Pipeline

    if not is_exported(weights):
        start_keras()
    return Pipeline(Enhancer(weights))


def _compare_with_library(
    pipeline: "Pipeline", photos: list[bytes], references: list[bytes]
) -> int:
    from lowlight_utils.web.job import Job

    return sum(
        not _alike(reference, read_image(io.BytesIO(pipeline(photo, Job()).content)))
        for photo, reference in zip(photos, references, strict=True)
    )


def _floor(pipeline: "Pipeline", photo: bytes, times: int = 5) -> dict:
    """Time the enhancer alone, in this process, with all cores at its disposal."""
    image = read_image(io.BytesIO(photo))
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        pipeline.enhancer(image)
        seconds.append(time.perf_counter() - started)
    median = statistics.median(seconds)
    return {"cores": cores(), "network_s": median, "photos_per_second": 1 / median}
