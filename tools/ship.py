"""Put a run's generator into the library, with a card that says how good it is.

    python tools/ship.py photos --run runs/shipped-0 --seeds runs/shipped-1 runs/shipped-2 \\
        --unseen runs/shipped-unseen --lol data/lol --photos DIR \\
        --hardware "2 CPU cores" --minutes 50
    python tools/ship.py lambda --run build/runs/lambda --sweep data/sweeps/lambda \\
        --hardware "1 CPU core" --minutes 8

"photos" is the generator that enhances people's photos; "lambda" is the one behind the slider, for
every λ. Everything is measured here, at 256x256.

photos: the run and its baselines on LOL's validation pairs, which share no scene with training, and
on the bundled test photos, in every kind of light, with draws that no training saw; the other
seeds' runs, and the one that never saw the scenes of LOL's evaluation pairs, on the same validation
pairs. Real photos without a truth (--photos) are measured at their full size. No evaluation pair of
LOL is read.

lambda: against the sweep's generators, each trained with one λ, on the pairs that the sweep was
judged on, the bundled validation photos, each darkened four times.
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np

from lowlight_utils.data import list_images, lol_pairs, sample_pairs
from lowlight_utils.data.lights import LIGHTS
from lowlight_utils.data.sources import VALIDATION_COPIES, in_lol_evaluation, split_lol
from lowlight_utils.files import write_file
from lowlight_utils.metrics import MEASURES, match_mean, mean_scores, measure_pairs, psnr
from lowlight_utils.prediction import (
    BASELINES,
    LAMBDA_WEIGHTS,
    Enhancer,
    provenance,
    split_error,
)
from lowlight_utils.prediction.enhance import SHIPPED_WEIGHTS
from lowlight_utils.prediction.evaluate import evaluate
from lowlight_utils.prediction.unpaired import evaluate_unpaired
from lowlight_utils.tuning import read_sweep

NATIVE = 384  # the bundled test photos' own size, at which noise has not been averaged
TEST_SEED, TEST_COPIES = 1000, 4  # training darkens with its recipe's seed, a small number
LAMBDAS = (0.1, 1.0, 10.0, 115.0, 1000.0)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    kinds = parser.add_subparsers(required=True)
    photos = kinds.add_parser("photos", help="the generator that enhances people's photos")
    photos.add_argument("--seeds", type=Path, nargs="*", default=[], help="its other seeds")
    photos.add_argument("--unseen", type=Path, help="a run --without-evaluation-scenes")
    photos.add_argument("--lol", type=Path, required=True, help="the folder with our485/")
    photos.add_argument("--photos", type=Path, help="a folder of real photos without a truth")
    photos.set_defaults(card=card_of_photos, weights=SHIPPED_WEIGHTS, note="card.json")
    every = kinds.add_parser("lambda", help="the generator for every λ")
    every.add_argument("--sweep", type=Path, required=True, help="runs with one λ each")
    every.set_defaults(card=card_of_lambda, weights=LAMBDA_WEIGHTS, note="lambda.json")
    for kind in (photos, every):
        kind.add_argument("--run", type=Path, required=True, help="the run to ship")
        kind.add_argument("--hardware", required=True)
        kind.add_argument("--minutes", type=float, required=True, help="how long the run took")
        kind.add_argument("--out", type=Path, default=SHIPPED_WEIGHTS.parent)
    options = parser.parse_args(arguments)

    generator = options.run / "generator.keras"
    Enhancer(generator)  # loads Keras, so that provenance can name its backend
    made_by = provenance(generator)
    card = {
        "made_by": made_by,
        "hardware": options.hardware,
        "minutes": options.minutes,
    } | options.card(generator, made_by["recipe"], options)
    shutil.copy(generator, options.out / options.weights.name)
    if options.weights == SHIPPED_WEIGHTS:
        shutil.copy(options.run / "recipe.json", options.out / "recipe.json")
    write_file(options.out / options.note, f"{json.dumps(rounded(card), indent=2)}\n")
    print(json.dumps(rounded(card), indent=2))


def card_of_photos(generator, recipe, options):
    """What is known of the generator that enhances people's photos."""
    lol = lol_pairs(options.lol)
    _, validation = split_lol(lol)
    seen_rooms = lol[np.array([in_lol_evaluation(scene) for scene in lol.scenes])]
    card = {
        "command": "python -m lowlight_utils train --recipe shipped"
        f" --seed {recipe['seed']} --data LOL sample kodak --out DIR",
        "data": "LOL: 415 training pairs, 69 for validation; 54 bundled photos, 12 pairs of each",
        "validation": compare(generator, validation, "69 pairs of LOL, of rooms not in training"),
        "bundled_test_photos": compare(
            generator,
            sample_pairs("test", 256, TEST_COPIES, TEST_SEED),
            f"8 photos, each darkened {TEST_COPIES} times, seed {TEST_SEED}",
        ),
        "other_lights": {
            light: compare_in(light, generator) for light in LIGHTS if light != "even"
        },
        "native_size": {light: ours(options.run, test_pairs(light, NATIVE)) for light in LIGHTS},
        "seeds": {run.name: ours(run, validation) for run in (options.run, *options.seeds)},
    }
    if options.photos:
        photos = list_images(options.photos)
        enhance = Enhancer(generator)
        means = evaluate_unpaired({**BASELINES, "ours": enhance}, photos).means()
        card["photos_without_truth"] = {"of": f"{len(photos)} real photos", "means": means}
    if options.unseen:
        card["without_evaluation_scenes"] = {
            "validation": ours(options.unseen, validation),
            "lol_pairs_of_evaluation_scenes": ours(options.unseen, seen_rooms),
            "the_same_pairs_when_trained_on": ours(options.run, seen_rooms),
        }
    return card


