"""Make the pictures in figures/, from the bundled photos and, for results, from a training run.

    python tools/make_figures.py                                   data, networks, flows
    python tools/make_figures.py --run DIR --made-by "quick mode, 2 CPU cores"    results too

Without --run the figures that show results are left as they are. --made-by says what the run's own
files do not know: the mode, the data if they are not the bundled photos, and the hardware.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from lowlight_utils import plots
from lowlight_utils.data import PairBatches, read_image, to_image, to_network
from lowlight_utils.data.darken import darkening_steps, draw_darkness
from lowlight_utils.data.photos import sample_credits, sample_pairs

ROOT = Path(__file__).resolve().parent.parent
GALLERY = ("drum_interior", "coffee", "pagoda", "dog")  # bundled test photos
COVER = {"drum_interior": "even", "pagoda": "uneven", "parrot": "night"}  # and their light


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "figures")
    parser.add_argument("--run", type=Path, help="a folder that training wrote")
    parser.add_argument("--made-by", default="", help="mode, data and hardware of the run")
    parser.add_argument("names", nargs="*", help="only these figures, such as unet")
    arguments = parser.parse_args(arguments)

    figures = {
        "sample_pairs": pairs_figure,
        "data_pipeline": pipeline_figure,
        "darkening_steps": darkening_figure,
        "unet": unet_figure,
        "patchgan": patchgan_figure,
        "receptive_field": receptive_field_figure,
        "training_flow": lambda: flow_figure(arguments.run),
        "limits": limits_figure,
        "ablation": lambda: steps_figure("ablation", "soccer"),
    }
    if arguments.run:
        recipe = json.loads((arguments.run / "recipe.json").read_text(encoding="utf-8"))
        made_by = f"Recipe {recipe['name']}, {recipe['epochs']} epochs"
        made_by += f"; {arguments.made_by}" if arguments.made_by else ""
        figures |= {
            "training_progress": lambda: progress_figure(arguments.run, made_by),
            "loss_curves": lambda: curves_figure(arguments.run, made_by),
            "prediction_gallery": lambda: gallery_figure(arguments.run, made_by),
            "method_comparison": lambda: comparison_figure(arguments.run, made_by),
            "before_after": lambda: cover_figure(arguments.run, made_by),
        }
    unknown = set(arguments.names) - set(figures)
    if unknown:
        parser.error(f"no figure {', '.join(sorted(unknown))}: there are {', '.join(figures)}")
    for name in arguments.names or figures:
        print(plots.save_figure(figures[name](), arguments.out, name))
    if not arguments.run:
        print("The figures that show results were left as they are: they need --run.")


# What needs no training.


def pairs_figure():
    names = ("cat", "lanterns", "pancakes", "two_dogs")
    pairs = sample_pairs("train").choose(names)
    made_by = f"Bundled photos, darkened with the default ranges, seed 0. {sample_credits(names)}"
    return plots.sample_pairs(pairs.low, pairs.high, pairs.names, made_by=made_by)


def pipeline_figure():
    parts = [sample_pairs("train").choose(["cat"])]
    parts += [sample_pairs("validation").choose(["raccoon"])]
    parts += [sample_pairs("test").choose(["coffee"])]
    batches = PairBatches(parts[0], augmentation="jitter", seed=5)
    jittered = tuple(to_image(half[0]) for half in batches[0])
    return plots.data_pipeline([part[0] for part in parts], jittered)


def darkening_figure(name="drum_interior", seed=3):
    (photo,) = sample_pairs("test").choose([name]).high
    darkness = draw_darkness(seed)
    made_by = (
        f"Bundled photo {name}, darkened by {-darkness.stops:.1f} stops; "
        f"the default ranges, seed {seed}. {sample_credits([name])}"
    )
    return plots.darkening_steps(darkening_steps(photo, darkness, seed), made_by=made_by)


def unet_figure():
    from lowlight_utils.models import unet_generator

    return plots.unet_diagram(unet_generator())


def patchgan_figure():
    from lowlight_utils.models import patchgan_discriminator

    return plots.patchgan_diagram(patchgan_discriminator())


def receptive_field_figure():
    from lowlight_utils.models import patchgan_discriminator

    (photo,) = sample_pairs("test").choose(["pagoda"]).high
    return plots.receptive_field(
        photo, patchgan_discriminator(), made_by=sample_credits(["pagoda"])
    )


def flow_figure(run):
    low, high = sample_pairs("test").choose(["coffee"])[0]
    return plots.training_flow(low, enhancer(run)(low), high)


def limits_figure(seed=1000, copies=4, worst=4):
    """Show where the shipped generator fails: the worst of the photos that its card measures."""
    from lowlight_utils.prediction import Enhancer, psnr

    enhance = Enhancer()
    pairs = sample_pairs("test", 256, copies, seed)
    enhanced = [enhance(low) for low in pairs.low]
    scores = [psnr(high, image) for high, image in zip(pairs.high, enhanced, strict=True)]
    first = {}  # the worst copy of each photo
    for at in np.argsort(scores):
        first.setdefault(pairs.scenes[at], at)
    images = {}
    for scene, at in list(first.items())[:worst]:
        bright = np.clip(pairs.low[at].astype(float) * 4, 0, 255).astype(np.uint8)
        images |= {
            f"{scene}, level {pairs.low[at].mean():.0f},\nshown × 4": bright,
            f"{scene}\nenhanced, {scores[at]:.1f} dB": enhanced[at],
            f"{scene}\ntruth": pairs.high[at],
        }
    made_by = (
        f"The shipped generator's worst results among {len(scores)}: the 8 bundled test photos,"
        f" each darkened {copies} times, seed {seed}. {sample_credits(list(first)[:worst])}"
    )
    return plots.side_by_side(images, columns=6, made_by=made_by)


# What a run has learnt.


def steps_figure(study, scene):
    """Show one scene over the steps of a study; of "lights" a scene is such as "night-soccer"."""
    from lowlight_utils.tuning import bundled_sweep, settings

    sweep = bundled_sweep(study)
    pictures = {label: sweep.pictures(f"{label}-seed-0")[scene] for label in settings(sweep)}
    at, row = sweep.scenes.index(scene), sweep.rows[0]
    made_by = f"Bundled photos, {row['hardware']}; study {study}, seed 0, {row['epochs']} epochs."
    return plots.lambda_strip(
        sweep.low[at],
        pictures,
        sweep.high[at],
        detail=(110, 90, 80),
        made_by=f"{made_by} {sample_credits([scene.rpartition('-')[2]])}",
    )


def progress_figure(run, made_by):
    """Show a run's fixed scenes; of a run on other photos than the bundled ones, refuse."""
    ends = {name: strip_of(run / "samples" / f"{name}.png") for name in ("low", "high")}
    bundled = sample_pairs("validation", ends["high"][0].shape[0])
    names = [
        name
        for scene in ends["high"]
        for name, photo in zip(bundled.names, bundled.high, strict=True)
        if np.array_equal(scene, photo)
    ]
    if len(names) < len(ends["high"]):
        raise SystemExit(
            f"{run} shows other photos than the bundled ones, and their licence may not let us: "
            "train on --data sample for this figure."
        )
    epochs = sorted((run / "samples").glob("epoch_*.png"))
    pictures = {int(path.stem.split("_")[1]): strip_of(path) for path in epochs}
    made_by = f"{made_by}. {sample_credits(names)}"
    return plots.training_progress(pictures, ends["low"], ends["high"], made_by=made_by)


