"""The command line: `python -m lowlight_utils COMMAND`, or `lowlight COMMAND`."""

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any

from lowlight_utils import __version__
from lowlight_utils.benchmark import add_benchmark_parser
from lowlight_utils.console import forgiving_output
from lowlight_utils.data.raw_command import add_make_pairs_parser
from lowlight_utils.extras import explain
from lowlight_utils.options import complain
from lowlight_utils.prediction.command import add_enhance_parser
from lowlight_utils.prediction.evaluate_command import add_evaluate_parser
from lowlight_utils.prediction.export_command import add_export_parser
from lowlight_utils.training.command import add_train_parser
from lowlight_utils.tuning.command import add_sweep_parser
from lowlight_utils.web.command import add_serve_parser

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow: errors only


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status.

    Bad input, such as a missing or broken file, ends with one line on standard error and status 1.
    """
    with forgiving_output() as unprinted:
        status = _run(_parser().parse_args(arguments))
        if lost := unprinted():
            complain(f"not all could be printed: {lost}")
        return status or int(lost is not None)


def _run(options: argparse.Namespace) -> int:
    """Run one command; return the exit status."""
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            return options.run(options) or 0
    except (OSError, ValueError, ImportError) as error:
        unknown = isinstance(error, ModuleNotFoundError) and error.name  # Python's own words
        complain((unknown and explain(error)) or str(error))
        return 1
    except MemoryError as error:
        reason = str(error) or "a larger machine, or smaller pictures, may do"
        complain(f"out of memory: {reason}")
        return 1
    except KeyboardInterrupt:
        complain("interrupted")
        return 130


def _warn(message: Warning | str, *_: Any, **__: Any) -> None:
    """Print a warning on one line, as errors are, without the place in our code."""
    complain(f"warning: {message}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lowlight_utils", description="Low-light enhancement with a conditional GAN."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for add_parser in (
        add_enhance_parser,
        add_make_pairs_parser,
        add_export_parser,
        add_train_parser,
        add_sweep_parser,
        add_evaluate_parser,
        add_serve_parser,
        add_benchmark_parser,
    ):
        add_parser(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