def card_of_lambda(generator, recipe, options):
    """What is known of the generator for every λ."""
    enhance = Enhancer(generator)
    pairs = sample_pairs("validation", 256, VALIDATION_COPIES)
    rows = read_sweep(options.sweep).rows
    return {
        "command": "python -m lowlight_utils train --recipe lambda --data sample --out DIR",
        "data": "30 bundled photos, each darkened twice",
        "of": f"{len(pairs)} pairs: {len(set(pairs.scenes))} bundled validation photos,"
        f" each darkened {VALIDATION_COPIES} times",
        "one_for_every_lambda": {f"{x:g}": scores(enhance, pairs, x) for x in LAMBDAS},
        "one_for_each_lambda": {f"{x:g}": of_fixed(rows, x) for x in LAMBDAS},
    }


def scores(enhance, pairs, lambda_l1):
    """Means over the pairs of one generator that is told λ."""
    images = [enhance(low, lambda_l1=lambda_l1) for low in pairs.low]
    measures = {**MEASURES, "psnr_gtmean": lambda high, image: psnr(high, match_mean(image, high))}
    return mean_scores(measure_pairs(images, pairs, measures))


def of_fixed(rows, lambda_l1):
    """Means, least and most over the seeds of generators trained with one λ."""
    found = [row for row in rows if row["adversarial"] and row["lambda_l1"] == lambda_l1]
    if not found:
        raise SystemExit(f"The sweep has no run with λ = {lambda_l1:g}.")
    table = {"seeds": [row["seed"] for row in found]}
    for name in MEASURES:
        values = [row[name] for row in found]
        table[name] = {"mean": float(np.mean(values)), "least": min(values), "most": max(values)}
    return table


def compare_in(light, weights):
    """Compare on the bundled test photos in one kind of light."""
    return compare(
        weights, test_pairs(light, 256), f"8 photos, {TEST_COPIES} times each, seed {TEST_SEED}"
    )


def test_pairs(light, size):
    """Bundled test photos in one kind of light, darkened at a size."""
    return sample_pairs("test", size, TEST_COPIES, TEST_SEED, lights=light)


def compare(weights, pairs, what):
    """Means of the generator and of all baselines, and what the generator's error is made of."""
    enhance = Enhancer(weights)
    parts = [
        split_error(high, enhance(low)) for low, high in zip(pairs.low, pairs.high, strict=True)
    ]
    return {
        "of": what,
        "means": evaluate({**BASELINES, "ours": enhance}, pairs).means(),
        "squared_error": {
            name: float(np.mean([part[name] for part in parts])) for name in parts[0]
        },
    }


def ours(run, pairs):
    return evaluate({"ours": Enhancer(run / "generator.keras")}, pairs).means()["ours"]


def rounded(value):
    """Four digits behind the point: more would be noise."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    return round(value, 4) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
