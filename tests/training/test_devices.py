"""Several devices, and many steps a call. Four devices are forced out of one CPU, in a process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from apart import ON_JAX
from small import final_state

from lowlight_utils.__main__ import _parser
from lowlight_utils.backend import Accelerator
from lowlight_utils.training import devices
from lowlight_utils.training.devices import several

HERE = Path(__file__).parent
FOUR = f"{ON_JAX['XLA_FLAGS']} --xla_force_host_platform_device_count=4"
# Sums in another order: 1e-6 of the largest change measured.
ROUNDING = 1e-5


@pytest.fixture(scope="module")
def apart(tmp_path_factory):
    """The folder of on_devices.py, and what it found."""
    folder = tmp_path_factory.mktemp("devices")
    path = os.pathsep.join([str(HERE.parent), os.environ.get("PYTHONPATH", "")])
    subprocess.run(
        [sys.executable, HERE / "on_devices.py", folder],
        env={**os.environ, "PYTHONPATH": path, **ON_JAX, "XLA_FLAGS": FOUR},
        check=True,
    )
    return folder, json.loads((folder / "found.json").read_text())


@pytest.fixture
def found(apart):
    return apart[1]


@pytest.mark.parametrize("batch", [4, 6])
def test_four_devices_take_the_step_of_one(found, batch):
    assert found["devices"] == 4
    assert found["devices_of_a_weight"] == [4]
    assert found[f"difference_of_{batch}"] < ROUNDING
    one, four = found[f"losses_of_{batch}"]
    assert four == pytest.approx(one, rel=1e-5)


def test_a_run_goes_on_with_another_number_of_devices_and_ends_as_on_one(apart):
    folder, found = apart
    assert found["epochs_on_four"] == 1
    one, other = (
        json.loads((folder / x / "progress.json").read_text()) for x in ("one", "several")
    )
    assert one["epoch"] == other["epoch"] == 2
    assert other["history"]["l1_loss"] == pytest.approx(one["history"]["l1_loss"], rel=1e-5)
    states = final_state(folder / "one"), final_state(folder / "several")
    for a, b in zip(*states, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)  # 3e-6 measured; Adam's steps are 2e-3 long


def test_several_steps_are_one_call_and_one_program(found):
    assert found["calls_on_two"] == 1  # of the second epoch's two steps
    assert found["loops"] == [3]


def test_a_call_asks_nothing_of_the_host_and_is_sent_28_bytes_a_picture(found):
    assert "conv_general_dilated" in found["primitives"]  # that all of it was looked at
    hosts = ("callback", "infeed", "outfeed")
    assert not [name for name in found["primitives"] if any(host in name for host in hosts)]
    assert found["bytes_sent"] == 28 * 6
    assert found["bytes_in_the_program"] < 10_000  # tables, and no pictures


def test_float16_skips_the_steps_that_its_scale_makes_infinite_and_no_others(found):
    assert found["moved_too_large"] == [False, True]
    assert found["scale_too_large"] == pytest.approx(0.5e30)
    assert found["moved_fit"] == [True, True]


def test_a_batch_that_cannot_be_shared_out_is_refused_with_one_that_can(found):
    assert "batch of 6 cannot be shared out equally among 4" in found["batch_of_6"]
    assert "--batch-size 8" in found["batch_of_6"]


def test_more_devices_than_there_are_are_refused_and_those_there_named(found):
    assert found["five_devices"].startswith("There are 4 devices here (cpu:0, cpu:1, ")


def test_a_mirrored_strategy_is_refused_and_jax_named(found):
    assert "KERAS_BACKEND=jax" in found["mirrored"]


def test_tensorflow_refuses_several_devices_and_names_jax():
    with pytest.raises(ValueError, match="KERAS_BACKEND=jax"):
        several("all", 4)


@pytest.mark.parametrize(
    ("capability", "dtype"),
    [((9, 0), "mixed_bfloat16"), ((8, 0), "mixed_bfloat16"), ((7, 5), "mixed_float16"),
     ((6, 1), "float32"), ((), "float32")],
)  # fmt: skip
def test_the_format_is_one_that_the_least_card_computes_with(capability, dtype, monkeypatch):
    cards = [Accelerator("GPU new", (9, 0)), Accelerator("GPU", capability)]
    monkeypatch.setattr(devices, "accelerators", lambda: cards)
    assert devices.choose_dtype() == dtype


@pytest.mark.parametrize(("epoch", "steps"), [(1450, 58), (485, 64), (3, 3), (97, 64), (128, 64)])
def test_a_graphics_card_takes_many_steps_a_call_and_evenly_if_it_can(epoch, steps, monkeypatch):
    assert devices.usual_steps(epoch) == 1  # here there is none
    monkeypatch.setattr(devices, "accelerators", lambda: [Accelerator("GPU", (8, 0))])
    assert devices.usual_steps(epoch) == steps


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--devices", "0", "must be at least 1, not 0"),
        ("--devices", "some", "must be a number or all, not some"),
        ("--save-minutes", "-1", "must be at least 0, not -1"),
        ("--save-minutes", "nan", "must be at least 0, not nan"),
        ("--steps-per-execution", "0", "must be at least 1, not 0"),
    ],
)
def test_the_command_refuses_what_cannot_be(option, value, said, capsys):
    words = ["train", "--recipe", "quick", "--data", "sample", "--out", "run", option, value]
    with pytest.raises(SystemExit):
        _parser().parse_args(words)
    assert said in capsys.readouterr().err
