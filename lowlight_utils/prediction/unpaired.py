"""Measures of an enhanced photo that has no truth, which is every photo that people take.

They do not say how good a picture is; they say what went wrong in it: highlights burnt out, shadows
left closed, grain brought up, light and dark exchanged. A method can be good at one by doing
nothing, so read them together.
"""

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from lowlight_utils.data.grain import LUMA, grain
from lowlight_utils.data.images import read_image
from lowlight_utils.prediction.evaluate import Evaluation, Method, Table, run_methods

DARK_SHARE = 40  # per cent of the pixels that count as the dark part
LOE_SIDE = 50

TABLE = Table(
    {
        "newly_clipped": ("newly clipped %", ".2f", 17),
        "washed_white": ("washed white %", ".2f", 17),
        "level": ("level", ".1f", 17),
        "dark_level": ("dark level", ".1f", 17),
        "dark_grain": ("dark grain", ".2f", 17),
        "loe": ("LOE", ".1f", 17),
    },
    "Means over {n} photo{s} at full size, without a truth. Newly clipped, washed white, grain and"
    " LOE\n(lightness order error): less is better. Level: the mean, of 255. Dark level: that of"
    " what was the darkest 40 %.",
)


def newly_clipped(low: np.ndarray, image: np.ndarray) -> float:
    """Measure how much of a photo was burnt out: colours that were there and now touch the top.

    Parameters
    ----------
    low, image : uint8[H, W, 3]
        The photo, and what was made of it.

    Returns
    -------
    float
        Per cent of the pixels whose largest channel is 253 or more, and was below 235.
    """
    return 100.0 * float(np.mean((image.max(-1) >= 253) & (low.max(-1) < 235)))


def washed_white(low: np.ndarray, image: np.ndarray) -> float:
    """Measure how much of a photo became white: all three channels at the top.

    Parameters are those of `newly_clipped`.

    Returns
    -------
    float
        Per cent of the pixels whose smallest channel is 247 or more, and was below 225.
    """
    return 100.0 * float(np.mean((image.min(-1) >= 247) & (low.min(-1) < 225)))


def dark_part(low: np.ndarray) -> np.ndarray:
    """Find the darkest two fifths of a photo.

    Returns
    -------
    bool[H, W]
    """
    luma = low @ np.array(LUMA)
    return luma <= np.percentile(luma, DARK_SHARE)


def lightness_order_error(low: np.ndarray, image: np.ndarray) -> float:
    """Count how often light and dark changed places: of two pixels, the brighter one is now darker.

    Parameters are those of `newly_clipped`.

    Returns
    -------
    float
        For a pixel of a 50x50 copy, the mean number of others of which that is so; 0 is best, 2500
        the most. A pixel's lightness is its largest channel.

    References
    ----------
    S. Wang et al., "Naturalness preserved enhancement algorithm for non-uniform illumination
    images", IEEE TIP 22(9), 2013, section IV-B. The size of the copy changes the number, and
    differs between papers.
    """
    before, after = (_lightness(picture) for picture in (low, image))
    order = before[:, None] >= before[None]
    return float(np.sum(order ^ (after[:, None] >= after[None])) / before.size)


def _lightness(picture: np.ndarray) -> np.ndarray:
    small = Image.fromarray(picture.max(-1)).resize((LOE_SIDE, LOE_SIDE), Image.Resampling.BILINEAR)
    return np.asarray(small).ravel()


def measure_unpaired(low: np.ndarray, image: np.ndarray) -> dict[str, float]:
    """Measure all that this module can of one enhanced photo.

    Parameters
    ----------
    low, image : uint8[H, W, 3]
        The photo, and what was made of it.

    Returns
    -------
    dict of str to float
        "newly_clipped" and "washed_white" in per cent; "level", the mean luma; "dark_level", that
        of the pixels which were the darkest 40 %; "dark_grain", the `grain` there; "loe", the
        `lightness_order_error`.

    Raises
    ------
    ValueError
        They differ in size.
    """
    if low.shape != image.shape:
        raise ValueError(f"a photo of {low.shape[:2]} became one of {image.shape[:2]}")
    dark = dark_part(low)
    luma = image @ np.array(LUMA)
    return {
        "newly_clipped": newly_clipped(low, image),
        "washed_white": washed_white(low, image),
        "level": float(luma.mean()),
        "dark_level": float(luma[dark].mean()),
        "dark_grain": grain(image, dark),
        "loe": lightness_order_error(low, image),
    }


def evaluate_unpaired(
    methods: Mapping[str, Method], photos: Sequence[Path], progress: bool = True
) -> Evaluation:
    """Run methods over photos that have no truth, and measure what comes out.

    Parameters
    ----------
    methods : mapping of str to callable
        Name -> uint8[H, W, 3] to uint8[H, W, 3]. "low", the photo as it is, is measured first.
    photos : sequence of Path
        At least one.
    progress : bool
        Show a bar, if there is a terminal to show it on.

    Raises
    ------
    ValueError
        There are no photos, or a method gave something else than a photo of its input's size.
    ImageError
        A photo cannot be read.
    """
    if not photos:
        raise ValueError("there are no photos to evaluate on")
    cases = (
        (path.stem, path, low, functools.partial(measure_unpaired, low))
        for path in photos
        for low in [read_image(path)]
    )
    return Evaluation(run_methods(methods, cases, len(photos), progress), table=TABLE)
