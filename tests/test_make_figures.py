"""tools/make_figures.py: every picture in figures/ can be made again, of photos we may show."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from lowlight_utils.data import write_image
from lowlight_utils.data.sources import sample_pairs

TOOL = Path(__file__).parents[1] / "tools" / "make_figures.py"


@pytest.fixture
def tool():
    spec = importlib.util.spec_from_file_location("make_figures", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_folder(folder, scenes):
    """Write what training leaves of a run of two epochs, with these scenes as its samples."""
    for name in ("low", "high", "epoch_0001", "epoch_0002"):
        write_image(folder / "samples" / f"{name}.png", np.hstack(scenes))
    history = {"l1_loss": [0.3, 0.2], "val_psnr": [15.0, 14.0]}
    (folder / "progress.json").write_text(json.dumps({"history": history}), encoding="utf-8")
    recipe = json.dumps({"name": "quick", "epochs": 2})
    (folder / "recipe.json").write_text(recipe, encoding="utf-8")
    return folder


def test_figures_without_a_run_are_made(tool, tmp_path):
    names = ["sample_pairs", "data_pipeline", "darkening_steps", "patchgan", "receptive_field"]
    tool.main(["--out", str(tmp_path), *names])
    assert sorted(x.stem for x in tmp_path.iterdir()) == sorted(names)


def test_a_runs_curves_and_progress_are_made(tool, tmp_path):
    run = run_folder(tmp_path / "run", sample_pairs("validation", 64).high[:3])
    out = tmp_path / "out"
    tool.main(["--out", str(out), "--run", str(run), "training_progress", "loss_curves"])
    assert sorted(x.name for x in out.iterdir()) == ["loss_curves.png", "training_progress.jpg"]


def test_a_run_on_other_photos_is_not_shown(tool, tmp_path):
    run = run_folder(tmp_path / "run", [np.zeros((64, 64, 3), np.uint8)])
    with pytest.raises(SystemExit, match="other photos than the bundled ones"):
        tool.main(["--out", str(tmp_path / "out"), "--run", str(run), "training_progress"])


def test_an_unknown_figure_is_refused(tool, tmp_path, capsys):
    with pytest.raises(SystemExit):
        tool.main(["--out", str(tmp_path), "sunset"])
    assert "no figure sunset" in capsys.readouterr().err
