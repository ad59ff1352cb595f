"""The command `make-pairs`: pairs to train on, from one's own RAW files."""

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

from lowlight_utils.options import complain, positive


def add_make_pairs_parser(commands: Any) -> None:
    """Add the command `make-pairs` to those of `argparse`'s sub-parsers."""
    parser = commands.add_parser(
        "make-pairs",
        help="make pairs to train on from camera RAW files (needs the extra raw)",
        description="Develop each RAW file well exposed, and several times darker, as dark as LOL's"
        " pictures and with its sensor's noise, into DIR/low and DIR/high, for train --data DIR."
        " Pairs that are there are left alone: the command goes on where it was ended. A file that"
        " fails is named in one line, and the next goes on; the status is then 1.",
    )
    parser.add_argument("raws", nargs="+", metavar="RAW", help="RAW files, or folders of them")
    parser.add_argument("-o", "--out", required=True, type=Path, metavar="DIR", help="the folder")
    parser.add_argument(
        "--copies", type=positive, default=3, help="darker developments of each file (default 3)"
    )
    parser.add_argument(
        "--side",
        type=positive,
        default=600,
        help="longest side of the pictures (default 600, as LOL's)",
    )
    parser.add_argument("--seed", type=int, default=0, help="for darkness and noise (default 0)")
    parser.set_defaults(run=_make_pairs)


def _make_pairs(options: argparse.Namespace) -> int:
    from lowlight_utils.data.raw_pairs import find_raws, make_pairs

    raws = list(find_raws(options.raws))
    doubled = sorted(stem for stem, n in Counter(raw.stem for raw in raws).items() if n > 1)
    if doubled:
        raise ValueError(f"Several files are called {', '.join(doubled)}: use different folders.")
    status = 0
    for raw in raws:
        try:
            made = make_pairs(raw, options.out, options.copies, options.side, options.seed)
        except (OSError, ValueError, MemoryError) as error:  # the others are made all the same
            said = " ".join(str(error).split()) or "takes more memory than there is"
            said = said if said.startswith(str(raw)) else f"{raw}: {said}"
            complain(said)
            status = 1
            continue
        for name in made:
            print(options.out / "low" / f"{name}.png", flush=True)
    return status
