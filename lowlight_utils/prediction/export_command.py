"""The command `export`."""

import argparse
from pathlib import Path
from typing import Any

from lowlight_utils.backend import start_keras


def add_export_parser(commands: Any) -> None:
    """Add the command `export` to those of `argparse`'s sub-parsers."""
    parser = commands.add_parser("export", help="write a generator that runs without Keras")
    parser.add_argument("out", metavar="OUT.onnx", type=Path, help="the file to write")
    parser.add_argument("--weights", type=Path, help="a .keras generator; default: the shipped one")
    parser.add_argument(
        "--told-lambda",
        action="store_true",
        help="of the shipped generators the one that is told λ",
    )
    parser.add_argument("--half", action="store_true", help="store the weights in 16 bits")
    parser.set_defaults(run=_export)


def _export(options: argparse.Namespace) -> None:
    start_keras()
    from lowlight_utils.prediction import export_generator
    from lowlight_utils.prediction.enhance import LAMBDA_WEIGHTS, SHIPPED_WEIGHTS

    shipped = LAMBDA_WEIGHTS if options.told_lambda else SHIPPED_WEIGHTS
    difference = export_generator(options.weights or shipped, options.out, half=options.half)
    size = options.out.stat().st_size / 1e6
    print(f"{options.out}: {size:.1f} MB, within {difference:.3f} levels of Keras")
