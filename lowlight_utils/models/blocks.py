"""The pieces that both networks are made of."""

import keras
from keras import layers, ops

NORMS = ("batch", "instance", "none")
LEAKY_SLOPE = 0.3  # Keras's default, and what the seed recipe used


def initializer():
    """Return the weights' initial distribution, N(0, 0.02) (Isola et al. 2017, appendix 6.2)."""
    return keras.initializers.RandomNormal(mean=0.0, stddev=0.02)


def normalise(x, norm, dtype, name):
    """Apply one kind of normalisation to features float[n, h, w, c].

    "batch" shares statistics over the batch and remembers a moving average for prediction;
    "instance" uses each picture's own (Ulyanov et al. 2016), so it behaves alike in training and
    prediction; "none" returns `x`.
    """
    if norm == "batch":
        return layers.BatchNormalization(dtype=dtype, name=name)(x)
    if norm == "instance":
        return layers.GroupNormalization(groups=-1, dtype=dtype, name=name)(x)
    return x


def leaky_relu(x, dtype, name):
    """Apply LeakyReLU, which keeps a slope of 0.3 below zero."""
    return layers.LeakyReLU(LEAKY_SLOPE, dtype=dtype, name=name)(x)


def upsample(x, channels, upsampling, use_bias, dtype, name):
    """Double height and width, to `channels` channels.

    "transpose" is a 4x4 transposed convolution with stride 2. "resize" repeats each pixel, then
    convolves 3x3: every output pixel gets the same number of terms, so that no checkerboard can
    appear (Odena, Dumoulin and Olah 2016).
    """
    if upsampling == "transpose":
        return layers.Conv2DTranspose(
            channels,
            4,
            strides=2,
            padding="same",
            use_bias=use_bias,
            kernel_initializer=initializer(),
            dtype=dtype,
            name=f"{name}_conv",
        )(x)
    x = layers.UpSampling2D(2, interpolation="nearest", dtype=dtype, name=f"{name}_resize")(x)
    return layers.Conv2D(
        channels,
        3,
        padding="same",
        use_bias=use_bias,
        kernel_initializer=initializer(),
        dtype=dtype,
        name=f"{name}_conv",
    )(x)


def require_choice(argument, value, choices):
    """Raise ValueError unless `value` is one of `choices`."""
    if value not in choices:
        raise ValueError(f"{argument} must be one of {', '.join(choices)}, not {value!r}.")


@keras.saving.register_keras_serializable(package="lowlight_utils")
class AutoExposure(layers.Layer):
    """Brighten each picture to one mean level, with a gamma curve of its own.

    With u the picture in [0, 1], the layer returns u**g where g = log(target) / log(mean(u)). It
    has no weights. It shows a network every scene at a familiar brightness.

    Parameters
    ----------
    target : float
        Level in (0, 1) that a flat grey picture is brought to.

    Notes
    -----
    Input and output are float[n, h, w, c] in [-1, 1]. It always computes in float32: in bfloat16
    the darkest levels of a dark picture would fall together.
    """

    def __init__(self, target=0.4, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        if not 0.0 < target < 1.0:
            raise ValueError(f"target must lie between 0 and 1, not {target}.")
        self.target = target

    def call(self, picture):
        # Half a level of an 8-bit picture keeps black's logarithm finite; 0.98, a white picture's.
        u = ops.clip((picture + 1.0) / 2.0, 0.5 / 255.0, 1.0)
        mean = ops.clip(ops.mean(u, axis=(1, 2, 3), keepdims=True), 0.5 / 255.0, 0.98)
        gamma = ops.log(ops.cast(self.target, "float32")) / ops.log(mean)
        return 2.0 * ops.power(u, gamma) - 1.0

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "target": self.target}


@keras.saving.register_keras_serializable(package="lowlight_utils")
class AddCorrection(layers.Layer):
    """Add a correction to a base picture, in float32; when predicting, clip the sum to [-1, 1].

    In training the sum is left alone, because a clipped pixel has no gradient and would never be
    pulled back.
    """

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})

    def call(self, base, correction, training=False):
        total = base + correction
        return total if training else ops.clip(total, -1.0, 1.0)

    def compute_output_shape(self, base_shape, correction_shape):
        return base_shape
