"""The pieces that both networks are made of."""

import keras
from keras import layers, ops

NORMS = ("batch", "instance", "group", "none")
PADDINGS = ("zeros", "reflect")
GROUPS = 8  # of channels, in group norm
LEAKY_SLOPE = 0.3  # Keras's default, and what the seed recipe used


def initializer():
    """Return the weights' initial distribution, N(0, 0.02) (Isola et al. 2017, appendix 6.2)."""
    return keras.initializers.RandomNormal(mean=0.0, stddev=0.02)


def normalise(x, norm, dtype, name):
    """Apply one kind of normalisation to features float[n, h, w, c].

    "batch" shares statistics over the batch and remembers a moving average for prediction;
    "instance" uses each picture's own (Ulyanov et al. 2016), so it behaves alike in training and
    prediction; "group" those of a group of channels of one picture (Wu and He 2018), which leaves
    the channels of a group their levels relative to each other; "none" returns `x`.
    """
    if norm == "batch":
        return layers.BatchNormalization(dtype=dtype, name=name)(x)
    if norm in ("instance", "group"):
        groups = -1 if norm == "instance" else GROUPS
        return layers.GroupNormalization(groups=groups, dtype=dtype, name=name)(x)
    return x


def require_norm(norm, width):
    """Raise ValueError unless that kind of norm exists and fits channels that begin at `width`."""
    require_choice("norm", norm, NORMS)
    if norm == "group" and width % GROUPS:
        raise ValueError(f"Group norm needs a width that is a multiple of {GROUPS}, not {width}.")


def convolve(
    x, channels, kernel_size, padding, dtype, name, *, strides=1, use_bias=True, init=None
):
    """Convolve features, to `channels` channels and 1/strides of their size.

    `padding` says what lies beyond the picture's border: "zeros" or, with "reflect", the picture
    mirrored. `init` is the weights' initial distribution, by default `initializer()`; where no norm
    follows that one is too narrow, and He's keeps features at their level (He et al. 2015).
    """
    convolution = ReflectConv2D if padding == "reflect" else layers.Conv2D
    return convolution(
        channels,
        kernel_size,
        strides=strides,
        padding="same",
        use_bias=use_bias,
        kernel_initializer=init or initializer(),
        dtype=dtype,
        name=name,
    )(x)


def leaky_relu(x, dtype, name):
    """Apply LeakyReLU, which keeps a slope of 0.3 below zero."""
    return layers.LeakyReLU(LEAKY_SLOPE, dtype=dtype, name=name)(x)


def upsample(x, channels, upsampling, padding, use_bias, dtype, name):
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
    return convolve(x, channels, 3, padding, dtype, f"{name}_conv", use_bias=use_bias)


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


@keras.saving.register_keras_serializable(package="lowlight_utils")
class ReflectConv2D(layers.Conv2D):
    """A convolution that sees its input mirrored beyond the border, where "same" would put zeros.

    With zeros a network learns that a picture ends in black, and paints a faint frame along its
    border.

    Notes
    -----
    For odd kernels with stride 1, and even ones with stride 2 on even sides. The mirrored rows and
    columns are at most as many as the input has, less one.
    """

    def convolution_op(self, inputs, kernel):
        rows, columns = ((size - 1) // 2 for size in self.kernel_size)
        padded = ops.pad(inputs, ((0, 0), (rows, rows), (columns, columns), (0, 0)), "reflect")
        return ops.conv(padded, kernel, strides=self.strides, padding="valid")
