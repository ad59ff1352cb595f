"""Sizes, channels and receptive fields, read from a built network.

The figures draw what these functions find, so that a diagram says what the code says.
"""

from dataclasses import dataclass

from keras import Layer, Model, layers

from lowlight_utils.models.blocks import AddCorrection, ResizeConv2D

RESIZING = (layers.Conv2D, layers.Conv2DTranspose, layers.ZeroPadding2D)


@dataclass(frozen=True)
class Block:
    """One step of a network: an input, or a convolution and what follows it up to the next one.

    Convolutions on a branch that is added back (a residual block) are part of what follows.

    Attributes
    ----------
    name : str
        What its layers' names begin with, such as "down3".
    height, width : int
        Size of its feature maps in pixels.
    channels : int
        Number of its own feature maps, before any skip is concatenated to them.
    layers : tuple of keras.Layer
        Its layers, in order.
    skip : str or None
        Name of the block whose features are concatenated to its own; None without a skip.
    """

    name: str
    height: int
    width: int
    channels: int
    layers: tuple[Layer, ...]
    skip: str | None = None

    @property
    def convolution(self) -> Layer | None:
        """The block's convolution, transposed or not; None for an input."""
        return next((x for x in self.layers if _is_convolution(x)), None)

    @property
    def norm(self) -> str:
        """The block's normalisation, named as in the networks' `norm` argument."""
        for layer in self.layers:
            if isinstance(layer, layers.BatchNormalization):
                return "batch"
            if isinstance(layer, layers.GroupNormalization):
                return "instance" if layer.groups in (-1, layer.input.shape[-1]) else "group"
        return "none"

    @property
    def dropout(self) -> float:
        """Rate of the block's dropout in [0, 1); 0 without."""
        return next((x.rate for x in self.layers if isinstance(x, layers.Dropout)), 0.0)


def network_blocks(model: Model, size: int | tuple[int, int] = 256) -> list[Block]:
    """List the blocks of a generator or a discriminator, from its inputs to its output.

    Parameters
    ----------
    model : keras.Model
        What `unet_generator` or `patchgan_discriminator` returned.
    size : int or tuple of (int, int)
        Side, or height and width, of the pictures in pixels; used only where the model leaves its
        input size open.

    Returns
    -------
    list of Block
        In the order in which the network computes them.
    """
    sizes = layer_sizes(model, size)
    members: dict[str, list[Layer]] = {}
    owner: dict[str, str] = {}
    skips: dict[str, str] = {}
    for layer in model.layers:
        parents = [owner[x.name] for x in _sources(layer)]
        if _begins_block(layer, [members[x] for x in parents]):
            name = layer.name.rsplit("_", 1)[0]
            members[name] = []
        else:
            name = parents[-1] if isinstance(layer, AddCorrection) else parents[0]
            if isinstance(layer, layers.Add):
                name, branch = sorted(parents, key=list(members).index)
                inside: list[Layer] = []
                while branch != name:
                    inside = members.pop(branch) + inside
                    branch = owner[_sources(inside[0])[0].name]
                members[name] += inside
            if len(set(parents)) > 1 and isinstance(layer, layers.Concatenate):
                skips[name] = parents[1]
        members[name].append(layer)
        owner[layer.name] = name

    found = []
    for name, inside in members.items():
        own = inside[-2] if name in skips else inside[-1]  # the last one concatenates the skip
        found.append(
            Block(name, *sizes[own.name], own.output.shape[-1], tuple(inside), skips.get(name))
        )
    return found


def layer_sizes(model: Model, size: int | tuple[int, int] = 256) -> dict[str, tuple[int, int]]:
    """Compute every layer's output height and width, by arithmetic.

    Parameters
    ----------
    model : keras.Model
        A functional model of the layers that this room's networks are made of.
    size : int or tuple of (int, int)
        Side, or height and width, of the pictures in pixels; used only where the model leaves its
        input size open.

    Returns
    -------
    dict of str to (int, int)
        Layer's name -> (height, width) in pixels.
    """
    given = (size, size) if isinstance(size, int) else size
    sizes: dict[str, tuple[int, int]] = {}
    for layer in model.layers:
        sources = _sources(layer)
        if sources:
            before = sizes[sources[0].name]
            height, width = (_steps(layer, n, axis)[0] for axis, n in enumerate(before))
        else:
            shape = zip(layer.output.shape[1:3], given, strict=True)
            height, width = (fixed or open_ for fixed, open_ in shape)
        sizes[layer.name] = height, width
    return sizes


