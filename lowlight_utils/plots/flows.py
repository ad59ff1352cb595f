"""Drawings of what goes where: the data pipeline, and one step of training."""

from collections.abc import Sequence

import numpy as np

from lowlight_utils.plots.page import Page, Point
from lowlight_utils.plots.style import (
    ADVERSARIAL,
    BODY,
    DISCRIMINATOR,
    GENERATOR,
    INK,
    L1,
    LINE,
    MARGIN,
    MUTED,
    SHADE,
    SMALL,
    TRUTH,
    WIDTH,
)

EDGES = {"low": INK, "fake": GENERATOR, "high": TRUTH}
JUDGE = 1.16  # inches: width of the discriminator's boxes


def data_pipeline(
    pairs: Sequence[tuple[np.ndarray, np.ndarray]],
    jittered: tuple[np.ndarray, np.ndarray],
    *,
    size: int = 256,
    jitter_size: int = 286,
) -> Page:
    """Draw the way of the data, from its sources to the batches that training sees.

    Parameters
    ----------
    pairs : sequence of (uint8[h, w, 3], uint8[h, w, 3])
        Three pairs (low, high) of different scenes, for the thumbnails.
    jittered : tuple of (uint8[h, w, 3], uint8[h, w, 3])
        The first pair after the training jitter.
    size, jitter_size : int
        Side in pixels of the pairs, and to which the jitter enlarges them before it crops.
    """
    page = Page(4.95, photographic=True)
    tops, tall = (0.5, 1.6, 2.7), 0.95
    sources, pair_set, parts, uses = 0.12, 2.52, 5.12, 7.18  # left edges of the columns
    widths = {sources: 1.95, pair_set: 2.1, parts: 1.62, uses: WIDTH - MARGIN - uses}
    for x, title in (
        (sources, "Sources"),
        (pair_set, "PairSet"),
        (parts, "Split by scene"),
        (uses, "Use"),
    ):
        page.title(x, 0.28, title)

    described = (
        ("Well-lit photos", "darkened by a model\nof a camera"),
        ("LOL", "500 real pairs of\ntwo exposures"),
        ("Synthetic pairs", "1000, darkened\nfrom RAW files"),
    )
    for top, (title, text) in zip(tops, described, strict=True):
        page.box(sources, top, widths[sources], tall)
        page.write(sources + 0.12, top + 0.22, title, align="left", weight="bold")
        page.note(sources + 0.12, top + 0.6, text, linespacing=1.3)
        page.arrow((sources + widths[sources], top + tall / 2), (pair_set, top + tall / 2))

    page.box(pair_set, tops[0], widths[pair_set], tops[2] + tall - tops[0], fill="white")
    side = 0.93
    for i, pair in enumerate(pairs[:2]):
        _pair(page, pair, pair_set + 0.12, tops[0] + 0.12 + i * (side + 0.06), side)
    facts = f"matched by name\nsizes and files checked\nresized to {size} × {size}"
    page.note(pair_set + 0.12, tops[2] + 0.46, facts, linespacing=1.45)

    right = pair_set + widths[pair_set]
    texts = ("", "chooses the\nbest epoch", "measured once,\nat the end")
    for top, name, pair, text in zip(
        tops, ("train", "validation", "test"), pairs, texts, strict=False
    ):
        middle = top + tall / 2
        page.arrow((right, middle), (parts, middle))
        page.box(parts, top, widths[parts], tall)
        page.note(parts + 0.12, top + 0.15, name, INK, weight="bold")
        _pair(page, pair, parts + 0.16, top + 0.27, 0.63)
        page.arrow((parts + widths[parts], middle), (uses, middle))
        page.box(uses, top, widths[uses], tall, fill=True if text else "white")
        if text:
            page.note(uses + 0.12, middle, text, linespacing=1.45)
    page.note(uses + 0.12, tops[0] + 0.15, "PairBatches", INK, weight="bold")
    _pair(page, jittered, uses + 0.21, tops[0] + 0.27, 0.63)

    y = tops[2] + tall + 0.3
    bottom = tops[2] + tall
    _pair(page, pairs[0], pair_set + 0.12, y, 0.72)
    page.arrow((pair_set + 0.84, bottom), (pair_set + 0.84, y), style="<|-|>")
    text = f"or one {size} × {2 * size} file a pair:\nlow left, high right"
    page.note(pair_set, y + 0.36, text, align="right", linespacing=1.4)
    text = (
        f"PairBatches jitters both alike: enlarged to {jitter_size} × {jitter_size},\n"
        f"cropped to {size} × {size} at random, half of them mirrored.\n"
        "Levels 0 to 255 become -1 to 1."
    )
    page.note(parts, y + 0.36, text, linespacing=1.4)
    return page


