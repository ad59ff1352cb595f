"""Local means, and the guided filter built from them."""

import numpy as np
from scipy.ndimage import uniform_filter


def box_mean(plane: np.ndarray, radius: int) -> np.ndarray:
    """Average each value of ``float[H, W]`` over the square of side 2 * radius + 1 around it.

    Beyond the border the outermost values repeat.
    """
    return uniform_filter(plane, 2 * radius + 1, mode="nearest")


def guided_filter(
    guide: np.ndarray, plane: np.ndarray, radius: int, regularisation: float
) -> np.ndarray:
    """Smooth a plane, but not across the edges of a guide.

    Parameters
    ----------
    guide, plane : float[H, W]
        Both in [0, 1]; they may be the same array.
    radius : int
        Half the side of the squares that are averaged, in pixels.
    regularisation : float
        Variance of the guide below which a square counts as flat.

    Returns
    -------
    float[H, W]

    References
    ----------
    K. He, J. Sun, X. Tang, "Guided image filtering", IEEE TPAMI 35(6), 2013, algorithm 1.
    """
    guide_mean, plane_mean = box_mean(guide, radius), box_mean(plane, radius)
    variance = box_mean(guide * guide, radius) - guide_mean**2
    covariance = box_mean(guide * plane, radius) - guide_mean * plane_mean
    slope = covariance / (variance + regularisation)
    offset = plane_mean - slope * guide_mean
    return box_mean(slope, radius) * guide + box_mean(offset, radius)
