"""Batch norm, in both modes.

Write batch norm for features `x`, `float[n, h, w, c]`, as Keras's layer computes it. The function returns three things: the result, and the moving mean
and the moving variance afterwards.

- In training: take off each channel's mean over batch, rows and columns, divide by the root of its variance plus `epsilon`, multiply with `gamma`, add
  `beta`. Then the moving numbers become `momentum` times what they were, plus `1 - momentum` times this batch's.
- In prediction: the same with the moving numbers in the place of the batch's, and they stay as they are.
"""


# %% answer
def batch_norm(x, gamma, beta, mean, variance, training, momentum=0.99, epsilon=1e-3):
    """Return (result, moving mean, moving variance)."""
    ### BEGIN SOLUTION
    if training:
        now_mean, now_variance = x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))
    else:
        now_mean, now_variance = mean, variance
    y = gamma * (x - now_mean) / (now_variance + epsilon) ** 0.5 + beta
    if training:
        mean = momentum * mean + (1 - momentum) * now_mean
        variance = momentum * variance + (1 - momentum) * now_variance
    return y, mean, variance
    ### END SOLUTION


# %% check
import keras
import numpy as np

from lowlight_utils.coursework.checking import require


def check(answer, rng):
    """What training and prediction do differently in batch norm; batches of one and of several."""
    for count in (1, 4):
        x = rng.normal(1.0, 2.0, (count, 3, 5, 2)).astype("float32")
        gamma, beta, mean, variance = (rng.uniform(0.5, 2.0, 2).astype("float32") for _ in range(4))
        for training in (True, False):
            momentum = float(rng.uniform(0.5, 0.95))
            layer = keras.layers.BatchNormalization(momentum=momentum)
            layer.build(x.shape)
            layer.set_weights([gamma, beta, mean, variance])
            wanted = [np.asarray(layer(x, training=training)), *layer.get_weights()[2:]]
            got = answer(
                x.copy(), gamma, beta, mean.copy(), variance.copy(), training, momentum=momentum
            )
            mode = f"{'training' if training else 'prediction'}, batch of {count}"
            require(isinstance(got, tuple) and len(got) == 3, "it returns three things")
            names = ("the result", "the moving mean", "the moving variance")
            for name, ours, keras_has in zip(names, got, wanted, strict=True):
                ours = np.asarray(ours)
                require(
                    ours.shape == keras_has.shape,
                    f"{mode}: {name} has the shape {ours.shape}",
                )
                apart = float(np.abs(ours - keras_has).max())
                require(apart < 1e-4, f"{mode}: {name} is off by up to {apart:.2g}")


MINUTES = 20
RUBRIC = (
    (2, "the result in training, over the whole batch"),
    (1, "the result in prediction"),
    (1, "moving mean and variance"),
)
MISTAKES = (
    ("x.mean(axis=(1, 2))", "each picture by itself: that is instance norm"),
    ("x.var(ddof=1)", "Keras takes the plain variance"),
    ("momentum and 1 - momentum exchanged", "the moving numbers jump to the last batch"),
)
