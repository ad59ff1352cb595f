"""`Shelf`: uploads kept for a short while, in memory, so that a slider need not send them again."""

import secrets
import threading
import time
from collections import OrderedDict


class Shelf:
    """Keep files under names that cannot be guessed, for some minutes and up to some bytes.

    What is too old, or the oldest where there is too much, is dropped.

    Parameters
    ----------
    seconds : float
        How long after its last use a file is kept.
    max_bytes : int
        How much is kept together; a larger file is not kept at all.
    """

    def __init__(self, seconds: float, max_bytes: int, now=time.monotonic) -> None:
        self.seconds, self.max_bytes = seconds, max_bytes
        self._now = now
        self._lock = threading.Lock()
        self._files: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._files)

    def put(self, content: bytes) -> str | None:
        """Keep a file; return its token, or None if it is too large."""
        with self._lock:
            self._tidy(len(content))
            if len(content) > self.max_bytes:
                return None
            token = secrets.token_urlsafe(24)
            self._files[token] = self._now() + self.seconds, content
            self._bytes += len(content)
            return token

    def get(self, token: str) -> bytes | None:
        """Give a file, and keep it for as long again; None if it is not there any more."""
        with self._lock:
            self._tidy()
            if token not in self._files:
                return None
            _, content = self._files.pop(token)
            self._files[token] = self._now() + self.seconds, content
            return content

    def drop(self, token: str) -> None:
        """Forget a file, if it is there."""
        with self._lock:
            self._remove(token)

    def tidy(self) -> None:
        """Forget what is too old; call it now and then, or the last photo would stay for good."""
        with self._lock:
            self._tidy()

    def _tidy(self, room: int = 0) -> None:
        now = self._now()
        while self._files:
            token, (until, _) = next(iter(self._files.items()))
            if until > now and self._bytes + min(room, self.max_bytes) <= self.max_bytes:
                return
            self._remove(token)

    def _remove(self, token: str) -> None:
        _, content = self._files.pop(token, (0, b""))
        self._bytes -= len(content)
