"""Put the generator for every λ into the library, with a card that says what it is worth.

    python tools/ship_lambda.py --run build/runs/lambda --sweep data/sweeps/lambda \\
        --hardware "1 CPU core" --minutes 8

It is held against the sweep's generators, each trained with one λ, on the pairs that the sweep was
judged on: the bundled validation photos, each darkened four times.
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np

from lowlight_utils.data import sample_pairs
from lowlight_utils.data.sources import VALIDATION_COPIES
from lowlight_utils.files import write_file
from lowlight_utils.metrics import MEASURES
from lowlight_utils.prediction import LAMBDA_WEIGHTS, Enhancer, match_mean, provenance, psnr
from lowlight_utils.tuning import read_sweep

LAMBDAS = (0.1, 1.0, 10.0, 115.0, 1000.0)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, required=True, help="the run to ship")
    parser.add_argument("--sweep", type=Path, required=True, help="runs with one λ each")
    parser.add_argument("--hardware", required=True)
    parser.add_argument("--minutes", type=float, required=True, help="how long the run took")
    parser.add_argument("--out", type=Path, default=LAMBDA_WEIGHTS.parent)
    options = parser.parse_args(arguments)

    weights = options.run / "generator.keras"
    enhance = Enhancer(weights)
    pairs = sample_pairs("validation", 256, VALIDATION_COPIES)
    rows = read_sweep(options.sweep).rows
    card = {
        "made_by": provenance(weights),
        "command": "python -m lowlight_utils train --recipe lambda --data sample --out DIR",
        "hardware": options.hardware,
        "minutes": options.minutes,
        "data": "30 bundled photos, each darkened twice",
        "of": f"{len(pairs)} pairs: {len(set(pairs.scenes))} bundled validation photos,"
        f" each darkened {VALIDATION_COPIES} times",
        "one_for_every_lambda": {f"{x:g}": scores(enhance, pairs, x) for x in LAMBDAS},
        "one_for_each_lambda": {f"{x:g}": of_fixed(rows, x) for x in LAMBDAS},
    }
    shutil.copy(weights, options.out / "lambda.keras")
    write_file(options.out / "lambda.json", f"{json.dumps(card, indent=2)}\n")
    for x in LAMBDAS:
        print(x, card["one_for_every_lambda"][f"{x:g}"], card["one_for_each_lambda"][f"{x:g}"])


def scores(enhance, pairs, lambda_l1):
    """Means over the pairs of one generator that is told λ."""
    images = [enhance(low, lambda_l1=lambda_l1) for low in pairs.low]
    measures = {**MEASURES, "psnr_gtmean": lambda high, x: psnr(high, match_mean(x, high))}
    return {
        name: round(float(np.mean([f(*both) for both in zip(pairs.high, images, strict=True)])), 4)
        for name, f in measures.items()
    }


def of_fixed(rows, lambda_l1):
    """Means, least and most over the seeds of generators trained with one λ."""
    found = [row for row in rows if row["adversarial"] and row["lambda_l1"] == lambda_l1]
    if not found:
        raise SystemExit(f"The sweep has no run with λ = {lambda_l1:g}.")
    table = {"seeds": [row["seed"] for row in found]}
    for name in MEASURES:
        values = [row[name] for row in found]
        table[name] = {
            "mean": round(float(np.mean(values)), 4),
            "least": min(values),
            "most": max(values),
        }
    return table


if __name__ == "__main__":
    main()
