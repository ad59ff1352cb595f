"""A photo's noise: how much there is, where a network took it away, and the smoothing of the rest.

Local variance decides: what exceeds the noise is detail and stays (Lee 1980).

References
----------
J.-S. Lee, "Digital image enhancement and noise filtering by use of local statistics", IEEE TPAMI
2(2), 1980.
"""

import numpy as np

from lowlight_utils.data.images import to_network
from lowlight_utils.prediction.guided import box_mean

DENOISED = 0.05  # share of the variance that, once taken away, marks the network as denoising
RADII = (2, 3, 3)
"""Of the squares that are smoothed: of brightness, and of colour, whose noise is coarser."""

QUIET = 5  # per cent of the squares of a brightness that show its noise and little else
ROUNDED = np.array([0.25, 0.5, 0.5]) / 127.5**2  # what rounding and JPEG leave of a smooth shadow
UNLIKELY = 3  # times the noise at other levels is more than noise varies
SHADES = 4096  # of brightness; from one level to the next noise may change by a quarter
BLOCK = 16  # side of the squares in which noise is measured
BLOCK_ROWS = 32  # as many rows of such squares are looked at, spread over the photo


def noise_by_level(photo: np.ndarray) -> np.ndarray:
    """Estimate how noisy a photo is.

    The variance around each pixel is averaged in squares of 16x16. Of the squares of about the same
    brightness the quietest decide, which show little but noise. Where even those show much more
    than others do, they show texture: noise varies little over the levels of sRGB, whose curve is
    near the root that evens out the noise of light.

    Parameters
    ----------
    photo : uint8[H, W, 3] or uint16[H, W, 3]

    Returns
    -------
    float32[256, 3]
        Variance by level of brightness: of brightness and of two differences of colours, in the
        networks' units (a level is 1 / 127.5); 0 for a photo too small to tell.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(0, 4, (128, 128, 3))
    >>> photo = np.rint(100 + noise).astype(np.uint8)
    >>> levels = 127.5 * np.sqrt(noise_by_level(photo)[100])
    >>> levels.round().tolist()
    [2.0, 5.0, 5.0]
    """
    height, width = (side // BLOCK for side in photo.shape[:2])
    bright, varied = [], []
    for row in np.unique(np.linspace(0, height - 1, BLOCK_ROWS).astype(int)) if height else ():
        first = max(0, row * BLOCK - max(RADII))
        strip = to_network(photo[first : (row + 1) * BLOCK + max(RADII), : width * BLOCK])
        rows = slice(row * BLOCK - first, row * BLOCK - first + BLOCK)
        planes = _opponent(strip)
        local = [_mean_and_variance(*pair)[1][rows] for pair in zip(planes, RADII, strict=True)]
        squares = [x.reshape(BLOCK, width, BLOCK).mean((0, 2)) for x in (planes[0][rows], *local)]
        bright.append(squares[0])
        varied.append(np.transpose(squares[1:]))
    if height * width < 8:
        return np.zeros((256, 3), np.float32)
    brightness, variances = np.concatenate(bright), np.concatenate(varied)
    kinds = np.array_split(np.argsort(brightness), min(12, len(brightness) // 4))
    at = np.array([brightness[kind].mean() for kind in kinds])
    quiet = np.array([np.percentile(variances[kind], QUIET, axis=0) for kind in kinds])
    clear = _clear(at)  # what is nearly black is taken to be as noisy as what is just brighter
    at, quiet = at[clear], quiet[clear]
    quiet = np.minimum(quiet, UNLIKELY * np.percentile(quiet, 25, axis=0))
    quiet = np.maximum(quiet, ROUNDED if photo.dtype == np.uint8 else 0)
    level = np.linspace(-1, 1, 256)
    return np.stack([np.interp(level, at, plane) for plane in quiet.T], -1).astype(np.float32)


def _clear(brightness: np.ndarray) -> np.ndarray:
    """Say which levels hide no noise by clipping; all, if there are none such."""
    clear = np.abs(brightness) < 1 - 6 / 127.5
    return clear if clear.any() else ~clear


def brighten_noise(noise: np.ndarray, curves: np.ndarray) -> np.ndarray:
    """Say what a photo's noise becomes once the curves have been applied to it, by new shade."""
    level, shade = np.linspace(-1, 1, 256), np.linspace(-1, 1, SHADES)
    curve = np.interp(level, np.linspace(-1, 1, len(curves)), curves.mean(-1))
    brightened = noise * np.gradient(curve, level)[:, None] ** 2
    return np.stack([np.interp(shade, curve, plane) for plane in brightened.T], -1)


def denoised_share(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Say where a network took noise away: from 0, where it did not, to 1.

    Parameters
    ----------
    before, after : float32[h, w, 3]

    Returns
    -------
    float32[h, w]
    """
    x, y = before.mean(-1, dtype=np.float64), after.mean(-1, dtype=np.float64)
    (x_mean, variance), (y_mean, y_variance) = (_mean_and_variance(z, 1) for z in (x, y))
    covariance = box_mean(x * y, 1) - x_mean * y_mean
    # What the output does not share of the input's variance, the network took away.
    removed = variance - covariance**2 / np.maximum(y_variance, 1e-12)
    share = np.clip(removed / (DENOISED * variance + 1e-9), 0, 1)
    return box_mean(share, 1).astype(np.float32)


def smooth(picture: np.ndarray, noise: np.ndarray, rows: slice, denoised: np.ndarray) -> np.ndarray:
    """Take noise out of some rows of a picture, as far as `denoised` says."""
    shade, planes = None, []
    for channel, (plane, radius) in enumerate(zip(_opponent(picture), RADII, strict=True)):
        mean, variance = (part[rows] for part in _mean_and_variance(plane, radius))
        if shade is None:
            shade = np.clip(np.rint((mean + 1) / 2 * (SHADES - 1)), 0, SHADES - 1).astype(np.uint16)
        share = np.minimum(noise[shade, channel] / np.maximum(variance, 1e-9), 1)
        share *= denoised
        planes.append(plane[rows] + share * (mean - plane[rows]))
    brightness, red, blue = planes
    green = brightness - (red + blue) / 4
    return np.stack([green + red, green, green + blue], -1)


def _opponent(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Split colours into brightness and two differences; of a grey those are exactly 0."""
    red, green, blue = np.moveaxis(picture, -1, 0)
    return (red + blue) / 4 + green / 2, red - green, blue - green


def _mean_and_variance(plane: np.ndarray, radius: int) -> tuple[np.ndarray, np.ndarray]:
    mean = box_mean(plane, radius)
    return mean, np.maximum(box_mean(plane * plane, radius) - mean * mean, 0)
