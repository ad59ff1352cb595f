"""The command line: `python -m lowlight_utils COMMAND`, or `lowlight COMMAND`."""

import argparse
import json
import logging
import os
import sys
import types
import typing
import warnings
from dataclasses import fields
from pathlib import Path

from lowlight_utils import __version__
from lowlight_utils.backend import device_line, start_keras, unseen_gpu
from lowlight_utils.console import forgiving_output
from lowlight_utils.data.raw_command import add_make_pairs_parser
from lowlight_utils.extras import explain
from lowlight_utils.prediction.command import add_enhance_parser, run_enhance
from lowlight_utils.training.recipes import CHOICES, RECIPES, Recipe, read_recipe
from lowlight_utils.tuning.studies import STUDIES, study_recipes

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow: errors only


def main(arguments=None):
    """Run one command; return the exit status.

    Bad input, such as a missing or broken file, ends with one line on standard error and status 1.
    """
    with forgiving_output() as unprinted:
        status = _run(_parser().parse_args(arguments))
        if lost := unprinted():
            print(f"lowlight_utils: not all could be printed: {lost}", file=sys.stderr)
        return status or int(lost is not None)


def _run(options):
    """Run one command; return the exit status."""
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            return options.run(options) or 0
    except (OSError, ValueError, ImportError) as error:
        unknown = isinstance(error, ModuleNotFoundError) and error.name  # Python's own words
        print(f"lowlight_utils: {(unknown and explain(error)) or error}", file=sys.stderr)
        return 1
    except MemoryError as error:
        reason = str(error) or "a larger machine, or smaller pictures, may do"
        print(f"lowlight_utils: out of memory: {reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("lowlight_utils: interrupted", file=sys.stderr)
        return 130


def _warn(message, category, *_):
    """Print a warning on one line, as errors are, without the place in our code."""
    print(f"lowlight_utils: warning: {message}", file=sys.stderr)


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m lowlight_utils", description="Low-light enhancement with a conditional GAN."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    add_enhance_parser(commands).set_defaults(run=_enhance)
    add_make_pairs_parser(commands)

    export = commands.add_parser("export", help="write a generator that runs without Keras")
    export.add_argument("out", metavar="OUT.onnx", type=Path, help="the file to write")
    export.add_argument("--weights", type=Path, help="a .keras generator; default: the shipped one")
    export.set_defaults(run=_export)

    train = commands.add_parser("train", help="train a recipe on pairs")
    train.add_argument(
        "--recipe", required=True, help=f"{', '.join(RECIPES)}, or a .json file with a recipe"
    )
    train.add_argument(
        "--data",
        required=True,
        nargs="+",
        help="sample (the bundled photos), kodak (24 more, for training only) or a folder of pairs;"
        " several are joined",
    )
    _add_dark_side(train)
    train.add_argument(
        "--without-evaluation-scenes",
        action="store_true",
        help="leave out LOL's training pairs that show a scene of its evaluation pairs",
    )
    train.add_argument("--out", required=True, type=Path, help="the run's folder")
    train.add_argument("--resume", action="store_true", help="go on with the run in --out")
    train.add_argument(
        "--start-from",
        type=Path,
        metavar="FILE",
        help="a .keras generator of the recipe's networks, whose weights the new run starts from",
    )
    _add_overrides(train)
    train.set_defaults(run=_train)

    sweep = commands.add_parser(
        "sweep",
        help="train many recipes to answer one question",
        description="Train the recipes of a study and tabulate the results in OUT/results.csv. The "
        "same command again goes on where it was killed, or shares the work with the first.",
        epilog="studies: " + " ".join(f"{name}: {study.asks}" for name, study in STUDIES.items()),
    )
    sweep.add_argument("--study", required=True, choices=STUDIES, help="see below")
    sweep.add_argument("--data", required=True, nargs="+", help="as for train; several are joined")
    _add_dark_side(sweep)
    sweep.add_argument("--out", required=True, type=Path, help="the sweep's folder")
    sweep.add_argument("--recipe", default="quick", help="what the study changes; default: quick")
    sweep.add_argument(
        "--seeds", type=int, nargs="+", help="for every setting; default: the study's choice"
    )
    sweep.add_argument("--name", help="the study's name in the database (default: --study)")
    sweep.add_argument(
        "--storage", metavar="URL", help="a database to share (default: SQLite, OUT/study.db)"
    )
    sweep.add_argument(
        "--grace",
        type=_positive,
        default=60,
        metavar="SECONDS",
        help="of silence until a process counts as killed (default 60)",
    )
    sweep.add_argument(
        "--export", type=Path, metavar="DIR", help="copy the results there at the end, no weights"
    )
    _add_overrides(sweep, without=("name", "seed"))
    sweep.set_defaults(run=_sweep)

    evaluate = commands.add_parser("evaluate", help="measure a generator and the classical methods")
    evaluate.add_argument("--low", type=Path, help="folder of dark pictures")
    evaluate.add_argument(
        "--high",
        type=Path,
        help="folder of their truths; without one, what needs none is measured, at full size",
    )
    evaluate.add_argument(
        "--pairs", type=Path, metavar="DIR", help="instead of these two, a folder of pairs"
    )
    _add_dark_side(evaluate)
    evaluate.add_argument(
        "--weights", type=Path, help="a .keras or .onnx generator; default: the shipped one"
    )
    evaluate.add_argument(
        "--size",
        type=_positive,
        default=256,
        help="with a truth: resize to this side (default 256)",
    )
    evaluate.add_argument("--json", type=Path, help="write the measurements to this file")
    evaluate.set_defaults(run=_evaluate)

    serve = commands.add_parser("serve", help="serve the web page (needs the extra web)")
    serve.add_argument("--host", default="127.0.0.1", help="0.0.0.0 listens to every network")
    serve.add_argument("--port", type=int, default=8080, help="default 8080; 0 takes a free one")
    serve.add_argument(
        "--weights", type=Path, help="a .keras or .onnx generator; default: the shipped one"
    )
    serve.add_argument(
        "--max-megabytes", type=_positive, default=25, help="of an upload (default 25)"
    )
    serve.add_argument(
        "--max-megapixels",
        type=_positive,
        default=25,
        help="of a photo (default 25: what 24-megapixel cameras and phones make, in less than 900"
        " MB of memory with an .onnx generator; each more takes some 16 MB)",
    )
    serve.add_argument(
        "--queue", type=_positive, default=8, help="photos in work or waiting at most (default 8)"
    )
    serve.add_argument(
        "--rate-limit",
        default="60 per minute",
        help="photos that one client may send (default '60 per minute'); '' for no limit",
    )
    serve.add_argument(
        "--trusted-proxies",
        type=int,
        default=0,
        help="how many reverse proxies of yours pass X-Forwarded-For on (default 0: ignore it)",
    )
    serve.set_defaults(run=_serve)

    benchmark = commands.add_parser(
        "benchmark", help="time training steps, enhancement, the λ slider or the web page"
    )
    benchmark.add_argument("what", choices=("train", "enhance", "slider", "serve"))
    benchmark.add_argument(
        "--width",
        type=_positive,
        default=64,
        help="train: the networks' first width; the seed recipe's is 64",
    )
    benchmark.add_argument(
        "--weights", type=Path, help="enhance, slider, serve: a .keras or .onnx generator"
    )
    benchmark.add_argument(
        "--seconds", type=float, default=60, help="serve: how long to send photos (default 60)"
    )
    benchmark.add_argument(
        "--clients", type=_positive, default=20, help="serve: how many send at once (default 20)"
    )
    benchmark.add_argument("--json", type=Path, help="write the figures to this file")
    benchmark.set_defaults(run=_benchmark)
    return parser


def _add_dark_side(parser):
    parser.add_argument(
        "--dark-side",
        choices=("left", "right"),
        default="left",
        help="of double pictures: where the dark half is (default left)",
    )


def _positive(text):
    """Read a whole number of at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {number}")
    return number


def _add_overrides(parser, without=()):
    """Add an option for each field of a recipe."""
    group = parser.add_argument_group(
        "overrides",
        "change one field of the recipe each; lowlight_utils.training.Recipe explains them",
    )
    for field in fields(Recipe):
        if field.name in without:
            continue
        flag, choices = f"--{field.name.replace('_', '-')}", CHOICES.get(field.name)
        note = (f"{', '.join(choices)}; " if choices else "") + f"seed has {field.default}"
        if field.type is bool:
            group.add_argument(flag, action=argparse.BooleanOptionalAction, help=note)
        else:
            group.add_argument(flag, type=_kind(field.type), metavar="VALUE", help=note)


def _overrides(options, without=()):
    """Return the fields that the options change."""
    return {
        field.name: getattr(options, field.name)
        for field in fields(Recipe)
        if field.name not in without and getattr(options, field.name) is not None
    }


def _kind(annotation):
    """Return the type that a recipe's field is read as; of `int | None`, the int."""
    if isinstance(annotation, types.UnionType):
        return next(kind for kind in typing.get_args(annotation) if kind is not types.NoneType)
    return annotation


def _enhance(options):
    return run_enhance(options, start_keras)


def _export(options):
    start_keras()
    from lowlight_utils.prediction import export_generator
    from lowlight_utils.prediction.enhance import SHIPPED_WEIGHTS

    difference = export_generator(options.weights or SHIPPED_WEIGHTS, options.out)
    size = options.out.stat().st_size / 1e6
    print(f"{options.out}: {size:.1f} MB, within {difference:.3f} levels of Keras")


def _train(options):
    recipe = read_recipe(options.recipe).but(**_overrides(options))
    from lowlight_utils.data.sources import load_splits

    splits = load_splits(
        options.data,
        size=recipe.size,
        copies=recipe.copies,
        seed=recipe.seed,
        evaluation_scenes=not options.without_evaluation_scenes,
        lights=recipe.lights,
        views=recipe.views,
        low_side=options.dark_side,
    )
    start_keras(to_train=True)
    from lowlight_utils.training.run import train

    _say_device()
    print(f"training    {splits.train.summary()}")
    print(f"validation  {splits.validation.summary()}")
    start_from = None
    if options.start_from:
        from lowlight_utils.prediction.enhance import load_generator

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


def _sweep(options):
    # The option --name is the study's name in the database, not the recipe's.
    changes = _overrides(options, without=("name", "seed"))
    varied = [name for name in STUDIES[options.study].varies if name in changes]
    if varied:
        raise ValueError(f"The study {options.study} sets {', '.join(varied)} itself.")
    recipes = study_recipes(
        options.study, read_recipe(options.recipe).but(**changes), options.seeds
    )
    from lowlight_utils.tuning.results import export
    from lowlight_utils.tuning.sweep import run_sweep

    start_keras(to_train=True)
    _say_device()
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


def _evaluate(options):
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
    if options.pairs:
        measured = read_pairs(options.pairs, options.size, options.dark_side)
    elif options.high:
        measured = PairSet.from_folders(options.low, options.high, size=options.size)
    else:
        measured = list_images(options.low)
    if not is_exported(options.weights):
        start_keras()
    enhancer = Enhancer(options.weights)
    run = evaluate if options.high or options.pairs else evaluate_unpaired
    evaluation = run({**BASELINES, "ours": enhancer}, measured)
    if options.json:
        made_by = provenance(enhancer.weights)
        if is_exported(enhancer.weights):
            made_by["exported_from"] = enhancer.generator.made_by
        _write_json(options.json, evaluation.to_json("ours", made_by))
    print(evaluation)


def _serve(options):
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%Y-%m-%d %H:%M:%S")
    from lowlight_utils.web import Server, Settings, Worker, create_app
    from lowlight_utils.web.job import WorkerError
    from lowlight_utils.web.server import require_address

    settings = Settings(
        host=options.host,
        port=options.port,
        weights=options.weights,
        max_bytes=options.max_megabytes * 2**20,
        max_pixels=options.max_megapixels * 1_000_000,
        upload_memory=max(Settings.upload_memory, 2 * options.max_megabytes * 2**20),
        queue=options.queue,
        rate_limit=options.rate_limit,
        trusted_proxies=options.trusted_proxies,
    )
    require_address(settings)
    print("Loading the generator ...", flush=True)
    try:
        worker = Worker(settings)
    except WorkerError as error:
        raise ValueError(str(error)) from error
    try:
        server = Server(create_app(worker, settings), settings)
        server.stop_on_signals()
        print(f"Serving on {server.address} (Ctrl-C stops)", flush=True)
        server.run()
    finally:
        worker.close()
    print("Stopped: all that had begun is answered.", flush=True)


def _benchmark(options):
    from lowlight_utils import benchmark
    from lowlight_utils.prediction import is_exported

    if options.what == "serve":
        from lowlight_utils.web.load import benchmark_serve

        result = benchmark_serve(options.weights, options.clients, options.seconds)
        if options.json:
            _write_json(options.json, result)
        print(benchmark.table(result))
        return
    if options.what == "train" or not is_exported(options.weights):
        start_keras(to_train=options.what == "train")
    print("This takes a minute or two.", file=sys.stderr)
    if options.what == "train":
        result = benchmark.benchmark_train(width=options.width)
    elif options.what == "slider":
        from lowlight_utils.widgets.timing import benchmark_slider

        result = benchmark_slider(options.weights)
    else:
        result = benchmark.benchmark_enhance(options.weights)
    if options.json:
        _write_json(options.json, result)
    print(benchmark.table(result))


def _say_device():
    """Say what a training runs on, and loudly if it could be more."""
    print(f"device      {device_line()}", flush=True)
    if warning := unseen_gpu():
        print(f"lowlight_utils: {warning}", file=sys.stderr)


def _write_json(path, result):
    from lowlight_utils.data.images import replacing

    text = json.dumps(result, indent=2, ensure_ascii=False) + "\n"
    # A file's name that is not in the system's encoding is bytes, mostly UTF-8.
    text = text.encode(errors="surrogateescape").decode(errors="replace")
    with replacing(path) as file:
        file.write(text.encode())


if __name__ == "__main__":
    sys.exit(main())
