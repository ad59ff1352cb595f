"""Generators that we ship or save make the same picture in the oldest Keras allowed, and Colab's.

Each of the two is installed, alone, into a folder of its own under build/, which goes before what
is installed here. The backend is the one that is here.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import keras
import numpy as np
import pytest
from other_keras import enhance_with_all
from pictures import make_pairs, make_photo

from lowlight_utils.data import read_image, write_image
from lowlight_utils.data.sources import Splits
from lowlight_utils.models import unet_generator
from lowlight_utils.models.saving import save_generator
from lowlight_utils.prediction import LAMBDA_WEIGHTS
from lowlight_utils.prediction.enhance import SHIPPED_WEIGHTS
from lowlight_utils.recipe import kind_of
from lowlight_utils.training import QUICK
from lowlight_utils.training.run import train

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def oldest_allowed():
    """The least version of pyproject's range, in full: 3.8 is 3.8.0."""
    (least,) = re.findall(r"keras>=([\d.]+)", " ".join(PROJECT["dependencies"]))
    return ".".join([*least.split("."), "0", "0"][:3])


def in_colab():
    text = (ROOT / "tools" / "colab.txt").read_text(encoding="utf-8")
    (version,) = re.findall(r"^keras==(\S+)$", text, re.M)
    return version


OLDEST, COLAB = oldest_allowed(), in_colab()


def installed(version):
    """The folder with that Keras; made on first use, and whole or not there."""
    folder = ROOT / "build" / "keras" / version
    if not folder.exists():
        part = folder.with_name(f"{version}.{os.getpid()}.part")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        subprocess.run([*command, "--target", part, f"keras=={version}"], check=True)
        try:
            part.rename(folder)
        except OSError:  # another process was first
            shutil.rmtree(part)
    return folder


def kinds():
    """A few networks that between them have every choice that a recipe has for a generator."""
    fields = ("norm", "upsampling", "padding", "base", "condition")
    choices = {field: kind_of(field)[1] for field in fields}
    found = {}
    for i in range(max(map(len, choices.values()))):
        settings = {field: each[i % len(each)] for field, each in choices.items()}
        found[f"kind{i}"] = {**settings, "stem": settings["base"] != "none"}
    return found


@pytest.fixture(scope="module")
def generators(tmp_path_factory):
    """A folder with the shipped files, one that a short training left, and one of each kind."""
    folder = tmp_path_factory.mktemp("generators")
    shutil.copy(SHIPPED_WEIGHTS, folder / "shipped.keras")
    shutil.copy(LAMBDA_WEIGHTS, folder / "lambda.keras")
    pairs = make_pairs(5, 64, 64)
    small = {"size": 64, "crop": 64, "width": 4, "depth": 3, "discriminator_width": 4}
    recipe = QUICK.but(**small, epochs=1)
    run = train(recipe, Splits(pairs[:4], pairs[4:], pairs[:0]), folder / "run", verbose=0)
    shutil.copy(run.generator_file, folder / "trained.keras")
    for name, settings in kinds().items():
        network = unet_generator((None, None, 3), width=8, depth=3, **settings)
        save_generator(network, folder / f"{name}.keras")
    # As Keras alone saves it, with all that it has added since 3.8.
    unet_generator((None, None, 3), width=4, depth=3).save(folder / "unchanged.keras")
    write_image(folder / "dark.png", make_photo(70, 96) // 6)
    return folder


@pytest.fixture(scope="module")
def here(generators):
    return enhance_with_all(generators.glob("*.keras"), read_image(generators / "dark.png"))


@pytest.fixture(scope="module", params=[OLDEST, COLAB])
def there(request, generators, tmp_path_factory):
    """A copy of the folder, with the pictures that the other Keras made and all that it saved."""
    folder = tmp_path_factory.mktemp("there") / "generators"
    shutil.copytree(generators, folder, ignore=shutil.ignore_patterns("run"))
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "other_keras.py", folder],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(installed(request.param)), str(ROOT)]),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.split()[-1] == request.param
    return folder


def levels_apart(pictures, expected):
    """{name: levels} of the pictures that are more than one level from those expected."""
    assert set(pictures) == set(expected)
    apart = {
        name: int(np.abs(picture.astype(int) - expected[name]).max())
        for name, picture in pictures.items()
    }
    return {name: levels for name, levels in apart.items() if levels > 1}


def test_an_older_keras_makes_the_same_pictures_with_our_files(here, there):
    with np.load(there / "pictures.npz") as file:
        assert levels_apart(dict(file), here) == {}
    dark = read_image(there / "dark.png")
    assert here["shipped"].mean() > 2 * dark.mean()  # else equal pictures would say little


@pytest.mark.parametrize("there", [OLDEST], indirect=True)
def test_what_the_oldest_keras_saved_makes_the_same_pictures_here(here, there):
    again = enhance_with_all((there / "again").iterdir(), read_image(there / "dark.png"))
    assert levels_apart(again, here) == {}


def test_the_keras_here_is_another(here):
    assert keras.__version__ not in (OLDEST, COLAB)
