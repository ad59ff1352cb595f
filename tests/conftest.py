"""Fixtures and settings that the tests of several rooms share."""

import numpy as np
import pytest
from hypothesis import settings
from pictures import make_photo
from PIL import Image

# No deadline, because the machine may be busy; derandomised, so that `make test` gives everybody
# the same verdict.
settings.register_profile("house", deadline=None, derandomize=True, max_examples=40)
settings.load_profile("house")


@pytest.fixture
def photo():
    return make_photo()


@pytest.fixture
def save(tmp_path):
    """save("low/1.png", array or PIL image, **options) writes with Pillow alone; gives the path."""

    def save(name, image, **options):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray(image) if isinstance(image, np.ndarray) else image
        picture.save(path, **options)
        return path

    return save
