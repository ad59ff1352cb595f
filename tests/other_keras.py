"""Run under another Keras by test_keras_versions.py: python other_keras.py FOLDER.

Enhances FOLDER/dark.png with each generator there, and saves one for the newer Keras to read.
"""

import sys
from pathlib import Path

import keras
import numpy as np

from lowlight_utils.data import read_image
from lowlight_utils.models.saving import load_model, save_generator
from lowlight_utils.prediction import Enhancer


def enhance_with_all(paths, dark):
    """Return {name of a generator's file: what it makes of the dark picture}."""
    return {path.stem: Enhancer(path)(dark) for path in sorted(paths)}


def main(folder):
    paths = sorted(folder.glob("*.keras"))
    pictures = enhance_with_all(paths, read_image(folder / "dark.png"))
    np.savez(folder / "pictures.npz", **pictures)
    for path in paths:
        save_generator(load_model(path), folder / "again" / path.name)
    print(keras.__version__)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
