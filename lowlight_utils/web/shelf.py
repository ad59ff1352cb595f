"""`Shelf`: uploads kept for a short while, in memory, so that a slider need not send them again."""

import secrets
import threading
import time
from collections.abc import Callable

from cachetools import TTLCache


class Shelf:
    """Keep files under names that cannot be guessed, for some minutes and up to some bytes.

    What is too old, or the longest unused where there is too much, is dropped.

    Parameters
    ----------
    seconds : float
        How long after its last use a file is kept.
    max_bytes : int
        How much is kept together; a larger file is not kept at all.
    """

    def __init__(
        self, seconds: float, max_bytes: int, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._files: TTLCache[str, bytes]
        self._files = TTLCache(max_bytes, seconds, timer=now, getsizeof=len)
        self._lock = threading.Lock()  # the cache itself has none

    def __len__(self) -> int:
        """Count what is kept; asking also forgets what is too old."""
        with self._lock:
            self._files.expire()
            return len(self._files)

    def put(self, content: bytes) -> str | None:
        """Keep a file; return its token, or None if it is too large."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            if len(content) > self._files.maxsize:
                return None
            self._files[token] = content
        return token

    def get(self, token: str) -> bytes | None:
        """Give a file, and keep it for as long again; None if it is not there any more."""
        with self._lock:
            content = self._files.pop(token, None)
            if content is not None:
                self._files[token] = content
            return content

    def drop(self, token: str) -> None:
        """Forget a file, if it is there."""
        with self._lock:
            self._files.pop(token, None)
