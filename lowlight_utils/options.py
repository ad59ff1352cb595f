"""What several commands of the command line share: options, and how they say what they did."""

import argparse
import json
import sys
from collections.abc import Collection, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from lowlight_utils.backend import device_line, unseen_gpu
from lowlight_utils.files import write_file
from lowlight_utils.recipe import Recipe, kind_of


def add_dark_side(parser: argparse.ArgumentParser) -> None:
    """Add the option for double pictures."""
    parser.add_argument(
        "--dark-side",
        choices=("left", "right"),
        default="left",
        help="of double pictures: where the dark half is (default left)",
    )


def positive(text: str) -> int:
    """Read a whole number of at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {number}")
    return number


def add_overrides(parser: argparse.ArgumentParser, without: Collection[str] = ()) -> None:
    """Add an option for each field of a recipe."""
    group = parser.add_argument_group(
        "overrides",
        "change one field of the recipe each; lowlight_utils.training.Recipe explains them",
    )
    for field in fields(Recipe):
        if field.name in without:
            continue
        kind, allowed = kind_of(field.name)
        flag = f"--{field.name.replace('_', '-')}"
        note = ", ".join(allowed) if isinstance(allowed, tuple) else allowed
        note = f"{note}; " if note else ""
        note += f"seed has {field.default}"
        if kind is bool:
            group.add_argument(flag, action=argparse.BooleanOptionalAction, help=note)
        else:
            group.add_argument(flag, type=kind, metavar="VALUE", help=note)


def overrides(options: argparse.Namespace, without: Collection[str] = ()) -> dict[str, Any]:
    """Return the fields of a recipe that the options change."""
    return {
        field.name: getattr(options, field.name)
        for field in fields(Recipe)
        if field.name not in without and getattr(options, field.name) is not None
    }


def say_device() -> None:
    """Say what a training runs on, and loudly if it could be more."""
    print(f"device      {device_line()}", flush=True)
    if warning := unseen_gpu():
        complain(warning)


def complain(line: str) -> None:
    """Say on standard error what went wrong, or what to look out for, in one line."""
    print(f"lowlight_utils: {line}", file=sys.stderr, flush=True)


def write_json(path: Path, result: Mapping) -> None:
    """Write what a command found, for other programs."""
    text = json.dumps(result, indent=2, ensure_ascii=False) + "\n"
    # A file's name that is not in the system's encoding is bytes, mostly UTF-8.
    text = text.encode(errors="surrogateescape").decode(errors="replace")
    write_file(path, text)
