"""The command `sweep`."""

from pathlib import Path
from typing import Any

from lowlight_utils.backend import start_keras
from lowlight_utils.options import add_dark_side, add_overrides, overrides, positive, say_device
from lowlight_utils.training.recipes import read_recipe
from lowlight_utils.tuning.studies import STUDIES, study_recipes


def add_sweep_parser(commands: Any) -> None:
    """Add the command `sweep` to those of `argparse`'s sub-parsers."""
    parser = commands.add_parser(
        "sweep",
        help="train many recipes to answer one question",
        description="Train the recipes of a study and tabulate the results in OUT/results.csv. The "
        "same command again goes on where it was killed, or shares the work with the first.",
        epilog="studies: " + " ".join(f"{name}: {study.asks}" for name, study in STUDIES.items()),
    )
    parser.add_argument("--study", required=True, choices=STUDIES, help="see below")
    parser.add_argument("--data", required=True, nargs="+", help="as for train; several are joined")
    add_dark_side(parser)
    parser.add_argument("--out", required=True, type=Path, help="the sweep's folder")
    parser.add_argument("--recipe", default="quick", help="what the study changes; default: quick")
    parser.add_argument(
        "--seeds", type=int, nargs="+", help="for every setting; default: the study's choice"
    )
    parser.add_argument("--name", help="the study's name in the database (default: --study)")
    parser.add_argument(
        "--storage", metavar="URL", help="a database to share (default: SQLite, OUT/study.db)"
    )
    parser.add_argument(
        "--grace",
        type=positive,
        default=60,
        metavar="SECONDS",
        help="of silence until a process counts as killed (default 60)",
    )
    parser.add_argument(
        "--export", type=Path, metavar="DIR", help="copy the results there at the end, no weights"
    )
    add_overrides(parser, without=("name", "seed"))
    parser.set_defaults(run=_sweep)


def _sweep(options):
    # The option --name is the study's name in the database, not the recipe's.
    changes = overrides(options, without=("name", "seed"))
    varied = [name for name in STUDIES[options.study].varies if name in changes]
    if varied:
        raise ValueError(f"The study {options.study} sets {', '.join(varied)} itself.")
    recipes = study_recipes(
        options.study, read_recipe(options.recipe).but(**changes), options.seeds
    )
    from lowlight_utils.tuning.results import export
    from lowlight_utils.tuning.sweep import run_sweep

    start_keras(to_train=True)
    say_device()
    print(f"{STUDIES[options.study].asks} {len(recipes)} trials into {options.out}/")
    sweep = run_sweep(
        recipes,
        options.data,
        options.out,
        name=options.name or options.study,
        storage=options.storage,
        grace=options.grace,
        low_side=options.dark_side,
    )
    if options.export:
        export(options.out, options.export)
    wide = max(len(recipe.name) for recipe in recipes)
    print(f"{'':{wide}}{'PSNR':>8}{'SSIM':>8}{'ΔE':>7}{'sharpness':>11}  (validation, last epoch)")
    for recipe in recipes:
        row = sweep.row(recipe.name)
        print(f"{recipe.name:{wide}}{row['psnr']:8.2f}{row['ssim']:8.3f}", end="")
        print(f"{row['ciede2000']:7.1f}{row['sharpness']:11.2f}")
    print(options.out / "results.csv")
    if options.export:
        print(options.export)
