"""The command `evaluate`."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lowlight_utils.backend import start_keras
from lowlight_utils.options import add_dark_side, complain, positive, write_json


def add_evaluate_parser(commands: Any) -> None:
    """Add the command `evaluate` to those of `argparse`'s sub-parsers."""
    parser = commands.add_parser("evaluate", help="measure a generator and the classical methods")
    parser.add_argument("--low", type=Path, help="folder of dark pictures")
    parser.add_argument(
        "--high",
        type=Path,
        help="folder of their truths; without one, what needs none is measured, at full size",
    )
    parser.add_argument(
        "--pairs", type=Path, metavar="DIR", help="instead of these two, a folder of pairs"
    )
    add_dark_side(parser)
    parser.add_argument(
        "--weights", type=Path, help="a .keras or .onnx generator; default: the shipped one"
    )
    parser.add_argument(
        "--size",
        type=positive,
        default=256,
        help="with a truth: resize to this side (default 256)",
    )
    parser.add_argument("--json", type=Path, help="write the measurements to this file")
    parser.set_defaults(run=_evaluate)


def _evaluate(options: argparse.Namespace) -> int:
    from lowlight_utils.data import PairSet, list_images, read_pairs
    from lowlight_utils.prediction import (
        BASELINES,
        Enhancer,
        evaluate_unpaired,
        is_exported,
        provenance,
    )
    from lowlight_utils.prediction.evaluate import evaluate

    if bool(options.low) == bool(options.pairs) or (options.high and options.pairs):
        raise ValueError(
            "Give --low DIR and --high DIR, or --pairs DIR with both in it, or --low DIR alone."
        )
    failed = 0
    if options.pairs:
        measured = read_pairs(options.pairs, options.size, options.dark_side)
    elif options.high:
        measured = PairSet.from_folders(options.low, options.high, size=options.size)
    else:
        photos = list_images(options.low)
        measured = _readable(photos)
        failed = len(photos) - len(measured)
    if not is_exported(options.weights):
        start_keras()
    enhancer = Enhancer(options.weights)
    run = evaluate if options.high or options.pairs else evaluate_unpaired
    evaluation = run({**BASELINES, "ours": enhancer}, measured)
    if options.json:
        made_by = provenance(enhancer.weights)
        if is_exported(enhancer.weights):
            made_by["exported_from"] = enhancer.generator.made_by
        write_json(options.json, evaluation.to_json("ours", made_by))
    print(evaluation)
    return 1 if failed else 0


def _readable(photos: Sequence[Path]) -> list[Path]:
    """Name the photos that cannot be read, before the others are measured; return the others."""
    from lowlight_utils.data import ImageError, read_image

    readable = []
    for photo in photos:
        try:
            read_image(photo)
        except ImageError as error:
            complain(str(error))
        else:
            readable.append(photo)
    return readable
