"""Feature-wise modulation: how one generator is told which λ to act by."""

import math
from typing import Any

import keras
from keras import KerasTensor, layers, ops

from lowlight_utils.models.blocks import BLACK, Shape

LAMBDA_RANGE = (0.01, 1000.0)  # what a conditional generator learns; beyond lies guesswork
CODE = 32  # numbers that λ becomes before each block makes of them what it needs


def lambda_code(lambda_l1: KerasTensor) -> KerasTensor:
    """Turn λ into the features that every block's modulation starts from.

    Parameters
    ----------
    lambda_l1 : KerasTensor float32[n, 1]
        One λ a picture.

    Returns
    -------
    KerasTensor float32[n, 32]
    """
    return _code(LogLambda(name="lambda_log")(lambda_l1), "lambda")


def level_code(low: KerasTensor) -> KerasTensor:
    """Turn a photo's own darkness into the features that every block's modulation starts from.

    A normalised network does not know how dark its picture was. It is told here, because that says
    something about how bright the scene should become.

    Parameters
    ----------
    low : KerasTensor float32[n, h, w, 3]

    Returns
    -------
    KerasTensor float32[n, 32]
    """
    return _code(LogLevel(name="level_log")(low), "level")


def _code(x: KerasTensor, name: str) -> KerasTensor:
    for i in (1, 2):
        x = layers.Dense(CODE, activation="relu", name=f"{name}_code{i}")(x)
    return x


@keras.saving.register_keras_serializable(package="lowlight_utils")
class LogLevel(layers.Layer):
    """Measure how dark pictures are: float32[n, h, w, 3] in [-1, 1] -> float32[n, 2].

    The mean of the logarithm of the levels, and the logarithm of their mean, both to base 2 and
    scaled so that black is -1 and white 1. Where light is even the two are close; a lamp in the
    dark pulls them apart.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})

    def call(self, picture: KerasTensor) -> KerasTensor:
        u = ops.clip((picture + 1.0) / 2.0, BLACK, 1.0)
        both = ops.stack(
            [ops.mean(ops.log(u), axis=(1, 2, 3)), ops.log(ops.mean(u, axis=(1, 2, 3)))], axis=-1
        )
        return 1.0 - both * (2.0 / math.log(BLACK))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape[0], 2


@keras.saving.register_keras_serializable(package="lowlight_utils")
class LogLambda(layers.Layer):
    """Place λ on a logarithmic scale: float32[n, 1] -> -1 at the least λ learned, 1 at the most.

    A λ outside `LAMBDA_RANGE` is taken for the nearest end.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})

    def call(self, lambda_l1: KerasTensor) -> KerasTensor:
        least, most = LAMBDA_RANGE
        position = ops.log(ops.clip(lambda_l1, least, most) / least) / math.log(most / least)
        return 2.0 * position - 1.0

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape


@keras.saving.register_keras_serializable(package="lowlight_utils")
class FiLM(layers.Layer):
    """Scale and shift each channel, by as much as a code says (feature-wise linear modulation).

    features float[n, h, w, c] and code float[n, k] -> float[n, h, w, c]. At first it changes
    nothing, so that training starts from the network without it.

    References
    ----------
    E. Perez et al., "FiLM: visual reasoning with a general conditioning layer", AAAI 2018.
    A. Dosovitskiy, J. Djolonga, "You only train once: loss-conditional training of deep networks",
    ICLR 2020, section 3: the same layer, told the weights of a loss.
    """

    def build(self, features_shape: Shape, code_shape: Shape) -> None:
        channels = features_shape[-1]
        self.to_scale_and_shift = layers.Dense(
            2 * channels, kernel_initializer="zeros", dtype=self.dtype_policy, name="dense"
        )
        self.to_scale_and_shift.build(code_shape)

    def call(self, features: KerasTensor, code: KerasTensor) -> KerasTensor:
        both = self.to_scale_and_shift(code)[:, None, None, :]
        scale, shift = ops.split(both, 2, axis=-1)
        return features * (1.0 + scale) + shift

    def compute_output_shape(self, features_shape: Shape, code_shape: Shape) -> Shape:
        return features_shape