def receptive_field(
    discriminator: Model, position: tuple[int, int], size: int | tuple[int, int] = 256
) -> tuple[int, int, int, int]:
    """Find the patch of the pictures on which one of a PatchGAN's verdicts depends.

    Batch norm in prediction mode leaves a patch its own; in training mode, and with instance norm,
    the rest of the picture reaches each verdict too, through the mean and variance alone.

    Parameters
    ----------
    discriminator : keras.Model
        A chain of convolutions, as `patchgan_discriminator` builds it.
    position : tuple of (int, int)
        Row and column of the verdict.
    size : int or tuple of (int, int)
        Side, or height and width, of the pictures in pixels; used only where the model leaves its
        input size open.

    Returns
    -------
    tuple of (int, int, int, int)
        top, left, bottom, right in pixels, the last two exclusive. The patch of a verdict at the
        border reaches into the padding: below 0, or beyond the picture's size.

    Raises
    ------
    ValueError
        If there is no such verdict, or the network is not a PatchGAN.
    """
    sizes = layer_sizes(discriminator, size)
    layer = discriminator.layers[-1]
    if not all(0 <= at < n for at, n in zip(position, sizes[layer.name], strict=True)):
        rows, columns = sizes[layer.name]
        raise ValueError(f"There is no verdict at {position}: there are {rows}x{columns} of them.")
    spans = [(at, at + 1) for at in position]
    while sources := _sources(layer):
        for axis, n in enumerate(sizes[sources[0].name]):
            _, kernel, stride, pad = _steps(layer, n, axis)
            if kernel is None:
                raise ValueError(
                    f"{layer.name} enlarges its input: only a PatchGAN's patches are known."
                )
            first, end = spans[axis]
            spans[axis] = (first * stride - pad, (end - 1) * stride - pad + kernel)
        layer = sources[0]
    (top, bottom), (left, right) = spans
    return top, left, bottom, right


def _steps(layer: Layer, n: int, axis: int) -> tuple:
    """Return output size, kernel, stride and padding before the first pixel, for an input of n."""
    if isinstance(layer, layers.Conv2DTranspose | ResizeConv2D):
        factor = 2 if isinstance(layer, ResizeConv2D) else layer.strides[axis]
        # Which inputs an output pixel sees depends on where it lies: no one kernel says it.
        return n * factor, None, None, None
    if isinstance(layer, layers.ZeroPadding2D):
        before, after = layer.padding[axis]
        return before + n + after, 1, 1, before
    if isinstance(layer, layers.Conv2D):
        kernel, stride = layer.kernel_size[axis], layer.strides[axis]
        if layer.padding == "valid":
            return (n - kernel) // stride + 1, kernel, stride, 0
        size = -(-n // stride)
        return size, kernel, stride, max((size - 1) * stride + kernel - n, 0) // 2
    return n, 1, 1, 0


def _begins_block(layer: Layer, parents: list[list[Layer]]) -> bool:
    """Say whether a layer begins a block, given the layers so far in its parents' blocks."""
    if isinstance(layer, layers.Concatenate):  # the discriminator's two pictures
        return all(isinstance(x[0], layers.InputLayer) for x in parents) and (
            parents[0] is not parents[1]
        )
    if not isinstance(layer, RESIZING):
        return not parents
    # Unless its own padding has begun the block.
    return not isinstance(parents[0][-1], layers.ZeroPadding2D)


def _is_convolution(layer: Layer) -> bool:
    return isinstance(layer, layers.Conv2D | layers.Conv2DTranspose)


def _sources(layer: Layer) -> list[Layer]:
    if isinstance(layer, layers.InputLayer):
        return []
    inputs = layer.input if isinstance(layer.input, list | tuple) else [layer.input]
    return [x._keras_history.operation for x in inputs]
