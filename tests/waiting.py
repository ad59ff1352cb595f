"""Waiting for what is bound to happen: ``from waiting import PATIENCE, wait_for``.

How long something takes is `lowlight_utils benchmark`'s to say. A test waits for the event itself,
and for as long as it takes: the machine may be slow, or busy.
"""

import time

PATIENCE = 600  # seconds: not a measure, only the end of a test that would never end


def wait_for(condition, process=None):
    """Wait until `condition()` is true, unless the process that must bring it about has ended."""
    until = time.monotonic() + PATIENCE
    while not condition():
        assert process is None or process.poll() is None, "the process ended before it happened"
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)
