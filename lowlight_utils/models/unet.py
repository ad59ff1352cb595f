"""The generator: a U-Net that turns a dark picture into a well-lit one."""

import keras
from keras import KerasTensor, layers

from lowlight_utils.backend import require_usual_settings
from lowlight_utils.models.blocks import (
    AddCorrection,
    AutoExposure,
    convolve,
    leaky_relu,
    normalise,
    require_norm,
    upsample,
)
from lowlight_utils.models.film import FiLM, lambda_code, level_code
from lowlight_utils.recipe import (
    Base,
    Condition,
    Norm,
    Padding,
    Recipe,
    Upsampling,
    require_allowed,
)

WIDEST = 8  # channels stop growing at eight times the first width: 64 -> 512
DROPOUT_BLOCKS = 3  # the innermost blocks of the way up that drop activations


def unet_generator(
    input_shape: tuple[int | None, int | None, int] = (256, 256, 3),
    *,
    width: int = Recipe.width,
    depth: int = Recipe.depth,
    norm: Norm = Recipe.norm,
    upsampling: Upsampling = Recipe.upsampling,
    padding: Padding = Recipe.padding,
    dropout: float = Recipe.dropout,
    base: Base = Recipe.base,
    stem: bool = Recipe.stem,
    condition: Condition = Recipe.condition,
    dtype: str | None = None,
    name: str = "generator",
) -> keras.Model:
    """Build the U-Net generator.

    With its defaults this is the seed recipe's network: eight 4x4 stride-2 convolutions down to
    1x1, mirrored by eight transposed ones; 54,425,859 parameters.

    Parameters
    ----------
    input_shape : tuple of (int or None, int or None, int)
        Height, width and channels (3). `None` leaves one open, and then the caller sees to it.
    width, depth, norm, upsampling, padding, dropout, base, stem, condition
        The network, as `Recipe` explains its fields of these names. The sides of the pictures must
        be multiples of 2**depth.
    dtype : str, optional
        Keras dtype policy of the blocks, such as "mixed_bfloat16". The output stays float32.
    name : str
        Name of the model.

    Returns
    -------
    keras.Model
        float32[n, height, width, 3] in [-1, 1] -> the same shape and range. With condition
        "lambda" it takes a list of two: the pictures, and λ as float32[n, 1].

    Raises
    ------
    ValueError
        If an argument is unknown or out of range, or the depth does not fit the input size; or if
        Keras is set to channels first, or to another precision than float32.

    References
    ----------
    O. Ronneberger, P. Fischer, T. Brox, "U-Net: convolutional networks for biomedical image
    segmentation", MICCAI 2015. P. Isola et al., "Image-to-image translation with conditional
    adversarial networks", CVPR 2017, appendix 6.1.

    Examples
    --------
    >>> small = unet_generator((64, 96, 3), width=8, depth=3, norm="instance")
    >>> small.output_shape
    (None, 64, 96, 3)
    """
    require_usual_settings()
    require_norm(norm, width)
    require_allowed(upsampling=upsampling, padding=padding, dropout=dropout)
    require_allowed(base=base, stem=stem, condition=condition)
    if padding == "reflect" and upsampling == "transpose":
        raise ValueError(
            'Transposed convolutions cannot pad by reflection: choose upsampling "resize".'
        )
    if stem and base == "none":
        raise ValueError("A stem corrects a base at full resolution: choose another base.")
    require_depth_fits(input_shape, depth, norm)
    use_bias = norm == "none"  # a norm's own offset makes a convolution's bias redundant
    widths = [width * min(2**level, WIDEST) for level in range(depth)]

    low = keras.Input(input_shape, name="low")
    lambda_l1 = keras.Input((1,), name="lambda") if condition == "lambda" else None
    code = None
    if condition == "lambda":
        code = lambda_code(lambda_l1)
    elif condition == "level":
        code = level_code(low)

    def modulate(x: KerasTensor, label: str) -> KerasTensor:
        return x if code is None else FiLM(dtype=dtype, name=f"{label}_film")(x, code)

    def normalise_and_modulate(x: KerasTensor, label: str) -> KerasTensor:
        return modulate(normalise(x, norm, dtype, f"{label}_norm"), label)

    seen, base_picture = low, low
    if base in ("auto_exposure", "brightened"):
        exposure = AutoExposure(darkens=base == "auto_exposure", name="auto_exposure")
        base_picture = exposure(low)
        seen = layers.Concatenate(dtype=dtype, name="low_and_exposed")([low, base_picture])

    if stem:
        seen = convolve(seen, width, 3, padding, dtype, "stem_conv", init="he_normal")
        seen = leaky_relu(seen, dtype, "stem_act")
    x, skips = seen, []
    for level, channels in enumerate(widths, start=1):
        label = f"down{level}"
        x = convolve(x, channels, 4, padding, dtype, f"{label}_conv", strides=2, use_bias=use_bias)
        x = x if level == 1 else normalise_and_modulate(x, label)
        x = leaky_relu(x, dtype, f"{label}_act")
        skips.append(x)
    skips.pop()  # the innermost features go straight up, not around

    for level, channels in enumerate(reversed(widths[:-1]), start=1):
        label = f"up{level}"
        x = upsample(x, channels, upsampling, padding, use_bias, dtype, label)
        x = normalise_and_modulate(x, label)
        if level <= DROPOUT_BLOCKS and dropout > 0:
            x = layers.Dropout(dropout, dtype=dtype, name=f"{label}_dropout")(x)
        x = layers.ReLU(dtype=dtype, name=f"{label}_act")(x)
        x = layers.Concatenate(dtype=dtype, name=f"{label}_skip")([x, skips.pop()])

    if base == "none":
        x = upsample(x, 3, upsampling, padding, True, dtype, f"up{depth}")
        picture = layers.Activation("tanh", dtype="float32", name="picture")(x)
    else:
        x = upsample(x, width, upsampling, padding, True, dtype, f"up{depth}")
        x = modulate(x, f"up{depth}")
        x = leaky_relu(x, dtype, f"up{depth}_act")
        x = layers.Concatenate(dtype=dtype, name=f"up{depth}_skip")([x, seen])
        if stem:
            x = convolve(x, width, 3, padding, dtype, "fuse_conv", init="he_normal")
            x = leaky_relu(x, dtype, "fuse_act")
        correction = convolve(x, 3, 3, padding, dtype, "correction")
        picture = AddCorrection(name="picture")(base_picture, correction)
    return keras.Model(low if lambda_l1 is None else [low, lambda_l1], picture, name=name)


def require_depth_fits(
    input_shape: tuple[int | None, int | None, int], depth: int, norm: Norm
) -> None:
    """Raise ValueError unless pictures of that shape can be halved `depth` times."""
    require_allowed(depth=depth, norm=norm)
    if len(input_shape) != 3 or input_shape[-1] != 3:
        raise ValueError(f"input_shape must be (height, width, 3), not {tuple(input_shape)}.")
    stride = 2**depth
    for side in input_shape[:2]:
        if side is not None and (side < stride or side % stride):
            raise ValueError(
                f"A U-Net of depth {depth} needs sides that are multiples of {stride}, not {side}: "
                "choose another size, or a smaller depth."
            )
    if norm == "instance" and tuple(input_shape[:2]) == (stride, stride):
        raise ValueError(
            f"Instance norm has nothing to measure in the 1x1 features that depth {depth} makes of "
            f"a {stride}x{stride} picture: choose depth {depth - 1}, or another norm."
        )
