"""Put a run's generator into the library, with a card that says how good it is.

    python tools/ship.py --run runs/shipped-0 --seeds runs/shipped-1 runs/shipped-2 \\
        --unseen runs/shipped-unseen --lol data/lol --photos DIR \\
        --hardware "2 CPU cores" --minutes 50

Everything is measured here, at 256x256: the run and its baselines on LOL's validation pairs, which
share no scene with training, and on the bundled test photos, in every kind of light, with draws
that no training saw; the other seeds' runs, and the one that never saw the scenes of LOL's
evaluation pairs, on the same validation pairs. Real photos without a truth (--photos) are measured
at their full size. No evaluation pair of LOL is read.
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np

from lowlight_utils.data import list_images, lol_pairs, sample_pairs
from lowlight_utils.data.lights import LIGHTS
from lowlight_utils.data.sources import in_lol_evaluation, split_lol
from lowlight_utils.files import write_file
from lowlight_utils.prediction import BASELINES, Enhancer, provenance, split_error
from lowlight_utils.prediction.enhance import SHIPPED_WEIGHTS
from lowlight_utils.prediction.evaluate import evaluate
from lowlight_utils.prediction.unpaired import evaluate_unpaired

TEST_SEED, TEST_COPIES = 1000, 4  # training darkens with its recipe's seed, a small number


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, required=True, help="the run to ship")
    parser.add_argument("--seeds", type=Path, nargs="*", default=[], help="its other seeds")
    parser.add_argument("--unseen", type=Path, help="a run --without-evaluation-scenes")
    parser.add_argument("--lol", type=Path, required=True, help="the folder with our485/")
    parser.add_argument("--photos", type=Path, help="a folder of real photos without a truth")
    parser.add_argument("--hardware", required=True)
    parser.add_argument("--minutes", type=float, required=True, help="how long the run took")
    parser.add_argument("--out", type=Path, default=SHIPPED_WEIGHTS.parent)
    options = parser.parse_args(arguments)

    lol = lol_pairs(options.lol)
    _, validation = split_lol(lol)
    seen_rooms = lol[np.array([in_lol_evaluation(scene) for scene in lol.scenes])]
    photos = sample_pairs("test", 256, TEST_COPIES, TEST_SEED)
    generator = options.run / "generator.keras"
    Enhancer(generator)  # loads Keras, so that provenance can name its backend
    made_by = provenance(generator)
    card = {
        "made_by": made_by,
        "command": "python -m lowlight_utils train --recipe shipped"
        f" --seed {made_by['recipe']['seed']} --data LOL sample kodak --out DIR",
        "hardware": options.hardware,
        "minutes": options.minutes,
        "data": "LOL: 415 training pairs, 69 for validation; 54 bundled photos, 12 pairs of each",
        "validation": compare(generator, validation, "69 pairs of LOL, of rooms not in training"),
        "bundled_test_photos": compare(
            generator, photos, f"8 photos, each darkened {TEST_COPIES} times, seed {TEST_SEED}"
        ),
        "other_lights": {
            light: compare_in(light, generator) for light in LIGHTS if light != "even"
        },
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
    shutil.copy(generator, options.out / "generator.keras")
    shutil.copy(options.run / "recipe.json", options.out / "recipe.json")
    write_file(options.out / "card.json", f"{json.dumps(rounded(card), indent=2)}\n")
    print(json.dumps(rounded(card["seeds"]), indent=2))


def compare_in(light, weights):
    """Compare on the bundled test photos in one kind of light."""
    pairs = sample_pairs("test", 256, TEST_COPIES, TEST_SEED, lights=light)
    return compare(weights, pairs, f"8 photos, {TEST_COPIES} times each, seed {TEST_SEED}")


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
