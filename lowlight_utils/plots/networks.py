"""A drawing of the generator, with every size and channel read from the built model."""

import math
from itertools import pairwise
from typing import Any

import keras
from keras import layers

from lowlight_utils.models import AutoExposure, geometry
from lowlight_utils.models.blocks import ResizeConv2D
from lowlight_utils.models.geometry import Block
from lowlight_utils.plots.page import Page
from lowlight_utils.plots.style import BODY, GENERATOR, MARGIN, MUTED, SHADE, WIDTH

BAR, ROW = 0.32, 0.52  # inches: height of a bar of feature maps; from one resolution to the next
DOWN, UP = 3.2, 5.0  # where the bars on the way down end, and those on the way up begin


def unet_diagram(generator: keras.Model, size: int = 256) -> Page:
    """Draw a U-Net: down on the left, up on the right, skips across, one row for each resolution.

    Parameters
    ----------
    generator : keras.Model
        What `lowlight_utils.models.unet_generator` built: the drawing's sizes, channels, norms,
        dropout and skips are the model's.
    size : int
        Side in pixels of the pictures, used only where the model leaves its input size open.
    """
    blocks = geometry.network_blocks(generator, size)
    named = {x.name: x for x in blocks}
    depth = min(range(len(blocks)), key=lambda i: blocks[i].height)
    down, bottom, up = blocks[:depth], blocks[depth], blocks[depth + 1 :]
    most = max(x.channels for x in blocks)
    rows = {x.height: 0.72 + i * ROW for i, x in enumerate(blocks[: depth + 1])}
    page = Page(0.72 + (depth + 1) * ROW + 0.9)

    def wide(block: Block) -> float:
        return 0.36 + 1.14 * math.sqrt(block.channels / most)

    def bar(block: Block, x: float, copied: bool = False) -> None:
        filled = SHADE if copied else block.norm != "none"
        edge = MUTED if copied else GENERATOR
        page.box(x, rows[block.height], wide(block), BAR, edge, filled)
        page.write(x + wide(block) / 2, rows[block.height] + BAR / 2, f"{block.channels}")

    title(page, "U-Net generator", generator)
    for block in blocks[: depth + 1]:
        label = f"{block.height} × {block.width}"
        page.write(MARGIN, rows[block.height] + BAR / 2, label, BODY, MUTED, align="left")

    stem = DOWN - 0.18  # the arrows down
    for block, after in pairwise(down):
        page.arrow((stem, rows[block.height] + BAR), (stem, rows[after.height]), GENERATOR)
    for block in down:
        bar(block, DOWN - wide(block))
    centre = (DOWN + UP) / 2
    bar(bottom, centre - wide(bottom) / 2)
    level = rows[bottom.height] + BAR / 2
    start = (stem, rows[down[-1].height] + BAR)
    page.path([start, (stem, level), (centre - wide(bottom) / 2, level)], GENERATOR)

    before, left = bottom, UP
    for block in up:
        y = rows[block.height]
        beside = block.height == before.height  # the last convolution keeps the size
        x = left + 0.4 if beside else UP
        skip = named.get(block.skip or "")
        if skip:
            page.arrow((DOWN, y + BAR / 2), (UP, y + BAR / 2), MUTED)
            bar(skip, x, copied=True)
            x += wide(skip)
        middle = x + wide(block) / 2
        if beside:
            page.arrow((left, y + BAR / 2), (x, y + BAR / 2), GENERATOR)
        elif before is bottom:
            page.path(
                [(centre + wide(bottom) / 2, level), (middle, level), (middle, y + BAR)], GENERATOR
            )
        else:
            page.arrow((middle, rows[before.height]), (middle, y + BAR), GENERATOR)
        bar(block, x)
        left = x + wide(block)
        if block.dropout:
            page.note(left + 0.12, y + BAR / 2, f"dropout {block.dropout:g}")
        before = block

    exposed = any(isinstance(x, AutoExposure) for x in down[0].layers)
    seen, base = ("low, auto-exposed low", "auto-\nexposed low") if exposed else ("low", "low")
    page.write(DOWN, 0.58, seen, weight="bold", align="right")
    page.write(left, 0.58, "picture", weight="bold", align="right")
    if before.name == "correction":
        y = rows[before.height] + BAR / 2
        page.note(left + 0.12, y, f"+ {base}")
    output = generator.layers[-1]
    last = output.activation.__name__ if isinstance(output, layers.Activation) else ""
    _unet_legend(page, down[1], up[0], bottom.norm, last)
    return page


def title(page: Page, name: str, model: keras.Model) -> None:
    """Head a network's drawing with its name and its number of parameters."""
    page.title(MARGIN, 0.2, name)
    count = f"{model.count_params():,} parameters"
    page.write(WIDTH - MARGIN, 0.2, count, BODY, MUTED, align="right")


def norm_legend(page: Page, x: float, y: float, norm: str, color: str) -> float:
    """Explain filled and empty shapes; returns where the legend ends."""
    entries = [(True, f"{norm} norm")] if norm != "none" else []
    for filled, label in [*entries, (False, "no norm")]:
        page.box(x, y - 0.08, 0.24, 0.16, color, filled, rounded=0.03)
        page.note(x + 0.32, y, label)
        x += 1.5
    return x


def _unet_legend(page: Page, down: Block, up: Block, norm: str, last: str) -> None:
    y = page.height - 0.5
    x = norm_legend(page, MARGIN, y, norm, GENERATOR)
    page.box(x, y - 0.08, 0.24, 0.16, MUTED, SHADE, rounded=0.03)
    page.note(x + 0.32, y, "skip: features copied and concatenated")
    page.note(WIDTH - MARGIN, y, "numbers are channels", align="right")
    resized = isinstance(up.convolution, ResizeConv2D)
    ways = (
        (MARGIN, 0.1, "", down),
        (WIDTH / 2, -0.1, "pixels repeated, then " if resized else "", up),
    )
    for x, half, first, block in ways:
        convolution: Any = block.convolution
        kernel = "{} × {}".format(*convolution.kernel_size)
        transposed = isinstance(convolution, layers.Conv2DTranspose)
        kind = "transposed convolution" if transposed else "convolution"
        stride = "" if resized and block is up else f", stride {convolution.strides[0]}"
        page.arrow((x + 0.12, y + 0.28 - half), (x + 0.12, y + 0.28 + half), GENERATOR)
        label = f"{first}{kernel} {kind}{stride}, {_activation(block)}"
        label += f" (the last: {last})" if last and block is up else ""
        page.note(x + 0.32, y + 0.28, label)


def _activation(block: Block) -> str:
    kinds = layers.LeakyReLU | layers.ReLU
    return next(type(x).__name__ for x in block.layers if isinstance(x, kinds))
