"""A sweep's folder without the training: ``from sweeps import make_row, write_sweep``."""

import json

from pictures import make_photo

from lowlight_utils.tuning.results import read_sweep, tabulate, write_strip

MEASURES = ("psnr", "ssim", "ciede2000", "sharpness")


def make_row(trial, **values):
    """A row of the table, with a value in every column."""
    texts = dict.fromkeys(("mode", "recipe", "changes", "data", "hardware", "command"), "x")
    numbers = dict.fromkeys(("lambda_l1", "adversarial", "generator_lr", "discriminator_lr"), 1.0)
    counts = dict.fromkeys(("epochs", "seed", "best_epoch", "train_pairs", "validation_pairs"), 1)
    return {"trial": trial, **texts, **numbers, **counts, "seconds": 1.0, **values}


def write_sweep(folder, trials, scenes=("cat", "dog"), side=32):
    """Write what a sweep would leave and read it; `trials` maps names to values of their rows.

    Trial number i has PSNR 10 + i, and pictures made with seed i.
    """
    for number, (trial, values) in enumerate(trials.items()):
        (folder / trial).mkdir(parents=True)
        scores = {name: 10.0 + number for name in MEASURES}
        row = make_row(trial, **scores, **values)
        history = {"l1_loss": [0.5, 0.25], "val_psnr": [10.0, 10.0 + number]}
        images = [{"image": scene, **scores} for scene in scenes]
        files = {
            "progress.json": {"epoch": 2, "state": "gone.npz", "history": history},
            "metrics.json": {"row": row, "scenes": list(scenes), "images": images},
            "recipe.json": {},
        }
        for file, content in files.items():
            (folder / trial / file).write_text(json.dumps(content), encoding="utf-8")
        photos = [make_photo(side, side, seed=number + 10 * i) for i in range(len(scenes))]
        write_strip(folder / trial / "pictures.webp", photos)
        (folder / trial / "last.keras").write_bytes(b"large")
    for file in ("low.webp", "high.webp"):
        write_strip(folder / file, [make_photo(side, side, seed=9)] * len(scenes))
    tabulate(folder, list(trials))
    return read_sweep(folder)
