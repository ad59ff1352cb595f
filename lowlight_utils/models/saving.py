"""Generators to and from `.keras` files, for every Keras that pyproject.toml allows.

A `.keras` file names each setting of each layer. A newer Keras adds settings of its own, and an
older one refuses a file with a setting that it does not know. So a file leaves out those that say
"as before".
"""

import inspect
import json
import os
import re
import shutil
import zipfile
from importlib import import_module
from pathlib import Path
from typing import Any

import keras

from lowlight_utils.backend import require_usual_settings
from lowlight_utils.console import first_line
from lowlight_utils.files import replacing

CONFIG, METADATA = "config.json", "metadata.json"
# Settings that Keras's layers and initialisers have got since 3.8, with the value that means "as
# before". Those whose value is null then need not stand here. Should a Keras to come add another,
# the tests that load our generators in the oldest Keras fail, and it belongs here.
AS_BEFORE = {
    "antialias": False,  # Resizing, 3.13
    "ragged": False,  # InputLayer, 3.13
    "renorm": False,  # BatchNormalization, 3.15
    "renorm_momentum": 0.99,
    "use_gate": False,  # MultiHeadAttention, 3.15
}


def save_generator(generator: keras.Model, path: str | os.PathLike) -> None:
    """Save a model whole or not at all, in a `.keras` file that Keras from 3.8 on loads.

    Parameters
    ----------
    generator : keras.Model
    path : path
        Ends in `.keras`. A file of that name is replaced once the new one is whole.

    Raises
    ------
    OSError
        The file cannot be written; what was there stays. The message names it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    as_saved = path.with_name(f".{path.stem}.part.keras")
    try:
        generator.save(as_saved)
        with (
            zipfile.ZipFile(as_saved) as source,
            replacing(path) as file,
            zipfile.ZipFile(file, "w") as target,
        ):
            for part in source.infolist():
                if part.filename == CONFIG:
                    config = leave_out_newer(json.loads(source.read(part)))
                    target.writestr(CONFIG, json.dumps(config))
                    continue
                with source.open(part) as old, target.open(part, "w", force_zip64=True) as new:
                    shutil.copyfileobj(old, new, 2**20)
    except Exception as error:  # Keras's and HDF5's own are not always OSErrors
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise OSError(f"{path}: cannot be written ({reason})") from error
    finally:
        as_saved.unlink(missing_ok=True)


class OtherKeras(ValueError):
    """A file was saved by another version of Keras, and the one that is here cannot read it."""


def load_model(path: str | os.PathLike) -> keras.Model:
    """Load a model from a `.keras` file, whichever Keras saved it.

    Raises
    ------
    OtherKeras
        Another Keras saved it, and the one that is here cannot read it; the message says which.
    Exception
        Of whatever kind Keras raises for a file that is damaged or no model.
    """
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read(CONFIG))
        saved_by = json.loads(archive.read(METADATA))["keras_version"]
    here = keras.__version__
    try:
        model = keras.saving.deserialize_keras_object(leave_out_newer(config))
    except Exception as error:
        if _numbers(saved_by) == _numbers(here):
            raise
        reason = first_line(error)
        remedy = "; a newer one may" if _numbers(saved_by) > _numbers(here) else ""
        raise OtherKeras(
            f"Keras {saved_by} saved it, and Keras {here}, which is here, cannot read it"
            f" ({reason}){remedy}"
        ) from error
    model.load_weights(path)
    return model


def load_generator(path: str | os.PathLike) -> keras.Model:
    """Load a generator from a `.keras` file.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        It is not a Keras model, or a damaged one, or one of a newer Keras than is here; or Keras is
        set to channels first, or to another precision than float32.
    """
    require_usual_settings()
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(
            f"{path}: there is no such file; give the generator.keras that a training run left"
        )
    # Keras would also take HDF5 files and folders for models, and fail in other ways on each.
    if path.suffix != ".keras" or not zipfile.is_zipfile(path):
        raise ValueError(
            f"{path}: not a .keras file, or a damaged one; give the generator.keras that a"
            " training run left"
        )
    try:
        return load_model(path)
    except OtherKeras as error:
        raise ValueError(f"{path}: {error}") from error
    except Exception as error:  # which kind depends on which part of the file is wrong
        reason = first_line(error)
        raise ValueError(
            f"{path}: cannot be loaded as a Keras model ({reason}); give the generator.keras that a"
            " training run left"
        ) from error


def leave_out_newer(config: Any) -> Any:
    """Return a serialised model without the settings that say nothing, and newer Keras's own.

    A setting says nothing if it is null and would be null if it were left out. A newer Keras's
    settings go if their value means "as before", see `AS_BEFORE`; others stay.
    """
    if isinstance(config, list):
        return [leave_out_newer(value) for value in config]
    if not isinstance(config, dict):
        return config
    cleaned = {name: leave_out_newer(value) for name, value in config.items()}
    kind = _class_of(config)
    if kind is not None:
        cleaned["config"] = {
            name: value for name, value in cleaned["config"].items() if _says(kind, name, value)
        }
    return cleaned


def _says(kind: type, name: str, value: object) -> bool:
    """Say whether a class gets to know something by a setting."""
    if value is None:
        return not _is_null_anyway(kind, name)
    return name not in AS_BEFORE or value != AS_BEFORE[name]


def _class_of(config: dict) -> type | None:
    """Return the class that a serialised object is of; None if it is no object, or not known."""
    if not isinstance(config.get("config"), dict) or not isinstance(config.get("module"), str):
        return None
    kind = keras.saving.get_registered_object(config.get("registered_name"))
    if kind is None and _is_keras(config["module"]):
        try:
            kind = getattr(import_module(config["module"]), config["class_name"], None)
        except ImportError:  # a module that this Keras does not have
            return None
    return kind if inspect.isclass(kind) else None


def _is_null_anyway(kind: type, name: str) -> bool:
    """Say whether a setting of Keras's is null if it is left out, or not known to this Keras."""
    for base in kind.__mro__:
        if "__init__" not in vars(base):
            continue
        parameters = inspect.signature(vars(base)["__init__"]).parameters
        if name in parameters:
            # Our own layers' settings stay: what they are by default may change one day.
            return parameters[name].default is None and _is_keras(base.__module__)
    return True


def _is_keras(module: str) -> bool:
    return module.partition(".")[0] == "keras"


def _numbers(version: object) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", str(version))[:3]]
