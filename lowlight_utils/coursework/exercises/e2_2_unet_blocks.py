"""The U-Net's blocks.

`unet` below is the generator of notebook 02, but its two blocks are empty. Fill them in, from the text of the notebook's section 3.

- `down`: a 4×4 convolution with stride 2, batch norm unless `norm` is false, LeakyReLU with slope 0.3.
- `up`: a 4×4 transposed convolution with stride 2, batch norm, dropout of one half if `dropout` is true, ReLU.

Neither convolution has a bias, because batch norm would take it off again. With its defaults the network has 54,425,859 parameters; with the
library's weights it must make the library's picture.
"""

# %% answer
import keras
from keras import layers


def down(x, channels, norm=True):
    """Halve height and width."""
    ### BEGIN SOLUTION
    x = layers.Conv2D(channels, 4, strides=2, padding="same", use_bias=False)(x)
    if norm:
        x = layers.BatchNormalization()(x)
    return layers.LeakyReLU(0.3)(x)
    ### END SOLUTION


def up(x, channels, dropout=False):
    """Double height and width."""
    ### BEGIN SOLUTION
    x = layers.Conv2DTranspose(channels, 4, strides=2, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    if dropout:
        x = layers.Dropout(0.5)(x)
    return layers.ReLU()(x)
    ### END SOLUTION


def unet(size=256, width=64, depth=8):
    """Build the generator; this function is as it should be."""
    low = keras.Input((size, size, 3))
    widths = [width * min(2**level, 8) for level in range(depth)]
    x, skips = low, []
    for level, channels in enumerate(widths):
        x = down(x, channels, norm=level > 0)
        skips.append(x)
    skips.pop()
    for level, channels in enumerate(reversed(widths[:-1])):
        x = up(x, channels, dropout=level < 3)
        x = layers.Concatenate()([x, skips.pop()])
    x = layers.Conv2DTranspose(3, 4, strides=2, padding="same")(x)
    return keras.Model(low, layers.Activation("tanh")(x))


# %% check
import numpy as np

from lowlight_utils.coursework.checking import Wrong, require
from lowlight_utils.models import unet_generator

SMALL = {"width": 8, "depth": 4}


def check(answer, rng):
    """Building from blocks: parameters, shapes, and the same picture as the library's network."""
    ours, theirs = answer(32, **SMALL), unet_generator((32, 32, 3), **SMALL)
    require(ours is not None, "no model is returned")
    require(
        ours.output_shape == (None, 32, 32, 3),
        f"a 32x32 picture becomes {ours.output_shape[1:]}",
    )
    more = ours.count_params() - theirs.count_params()
    if more:
        kinds = [type(layer).__name__ for layer in ours.layers]
        biases = sum(
            layer.bias.shape[0]
            for layer in ours.layers[:-2]
            if getattr(layer, "bias", None) is not None
        )
        also = f", and {biases} biases" if biases else ""
        norms = kinds.count("BatchNormalization")
        raise Wrong(
            f"with width 8 and depth 4 it has {abs(more)} parameters too"
            f" {'many' if more > 0 else 'few'}, and {norms} batch norms{also}"
        )
    weights = [rng.normal(0, 0.2, weight.shape) for weight in theirs.get_weights()]
    weights = [np.abs(weight) + 0.5 if weight.ndim == 1 else weight for weight in weights]
    theirs.set_weights(weights)
    try:
        ours.set_weights(weights)
    except ValueError as error:
        raise Wrong(f"the library's weights do not fit ({error})") from None
    picture = rng.uniform(-1, 1, (2, 32, 32, 3)).astype("float32")
    one, other = (np.asarray(model(picture, training=False)) for model in (ours, theirs))
    require(
        bool(np.abs(one - other).max() < 1e-4),
        "it has the right number of parameters, and with the same weights makes another picture",
    )
    drops = [layer.rate for layer in ours.layers if type(layer).__name__ == "Dropout"]
    require(drops == [0.5] * 3, f"it has dropout in {len(drops)} blocks, with the rates {drops}")
    full = answer().count_params()
    require(full == 54_425_859, f"at full size it has {full:,} parameters")


MINUTES = 25
RUBRIC = (
    (2, "as many parameters as the library's"),
    (2, "the same picture with the same weights"),
    (1, "dropout where it is asked for"),
)
MISTAKES = (
    ("a few thousand parameters too many", "biases before batch norm"),
    ("another picture", "LeakyReLU's slope (0.2, 0.01), or ReLU before batch norm"),
    ("dropout left out", "the numbers agree all the same: prediction does not use it"),
)
