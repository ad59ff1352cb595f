"""The command `train`."""

import sys
from pathlib import Path
from typing import Any

from lowlight_utils.backend import start_keras
from lowlight_utils.options import add_dark_side, add_overrides, overrides, say_device
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
    add_overrides(parser)
    parser.set_defaults(run=_train)


def _train(options):
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
    )
    scores = run.history["val_psnr"]
    kept = max(scores) if recipe.keep == "best" else scores[-1]
    print(f"{run.generator_file}: {kept:.2f} dB on the validation pairs")
