"""Printing that decides nothing: whatever the console can encode, and whoever still reads it."""

import codecs
import contextlib
import errno
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any, TextIO

# As long as what it stands for, where it stands in a table's column.
ASCII = {"λ": "lambda", "Δ": "d", "×": "x", "–": "-", "…": "...", "→": "->", "−": "-", "²": "2"}


def first_line(error: BaseException) -> str:
    r"""Return what an error says in its first line, or else its kind: libraries add advice below.

    Examples
    --------
    >>> first_line(OSError("no room\nTry another disk.")), first_line(KeyError())
    ('no room', 'KeyError')
    """
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def spell_out(error: UnicodeError) -> tuple[str | bytes, int]:
    """Encode a character that the console's encoding lacks: by its name, or as Python writes it.

    A file's name that is not in the system's encoding goes out as the bytes that it is.
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    character = error.object[error.start]
    if "\udc80" <= character <= "\udcff":  # PEP 383: how Python holds a byte that it cannot decode
        return bytes([ord(character) - 0xDC00]), error.start + 1
    escaped = character.encode("ascii", "backslashreplace").decode("ascii")
    return ASCII.get(character, escaped), error.start + 1


codecs.register_error("lowlight_utils.spell_out", spell_out)


@contextlib.contextmanager
def forgiving_output() -> Iterator[Callable[[], OSError | None]]:
    """Let standard output and error be of any encoding, full, closed, or closed by their reader.

    Yields
    ------
    callable
        It says, as an OSError or None, whether something could not be printed that somebody still
        waits for.
    """
    _open_what_is_closed()
    out, err = Forgiving(sys.stdout), Forgiving(sys.stderr)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):

        def unprinted() -> OSError | None:
            out.flush()
            return out.failure

        try:
            yield unprinted
        finally:
            out.flush()
            err.flush()


class Forgiving:
    """A text stream whose `write` never fails; all else is the stream's own.

    Attributes
    ----------
    failure : OSError or None
        Why something is lost. That the reader has gone, as after ``| head``, is no failure.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.failure: OSError | None = None
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="lowlight_utils.spell_out")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        try:
            return self.stream.write(text)
        except OSError as error:
            self._give_up(error)
            return len(text)

    def flush(self) -> None:
        try:
            self.stream.flush()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        """Send what is still to come, and what waits in the buffer, to nowhere."""
        if error.errno not in (errno.EPIPE, errno.EINVAL):  # EINVAL: Windows' word for it
            self.failure = self.failure or error
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.stream.fileno())
        os.close(nowhere)


def _open_what_is_closed() -> None:
    """Open the standard files that were closed (``2>&-``), or others would take their place."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # It gets the lowest number that is free, which is this one.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))
