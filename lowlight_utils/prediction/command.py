"""The command `enhance`: which photos become which files, and one line for each that fails."""

import argparse
import functools
import itertools
import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from lowlight_utils.backend import start_keras
from lowlight_utils.options import complain
from lowlight_utils.recipe import Recipe


def add_enhance_parser(commands: Any) -> None:
    """Add the command `enhance` to those of `argparse`'s sub-parsers."""
    parser = commands.add_parser(
        "enhance",
        help="turn dark photos into well-lit ones",
        description="Turn dark photos into well-lit ones. A photo that fails is named in one line,"
        " and the next goes on; the status is then 1.",
    )
    parser.add_argument("photos", nargs="+", metavar="IN", help="photos, or folders of photos")
    parser.add_argument(
        "-o",
        "--out",
        required=True,
        help="a file for one photo, else a folder; what ends in / is a folder",
    )
    parser.add_argument(
        "--weights",
        type=Path,
        help="a .keras or .onnx generator; default: the shipped one, or with --lambda the shipped"
        " one that takes lambda",
    )
    parser.add_argument(
        "--strength",
        type=float,
        default=1.0,
        help="from 0 (the photo as it is) to 1 (as the generator would have it; the default)",
    )
    parser.add_argument(
        "--lambda",
        type=float,
        dest="lambda_l1",
        metavar="VALUE",
        help=f"what a generator that takes lambda is told (default {Recipe.lambda_l1:g})",
    )
    parser.add_argument(
        "--format",
        metavar="SUFFIX",
        help="of the files in a folder, such as jpg or png; default: as each photo, or jpg or png"
        " for those that cannot be written, such as HEIC",
    )
    parser.add_argument(
        "--depth",
        type=int,
        choices=(8, 16),
        help="bits a channel that are written; default: 16 for photos that have more than 8, in"
        " formats that hold them (PNG and TIFF)",
    )
    parser.add_argument(
        "--recursive", action="store_true", help="enter the folders' folders; OUT gets the same"
    )
    parser.add_argument(
        "--skip-existing",
        action="store_true",
        help="leave alone what OUT already holds, so that the command goes on where it was ended",
    )
    parser.add_argument(
        "--jobs",
        type=int,
        metavar="N",
        help="photos at once, in a process each (default: as many as there are cores and memory"
        " for, and a single one for few photos or on a GPU)",
    )
    parser.add_argument(
        "--max-megapixels",
        type=float,
        default=100,
        metavar="N",
        help="refuse larger photos before they are unpacked (default 100)",
    )
    parser.set_defaults(run=_enhance)


def _enhance(options: argparse.Namespace) -> int:
    """Run the command; return its status."""
    from tqdm import tqdm

    from lowlight_utils.prediction.batch import find_photos, plan

    if not 0 <= options.strength <= 1:
        raise ValueError(f"--strength must lie between 0 and 1, not {options.strength:g}")
    if options.jobs is not None and options.jobs < 1:
        raise ValueError(f"--jobs must be at least 1, not {options.jobs}")
    photos, has_folder, skipped = find_photos(options.photos, options.recursive, options.out)
    for line in skipped:
        complain(line)
    planned = plan(photos, has_folder, options.out, options.format)
    if options.skip_existing:
        new = [(photo, target) for photo, target in planned if not target.exists()]
        if len(new) < len(planned):
            complain(f"{len(planned) - len(new)} skipped, whose results exist already")
        planned = new
    if not planned:
        return 0
    results = _results(options, planned)
    failed = 0
    # The bar is for several photos on a terminal; a log would fill with it.
    with tqdm(total=len(planned), unit="photo", disable=None if len(planned) > 1 else True) as bar:
        for (_, target), (done, lines) in zip(planned, results, strict=True):
            failed += not done
            bar.update()
            with bar.external_write_mode():
                for line in lines:
                    complain(line)
                if done:
                    print(target, flush=True)
    return 1 if failed else 0


Result = tuple[bool, list[str]]
"""Whether a photo was done, and what there is to say of it."""


def _results(options: argparse.Namespace, planned: list[tuple[Path, Path]]) -> Iterator[Result]:
    """Load the generator, here or in several processes; give what comes of each photo, in order."""
    from lowlight_utils.prediction.exported import is_exported
    from lowlight_utils.prediction.processes import in_order, usual_processes

    processes = min(
        len(planned),
        options.jobs
        or usual_processes(len(planned), options.max_megapixels, is_exported(options.weights)),
    )
    wanted = argparse.Namespace(**vars(options) | {"run": None})  # which could not be pickled
    load = functools.partial(_load, wanted)
    if processes == 1:
        return itertools.starmap(load(), planned)
    return in_order(load, planned, processes, lost=_lost)


def _lost(photo: Path, target: Path) -> Result:
    return False, [
        f"{photo}: the process that worked on it was ended, perhaps for want of memory; try it"
        " alone, with --jobs 1"
    ]


def _load(options: argparse.Namespace) -> Callable[..., Result]:
    """Load the generator; return `_attempt` with it."""
    return functools.partial(_attempt, _enhancement(options))


def _enhancement(options: argparse.Namespace) -> Callable:
    """Load the generator; return a function of a photo's file and the result's."""
    from lowlight_utils.prediction.detail import take_solvers_memory
    from lowlight_utils.prediction.enhance import LAMBDA_WEIGHTS, SHIPPED_WEIGHTS, Enhancer
    from lowlight_utils.prediction.exported import is_exported

    told = {} if options.lambda_l1 is None else {"lambda_l1": options.lambda_l1}
    weights = options.weights or (LAMBDA_WEIGHTS if told else SHIPPED_WEIGHTS)
    if not is_exported(weights):
        start_keras()
    enhancer = Enhancer(weights)
    take_solvers_memory()
    if told:
        if not enhancer.lambda_range:
            raise ValueError(f"{weights}: this generator does not take λ; leave --lambda out")
        least, most = enhancer.lambda_range
        if not least <= options.lambda_l1 <= most:
            raise ValueError(
                f"--lambda must lie between {least:g} and {most:g}, as {weights.name} has learnt,"
                f" not {options.lambda_l1:g}"
            )
    return functools.partial(
        enhancer.enhance_file,
        strength=options.strength,
        depth=options.depth,
        max_pixels=round(options.max_megapixels * 1_000_000),
        **told,
    )


def _attempt(enhance: Callable, photo: Path, target: Path) -> tuple[bool, list[str]]:
    """Enhance one photo; say whether it was done, and what there is to say of it."""
    from lowlight_utils.data.errors import ImageWarning

    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", ImageWarning)
        try:
            enhance(photo, target)
        except Exception as error:  # one bad photo must not cost the others, whatever the reason
            return False, [_reason(photo, target, error)]
    return True, [str(warning.message) for warning in noted]


def _reason(photo: Path, target: Path, error: Exception) -> str:
    from lowlight_utils.data.errors import ImageTooLarge

    said = " ".join(str(error).split())
    if isinstance(error, ImageTooLarge):
        return f"{said}, or raise --max-megapixels"
    # What backends say when there is no memory left: they have no class of error in common.
    if isinstance(error, MemoryError) or re.search(
        r"bad_alloc|allocate|out of memory|OOM|start new thread|resource exhausted", said, re.I
    ):
        return (
            f"{photo}: takes more memory than there is; make it smaller, or end other programs"
            " (--max-megapixels refuses such photos at once)"
        )
    if said.startswith((str(photo), str(target))):
        return said
    return f"{photo}: cannot be enhanced ({said or type(error).__name__})"
