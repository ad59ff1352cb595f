"""Keras as the commands start it: quietly, with our settings, and heard when it dies."""

import json
import os
import subprocess
import sys

import keras
import pytest
from pictures import make_photo

from lowlight_utils import backend
from lowlight_utils.data import write_image
from lowlight_utils.models import patchgan_discriminator, unet_generator

LAST_WORDS = "compiled to use AVX instructions, but these aren't available"


@pytest.fixture
def dying_tensorflow(tmp_path):
    """The folder of a TensorFlow that ends the process as one does on a CPU without AVX."""
    package = tmp_path / "dying" / "tensorflow"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(
        f'import os\nos.write(2, b"noise\\nF feature_guard.cc:161] {LAST_WORDS}\\n")\nos.abort()'
    )
    return package.parent


def run(*arguments, **environment):
    path = os.pathsep.join(
        filter(None, [environment.pop("PYTHONPATH", ""), os.environ.get("PYTHONPATH")])
    )
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        env={**os.environ, **environment, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
    )


def enhance(tmp_path, **environment):
    write_image(tmp_path / "dark.png", make_photo(32, 32) // 8)
    options = [tmp_path / "dark.png", "-o", tmp_path / "lit.png"]
    return run("-m", "lowlight_utils", "enhance", *options, **environment)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="what is said is not held back here")
def test_what_the_backend_says_before_it_ends_the_process_is_seen(tmp_path, dying_tensorflow):
    done = enhance(tmp_path, PYTHONPATH=str(dying_tensorflow))
    assert done.returncode < 0
    assert LAST_WORDS in done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="what is said is not held back here")
def test_serve_says_in_one_line_what_its_worker_died_of(monkeypatch, dying_tensorflow):
    from lowlight_utils.web import Settings, Worker
    from lowlight_utils.web.job import WorkerError

    monkeypatch.syspath_prepend(str(dying_tensorflow))  # which the worker's process takes over
    with pytest.raises(WorkerError, match=LAST_WORDS) as caught:
        Worker(Settings())
    assert "SIGABRT" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_said_before_an_error_is_replayed_and_otherwise_not(tmp_path):
    script = "from lowlight_utils.backend import start_keras; start_keras(); print('went well')"
    for name, text in (("good", ""), ("bad", "raise ImportError('broken')")):
        package = tmp_path / name / "jax"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(f"import os\nos.write(2, b'said early')\n{text}")
    done = run("-c", script, PYTHONPATH=str(tmp_path / "bad"), KERAS_BACKEND="jax")
    assert "said early" in done.stderr and "broken" in done.stderr
    done = run("-c", script)
    assert (done.stdout, done.stderr) == ("went well\n", "")


def test_a_users_keras_json_decides_neither_precision_nor_layout(tmp_path):
    hostile = {"floatx": "float16", "epsilon": 1e-3, "image_data_format": "channels_first"}
    (tmp_path / "keras.json").write_text(json.dumps({**hostile, "backend": "tensorflow"}))
    script = (
        "from lowlight_utils.backend import start_keras; start_keras()\n"
        "import keras\n"
        "from lowlight_utils.training import QUICK, build_generator\n"
        "generator = build_generator(QUICK.but(width=4, depth=3))\n"
        "dtypes = {weight.dtype for weight in generator.weights}\n"
        "print(keras.config.epsilon(), dtypes, generator.output_shape)"
    )
    done = run("-c", script, KERAS_HOME=str(tmp_path), KERAS_BACKEND="")
    assert done.stdout.strip() == "1e-07 {'float32'} (None, None, None, 3)", done.stderr


@pytest.mark.parametrize("chosen", ["keras.json", "KERAS_BACKEND"])
def test_a_backend_that_is_not_ours_is_one_line_that_says_who_chose_it(tmp_path, chosen):
    (tmp_path / "keras.json").write_text(json.dumps({"backend": "torch"}))
    environment = {"KERAS_BACKEND": "torch" if chosen == "KERAS_BACKEND" else ""}
    done = enhance(tmp_path, KERAS_HOME=str(tmp_path), **environment)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert f"{chosen} sets Keras to the backend torch" in line
    assert "set KERAS_BACKEND=" in line


@pytest.mark.parametrize(
    ("setting", "hostile", "usual"),
    [("image_data_format", "channels_first", "channels_last"), ("floatx", "float16", "float32")],
)
@pytest.mark.parametrize("build", [unet_generator, patchgan_discriminator])
def test_in_a_program_of_the_users_own_networks_refuse_other_settings(
    setting, hostile, usual, build
):
    change = getattr(keras.config, f"set_{setting}")
    change(hostile)
    try:
        with pytest.raises(ValueError, match=rf"set_{setting}\('{usual}'\)"):
            build()
    finally:
        change(usual)


def test_the_device_line_names_device_backend_and_versions():
    line = backend.device_line()
    assert "\n" not in line
    assert backend.BACKENDS[keras.backend.backend()] in line
    assert keras.__version__ in line
    assert "CPU" in line or "GPU" in line


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """A machine with NVIDIA's driver, as far as a look at the PATH tells."""
    if backend.accelerators():
        pytest.skip("there is a GPU, and it is seen")
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv("JAX_PLATFORMS", raising=False)


@pytest.mark.skipif(os.name != "posix", reason="a program is a file with that name here")
def test_a_driver_without_a_gpu_that_the_backend_sees_is_said_loudly(driver):
    warning = backend.unseen_gpu()
    assert warning.startswith("WARNING")
    assert "extra cuda" in warning


@pytest.mark.parametrize("value", ["", "-1"])
def test_who_hides_the_gpu_is_not_warned_but_told(driver, monkeypatch, value):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert backend.unseen_gpu() is None
    assert "CUDA_VISIBLE_DEVICES hides any GPU" in backend.device_line()


def test_tensorflow_is_told_to_take_a_gpus_memory_as_it_needs_it():
    script = "import lowlight_utils, os; print(os.environ['TF_FORCE_GPU_ALLOW_GROWTH'])"
    assert run("-c", script, TF_FORCE_GPU_ALLOW_GROWTH="false").stdout == "false\n"
    environment = {k: v for k, v in os.environ.items() if k != "TF_FORCE_GPU_ALLOW_GROWTH"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True
    )
    assert done.stdout == "true\n"


def test_a_backend_that_does_not_start_is_one_line_that_says_what_was_asked_of_it():
    pytest.importorskip("jax")
    if backend.accelerators():
        pytest.skip("there is a GPU")
    options = [
        "-m",
        "lowlight_utils",
        "train",
        "--recipe",
        "quick",
        "--data",
        "sample",
        "--out",
        "never",
    ]
    done = run(*options, KERAS_BACKEND="jax", JAX_PLATFORMS="cuda")
    assert done.returncode == 1
    assert "JAX does not start here" in done.stderr.splitlines()[-1]
    assert "JAX_PLATFORMS=cuda" in done.stderr.splitlines()[-1]
