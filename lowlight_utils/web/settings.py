"""`Settings`: the limits under which the page is served."""

from dataclasses import dataclass
from pathlib import Path

MIB = 2**20


@dataclass(frozen=True)
class Settings:
    """Where to listen, and how much of what to take.

    Attributes
    ----------
    host, port : str, int
        Port 0 takes a free one.
    weights : Path or None
        A generator's file; None is the shipped one.
    lambda_weights : Path or None
        One that is told λ, to be served beside the first; None is the shipped one if `weights` is
        too, and otherwise none. It is not looked at where the first is told λ itself.
    max_bytes, max_pixels : int
        Larger photos are refused: by their bytes while they arrive, by their pixels before they are
        decoded. 25 megapixels hold what cameras and phones of 24 make; one such photo in work keeps
        the whole server under 900 MB, one of 12 megapixels under 700, and twice as many pixels as
        25 megapixels would take some 400 MB more.
    workers : int or None
        How many processes enhance photos, each one at a time; None is one a core, where there is
        memory for them.
    queue, queue_each : int
        How many photos may be in work or waiting, and how many of them one client's. Who comes
        later is told to come back (503, 429).
    upload_memory : int
        Bytes that all photos together may take while they arrive and while answers leave.
    upload_seconds : float
        How long one request may take to arrive.
    decode_seconds, job_seconds : float
        How long one photo may be decoded, and enhanced, before the worker is taken to hang.
    client_seconds : float
        How many seconds in each minute a client's photos may hold a worker; 0 for no limit.
    job_memory : int
        Bytes that the worker may take for one photo, beyond what it holds when idle (Linux only).
    rate_limit : str
        Photos a client may send, such as "60 per minute" (Flask-Limiter's notation); empty for
        no limit.
    limits_storage : str
        Where clients are counted (Flask-Limiter's notation): in this process, or in a Redis that
        several machines share.
    hosts : tuple of str
        The names that the page is reached by; a request for any other is refused. Empty takes all.
    trusted_proxies : int
        How many reverse proxies stand before the server: as many entries of X-Forwarded-For,
        -Proto and -Prefix are believed. With 0 they are ignored: anybody could have written them.
    keep_seconds, keep_bytes : float, int
        How long, and up to how many bytes together, photos are kept in memory for a page that asked
        for it, so that its sliders need not upload them again.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    weights: Path | None = None
    lambda_weights: Path | None = None
    max_bytes: int = 25 * MIB
    max_pixels: int = 25_000_000
    workers: int | None = None
    queue: int = 8
    queue_each: int = 2
    upload_memory: int = 128 * MIB
    upload_seconds: float = 120.0
    decode_seconds: float = 10.0
    job_seconds: float = 30.0
    client_seconds: float = 30.0
    job_memory: int = 1024 * MIB
    rate_limit: str = "60 per minute"
    limits_storage: str = "memory://"
    hosts: tuple[str, ...] = ()
    trusted_proxies: int = 0
    keep_seconds: float = 600.0
    keep_bytes: int = 64 * MIB

    def __post_init__(self) -> None:
        for name in ("max_bytes", "max_pixels", "queue", "queue_each", "upload_memory"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.workers is not None and self.workers < 1:
            raise ValueError(f"workers must be at least 1, not {self.workers}")
        if self.client_seconds < 0:
            raise ValueError(f"client_seconds must be 0 or more, not {self.client_seconds}")
        if self.upload_memory < self.max_bytes:
            raise ValueError("upload_memory must hold at least one photo of max_bytes")
        if self.trusted_proxies < 0:
            raise ValueError(f"trusted_proxies must be 0 or more, not {self.trusted_proxies}")
        if not 0 <= self.port <= 65535:
            raise ValueError(f"port must lie between 0 and 65535, not {self.port}")
        if self.rate_limit:
            _require_rate_limit(self.rate_limit)


def _require_rate_limit(text: str) -> None:
    """Raise ValueError unless Flask-Limiter understands a limit; it would then set none."""
    from limits import parse_many

    try:
        limits = parse_many(text)
    except ValueError as error:
        limits, reason = [], str(error)
    else:
        reason = "it would let nobody in"
    if not limits or any(limit.amount < 1 or limit.multiples < 1 for limit in limits):
        raise ValueError(
            f"rate_limit cannot be {text!r} ({reason}): give one such as '60 per minute', or ''"
            " for no limit"
        )
