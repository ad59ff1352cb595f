"""Make the pictures in figures/, from the bundled photos, the shipped generator and the sweeps.

python tools/make_figures.py [NAME ...]    all of them, or only these, such as limits
"""

import argparse
from pathlib import Path

import numpy as np

from lowlight_utils import plots
from lowlight_utils.data.photos import sample_credits, sample_pairs

ROOT = Path(__file__).resolve().parent.parent
COVER = {"drum_interior": "even", "mountain_ridge": "backlit", "parrot": "night"}  # photo: light


def main(arguments=None):
    figures = {"before_after": cover_figure, "limits": limits_figure, "ablation": ablation_figure}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "figures")
    parser.add_argument("names", nargs="*", help="only these figures, such as limits")
    arguments = parser.parse_args(arguments)
    unknown = set(arguments.names) - set(figures)
    if unknown:
        parser.error(f"no figure {', '.join(sorted(unknown))}: there are {', '.join(figures)}")
    for name in arguments.names or figures:
        print(plots.save_figure(figures[name](), arguments.out, name))


def cover_figure():
    """Show photos that the shipped generator never saw, each in another light."""
    from lowlight_utils.prediction import Enhancer

    enhance = Enhancer()
    lows = [sample_pairs("test", 384, lights=COVER[name]).choose([name]).low[0] for name in COVER]
    made_by = (
        "Bundled test photos, darkened by the course's models of an evenly dark room, backlight"
        f" and night, and what the shipped generator makes of them. {sample_credits(COVER)}"
    )
    return plots.before_after(lows, [enhance(low) for low in lows], made_by=made_by)


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


def ablation_figure(scene="soccer"):
    """Show one scene over the steps of the ablation."""
    from lowlight_utils.tuning import bundled_sweep, settings

    sweep = bundled_sweep("ablation")
    pictures = {label: sweep.pictures(f"{label}-seed-0")[scene] for label in settings(sweep)}
    at, row = sweep.scenes.index(scene), sweep.rows[0]
    made_by = f"Bundled photos, {row['hardware']}; study ablation, seed 0, {row['epochs']} epochs."
    return plots.lambda_strip(
        sweep.low[at],
        pictures,
        sweep.high[at],
        detail=(110, 90, 80),
        made_by=f"{made_by} {sample_credits([scene])}",
    )


if __name__ == "__main__":
    main()
