"""Keras and its backend, started as the commands need them: quietly, and with our settings."""

import contextlib
import importlib.util
import os
import platform
import shutil
import signal
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import lowlight_utils
from lowlight_utils.console import first_line
from lowlight_utils.machine import cores

BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX"}
ASKED = ("JAX_PLATFORMS", "CUDA_VISIBLE_DEVICES", "XLA_FLAGS")  # by which one may ask too much


def start_keras(to_train: bool = False) -> None:
    """Load Keras and its backend without the lines that TensorFlow logs unasked as it starts.

    For a process of our own: what the user's keras.json says of precision and of the order of
    dimensions is set to what the library's networks are made for.

    Parameters
    ----------
    to_train : bool
        Switch on oneDNN's convolutions, which TensorFlow leaves off on CPUs without AVX-512: there
        too they save a third of a training step. One picture alone takes longer with them.

    Raises
    ------
    ImportError
        The backend is not installed, or not one that the library runs on.
    """
    if to_train:
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    with _unless_it_fails():
        try:
            import keras
        except ModuleNotFoundError as error:
            if error.name in BACKENDS:
                raise
            raise ImportError(_not_ours(error.name)) from error
        if keras.backend.backend() not in BACKENDS:
            raise ImportError(_not_ours(keras.backend.backend()))
        keras.config.set_floatx("float32")
        keras.config.set_epsilon(1e-7)
        keras.config.set_image_data_format("channels_last")
        try:
            keras.ops.zeros(1)
        except Exception as error:  # such as JAX's, told to use a GPU where there is none
            name = BACKENDS[keras.backend.backend()]
            asked = [f"{key}={os.environ[key]}" for key in ASKED if os.environ.get(key)]
            reason = first_line(error)
            raise ImportError(
                f"{name} does not start here ({reason})"
                + (f"; look at what you ask of it: {', '.join(asked)}" if asked else "")
            ) from error


def require_usual_settings() -> None:
    """Raise ValueError if Keras is set to what our networks are not made for.

    In somebody else's program, such as a notebook, these settings are not ours to change.
    """
    import keras

    found = {"image_data_format": keras.config.image_data_format(), "floatx": keras.config.floatx()}
    wanted = {"image_data_format": "channels_last", "floatx": "float32"}
    for name, value in wanted.items():
        if found[name] != value:
            raise ValueError(
                f"Keras is set to {name} {found[name]} (in {_settings_file()}?), and the networks"
                f" are made for {value}: call keras.config.set_{name}({value!r}) first."
            )


def device_line() -> str:
    """Say what a training runs on: the device, and the backend."""
    import keras

    name = keras.backend.backend()
    cards = [each.name for each in accelerators()]
    found = cards[:8] or [f"the CPU ({cores()} cores)"]
    versions = f"{BACKENDS[name]} {sys.modules[name].__version__}, Keras {keras.__version__}"
    hidden = "" if cards or not _hidden() else f"; {_hidden()} hides any GPU"
    return f"{', '.join(found)}, with {versions}{hidden}"


def hardware() -> str:
    """Name what computes: the accelerator that the backend sees, or else how many CPU cores."""
    return next((each.name for each in accelerators()), f"{cores()} CPU core{'s' * (cores() != 1)}")


def versions() -> dict[str, str]:
    """List the versions that numbers may depend on; Keras and its backend once they are loaded."""
    found = {"python": platform.python_version(), "lowlight_utils": lowlight_utils.__version__}
    found |= {name: version(name) for name in ("numpy", "pillow", "scikit-image")}
    if "keras" in sys.modules:  # whichever backend it is set to, others may be loaded too
        import keras

        backend = keras.backend.backend()
        found |= {
            name: sys.modules[name].__version__
            for name in ("keras", backend)
            if name in sys.modules
        }
    return found