def training_flow(low: np.ndarray, fake: np.ndarray, high: np.ndarray) -> Page:
    """Draw one step of training a conditional GAN: the discriminator's, then the generator's.

    Parameters
    ----------
    low, fake, high : uint8[h, w, 3]
        A dark photo, what a generator made of it, and its ground truth.
    """
    photos = {"low": low, "fake": fake, "high": high}
    page = Page(5.95, photographic=True)
    band, judge, loss, total = 1.98, 3.86, 5.42, 7.56  # left edges of the columns
    tall, first, second = 2.45, 0.12, 2.77
    for top in (first, second):
        page.box(band, top, WIDTH - MARGIN - band, tall, LINE, SHADE, linewidth=0.8, zorder=1)

    # Left: one pass of the generator, whose picture both steps use.
    side, x = 0.95, 0.3
    centre = x + side / 2
    made = {"low": first + 0.62, "fake": second + 1.1}
    for name, y in made.items():
        page.photo(photos[name], x, y, side, edge=EDGES[name])
        page.write(centre, y - 0.14, name, BODY, EDGES[name], weight="bold")
    generator = 2.42
    page.box(x - 0.08, generator, side + 0.16, 0.62, GENERATOR)
    page.write(centre, generator + 0.31, "generator", weight="bold")
    page.arrow((centre, made["low"] + side), (centre, generator))
    page.arrow((centre, generator + 0.62), (centre, made["fake"] - 0.26))
    page.write(centre, first + 0.2, "One forward pass", weight="bold")

    # Step 1.
    page.title(band + 0.2, first + 0.23, "1  Discriminator")
    rows = (first + 0.82, first + 1.66)
    _judge(page, judge, rows[0] - 0.3, 1.44)
    for y, name, target in ((rows[0], "high", "1: real"), (rows[1], "fake", "0: fake")):
        _inputs(page, photos, ("low", name), band + 0.25, y, judge)
        page.arrow((judge + JUDGE, y), (loss, y))
        _loss(page, loss, y, "cross-entropy", f"verdicts against {target}", DISCRIMINATOR)
        page.arrow((loss + 1.7, y), (total, y))
    middle = sum(rows) / 2
    page.box(total, rows[0] - 0.3, 1.12, 1.44, DISCRIMINATOR, "white")
    page.write(total + 0.56, middle, "half\nthe sum", BODY, linespacing=1.3)
    y = first + tall - 0.17
    points = [(total + 0.56, rows[1] + 0.3), (total + 0.56, y), (judge + JUDGE / 2, y)]
    _update(page, [*points, (judge + JUDGE / 2, rows[1] + 0.3)], DISCRIMINATOR)
    page.write(loss + 0.85, y - 0.12, "updates the discriminator", SMALL, DISCRIMINATOR)

    # Step 2.
    page.title(band + 0.2, second + 0.23, "2  Generator, against the updated discriminator")
    rows = (second + 0.82, second + 1.66)
    _inputs(page, photos, ("low", "fake"), band + 0.25, rows[0], judge)
    _judge(page, judge, rows[0] - 0.3, 0.6)
    page.arrow((judge + JUDGE, rows[0]), (loss, rows[0]))
    _loss(page, loss, rows[0], "cross-entropy", "verdicts against 1: real", ADVERSARIAL)
    _inputs(page, photos, ("fake", "high"), band + 0.25, rows[1], loss)
    _loss(page, loss, rows[1], "λ · L1", "mean of |high - fake|", L1)
    for y in rows:
        page.arrow((loss + 1.7, y), (total, y))
    page.box(total, rows[0] - 0.3, 1.12, 1.44, GENERATOR, "white")
    page.write(total + 0.56, sum(rows) / 2, "sum")
    y, between, level = second + tall + 0.25, 1.68, generator + 0.31
    points = [(total + 0.56, rows[1] + 0.3), (total + 0.56, y), (between, y), (between, level)]
    _update(page, [*points, (x + side + 0.08, level)], GENERATOR)
    page.write(loss + 0.85, y - 0.12, "updates the generator", SMALL, GENERATOR)

    y = page.height - 0.2
    page.arrow((MARGIN, y), (MARGIN + 0.4, y))
    page.note(MARGIN + 0.5, y, "forward")
    _update(page, [(MARGIN + 1.3, y), (MARGIN + 1.7, y)], MUTED)
    page.note(MARGIN + 1.8, y, "gradient that changes weights")
    return page


def _pair(page: Page, pair: Sequence[np.ndarray], x: float, y: float, side: float) -> None:
    page.photo(pair[0], x, y, side, side)
    page.photo(pair[1], x + side, y, side, side)


def _inputs(
    page: Page, photos: dict[str, np.ndarray], names: Sequence[str], x: float, y: float, to: float
) -> None:
    """Place two small pictures, named below, and an arrow from them."""
    side = 0.6
    for i, name in enumerate(names):
        page.photo(photos[name], x + i * (side + 0.04), y - side / 2, side, edge=EDGES[name])
        page.write(x + i * (side + 0.04) + side / 2, y + 0.41, name, SMALL, EDGES[name])
    page.arrow((x + 2 * side + 0.1, y), (to, y))


def _judge(page: Page, x: float, y: float, height: float) -> None:
    page.box(x, y, JUDGE, height, DISCRIMINATOR)
    page.write(x + JUDGE / 2, y + height / 2, "discriminator", weight="bold")


def _loss(page: Page, x: float, y: float, name: str, text: str, color: str) -> None:
    page.box(x, y - 0.27, 1.7, 0.54, color)
    page.write(x + 0.85, y - 0.1, name, weight="bold")
    page.write(x + 0.85, y + 0.11, text, SMALL)


def _update(page: Page, points: Sequence[Point], color: str) -> None:
    page.path(points, color, linewidth=1.8, linestyle=(0, (4, 2)))
