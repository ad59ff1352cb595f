"""Take steps from given weights on the backend at hand: take_steps.py GIVEN.npz OUT.npz.

GIVEN holds a batch, low and high, and the weights of each case's networks; OUT gets what `steps`
returns. test_backends.py runs this on JAX, and calls `steps` itself on TensorFlow.
"""

import sys

import keras
import numpy as np
from small import arrays, small_gan

from lowlight_utils.training.gan import Adam

# No dropout: the backends draw different random numbers from one seed.
CASES = {
    "sgd": {"average": 0.9},
    "no-adversary": {"norm": "group", "width": 8, "adversarial": 0.0, "lambda_ssim": 30.0},
    "conditional": {"norm": "group", "width": 8, "condition": "lambda"},
    "adam": {"norm": "instance", "optimizer": lambda: Adam(1e-3, 0.5)},
}
COUNTS = {"sgd": 1, "no-adversary": 1, "conditional": 1, "adam": 3}  # steps


def steps(given):
    """Return, for each case, every weight after the steps and the losses of each step."""
    out = {}
    for case, arguments in CASES.items():
        gan = small_gan(**arguments)
        gan.set_weights([given[f"{case}_{i}"] for i in range(len(gan.weights))])
        logs = []
        for _ in range(COUNTS[case]):
            gan.reset_metrics()
            low = given["low"]
            if "condition" in arguments:
                low = [low, given["lambdas"]]
            step = gan.train_on_batch(low, given["high"], return_dict=True)
            logs.append([step[name] for name in sorted(step)])
        out[f"{case}_losses"] = np.array(logs)
        out |= {f"{case}_{i}": value for i, value in enumerate(arrays(gan.weights))}
    return out


if __name__ == "__main__":
    with np.load(sys.argv[1]) as given:
        results = steps(given)
        generator = keras.models.load_model(str(given["generator_file"]))
        results["picture"] = generator.predict_on_batch(given["low"])
    results["backend"] = np.array(keras.backend.backend())
    np.savez(sys.argv[2], **results)
