"""What Prometheus may know: how many, how long, how full; nothing of whom or what."""

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from lowlight_utils.web.job import Enhanced
from lowlight_utils.web.line import Line
from lowlight_utils.web.shelf import Shelf

SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30)


class Counters:
    """One application's counters, in a registry of their own."""

    def __init__(self, line: Line, shelf: Shelf) -> None:
        registry = self._registry = CollectorRegistry()
        self._answers = Counter(
            "lowlight_answers", "Answers, by status and by what was asked for", ("status", "view"),
            registry=registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "lowlight_step_seconds", "Time that each step of a photo took", ("step",),
            buckets=SECONDS, registry=registry,
        )  # fmt: skip
        self._methods = Counter(
            "lowlight_photos", "Photos enhanced, by method", ("method",), registry=registry
        )
        self._pixels = Counter("lowlight_pixels", "Pixels of all results", registry=registry)
        self.in_work = Gauge(
            "lowlight_photos_in_work", "Photos in work or waiting", registry=registry
        )
        restarts = Gauge(
            "lowlight_worker_restarts", "How often workers were started again", registry=registry
        )
        restarts.set_function(lambda: line.restarts)
        kept = Gauge("lowlight_photos_kept", "Photos kept for a page", registry=registry)
        kept.set_function(lambda: len(shelf))

    def answered(self, status: int, endpoint: str | None) -> None:
        """Count an answer, by the view's name: addresses are the visitors' to choose."""
        self._answers.labels(status, (endpoint or "none").removeprefix("pages.")).inc()

    def done(self, enhanced: Enhanced, method: str, seconds: float) -> None:
        """Count an enhanced photo."""
        for step, each in (*enhanced.seconds.items(), ("total", seconds)):
            self._seconds.labels(step).observe(each)
        self._methods.labels(method).inc()
        self._pixels.inc(enhanced.width * enhanced.height)

    def text(self) -> tuple[bytes, int, dict[str, str]]:
        """Give body, status and headers for Prometheus."""
        return generate_latest(self._registry), 200, {"Content-Type": CONTENT_TYPE_LATEST}
