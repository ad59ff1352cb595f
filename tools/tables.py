"""Write the documents' tables of results from the files that hold the results.

    python tools/tables.py           # after shipping a generator, or exporting a sweep
    python tools/tables.py --check   # changes nothing; ends with 1 if a table is out of date

A table stands between <!-- table NAME --> and <!-- end of table -->; NAME is a key of TABLES.
"""

import argparse
import functools
import json
import re
import sys
from pathlib import Path

from lowlight_utils.prediction.enhance import SHIPPED_WEIGHTS
from lowlight_utils.tuning import read_sweep
from lowlight_utils.tuning.tables import psnr_by_light, setting_table, settings, spread

ROOT = Path(__file__).resolve().parent.parent
WEIGHTS = SHIPPED_WEIGHTS.parent.relative_to(ROOT)
DOCUMENTS = ("README.md", "docs/results.md", str(WEIGHTS / "README.md"))
TABLE = re.compile(r"(<!-- table ([\w-]+) -->\n).*?(<!-- end of table -->)", re.S)

NAMES = {
    "auto gamma": "gamma, chosen by the mean",
    "ours": "ours (recipe `shipped`, seed {seed})",
}
SCORES = {"psnr": ".2f", "ssim": ".3f", "ciede2000": ".1f", "psnr_gtmean": ".2f"}
SCORES |= {"ssim_gtmean": ".3f"}
UNPAIRED = {"newly_clipped": ".2f", "washed_white": ".2f", "dark_level": ".1f"}
UNPAIRED |= {"dark_grain": ".2f", "loe": ".0f"}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing")
    options = parser.parse_args(arguments)
    stale = []
    for name in DOCUMENTS:
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        made = TABLE.sub(lambda found: f"{found[1]}\n{TABLES[found[2]]()}\n{found[3]}", text)
        if made != text:
            stale.append(name)
            if not options.check:
                path.write_text(made, encoding="utf-8")
    for name in stale:
        print(f"{name}: {'out of date; run tools/tables.py' if options.check else 'written'}")
    return int(options.check and bool(stale))


@functools.cache
def card(name="card.json"):
    return json.loads((SHIPPED_WEIGHTS.parent / name).read_text(encoding="utf-8"))


def validation():
    head = ("method", "PSNR", "SSIM", "ΔE00", "PSNR, GT-mean", "SSIM, GT-mean")
    means = card()["validation"]["means"]
    return table(head, of_methods(means, SCORES, "the dark picture itself", bold=True))


def photos_without_truth():
    head = ("method", "newly clipped, %", "washed white, %", "dark level", "grain there", "LOE")
    means = card()["photos_without_truth"]["means"]
    return table(head, of_methods(means, UNPAIRED, "the photos themselves"))


def lights():
    """In every kind of light: doing nothing, the best classical method, ours, at two sizes."""
    head = ("light", "the low picture", "best classical method, by PSNR", "ours")
    head += ("ours, GT-mean", "ours at 384×384")
    rows = []
    for light, found in {"even": card()["bundled_test_photos"], **card()["other_lights"]}.items():
        means = found["means"]
        best = max(means.keys() - {"low", "ours"}, key=lambda name: means[name]["psnr"])
        rows.append(
            (
                light,
                pair(means["low"]),
                f"{pair(means[best])} ({NAMES.get(best, best)})",
                pair(means["ours"]),
                pair(means["ours"], "_gtmean"),
                pair(card()["native_size"][light]),
            )
        )
    return table(head, rows)


def seeds():
    """The recipe's runs, one a seed, on the validation pairs."""
    head = ("run", "PSNR", "SSIM", "ΔE00", "PSNR, GT-mean", "SSIM, GT-mean")
    rows = [
        (name, *(f"{means[key]:{digits}}" for key, digits in SCORES.items()))
        for name, means in card()["seeds"].items()
    ]
    return table(head, rows)


def every_lambda():
    """The generator for every λ beside those trained with one each."""
    one, each = (card("lambda.json")[f"one_for_{word}_lambda"] for word in ("every", "each"))
    digits = {"psnr": 2, "ssim": 3, "sharpness": 3}
    head = ["λ"]
    for title in ("PSNR", "SSIM", "sharpness"):
        head += [f"{title}, one", f"{title}, each"]
    rows = []
    for value, means in one.items():
        row = [value]
        for key, places in digits.items():
            half = (each[value][key]["most"] - each[value][key]["least"]) / 2
            row.append(f"{means[key]:.{places}f}")
            row.append(f"{each[value][key]['mean']:.{places}f} ± {half:.{places}f}")
        rows.append(row)
    return table(head, rows, left=0)


def ablation():
    lines = setting_table(read_sweep(ROOT / "data/sweeps/ablation"))
    return "\n".join(["| step | PSNR | SSIM | ΔE00 |", "| --- | ---: | ---: | ---: |", *lines])


def lights_study():
    """Each step from the recipe even to shipped: PSNR in every kind of light."""
    sweep = read_sweep(ROOT / "data/sweeps/lights")
    rows = []
    for label, found in settings(sweep).items():
        by_light = psnr_by_light(sweep, [row["trial"] for row in found])
        rows.append((label, *(spread(values, 2) for values in by_light.values())))
    return table(("step", *by_light), rows)


TABLES = {
    "validation": validation,
    "photos-without-truth": photos_without_truth,
    "lights": lights,
    "seeds": seeds,
    "every-lambda": every_lambda,
    "ablation": ablation,
    "lights-study": lights_study,
}


def of_methods(means, digits, low, bold=False):
    """One row a method; in bold what is best of a column, where every column has a best."""
    best = {
        key: (min if key.startswith("ciede") else max)(scores[key] for scores in means.values())
        for key in digits
    }
    for name, scores in means.items():
        title = {"low": low, **NAMES}.get(name, name)
        cells = [f"{scores[key]:{form}}" for key, form in digits.items()]
        if bold:
            cells = [
                f"**{cell}**" if scores[key] == best[key] else cell
                for key, cell in zip(digits, cells, strict=True)
            ]
        yield title.format(seed=card()["made_by"]["recipe"]["seed"]), *cells


def pair(means, suffix=""):
    return f"{means['psnr' + suffix]:.2f} / {means['ssim' + suffix]:.3f}"


def table(head, rows, left=1):
    """Write Markdown; all but the first `left` columns are set to the right, as numbers are."""
    rule = ["---"] * left + ["---:"] * (len(head) - left)
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))


if __name__ == "__main__":
    sys.exit(main())
