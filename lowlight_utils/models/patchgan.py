"""The discriminator: a PatchGAN that judges every 70x70 patch of a picture by itself."""

import keras
from keras import layers

from lowlight_utils.backend import require_usual_settings
from lowlight_utils.models.blocks import initializer, leaky_relu, normalise, require_norm
from lowlight_utils.recipe import Norm, Recipe


def patchgan_discriminator(
    input_shape: tuple[int | None, int | None, int] = (256, 256, 3),
    *,
    width: int = Recipe.discriminator_width,
    norm: Norm = Recipe.norm,
    dtype: str | None = None,
    name: str = "discriminator",
) -> keras.Model:
    """Build the PatchGAN discriminator.

    With its defaults this is the seed recipe's network: 2,770,433 parameters, and for a 256x256
    pair 30x30 logits, each the verdict on one 70x70 patch.

    Parameters
    ----------
    input_shape : tuple of (int or None, int or None, int)
        Height, width and channels (3) of each of the two pictures; at least 32 pixels a side.
    width : int
        Channels of the first block; the next ones have twice, four and eight times as many.
    norm
        See `Recipe`.
    dtype : str, optional
        Keras dtype policy, such as "mixed_bfloat16". The logits stay float32.
    name : str
        Name of the model.

    Returns
    -------
    keras.Model
        [low, picture], each float32[n, height, width, 3] in [-1, 1] -> logits float32[n, h, w, 1];
        a logit above 0 means "this patch belongs to a real well-lit photo".

    Raises
    ------
    ValueError
        If `norm` is unknown or the pictures are too small for one verdict; or if Keras is set to
        channels first, or to another precision than float32.

    References
    ----------
    P. Isola et al., "Image-to-image translation with conditional adversarial networks", CVPR 2017,
    section 3.2.2 and appendix 6.1.2.
    """
    require_usual_settings()
    require_norm(norm, width)
    if any(side is not None and side < 32 for side in input_shape[:2]):
        raise ValueError(
            f"The PatchGAN needs pictures of at least 32x32, not {input_shape[0]}x{input_shape[1]}."
        )
    use_bias = norm == "none"
    low = keras.Input(input_shape, name="low")
    picture = keras.Input(input_shape, name="picture")
    x = layers.Concatenate(dtype=dtype, name="pair")([low, picture])

    for level, factor in enumerate((1, 2, 4, 8), start=1):
        last = level == 4
        if last:  # stride 1 on a padded border: verdicts overlap, 30x30 of them
            x = layers.ZeroPadding2D(dtype=dtype, name="block4_pad")(x)
        x = layers.Conv2D(
            width * factor,
            4,
            strides=1 if last else 2,
            padding="valid" if last else "same",
            use_bias=use_bias,
            kernel_initializer=initializer(),
            dtype=dtype,
            name=f"block{level}_conv",
        )(x)
        x = normalise(x, "none" if level == 1 else norm, dtype, f"block{level}_norm")
        x = leaky_relu(x, dtype, f"block{level}_act")

    x = layers.ZeroPadding2D(dtype=dtype, name="verdict_pad")(x)
    x = layers.Conv2D(1, 4, kernel_initializer=initializer(), dtype=dtype, name="verdict_conv")(x)
    logits = layers.Activation("linear", dtype="float32", name="logits")(x)
    return keras.Model([low, picture], logits, name=name)
