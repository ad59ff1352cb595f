"""The command `sweep`."""

import argparse
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
    parser.add_argument(
        "--trials", type=positive, metavar="N", help="for the study search: how many settings"
    )
    parser.add_argument(
        "--validation-lights",
        metavar="KINDS",
        help="kinds of light of the bundled validation photos, joined with +; default: the study's",
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


def _sweep(options: argparse.Namespace) -> None:
    # The option --name is the study's name in the database, not the recipe's.
    changes = overrides(options, without=("name", "seed"))
    study = STUDIES[options.study]
    varied = [name for name in study.varies if name in changes]
    if varied:
        raise ValueError(f"The study {options.study} sets {', '.join(varied)} itself.")
    base = read_recipe(options.recipe).but(**changes)
    recipes = study_recipes(options.study, base, options.seeds, options.trials)
    from lowlight_utils.tuning.results import export
    from lowlight_utils.tuning.sweep import run_sweep
    from lowlight_utils.tuning.tables import score_table

    start_keras(to_train=True)
    say_device()
    print(f"{study.asks} {len(recipes)} trials into {options.out}/", flush=True)
    sweep = run_sweep(
        recipes,
        options.data,
        options.out,
        name=options.name or options.study,
        storage=options.storage,
        grace=options.grace,
        low_side=options.dark_side,
        lights=options.validation_lights or study.lights,
        space=study.space,
    )
    if options.export:
        export(options.out, options.export)
    print(score_table(sweep, [recipe.name for recipe in recipes], best_first=bool(study.space)))
    print(options.out / "results.csv")
    if options.export:
        print(options.export)
