"""The same step on both backends, from the same weights and the same batch.

How near is near: both backends compute in float32 but add up in different orders, which costs a few
roundings of 6e-8 for each sum. Differences are measured against the largest change of any weight.
With SGD a weight changes by its gradient, so the rounding stays small: 6e-7 measured. Adam's first
steps go a whole learning rate up or down by the gradient's sign, however small the gradient, so
that rounding shows wherever a gradient is all but zero: 3e-3 for the worst weight measured, 3e-6 on
average; a sign that flips would make it 0.67 for one weight (two learning rates of three steps).
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from apart import ON_JAX
from small import arrays, small_batch, small_gan
from take_steps import CASES, COUNTS, steps

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def taken(tmp_path_factory):
    """The starting point, and what TensorFlow and JAX made of it."""
    folder = tmp_path_factory.mktemp("steps")
    given = dict(zip(("low", "high"), small_batch(), strict=True))
    given["lambdas"] = np.array([[1.0], [300.0]], np.float32)
    for case, arguments in CASES.items():
        given |= {f"{case}_{i}": x for i, x in enumerate(arrays(small_gan(**arguments).weights))}
    generator = small_gan(norm="instance").generator
    generator.save(folder / "generator.keras")
    np.savez(folder / "given.npz", generator_file=str(folder / "generator.keras"), **given)
    subprocess.run(
        [sys.executable, HERE / "take_steps.py", folder / "given.npz", folder / "jax.npz"],
        env={**os.environ, "PYTHONPATH": str(HERE.parent), **ON_JAX},
        check=True,
    )
    with np.load(folder / "jax.npz") as file:
        on_jax = dict(file)
    on_tensorflow = {**steps(given), "picture": generator.predict_on_batch(given["low"])}
    return given, on_tensorflow, on_jax


def changes(case, given, after):
    count = sum(key.startswith(f"{case}_") and key[len(case) + 1 :].isdigit() for key in given)
    return [after[f"{case}_{i}"] - given[f"{case}_{i}"].astype("float64") for i in range(count)]


def differences(case, taken):
    """Largest and mean difference between the backends, over the largest change of a weight."""
    given, on_tensorflow, on_jax = taken
    one, other = changes(case, given, on_tensorflow), changes(case, given, on_jax)
    scale = max(np.abs(x).max() for x in one)
    apart = np.concatenate([np.abs(a - b).ravel() for a, b in zip(one, other, strict=True)])
    return apart.max() / scale, apart.mean() / scale


def test_the_other_process_ran_on_jax(taken):
    assert str(taken[2]["backend"]) == "jax"


@pytest.mark.parametrize(
    ("case", "rounding"),
    # SSIM takes differences of nearly equal means, which costs a digit: 1.2e-5 measured.
    [("sgd", 5e-6), ("conditional", 5e-6), ("no-adversary", 5e-5)],
)
def test_both_backends_take_the_same_sgd_step(case, rounding, taken):
    largest, _ = differences(case, taken)
    assert largest < rounding


def test_both_backends_take_the_same_adam_steps_up_to_the_signs_of_vanishing_gradients(taken):
    largest, mean = differences("adam", taken)
    assert largest < 0.7
    assert mean < 1e-4


@pytest.mark.parametrize("case", CASES)
def test_both_backends_report_the_same_losses(case, taken):
    _, on_tensorflow, on_jax = taken
    ours, theirs = on_tensorflow[f"{case}_losses"], on_jax[f"{case}_losses"]
    assert ours.shape == (COUNTS[case], 3 if case == "no-adversary" else 5)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_a_weights_file_gives_the_same_picture_on_both_backends(taken):
    _, on_tensorflow, on_jax = taken
    np.testing.assert_allclose(on_tensorflow["picture"], on_jax["picture"], atol=2e-6)
