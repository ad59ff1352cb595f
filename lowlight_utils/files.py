"""Files that are whole or not there, whenever a process is killed or a disk is full."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: str | os.PathLike) -> Iterator[BinaryIO]:
    """Open a file that takes the name `path` only once the block has ended without an error.

    Missing folders are made. If the block raises, nothing is left behind and a file that already
    was at `path` stays as it was.

    Yields
    ------
    binary file
        To write, and to read again.

    Raises
    ------
    OSError
        Whatever was raised meanwhile, such as that the disk is full, with the file's name.
    """
    path = Path(path)
    # Not tempfile: its files are readable by their owner alone, and stay so after the rename.
    temporary = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with suppress(FileExistsError):  # a file is there; to open another inside says it better
            path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "x+b") as file:
            yield file
        os.replace(temporary, path)
    except OSError as error:
        reason = error.strerror or str(error).partition("\n")[0]
        named = OSError(f"{path}: cannot be written ({reason})")
        named.strerror = reason  # for those who word it in another way
        raise named from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def write_file(path: str | os.PathLike, content: str | bytes) -> None:
    """Write a file at once, text as UTF-8; see `replacing`.

    Examples
    --------
    >>> folder = getfixture("tmp_path")
    >>> write_file(folder / "new" / "notes.txt", "λ = 115")
    >>> (folder / "new" / "notes.txt").read_text("utf-8")
    'λ = 115'
    """
    with replacing(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)
