"""sRGB's tone curve: from a display's levels to light, and back."""

import numpy as np

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
"""Of linear red, green and blue (IEC 61966-2-1)."""


def srgb_to_linear(srgb: np.ndarray) -> np.ndarray:
    """Undo sRGB's tone curve.

    Parameters
    ----------
    srgb : float[...]
        In [0, 1]; divide 8-bit levels by 255 first.

    Returns
    -------
    float64[...]
        Linear light in [0, 1].

    References
    ----------
    IEC 61966-2-1:1999, section 5.2.
    """
    srgb = np.asarray(srgb, np.float64)
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def linear_to_srgb(linear: np.ndarray) -> np.ndarray:
    """Apply sRGB's tone curve; the inverse of `srgb_to_linear`.

    Parameters
    ----------
    linear : float[...]
        Linear light; what lies outside [0, 1] is clipped.

    Returns
    -------
    float64[...]
        In [0, 1].
    """
    linear = np.clip(np.asarray(linear, np.float64), 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def to_linear(image: np.ndarray) -> np.ndarray:
    """Turn uint8 sRGB into linear light, float64 in [0, 1]."""
    return srgb_to_linear(np.arange(256) / 255)[image]


def to_levels(linear: np.ndarray) -> np.ndarray:
    """Turn linear light into uint8 sRGB; what lies outside [0, 1] is clipped."""
    return np.rint(linear_to_srgb(linear) * 255).astype(np.uint8)
