"""What a saved generator's file holds, and what is said of one that cannot be read."""

import json
import zipfile

import keras
import numpy as np
import pytest
from keras import layers

from lowlight_utils.models import unet_generator
from lowlight_utils.models.saving import (
    AS_BEFORE,
    OtherKeras,
    leave_out_newer,
    load_model,
    save_generator,
)

SETTINGS = {  # networks that between them have every kind of layer
    "seed-like": {},
    "shipped-like": {
        "norm": "group",
        "upsampling": "resize",
        "padding": "reflect",
        "base": "auto_exposure",
        "stem": True,
        "condition": "lambda",
    },
}


@keras.saving.register_keras_serializable(package="tests")
class Choosy(layers.Layer):
    """Has a setting that is null by default."""

    def __init__(self, choice=None, **kwargs):
        super().__init__(**kwargs)
        self.choice = choice

    def get_config(self):
        return {**super().get_config(), "choice": self.choice}


@pytest.fixture(params=SETTINGS)
def generator(request):
    return unet_generator((32, 32, 3), width=8, depth=3, **SETTINGS[request.param])


def config_of(path):
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("config.json"))


def rewrite(path, name, change):
    """Change one text of a `.keras` file."""
    with zipfile.ZipFile(path) as archive:
        files = {part: archive.read(part) for part in archive.namelist()}
    files[name] = change(files[name].decode()).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for part, content in files.items():
            archive.writestr(part, content)


def settings(config):
    """All (name, value) pairs within."""
    if isinstance(config, list):
        return [pair for value in config for pair in settings(value)]
    if isinstance(config, dict):
        return [*config.items(), *settings(list(config.values()))]
    return []


def test_the_file_does_not_have_what_the_oldest_keras_would_refuse(generator, tmp_path):
    save_generator(generator, tmp_path / "generator.keras")
    found = settings(config_of(tmp_path / "generator.keras"))
    assert ("negative_slope", 0.3) in found
    newer = {"input_axes", "output_axes", "quantization_config", "renorm", "renorm_momentum"}
    assert not {*newer, "ragged"} & {name for name, _ in found}


def test_keras_reads_the_file_and_finds_the_same_network(generator, tmp_path):
    save_generator(generator, tmp_path / "generator.keras")
    for load in (keras.saving.load_model, load_model):
        again = load(tmp_path / "generator.keras")
        assert again.to_json(sort_keys=True) == generator.to_json(sort_keys=True)
        for one, other in zip(again.get_weights(), generator.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_newer_setting_that_is_in_use_stays():
    config = {"height": 8, "width": 8, "antialias": True}
    whole = {"module": "keras.layers", "class_name": "Resizing", "config": config}
    assert "antialias" in AS_BEFORE
    assert leave_out_newer(whole)["config"]["antialias"] is True


def test_what_is_null_by_choice_and_what_is_our_own_stays():
    dense = layers.Dense(2, kernel_initializer=None, name="dense")
    for layer, kept in ((dense, "kernel_initializer"), (Choosy(), "choice")):
        whole = keras.saving.serialize_keras_object(layer)
        assert leave_out_newer(whole)["config"][kept] is None
        assert "activity_regularizer" not in leave_out_newer(whole)["config"]


def test_saving_where_it_cannot_be_leaves_nothing_behind(tmp_path):
    (tmp_path / "generator.keras").mkdir()
    with pytest.raises(OSError):
        save_generator(unet_generator((8, 8, 3), width=4, depth=2), tmp_path / "generator.keras")
    assert [path.name for path in tmp_path.iterdir()] == ["generator.keras"]


def test_a_file_that_needs_a_newer_keras_says_which_saved_it_and_which_is_here(tmp_path):
    path = tmp_path / "generator.keras"
    save_generator(unet_generator((8, 8, 3), width=4, depth=2), path)
    rewrite(path, "config.json", lambda text: text.replace('"strides"', '"leaps": 3, "strides"', 1))
    with pytest.raises(TypeError, match="leaps"):  # of this Keras: then it is the file's own fault
        load_model(path)
    here = keras.__version__
    rewrite(path, "metadata.json", lambda text: text.replace(here, "3.99.1"))
    with pytest.raises(OtherKeras, match=rf"Keras 3\.99\.1 saved it, and Keras {here}.*newer one"):
        load_model(path)
    rewrite(path, "metadata.json", lambda text: text.replace("3.99.1", "3.0.5"))
    with pytest.raises(OtherKeras, match=r"Keras 3\.0\.5 saved it.*\)$"):
        load_model(path)
