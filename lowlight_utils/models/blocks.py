"""The pieces that both networks are made of."""

from typing import Any

import keras
import numpy as np
from keras import KerasTensor, layers, ops

from lowlight_utils.recipe import Norm, Padding, Upsampling, require_allowed

GROUPS = 8  # of channels, in group norm
LEAKY_SLOPE = 0.3  # Keras's default, and what the seed recipe used
BLACK = 0.5 / 255  # half a level of an 8-bit picture: it keeps black's logarithm finite


Shape = tuple[Any, ...]  # sizes; None where one is open


def initializer() -> keras.Initializer:
    """Return the weights' initial distribution, N(0, 0.02) (Isola et al. 2017, appendix 6.2)."""
    return keras.initializers.RandomNormal(mean=0.0, stddev=0.02)


def normalise(x: KerasTensor, norm: Norm, dtype: str | None, name: str) -> KerasTensor:
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


def require_norm(norm: Norm, width: int) -> None:
    """Raise ValueError unless that kind of norm exists and fits channels that begin at `width`."""
    require_allowed(norm=norm, width=width)
    if norm == "group" and width % GROUPS:
        raise ValueError(f"Group norm needs a width that is a multiple of {GROUPS}, not {width}.")


def convolve(
    x: KerasTensor,
    channels: int,
    kernel_size: int,
    padding: Padding,
    dtype: str | None,
    name: str,
    *,
    strides: int = 1,
    use_bias: bool = True,
    init: str | None = None,
) -> KerasTensor:
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


def leaky_relu(x: KerasTensor, dtype: str | None, name: str) -> KerasTensor:
    """Apply LeakyReLU, which keeps a slope of 0.3 below zero."""
    return layers.LeakyReLU(LEAKY_SLOPE, dtype=dtype, name=name)(x)


def upsample(
    x: KerasTensor,
    channels: int,
    upsampling: Upsampling,
    padding: Padding,
    use_bias: bool,
    dtype: str | None,
    name: str,
) -> KerasTensor:
    """Double height and width, to `channels` channels.

    "transpose" is a 4x4 transposed convolution with stride 2. "resize" repeats each pixel, then
    convolves 3x3: every output pixel gets the same number of terms, so that no checkerboard can
    appear (Odena, Dumoulin and Olah 2016).
    """
    settings = dict(
        use_bias=use_bias, kernel_initializer=initializer(), dtype=dtype, name=f"{name}_conv"
    )
    if upsampling == "transpose":
        return layers.Conv2DTranspose(channels, 4, strides=2, padding="same", **settings)(x)
    return ResizeConv2D(channels, beyond=padding, **settings)(x)


@keras.saving.register_keras_serializable(package="lowlight_utils")
class AutoExposure(layers.Layer):
    """Brighten each picture to one mean level, with a gamma curve of its own.

    With u the picture in [0, 1], the layer returns u**g where g = log(target) / log(mean(u)). It
    has no weights. It shows a network every scene at a familiar brightness.

    Parameters
    ----------
    target : float
        Level in (0, 1) that a flat grey picture is brought to.
    darkens : bool
        Whether a picture that is brighter than that is made darker. If not, it stays as it is.

    Notes
    -----
    Input and output are float[n, h, w, c] in [-1, 1]. It always computes in float32: in bfloat16
    the darkest levels of a dark picture would fall together.
    """

    def __init__(self, target: float = 0.4, darkens: bool = True, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})
        if not 0.0 < target < 1.0:
            raise ValueError(f"target must lie between 0 and 1, not {target}.")
        self.target = target
        self.darkens = darkens

    def call(self, picture: KerasTensor) -> KerasTensor:
        u = ops.clip((picture + 1.0) / 2.0, BLACK, 1.0)
        # 0.98 does for a white picture's logarithm what `BLACK` does for a black one's.
        mean = ops.clip(ops.mean(u, axis=(1, 2, 3), keepdims=True), BLACK, 0.98)
        gamma = ops.log(ops.cast(self.target, "float32")) / ops.log(mean)
        if not self.darkens:
            gamma = ops.minimum(gamma, 1.0)
        return 2.0 * ops.power(u, gamma) - 1.0

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "target": self.target, "darkens": self.darkens}


