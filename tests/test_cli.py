"""The command line, run as its users run it: as a process of its own."""

import io
import json
import os
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from unittest.mock import patch

import numpy as np
import pytest
from pictures import make_photo
from PIL import Image
from waiting import PATIENCE

from lowlight_utils.__main__ import main
from lowlight_utils.data import read_image, resize, sample_photos, write_image
from lowlight_utils.prediction import BASELINES
from lowlight_utils.training import QUICK
from lowlight_utils.tuning import read_sweep


def lowlight(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "lowlight_utils", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def lowlight_here(*arguments):
    """The same in this process: quicker, and enough where only words and files matter."""
    out, err = io.StringIO(), io.StringIO()
    # Restoring the environment, which the commands that train change.
    with patch.dict(os.environ), redirect_stdout(out), redirect_stderr(err):
        status = main([*map(str, arguments)])
    return subprocess.CompletedProcess(arguments, status, out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    from lowlight_utils.training import build_generator

    path = tmp_path_factory.mktemp("weights") / "generator.keras"
    build_generator(QUICK.but(width=4, depth=3)).save(path)
    return path


@pytest.fixture
def pair_folders(tmp_path):
    for number in range(4):
        photo = make_photo(40, 40, seed=number)
        write_image(tmp_path / "high" / f"{number}.png", photo)
        write_image(tmp_path / "low" / f"{number}.png", photo // 6)
    return tmp_path / "low", tmp_path / "high"


def test_without_a_command_it_says_how_it_is_used():
    done = lowlight()
    assert done.returncode == 2
    assert "usage" in done.stderr


def test_enhance_writes_a_brighter_photo_of_the_same_size(tmp_path, weights):
    write_image(tmp_path / "dark.jpg", make_photo(70, 90) // 8)
    done = lowlight(
        "enhance", tmp_path / "dark.jpg", "-o", tmp_path / "lit.png", "--weights", weights
    )
    assert done.returncode == 0, done.stderr
    lit = read_image(tmp_path / "lit.png")
    assert lit.shape == (70, 90, 3)
    assert lit.mean() > 3 * read_image(tmp_path / "dark.jpg").mean()


def test_enhance_works_with_the_shipped_generator(tmp_path):
    write_image(tmp_path / "dark.png", make_photo(64, 64) // 8)
    done = lowlight("enhance", tmp_path / "dark.png", "-o", tmp_path / "lit.png")
    assert done.returncode == 0, done.stderr
    assert read_image(tmp_path / "lit.png").mean() > 60


def test_enhance_applies_the_orientation_that_a_camera_noted(tmp_path, weights):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    Image.fromarray(make_photo(40, 64) // 8).save(tmp_path / "turned.jpg", exif=exif)
    done = lowlight_here(
        "enhance", tmp_path / "turned.jpg", "-o", tmp_path / "lit.jpg", "--weights", weights
    )
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "lit.jpg") as lit:
        assert lit.size == (40, 64)
        assert 0x0112 not in lit.getexif()


def test_enhance_of_a_folder_names_the_broken_photo_and_does_the_others(tmp_path, weights):
    write_image(tmp_path / "in" / "good.png", make_photo() // 8)
    whole = (tmp_path / "in" / "good.png").read_bytes()
    (tmp_path / "in" / "broken.png").write_bytes(whole[: len(whole) // 2])
    done = lowlight("enhance", tmp_path / "in", "-o", tmp_path / "out", "--weights", weights)
    assert done.returncode == 1
    (complaint,) = done.stderr.splitlines()  # one line, and no log noise around it
    assert "broken.png" in complaint
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["good.png"]


def test_enhance_never_overwrites_the_photo_it_reads(tmp_path, weights):
    write_image(tmp_path / "dark.png", make_photo() // 8)
    before = (tmp_path / "dark.png").read_bytes()
    done = lowlight_here("enhance", tmp_path / "dark.png", "-o", tmp_path, "--weights", weights)
    assert done.returncode == 1
    assert "dark.png" in done.stderr
    assert (tmp_path / "dark.png").read_bytes() == before


def test_enhance_names_a_weights_file_that_is_missing(tmp_path):
    write_image(tmp_path / "dark.png", make_photo())
    done = lowlight_here(
        "enhance", tmp_path / "dark.png", "-o", tmp_path / "o.png", "--weights", "no.keras"
    )
    assert done.returncode == 1
    assert "no.keras" in done.stderr
    assert "Traceback" not in done.stderr


def test_train_then_resume_then_evaluate(tmp_path, pair_folders):
    low, high = pair_folders
    small = ["--size", 32, "--crop", 32, "--width", 4, "--depth", 3, "--discriminator-width", 4]
    train = ["train", "--recipe", "quick", "--data", tmp_path, "--out", tmp_path / "run"]
    train += [*small, "--epochs", 2]
    done = lowlight(*train)
    assert done.returncode == 0, done.stderr
    assert re.search(r"generator\.keras: \d+\.\d\d dB", done.stdout)

    again = lowlight_here(*train)
    assert again.returncode == 1
    assert "already holds a run" in again.stderr
    resumed = lowlight_here(*train, "--resume")
    assert resumed.returncode == 0, resumed.stderr

    result = tmp_path / "result.json"
    weights = tmp_path / "run" / "generator.keras"
    done = lowlight(
        "evaluate",
        "--low",
        low,
        "--high",
        high,
        "--weights",
        weights,
        "--size",
        32,
        "--json",
        result,
    )
    assert done.returncode == 0, done.stderr
    measured = json.loads(result.read_text(encoding="utf-8"))
    assert {"psnr", "ssim", "n", "size"} <= measured.keys()
    assert measured["n"] == 4
    assert np.isfinite(measured["psnr"])
    assert measured["made_by"]["recipe"]["name"] == "quick"


def test_train_refuses_a_folder_of_single_photos(tmp_path):
    for path in sample_photos("validation"):
        write_image(tmp_path / "photos" / path.name, resize(read_image(path), 64))
    done = lowlight("train", "--recipe", "quick", "--data", tmp_path / "photos", "--out", tmp_path)
    assert done.returncode == 1
    (complaint,) = done.stderr.splitlines()
    assert "in 5 of 5 the halves do not show the same view" in complaint


def test_train_names_the_option_for_a_dark_half_on_the_right(tmp_path):
    for number in range(3):
        photo = make_photo(16, 16, seed=number)
        write_image(tmp_path / "both" / f"{number}.png", np.hstack([photo, photo // 6]))
    done = lowlight("train", "--recipe", "quick", "--data", tmp_path / "both", "--out", tmp_path)
    assert done.returncode == 1
    assert "--dark-side right" in done.stderr


def test_a_warning_is_one_line_of_its_own(tmp_path, pair_folders, capsys):
    low, high = pair_folders
    for number in (1, 2, 3):  # one scene is too few to split, so that nothing is trained
        (low / f"{number}.png").unlink(), (high / f"{number}.png").unlink()
    low.rename(tmp_path / "dark"), high.rename(tmp_path / "low")
    (tmp_path / "dark").rename(tmp_path / "high")
    status = main(["train", "--recipe", "quick", "--data", str(tmp_path), "--out", "never"])
    warning, error = capsys.readouterr().err.splitlines()
    assert warning.startswith("lowlight_utils: warning: ") and "swapped" in warning
    assert status == 1 and "scenes cannot make" in error


def test_evaluate_wants_two_folders_or_one_of_pairs(tmp_path, capsys):
    for options in ([], ["--high", "b"], ["--low", "a", "--high", "b", "--pairs", "c"]):
        assert main(["evaluate", *options]) == 1
        assert "--low DIR and --high DIR, or --pairs DIR" in capsys.readouterr().err


def test_train_refuses_an_unknown_recipe_and_lists_those_there_are(tmp_path):
    done = lowlight_here("train", "--recipe", "sead", "--data", "sample", "--out", tmp_path)
    assert done.returncode == 1
    assert "seed-1" in done.stderr


def sweep(out, *options, run=lowlight):
    small = ["--size", 32, "--crop", 32, "--copies", 1, "--width", 4, "--depth", 3, "--epochs", 1]
    small += ["--discriminator-width", 4]
    return run("sweep", "--data", "sample", "--out", out, *small, *options)


def test_sweep_writes_a_table_whose_rows_can_be_trained_again(tmp_path):
    study = ["--study", "repeat", "--lambda-l1", 10, "--seeds", 3]
    done = sweep(tmp_path / "out", *study, "--export", tmp_path / "kept")
    assert done.returncode == 0, done.stderr
    (row,) = read_sweep(tmp_path / "kept").rows
    assert (row["trial"], row["lambda_l1"], row["seed"]) == ("quick-seed-3", 10.0, 3)
    assert not list((tmp_path / "kept").rglob("*.keras"))

    command = shlex.split(row["command"].replace("build/again", str(tmp_path / "again")))
    assert command[:3] == ["python", "-m", "lowlight_utils"]
    done = lowlight(*command[3:])
    assert done.returncode == 0, done.stderr
    (again,) = read_sweep(tmp_path / "again").rows
    assert {**again, "seconds": 0} == {**row, "seconds": 0}


def test_sweep_refuses_to_override_what_the_study_varies(tmp_path):
    done = sweep(tmp_path, "--study", "seed-five", "--lambda-l1", 3, run=lowlight_here)
    assert done.returncode == 1
    assert "sets lambda_l1 itself" in done.stderr
    assert not list(tmp_path.iterdir())


def test_sweep_without_optuna_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "optuna.py").write_text("raise ModuleNotFoundError('no', name='optuna')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    done = lowlight("sweep", "--study", "repeat", "--data", "sample", "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "extra tuning" in done.stderr
    assert "Traceback" not in done.stderr


def test_evaluate_names_a_picture_without_a_partner(tmp_path, pair_folders, weights):
    low, high = pair_folders
    (high / "2.png").unlink()
    done = lowlight_here("evaluate", "--low", low, "--high", high, "--weights", weights)
    assert done.returncode == 1
    assert "2" in done.stderr
    assert "Traceback" not in done.stderr


def test_benchmark_enhance_reports_time_and_memory(tmp_path, weights):
    figures = tmp_path / "figures.json"
    done = lowlight_here("benchmark", "enhance", "--weights", weights, "--json", figures)
    assert done.returncode == 0, done.stderr
    measured = json.loads(figures.read_text(encoding="utf-8"))
    for what in ("4000x3000", "256x256", *BASELINES):
        assert 0 < measured[what]["min_s"] <= measured[what]["median_s"] <= measured[what]["max_s"]
    assert measured["4000x3000"]["peak_memory_mib"] > 100


def test_benchmark_slider_times_moves_with_the_generator_in_them(capsys, tmp_path):
    figures = tmp_path / "figures.json"
    assert main(["benchmark", "slider", "--json", str(figures)]) == 0
    measured = json.loads(figures.read_text(encoding="utf-8"))
    assert 0 < measured["generator"]["min_s"] < measured["move"]["min_s"]
    assert "move" in capsys.readouterr().out


def test_benchmark_slider_refuses_a_generator_that_is_not_told_lambda(capsys, weights):
    assert main(["benchmark", "slider", "--weights", str(weights)]) == 1
    assert "generator.keras: this generator is not told λ" in capsys.readouterr().err


def test_benchmark_reports_no_memory_where_the_system_does_not_tell(monkeypatch):
    import importlib

    from lowlight_utils import benchmark

    with monkeypatch.context() as without:
        without.setitem(sys.modules, "resource", None)  # as on Windows
        importlib.reload(benchmark)
        assert "peak_memory_mib None" in benchmark.table(
            {"256x256": {"median_s": 0.5, "peak_memory_mib": benchmark._peak_memory()}}
        )
    importlib.reload(benchmark)
    assert benchmark._peak_memory() > 0
