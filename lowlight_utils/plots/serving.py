"""A drawing of what happens to a photo between the browser and the generator."""

import numpy as np

from lowlight_utils.plots.page import Page, columns_of
from lowlight_utils.plots.style import DISCRIMINATOR, GENERATOR, INK, MUTED, TITLE, TRUTH

STATIONS = (  # title, what it does, what it refuses, its colour
    ("Browser", "the page sends the file,\nblends and shows", "too many bytes", INK),
    (
        "server",
        "Hypercorn receives it,\nin memory, whole",
        "408 too slow\n413 too large\n503 full",
        MUTED,
    ),
    (
        "app",
        "Flask reads options,\nlimits each client",
        "400 no photo\n429 too many\n503 queue full",
        MUTED,
    ),
    ("worker", "a process of its own,\nwatched over", "503 if it dies;\nit comes back", GENERATOR),
    (
        "pipeline",
        "decodes, enhances,\nblends, encodes",
        "413 too many pixels\n415 no picture\n422 damaged",
        GENERATOR,
    ),
)


def serving_flow(low: np.ndarray, enhanced: np.ndarray) -> Page:
    """Draw the stations that a photo passes from the browser to the generator and back.

    Parameters
    ----------
    low, enhanced : uint8[h, w, 3]
        A dark photo, and what came back.
    """
    page = Page(3.55, photographic=True)
    gap, top, tall = 0.19, 0.62, 1.0
    lefts, wide = columns_of(len(STATIONS), gap)
    for left, (title, does, refuses, color) in zip(lefts, STATIONS, strict=True):
        centre = left + wide / 2
        page.box(left, top, wide, tall, color)
        page.write(centre, top + 0.24, title, weight="bold")
        page.note(centre, top + 0.64, does, INK, align="center", linespacing=1.3)
        place = (left + 0.05, top + tall + 0.14)
        page.note(*place, refuses, DISCRIMINATOR, valign="top", linespacing=1.35)
    for left in lefts[1:]:
        page.arrow((left - gap, top + 0.36), (left, top + 0.36))
        page.arrow((left, top + 0.72), (left - gap, top + 0.72), TRUTH)
    inside = (lefts[1] + lefts[2] + wide) / 2
    page.write(inside, 0.3, "the server's process: no decoder", TITLE, MUTED)
    page.write((lefts[3] + lefts[4] + wide) / 2, 0.3, "the worker's process", TITLE, GENERATOR)

    side, y = 0.82, 2.6
    page.photo(low, lefts[0], y, side, side, edge=INK)
    page.photo(enhanced, lefts[0] + side + 0.1, y, side, side, edge=TRUTH)
    text = "goes in: any JPEG, PNG, WebP, TIFF, AVIF or HEIC, with the camera's notes"
    page.note(lefts[1] + 0.25, y + 0.26, text, INK)
    text = "comes back: full size, upright, sRGB, no notes; nothing of it is left on disk"
    page.note(lefts[1] + 0.25, y + 0.56, text, TRUTH)
    return page
