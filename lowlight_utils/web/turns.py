"""`Turns`: a lock that is had in the order in which it was asked for."""

import threading
from collections import deque


class Turns:
    """First come, first served; `threading.Lock` gives itself to whoever happens to be quickest.

    Under load that makes a difference: some would be passed over again and again.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._line: deque[threading.Event] = deque()  # the first one's turn it is

    def acquire(self, timeout: float | None = None) -> bool:
        """Wait for one's turn; False if it has not come within `timeout` seconds."""
        mine = threading.Event()
        with self._guard:
            self._line.append(mine)
            if self._line[0] is mine:
                return True
        if mine.wait(timeout):
            return True
        with self._guard:
            if self._line[0] is mine:  # it came while the patience ended
                return True
            self._line.remove(mine)
            return False

    def release(self) -> None:
        """End one's turn; the next one's begins."""
        with self._guard:
            self._line.popleft()
            if self._line:
                self._line[0].set()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *_) -> None:
        self.release()
