"""That nobody starves the others: a client's places in line, its seconds of work, known trouble."""

import hashlib
import ipaddress
import threading
import time
from collections import Counter

from cachetools import TTLCache
from limits import RateLimitItemPerMinute
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

REMEMBERED = 1000, 600.0  # how many photos that did harm are known again, and for how many seconds


def network_of(address: str) -> str:
    """Tell clients apart: by address, and of IPv6 by network, since one client has 2**64."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address


class Places:
    """Places in line, of which each client may have some.

    Parameters
    ----------
    all_, each : int
        How many there are, and how many one client may take.
    """

    def __init__(self, all_: int, each: int) -> None:
        self.all, self.each = all_, each
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, client: str) -> str:
        """Take a place: "" if there was one, else who has them, "everybody" or "client"."""
        with self._lock:
            if self._taken[client] >= self.each:
                return "client"
            if self._taken.total() >= self.all:
                return "everybody"
            self._taken[client] += 1
            return ""

    def give_back(self, client: str) -> None:
        """Leave a place."""
        with self._lock:
            self._taken[client] -= 1
            if not self._taken[client]:
                del self._taken[client]  # addresses are nobody's to collect


class Seconds:
    """The time that each client's photos have held a worker within this minute.

    Parameters
    ----------
    storage : limits.storage.Storage
        Where they are counted; the rate limit's, so that several machines can share it.
    most : float
        Seconds in a minute; 0 for no limit.
    """

    def __init__(self, storage: Storage, most: float) -> None:
        self._limit = RateLimitItemPerMinute(max(1, round(1000 * most)), namespace="seconds")
        self._counter = FixedWindowRateLimiter(storage)
        self._limited = most > 0

    def left(self, client: str) -> bool:
        """Say whether a client has any left."""
        return not self._limited or self._counter.test(self._limit, client)

    def charge(self, client: str, seconds: float) -> None:
        """Count what a job took."""
        if self._limited:
            self._counter.hit(self._limit, client, cost=max(1, round(1000 * seconds)))

    def wait(self, client: str) -> int:
        """Say in how many seconds a client has some again."""
        reset = self._counter.get_window_stats(self._limit, client).reset_time
        return max(1, round(reset - time.time()))


class Trouble:
    """Photos that brought a worker down or held it too long, known again by their hash alone."""

    def __init__(self) -> None:
        self._known: TTLCache[bytes, str] = TTLCache(*REMEMBERED)
        self._lock = threading.Lock()

    def note(self, content: bytes, detail: str) -> None:
        """Remember a photo for some minutes, and what was said of it."""
        with self._lock:
            self._known[hashlib.sha256(content).digest()] = detail

    def known(self, content: bytes) -> str | None:
        """Say what was said of a photo that did harm; None if it is not known."""
        with self._lock:
            if not self._known:
                return None
        digest = hashlib.sha256(content).digest()
        with self._lock:
            return self._known.get(digest)