def curves_figure(run, made_by):
    history = json.loads((run / "progress.json").read_text(encoding="utf-8"))["history"]
    chosen = int(np.nanargmax(history["val_psnr"])) + 1
    return plots.loss_curves(history, chosen=chosen, made_by=made_by)


def gallery_figure(run, made_by):
    from lowlight_utils.metrics import measure

    pairs = sample_pairs("test").choose(GALLERY)
    rows, scores = [], []
    for low, high in zip(pairs.low, pairs.high, strict=True):
        row = {"low": low} | {name: method(low) for name, method in methods(run).items()}
        scores.append({name: measure(high, image) for name, image in row.items()})
        rows.append(row | {"truth": high})
    made_by += f"; photos it never saw. {sample_credits(GALLERY)}"
    return plots.prediction_gallery(rows, scores, made_by=made_by)


def comparison_figure(run, made_by):
    from lowlight_utils.prediction.evaluate import evaluate

    pairs = sample_pairs("test")
    compared = {"low": lambda low: low} | methods(run)
    made_by += f"; means over {len(pairs)} photos it never saw."
    return plots.method_comparison(evaluate(compared, pairs).means(), made_by=made_by)


def cover_figure(run, made_by):
    lows = [sample_pairs("test", 384, lights=COVER[name]).choose([name]).low[0] for name in COVER]
    enhanced = [enhancer(run)(low) for low in lows]
    made_by = (
        "Bundled test photos, evenly dark, in uneven light and at night, as the data room makes"
        f" them. {made_by}. {sample_credits(COVER)}"
    )
    return plots.before_after(lows, enhanced, made_by=made_by)


def methods(run):
    from lowlight_utils.prediction.baselines import BASELINES

    return BASELINES | {"ours": enhancer(run)}


def enhancer(run):
    """Return a run's generator as a function of photos; without a run, one yet to be trained."""
    import keras

    from lowlight_utils.models import unet_generator

    if run:
        from lowlight_utils.prediction.enhance import Enhancer

        return Enhancer(run / "generator.keras")
    keras.utils.set_random_seed(0)
    generator = unet_generator(width=16, depth=5, norm="instance", base="auto_exposure")
    return lambda low: to_image(np.asarray(generator(to_network(low[None])))[0])


def strip_of(path):
    """Cut a strip of square pictures side by side into a list of them."""
    strip = read_image(path)
    return np.split(strip, strip.shape[1] // strip.shape[0], axis=1)


if __name__ == "__main__":
    main()