@keras.saving.register_keras_serializable(package="lowlight_utils")
class AddCorrection(layers.Layer):
    """Add a correction to a base picture, in float32; when predicting, clip the sum to [-1, 1].

    In training the sum is left alone, because a clipped pixel has no gradient and would never be
    pulled back.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})

    def call(
        self, base: KerasTensor, correction: KerasTensor, training: bool = False
    ) -> KerasTensor:
        total = base + correction
        return total if training else ops.clip(total, -1.0, 1.0)

    def compute_output_shape(self, base_shape: Shape, correction_shape: Shape) -> Shape:
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

    def convolution_op(self, inputs: KerasTensor, kernel: KerasTensor) -> KerasTensor:
        rows, columns = ((size - 1) // 2 for size in self.kernel_size)
        padded = ops.pad(inputs, ((0, 0), (rows, rows), (columns, columns), (0, 0)), "reflect")
        return ops.conv(padded, kernel, strides=self.strides, padding="valid")


# Which of a 3x3 kernel's rows fall on the first and on the second of two neighbouring pixels, each
# of them doubled: for an odd row of the result, and for the even row below it.
ROWS = np.array([[[1, 1, 0], [0, 0, 1]], [[1, 0, 0], [0, 1, 1]]])
# The same for rows and columns at once: [pixel of 2x2, kind of row and column, tap of 3x3].
TAPS = np.einsum("par,qbc->abpqrc", ROWS, ROWS).reshape(4, 4, 9)


@keras.saving.register_keras_serializable(package="lowlight_utils")
class ResizeConv2D(layers.Conv2D):
    """Double height and width by repeating each pixel 2x2, and convolve the result 3x3.

    The doubled picture is never made. Of three neighbouring pixels in it two are copies of one, so
    that an output pixel is a sum of 2x2 terms in place of 3x3. Which weights of the kernel add up,
    depends on whether its row and its column are even or odd. So one convolution 2x2 of the small
    picture gives all four kinds of output pixels, which are then woven into one another: 4/9 of the
    multiplications, and the same result up to rounding.

    Parameters
    ----------
    filters : int
        Channels of the result.
    beyond : {"zeros", "reflect"}
        What lies beyond the doubled picture's border: zeros, or the picture mirrored.
    **kwargs
        As `keras.layers.Conv2D` takes them, but for kernel size, strides and padding.
    """

    def __init__(self, filters: int, *, beyond: Padding = "zeros", **kwargs: Any) -> None:
        # A saved layer's settings name these three too; there is one way to set them.
        fixed = {"kernel_size": 3, "strides": 1, "padding": "same"}
        super().__init__(filters, **{**kwargs, **fixed})
        require_allowed(padding=beyond)
        self.beyond = beyond

    def convolution_op(self, inputs: KerasTensor, kernel: KerasTensor) -> KerasTensor:
        # Mirrored, what lies beyond the border is the second of two equal pixels.
        mode = "symmetric" if self.beyond == "reflect" else "constant"
        padded = ops.pad(inputs, ((0, 0), (1, 1), (1, 1), (0, 0)), mode)
        parts = ops.conv(padded, self.sum_taps(kernel), padding="valid")
        n, rows, columns, _ = ops.shape(parts)
        parts = ops.reshape(parts, (n, rows, columns, 2, 2, self.filters))
        woven = ops.transpose(parts, (0, 1, 3, 2, 4, 5))
        woven = ops.reshape(woven, (n, 2 * rows, 2 * columns, self.filters))
        # With odd rows before even ones both kinds start at the same pixel of the small picture,
        # and the whole is out by one row and column. (TensorFlow is slow at the gradient of
        # woven[:, 1:-1, 1:-1].)
        kept = (n, 2 * rows - 2, 2 * columns - 2, self.filters)
        return ops.slice(woven, (0, 1, 1, 0), kept)

    def sum_taps(self, kernel: KerasTensor) -> KerasTensor:
        """Turn a kernel [3, 3, in, out] into that of the small picture, [2, 2, in, 4 * out].

        Its outputs are those of odd rows and columns first, and of even rows and columns last.
        """
        inner, outer = kernel.shape[2:]
        taps = ops.convert_to_tensor(TAPS, kernel.dtype)
        sums = ops.tensordot(taps, ops.reshape(kernel, (9, inner * outer)), 1)
        sums = ops.transpose(ops.reshape(sums, (4, 4, inner, outer)), (0, 2, 1, 3))
        return ops.reshape(sums, (2, 2, inner, 4 * outer))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        n, rows, columns, _ = input_shape
        return n, rows and 2 * rows, columns and 2 * columns, self.filters

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beyond": self.beyond}
