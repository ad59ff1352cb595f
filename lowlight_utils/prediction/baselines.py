"""What one can do without learning: the methods that a trained generator has to beat.

Each takes a ``uint8[H, W, 3]`` picture in sRGB and gives one of the same shape. Those that change
levels pixel by pixel work on the value (the largest of the three channels) and scale the other
two along, so that hue and saturation stay as they are.
"""

from collections.abc import Callable

import numpy as np
from skimage import exposure

from lowlight_utils.prediction.guided import guided_filter

AUTO_TARGET = 0.4  # the mean that auto gamma aims at, the same as the generators' auto exposure


def gamma(image: np.ndarray, exponent: float = 1 / 2.2) -> np.ndarray:
    """Brighten with one fixed curve, ``u ** exponent`` with u in [0, 1]."""
    curve = (np.arange(256) / 255) ** exponent
    return _to_uint8(curve)[image]


def auto_gamma(image: np.ndarray, target: float = AUTO_TARGET) -> np.ndarray:
    """Gamma with the exponent that takes a grey of the picture's mean level to `target`.

    ``u ** (log(target) / log(mean(u)))``. A picture brighter than `target` is darkened.
    """
    mean = np.clip(image.mean() / 255, 0.5 / 255, 0.98)  # both logarithms stay finite, and not 0
    return gamma(image, float(np.log(target) / np.log(mean)))


def equalise_histogram(image: np.ndarray) -> np.ndarray:
    """Spread the values evenly from black to white (histogram equalisation)."""
    # The darkest value there is becomes black again: equalising leaves it at its share of pixels.
    return _on_value(
        image, lambda v: exposure.rescale_intensity(exposure.equalize_hist(v), out_range=(0, 1))
    )


def clahe(image: np.ndarray, clip_limit: float = 0.03) -> np.ndarray:
    """Equalise histograms locally, with limited contrast (CLAHE).

    In 8 by 8 tiles, blended into one another. K. Zuiderveld, "Contrast limited adaptive histogram
    equalization", Graphics Gems IV, 1994.
    """
    return _on_value(image, lambda v: exposure.equalize_adapthist(v, clip_limit=clip_limit))


def lime(image: np.ndarray, exponent: float = 0.8) -> np.ndarray:
    """Divide the picture by its illumination, after LIME.

    The illumination is the largest channel, smoothed within objects but not across their edges by
    a guided filter (in place of LIME's own optimisation), and raised to `exponent` so that
    some shade is left. Noise is not removed.

    X. Guo, Y. Li, H. Ling, "LIME: low-light image enhancement via illumination map estimation",
    IEEE TIP 26(2), 2017.
    """
    brightest = image.max(axis=-1) / 255
    radius = max(1, round(0.03 * max(image.shape[:2])))
    light = guided_filter(brightest, brightest, radius, regularisation=1e-3)
    light = np.clip(light, 4 / 255, 1) ** exponent  # a black picture's light is not known
    return _to_uint8(image / 255 / light[..., None])


BASELINES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "gamma 2.2": gamma,
    "auto gamma": auto_gamma,
    "histogram equalisation": equalise_histogram,
    "CLAHE": clahe,
    "LIME": lime,
}
"""The baselines by the names under which tables and figures show them."""


def _on_value(image: np.ndarray, change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    # What HSV does when its value changes, without its three planes in double precision.
    value = image.max(axis=-1) / 255
    if value.min() == value.max():
        return image.copy()  # one value has no contrast to spread
    changed = change(value)
    result = _to_uint8(image * (changed / np.maximum(value * 255, 1))[..., None])
    black = value == 0  # which has no hue to keep: grey
    result[black] = _to_uint8(changed[black])[:, None]
    return result


def _to_uint8(unit: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(unit, 0, 1) * 255).astype(np.uint8)
