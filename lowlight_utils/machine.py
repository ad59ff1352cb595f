"""What this process may use of its machine: cores, memory, and settings of the C library."""

import contextlib
import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "NPROC")
"""Environment variables that say how many threads may compute; the last is JAX's."""


def cores() -> int:
    """Count the cores that this process may use; in a container fewer than the machine has."""
    allowed = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def call_c_library(name: str, *numbers: int) -> None:
    """Call a function of the C library, such as glibc's mallopt(3); elsewhere do nothing."""
    with contextlib.suppress(AttributeError, OSError, TypeError):  # musl, macOS; Windows
        getattr(ctypes.CDLL(None), name)(*numbers)


def free_memory() -> int:
    """Estimate how many bytes of memory this process may still take; in a container, of its own."""
    free = 4 * 2**30  # where nobody says
    with contextlib.suppress(OSError, ValueError, KeyError, AttributeError):  # Windows has no page
        free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    with contextlib.suppress(OSError, ValueError, KeyError):
        free = _table("/proc/meminfo")["MemAvailable:"] * 1024
    for limit, used in memory_limits():
        with contextlib.suppress(OSError, ValueError, KeyError):
            # Files that are only kept in memory because nobody else wants it.
            kept = _table(used.with_name("memory.stat"))["inactive_file"]
            free = min(free, limit - int(used.read_text()) + kept)
    return max(0, free)


def memory_limits(
    control_groups: Path = Path("/sys/fs/cgroup"), ours: Path = Path("/proc/self/cgroup")
) -> Iterator[tuple[int, Path]]:
    """Give the memory limits of the control groups around this process: of a container, a service.

    Yields
    ------
    limit : int
        In bytes.
    used : Path
        The file that says how much of it is in use.
    """
    try:
        inside = ours.read_text().strip().rpartition("::/")[2]
    except OSError:
        inside = ""
    group = control_groups / inside
    for folder in (group, *group.parents):
        if not folder.is_relative_to(control_groups):
            return
        for limit, used in (
            ("memory.max", "memory.current"),
            ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
        ):
            with contextlib.suppress(OSError, ValueError):  # no such limit there, or "max"
                yield int((folder / limit).read_text()), folder / used


def _table(path: str | os.PathLike) -> dict[str, int]:
    """Read the lines of a file of the kernel's as a name and a number each."""
    lines = (line.split() for line in Path(path).read_text().splitlines())
    return {name: int(number) for name, number, *_ in lines}
