"""The command `train`."""

import argparse
import sys
from pathlib import Path
from typing import Any, Literal

from lowlight_utils.backend import start_keras
from lowlight_utils.options import (
    add_dark_side,
    add_overrides,
    overrides,
    positive,
    say_device,
)
from lowlight_utils.training.recipes import RECIPES, read_recipe


def add_train_parser(commands: Any) -> None:
    """Add the command `train` to those of `argparse`'s sub-parsers."""
    parser = commands.add_parser("train", help="train a recipe on pairs")
    parser.add_argument(
        "--recipe", required=True, help=f"{', '.join(RECIPES)}, or a .json file with a recipe"
    )
    parser.add_argument(
        "--data",
        required=True,
        nargs="+",
        help="sample (the bundled photos), kodak (24 more, for training only) or a folder of pairs;"
        " several are joined",
    )
    add_dark_side(parser)
    parser.add_argument(
        "--without-evaluation-scenes",
        action="store_true",
        help="leave out LOL's training pairs that show a scene of its evaluation pairs",
    )
    parser.add_argument("--out", required=True, type=Path, help="the run's folder")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out")
    parser.add_argument(
        "--start-from",
        type=Path,
        metavar="FILE",
        help="a .keras generator of the recipe's networks, whose weights the new run starts from",
    )
    how = parser.add_argument_group("how to train", "the run is the same, to rounding")
    how.add_argument(
        "--devices",
        type=_devices,
        default=1,
        metavar="N",
        help="how many GPUs or TPU cores share each batch, or all; on JAX (default 1)",
    )
    how.add_argument(
        "--steps-per-execution",
        type=positive,
        metavar="N",
        help="steps in one call, with the pictures on the device (default to 64 on a GPU, else 1)",
    )
    how.add_argument(
        "--save-minutes",
        type=_minutes,
        metavar="M",
        help="write the run's state every so many minutes (default 5 on a GPU, else every epoch)",
    )
    add_overrides(parser)
    parser.set_defaults(run=_train)


def _devices(text: str) -> int | Literal["all"]:
    if text != "all" and not text.isdecimal():
        raise argparse.ArgumentTypeError(f"must be a number or all, not {text}")
    return "all" if text == "all" else positive(text)


def _minutes(text: str) -> float:
    minutes = float(text)
    if not minutes >= 0:
        raise argparse.ArgumentTypeError(f"must be at least 0, not {text}")
    return minutes


def _train(options: argparse.Namespace) -> None:
    recipe = read_recipe(options.recipe).but(**overrides(options))
    from lowlight_utils.data.sources import load_splits

    splits = load_splits(
        options.data,
        **recipe.arguments(load_splits),
        evaluation_scenes=not options.without_evaluation_scenes,
        low_side=options.dark_side,
    )
    start_keras(to_train=True)
    from lowlight_utils.training.run import train

    say_device()
    print(f"training    {splits.train.summary()}")
    print(f"validation  {splits.validation.summary()}")
    start_from = None
    if options.start_from:
        from lowlight_utils.models.saving import load_generator

        start_from = load_generator(options.start_from)
    run = train(
        recipe,
        splits,
        options.out,
        resume=options.resume,
        start_from=start_from,
        verbose=1 if sys.stdout.isatty() else 2,
        devices=options.devices,
        steps_per_execution=options.steps_per_execution,
        save_minutes=options.save_minutes,
    )
    scores = run.history["val_psnr"]
    kept = max(scores) if recipe.keep == "best" else scores[-1]
    print(f"{run.generator_file}: {kept:.2f} dB on the validation pairs")
