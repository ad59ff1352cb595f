"""Drawings of the discriminator: its layers, and the patch that each verdict depends on."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

from lowlight_utils.models import geometry
from lowlight_utils.models.geometry import Block
from lowlight_utils.plots.networks import norm_legend, title
from lowlight_utils.plots.page import Page
from lowlight_utils.plots.pictures import require_image
from lowlight_utils.plots.style import (
    BODY,
    DISCRIMINATOR,
    GENERATOR,
    INK,
    LINE,
    MARGIN,
    MUTED,
    SHADE,
    TRUTH,
    WIDTH,
    Style,
)


def patchgan_diagram(discriminator: keras.Model, size: int = 256) -> Page:
    """Draw a PatchGAN: the pair of pictures, its feature maps, and the grid of verdicts.

    Parameters
    ----------
    discriminator : keras.Model
        What `lowlight_utils.models.patchgan_discriminator` built: the drawing's sizes, channels,
        norms and patch are the model's.
    size : int
        Side in pixels of the pictures, used only where the model leaves its input size open.
    """
    blocks = geometry.network_blocks(discriminator, size)
    low, picture, pair, *inner, verdicts = blocks
    position = (verdicts.height // 2, verdicts.width // 2)
    patch = geometry.receptive_field(discriminator, position, size)
    page = Page(3.4)
    title(page, "PatchGAN discriminator", discriminator)
    middle, below, gap = 1.55, 2.45, 0.68

    scale = 0.8 / max(pair.height, pair.width)
    x, across = MARGIN + 0.35, pair.width * scale
    for block, top in ((low, middle - 0.85), (picture, middle + 0.05)):
        page.rectangle(x, top, across, pair.height * scale, fc="white", ec=INK, lw=1.2)
        page.write(x - 0.1, top + pair.height * scale / 2, block.name, rotation=90, align="right")
        _patch(page, patch, pair, x, top, scale)
    _sizes(page, x + across / 2, below, pair)
    x += across

    for block in inner:
        _convolution(page, x, gap, middle, block)
        x += gap
        side = 0.92 * math.sqrt(block.width / inner[0].width)
        tall = side * block.height / block.width
        for back in (2, 1, 0):
            filled = block.norm != "none"
            place = (x + 0.04 * back, middle - tall / 2 - 0.04 * back)
            page.box(*place, side, tall, DISCRIMINATOR, filled, rounded=0.02)
        _sizes(page, x + side / 2, below, block)
        x += side + 0.08

    _convolution(page, x, gap, middle, verdicts)
    x += gap
    side = WIDTH - MARGIN - x
    tall = side * verdicts.height / verdicts.width
    _grid(page, verdicts, x, middle - tall / 2, side, {position: DISCRIMINATOR})
    _sizes(page, x + side / 2, below, verdicts)

    pixels = f"{patch[2] - patch[0]} × {patch[3] - patch[1]}"
    page.rectangle(MARGIN, 3.08, 0.16, 0.16, fc="none", ec=DISCRIMINATOR, lw=1.8)
    page.note(MARGIN + 0.26, 3.16, f"one verdict's {pixels} pixels")
    norm_legend(page, 2.9, 3.16, inner[-1].norm, DISCRIMINATOR)
    return page


def receptive_field(
    picture: np.ndarray,
    discriminator: keras.Model,
    positions: Sequence[tuple[int, int]] = ((15, 13), (0, 28)),
    *,
    made_by: str | None = None,
) -> Page:
    """Draw on a picture the patches that single verdicts of a PatchGAN depend on.

    Parameters
    ----------
    picture : uint8[h, w, 3]
        What the discriminator judges.
    discriminator : keras.Model
        What `lowlight_utils.models.patchgan_discriminator` built for pictures of that size, or of
        open size.
    positions : sequence of (int, int)
        Row and column of up to three verdicts. Near the border a patch reaches into the padding.
    made_by : str, optional
        What made the picture, for the small line at the bottom.

    Raises
    ------
    ValueError
        If there is no such verdict, or the picture is not of the discriminator's size.
    """
    height, width = require_image(picture).shape[:2]
    blocks = geometry.network_blocks(discriminator, (height, width))
    pair, verdicts = blocks[0], blocks[-1]
    if (pair.height, pair.width) != (height, width):
        raise ValueError(
            f"The discriminator judges pictures of {pair.height}x{pair.width}, "
            f"not {height}x{width}."
        )
    patches = [geometry.receptive_field(discriminator, at, (height, width)) for at in positions]
    outside = max(8, *(max(-t, -x, b - height, r - width) for t, x, b, r in patches)) + 4

    side = 4.1  # of the picture with its padding
    scale = side / (width + 2 * outside)
    tall = (height + 2 * outside) * scale
    page = Page(0.42 + tall + 0.4, made_by, photographic=True)
    x, y, grid_x = MARGIN, 0.42, WIDTH - MARGIN - side
    page.rectangle(x, y, side, tall, fc=SHADE, ec=LINE, lw=1, hatch="////", zorder=1)
    corner = (x + outside * scale, y + outside * scale)
    edges = (corner[0], corner[0] + width * scale, corner[1] + height * scale, corner[1])
    page.sheet.imshow(picture, extent=edges, aspect="auto", zorder=2)
    page.write(x, 0.2, f"the picture, {height} × {width}, and padding", align="left")
    page.write(grid_x, 0.2, f"{verdicts.height} × {verdicts.width} verdicts", align="left")
    colors = (DISCRIMINATOR, GENERATOR, TRUTH)
    cells = dict(zip(positions, colors, strict=False))
    cell = side / verdicts.width
    _grid(page, verdicts, grid_x, y, side, cells)
    for ((row, column), color), (top, left, bottom, right) in zip(
        cells.items(), patches, strict=False
    ):
        box = (corner[0] + left * scale, corner[1] + top * scale)
        across, up = (right - left) * scale, (bottom - top) * scale
        page.rectangle(*box, across, up, fc="none", ec=color, lw=2.5, zorder=6)
        spot = (grid_x + column * cell, y + row * cell)
        for where in (0, 1):
            ends = [(box[0] + across, box[1] + up * where), (spot[0], spot[1] + cell * where)]
            page.path(ends, color, arrow=False, linewidth=0.9, zorder=6)
    top, left, bottom, right = patches[0]
    step = geometry.receptive_field(discriminator, (0, 1), (height, width))[1]
    step -= geometry.receptive_field(discriminator, (0, 0), (height, width))[1]
    note = (
        f"Each verdict depends on {bottom - top} × {right - left} pixels, "
        f"{step} pixels further from one verdict to the next."
    )
    page.write(MARGIN, y + tall + 0.22, note, BODY, MUTED, align="left")
    return page


def _sizes(page: Page, x: float, y: float, block: Block) -> None:
    what = f"{block.channels} channels" if block.channels > 1 else "logits"
    page.write(x, y + 0.1, f"{block.height} × {block.width}", weight="bold")
    page.note(x, y + 0.3, what, align="center")


def _convolution(page: Page, x: float, gap: float, y: float, block: Block) -> None:
    """Draw the arrow of a convolution, with its kernel above and its stride below."""
    page.arrow((x + 0.08, y), (x + gap - 0.06, y), DISCRIMINATOR)
    convolution: Any = block.convolution
    rows, columns = convolution.kernel_size
    lines = {-0.14: f"{rows} × {columns}", 0.14: f"stride {convolution.strides[0]}"}
    if isinstance(block.layers[0], layers.ZeroPadding2D):
        lines[0.31] = "padded"
    for below, text in lines.items():
        page.note(x + gap / 2, y + below, text, align="center")


def _patch(page: Page, patch: Sequence[int], pair: Block, x: float, y: float, scale: float) -> None:
    top, left, bottom, right = patch
    top, left = max(top, 0), max(left, 0)
    bottom, right = min(bottom, pair.height), min(right, pair.width)
    size = ((right - left) * scale, (bottom - top) * scale)
    frame = Style(fc="none", ec=DISCRIMINATOR, lw=1.8, zorder=3)
    page.rectangle(x + left * scale, y + top * scale, *size, **frame)


def _grid(
    page: Page, verdicts: Block, x: float, y: float, side: float, marked: dict[tuple[int, int], str]
) -> None:
    """Draw the grid of verdicts, its marked (row, column) cells filled."""
    cell = side / verdicts.width
    tall = cell * verdicts.height
    lines = [[(x, y + i * cell), (x + side, y + i * cell)] for i in range(verdicts.height + 1)]
    lines += [[(x + i * cell, y), (x + i * cell, y + tall)] for i in range(verdicts.width + 1)]
    for ends in lines:
        page.path(ends, LINE, False, linewidth=0.5, zorder=2)
    page.rectangle(x, y, side, tall, fc="none", ec=DISCRIMINATOR, lw=1.2, zorder=3)
    for (row, column), color in marked.items():
        page.rectangle(x + column * cell, y + row * cell, cell, cell, fc=color, zorder=4)
