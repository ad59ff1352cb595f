"""Widgets of the notebooks as pages without a kernel show them: pictures made beforehand.

Each choice is a radio button, and each combination of choices has its pictures and its line, made
by the functions that the widget itself calls.
"""

import html
import json

from lowlight_utils.data import encode_image, sample_pairs
from lowlight_utils.files import write_file
from lowlight_utils.prediction import LAMBDA_WEIGHTS, Enhancer
from lowlight_utils.tuning import bundled_sweep
from lowlight_utils.widgets.explorer import lambda_label, trial_line
from lowlight_utils.widgets.pictures import GAIN, credit, difference
from lowlight_utils.widgets.slider import view_at_lambda

LAMBDAS = (0.1, 0.3, 1, 3, 10, 30, 115, 1000)
FIRST = ("soccer", "10")  # the choices at the beginning; of more, the first
TITLES = {
    "low": "low",
    "enhanced": "enhanced",
    "truth": "truth",
    "difference": f"difference × {GAIN}",
}
INSTEAD = {
    "enhance_own_photo": "Here the notebook enhances a photo of yours. Without it, "
    '<a href="../live/index.html">this page does</a>, in your browser.',
    "train_with_my_lambda": "Here the notebook trains a small network with a λ and learning rates "
    "of yours, and adds it to the comparison. That needs the notebook itself; without it, "
    '<a href="../live/lambda.html">move λ</a> of a network that was trained for all of them.',
}
"""What is said where no picture made beforehand would do, by the widget's call."""


def write_frames(folder):
    """Write the pictures of all frames; return {the widget's call: its HTML}."""
    folder.mkdir(parents=True)
    said = {call: f'<p class="needs-kernel">{text}</p>' for call, text in INSTEAD.items()}
    made = {"lambda_slider": slider(folder / "slider"), "SweepExplorer": explorer(folder / "sweep")}
    return made | said


def slider(folder):
    """Make frames of the λ slider."""
    enhance = Enhancer(LAMBDA_WEIGHTS)
    pairs = sample_pairs("validation", 256)
    frames = {}
    for scene, (low, truth) in zip(pairs.names, pairs, strict=True):
        for value in LAMBDAS:
            view = view_at_lambda(enhance, low, truth, value)
            line = f"{view}. {credit(scene)}"
            label = f"{value:g}"
            frames[scene, label] = pictures(
                folder, scene, low, truth, view.enhanced, label, f"at λ = {label}", line
            )
    note = "The slider of the notebook has every λ between these; "
    note += '<a href="../live/lambda.html">so has this page</a>, computed in your browser.'
    return controls(
        "slider", {"scene": pairs.names, "λ": [f"{x:g}" for x in LAMBDAS]}, frames, note
    )


def explorer(folder):
    """Make frames of the explorer, of the sweep over λ: every run's pictures of every scene."""
    sweep = bundled_sweep("lambda")
    frames = {}
    for row in sweep.rows:
        trial, made = row["trial"], sweep.pictures(row["trial"])
        for index, scene in enumerate(sweep.scenes):
            line = f"{trial_line(sweep, trial, scene)} {credit(scene)}"
            low, truth = sweep.low[index], sweep.high[index]
            frames[scene, lambda_label(row), str(row["seed"])] = pictures(
                folder, scene, low, truth, made[scene], trial, f"by {trial}", line
            )
    labels = dict.fromkeys(lambda_label(row) for row in sweep.rows)
    seeds = sorted({str(row["seed"]) for row in sweep.rows})
    note = "In the notebook it has the runs over learning rates and the loss curves too."
    return controls(
        "sweep", {"scene": list(sweep.scenes), "λ": list(labels), "seed": seeds}, frames, note
    )


def pictures(folder, scene, low, truth, enhanced, label, how, line):
    """Write the four pictures of one combination; return what the page's script needs of it."""
    made = {
        "low": (low, scene, f"{scene}, the dark photo"),
        "enhanced": (enhanced, f"{scene}-{label}", f"{scene}, enhanced {how}"),
        "truth": (truth, scene, f"{scene}, the truth"),
        "difference": (
            difference(truth, enhanced),
            f"{scene}-{label}",
            f"how {scene}, enhanced {how}, differs from the truth",
        ),
    }
    for kind, (picture, name, _) in made.items():
        path = folder / kind / f"{name}.webp"
        if not path.exists():  # the dark photo and the truth are the same for many
            write_file(path, encode_image(picture, ".webp", quality=82, method=3))
    where = {kind: f"{kind}/{name}.webp" for kind, (_, name, _) in made.items()}
    return {"src": where, "alt": {kind: text for kind, (*_, text) in made.items()}, "line": line}


def controls(name, choices, frames, note):
    """Return HTML: a row of radio buttons for each choice, and the first combination's pictures."""
    first = next(key for key in frames if key[:2] == FIRST)
    parts = [f'<div class="frames" data-base="../frames/{name}/">']
    for (legend, values), chosen in zip(choices.items(), first, strict=True):
        parts.append(f"<fieldset><legend>{legend}</legend>")
        for value in values:
            checked = " checked" * (value == chosen)
            parts.append(
                f'<label><input type="radio" name="{name}-{legend}" value="{value}"{checked}>'
                f" {value}</label>"
            )
        parts.append("</fieldset>")
    shown = frames[first]
    parts.append('<div class="row-of-pictures">')
    for kind, title in TITLES.items():
        parts.append(
            f'<figure><img class="dark-light" data-kind="{kind}" width="256" height="256"'
            f' src="../frames/{name}/{shown["src"][kind]}" alt="{html.escape(shown["alt"][kind])}">'
            f"<figcaption>{title}</figcaption></figure>"
        )
    data = json.dumps({"|".join(key): frame for key, frame in frames.items()}, ensure_ascii=False)
    data = data.replace("</", "<\\/")
    parts.append(f'</div><p class="line" role="status">{html.escape(shown["line"])}</p>')
    parts.append(f'<p class="note">{note}</p>')
    parts.append(f'<script type="application/json">{data}</script></div>')
    return "".join(parts)