def unseen_gpu() -> str | None:
    """Say it if there is an NVIDIA driver, and yet the backend sees no GPU; else return None."""
    import keras

    if not may_have_gpu() or accelerators():
        return None
    name = keras.backend.backend()
    package = {"tensorflow": "tensorflow[and-cuda]", "jax": "jax[cuda12]"}[name]
    return (
        f"WARNING: this machine has an NVIDIA driver, but {BACKENDS[name]} sees no GPU. The"
        " training runs on the CPU and takes many times as long. Install the build for CUDA (the"
        f" extra cuda, or pip install '{package}'), or see whether nvidia-smi shows a GPU."
    )


def may_have_gpu() -> bool:
    """Say, without loading a backend, whether there is an NVIDIA driver that it may use."""
    driver = shutil.which("nvidia-smi") or Path("/proc/driver/nvidia/version").exists()
    return bool(driver) and not _hidden()


class Accelerator(NamedTuple):
    """A graphics card or the like.

    Attributes
    ----------
    name : str
        Its kind and model.
    capability : tuple of int
        What Nvidia calls compute capability, such as (8, 0); empty for cards of others.
    """

    name: str
    capability: tuple[int, ...]


def accelerators() -> list[Accelerator]:
    """List what the backend sees, and may compute on, beside the CPU."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        return [
            Accelerator(f"{each.platform.upper()} {each.device_kind}", _capability(each))
            for each in jax.devices()
            if each.platform != "cpu"
        ]
    import tensorflow as tf

    found = []
    for each in tf.config.list_physical_devices("GPU"):
        details = tf.config.experimental.get_device_details(each)
        name = f"GPU {details.get('device_name', each.name)}"
        found.append(Accelerator(name, details.get("compute_capability", ())))
    return found


def _capability(device: Any) -> tuple[int, ...]:
    """Read JAX's "8.0"; of AMD's cards it says such as "gfx90a"."""
    parts = str(getattr(device, "compute_capability", "")).split(".")
    return tuple(map(int, parts)) if all(map(str.isdecimal, parts)) else ()


def _hidden() -> str:
    """Return the environment variable by which the user hides GPUs, or an empty string."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return "CUDA_VISIBLE_DEVICES"
    return "JAX_PLATFORMS" if os.environ.get("JAX_PLATFORMS") == "cpu" else ""


def _not_ours(backend: str | None) -> str:
    """Say where a backend that we cannot run on was chosen, and what to do."""
    by = "KERAS_BACKEND" if os.environ.get("KERAS_BACKEND") else _settings_file()
    there = [name for name in BACKENDS if importlib.util.find_spec(name)] or ["tensorflow"]
    return (
        f"{by} sets Keras to the backend {backend}, but the library runs on"
        f" {' and '.join(BACKENDS)}: set KERAS_BACKEND={there[0]}"
    )


def _settings_file() -> Path:
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "keras.json"


@contextlib.contextmanager
def _unless_it_fails() -> Iterator[None]:
    """Hold back what is written to file descriptor 2, and let it out if all does not go well.

    TensorFlow writes there before any setting of its own counts. But what a library says before it
    ends the process (no AVX, no memory) must be seen, and then no code of this process runs any
    more: a small process of its own waits at the other end of a pipe.
    """
    if not hasattr(os, "fork") or "keras" in sys.modules:
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    reading, writing = os.pipe()
    keeper = os.fork()
    if not keeper:
        _keep(reading, writing, kept)
    os.dup2(writing, 2)
    os.close(writing)
    os.close(reading)
    try:
        yield
    except BaseException:
        os.dup2(kept, 2)  # the pipe's last end is closed, and the keeper speaks
        raise
    else:
        os.kill(keeper, signal.SIGKILL)
        os.dup2(kept, 2)
    finally:
        os.close(kept)
        os.waitpid(keeper, 0)


def _keep(reading: int, writing: int, kept: int) -> NoReturn:
    """Collect all that comes, until the other process closes its end or dies; then say it."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        os.close(writing)
        pieces = []
        while piece := os.read(reading, 65_536):
            pieces.append(piece)
        os.write(kept, b"".join(pieces))
    finally:
        os._exit(0)
