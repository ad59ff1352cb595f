"""Carry an enhancement that was computed on a small copy over to the full-size photo.

1. What the network did to the small copy is summed up as one tone curve a channel, and the curves
   are applied to the full-size photo: pixel by pixel, so that a thin dark stroke is treated as dark
   and fine detail keeps its contrast.
2. The photo's noise, which the curves brighten too, is smoothed where the network smoothed it in
   the small copy. Local variance decides: what exceeds the noise is detail and stays (Lee 1980).
3. What the network did beyond the curves, such as lighting one side more than the other, is the
   difference between its output and the small copy with the curves applied. It is smooth, so that
   it can be enlarged, and is added.

References
----------
J.-S. Lee, "Digital image enhancement and noise filtering by use of local statistics", IEEE TPAMI
2(2), 1980.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from lowlight_utils.backend import cores
from lowlight_utils.data.images import to_image, to_network
from lowlight_utils.prediction.guided import box_mean

KNOTS = 13  # of the tone curve, closer together where it is dark
STEEPEST = 10  # of 8 bits, where it is steeper a level more or less is rounding and not detail
STIFFNESS = 1e-3  # of the tone curve, where the photo has few pixels of a level
DENOISED = 0.05  # share of the variance that, once taken away, marks the network as denoising
RADII = (2, 3, 3)
"""Of the squares that are smoothed: of brightness, and of colour, whose noise is coarser."""

CAUTION = 1.6  # what varies by no more than this many times the noise is noise
QUIET = 5  # per cent of the squares of a brightness that show its noise and little else
ROUNDED = np.array([0.25, 0.5, 0.5]) / 127.5**2  # what rounding and JPEG leave of a smooth shadow
UNLIKELY = 3  # times the noise at other levels is more than noise varies
SHADES = 4096  # of brightness; from one level to the next noise may change by a quarter
STRIP = 64  # rows in work at a time: some 20 MB at 4000 pixels a row
BLOCK = 16  # side of the squares in which noise is measured
BLOCK_ROWS = 32  # as many rows of such squares are looked at, spread over the photo


def carry_over(
    photo: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
    *,
    smoothing: float = 1.0,
    strip: int = STRIP,
    depth: int = 8,
) -> np.ndarray:
    """Do to a photo what was done to a small copy of it.

    Parameters
    ----------
    photo : uint8[H, W, 3] or uint16[H, W, 3]
    before, after : float32[h, w, 3]
        The small copy and what the network made of it, in [-1, 1].
    smoothing : float
        How much of the noise to take away where the network did, from 0 to 1.
    strip : int
        Rows at a time. It decides how much memory is used, not what comes out.
    depth : int
        8 or 16 bits a channel of what comes out.

    Returns
    -------
    uint8[H, W, 3] or uint16[H, W, 3]
    """
    height, width = photo.shape[:2]
    curves = tone_curves(before, after, levels=np.iinfo(photo.dtype).max + 1)
    beyond = [Image.fromarray(plane) for plane in _beyond(before, after, curves)]
    noise = CAUTION * _brighten_noise(noise_by_level(photo), curves)
    share = np.float32(smoothing) * denoised_share(before, after)
    smooths = noise.any() and share.any()
    denoised = Image.fromarray(share)
    result = np.empty(photo.shape, to_image(np.zeros((1, 1, 3)), depth).dtype)

    def enhance(top: int) -> None:
        bottom = min(top + strip, height)
        small_height, small_width = before.shape[:2]
        rows = (top * small_height / height, bottom * small_height / height)
        box = (0, rows[0], small_width, rows[1])

        def enlarge(plane: Image.Image) -> np.ndarray:
            return np.asarray(plane.resize((width, bottom - top), Image.Resampling.BILINEAR, box))

        if smooths:
            first = max(0, top - max(RADII))  # with the rows around it that its own means need
            around = _apply(curves, photo[first : bottom + max(RADII)])
            inside = slice(top - first, bottom - first)
            enhanced = _smooth(around, noise, inside, enlarge(denoised))
        else:
            enhanced = _apply(curves, photo[top:bottom])
        for channel in range(3):
            enhanced[..., channel] += enlarge(beyond[channel])
        result[top:bottom] = to_image(enhanced, depth)

    _each(enhance, range(0, height, strip))
    return result


def tone_curves(before: np.ndarray, after: np.ndarray, levels: int = 256) -> np.ndarray:
    """Sum up what was done to a picture as one curve a channel.

    Each has straight pieces, fitted by least squares to all pixels, and never falls.

    Parameters
    ----------
    before, after : float[h, w, 3]
        In [-1, 1].
    levels : int
        256, or 65536 for a photo of 16 bits.

    Returns
    -------
    float32[levels, 3]
        What becomes of each level, in [-1, 1].

    Examples
    --------
    >>> before = np.linspace(-1, 0, 300).reshape(10, 10, 3)
    >>> curves = tone_curves(before, 2 * before + 1)  # twice as bright
    >>> curves[[0, 64, 200], 0].round(2).tolist()
    [-1.0, 0.0, 1.0]
    """
    knots = 2 * np.linspace(0, 1, KNOTS) ** 2 - 1
    bends = np.diff(np.diff(np.eye(KNOTS), axis=0) / np.diff(knots)[:, None], axis=0) / KNOTS
    stiff = STIFFNESS * bends.T @ bends + 1e-12 * np.eye(KNOTS)
    level = np.linspace(-1, 1, levels)
    curves = np.empty((levels, 3), np.float32)
    for channel in range(3):
        x = np.clip(before[..., channel].ravel(), -1, 1).astype(np.float64)
        change = after[..., channel].ravel() - x  # of a picture that is left alone, exactly none
        piece = np.clip(np.searchsorted(knots, x, "right") - 1, 0, KNOTS - 2)
        right = (x - knots[piece]) / np.diff(knots)[piece]
        left = 1 - right

        def total(
            at_left: np.ndarray, at_right: np.ndarray, piece: np.ndarray = piece
        ) -> np.ndarray:
            sums = np.bincount(piece, at_left, KNOTS) + np.bincount(piece + 1, at_right, KNOTS)
            return sums / len(piece)

        beside = total(left * right, 0 * right)[:-1]
        equations = np.diag(total(left**2, right**2)) + np.diag(beside, 1) + np.diag(beside, -1)
        changes = np.linalg.solve(equations + stiff, total(left * change, right * change))
        curve = np.maximum.accumulate(np.clip(level + np.interp(level, knots, changes), -1, 1))
        if levels == 256:
            falls = np.minimum(np.diff(curve)[::-1], STEEPEST / 127.5)
            curve[:-1] = (curve[-1] - np.cumsum(falls))[::-1]
        curves[:, channel] = curve
    return curves


def _apply(curves: np.ndarray, photo: np.ndarray) -> np.ndarray:
    return np.stack([curves[photo[..., channel], channel] for channel in range(3)], -1)


def _beyond(before: np.ndarray, after: np.ndarray, curves: np.ndarray) -> Iterable[np.ndarray]:
    level = np.linspace(-1, 1, len(curves))
    for x, y, curve in zip(
        np.moveaxis(before, -1, 0), np.moveaxis(after, -1, 0), curves.T, strict=True
    ):
        yield (y - np.interp(x, level, curve)).astype(np.float32)


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


def _brighten_noise(noise: np.ndarray, curves: np.ndarray) -> np.ndarray:
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


def _smooth(
    picture: np.ndarray, noise: np.ndarray, rows: slice, denoised: np.ndarray
) -> np.ndarray:
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


def take_solvers_memory() -> None:
    """Let the solver of `tone_curves` take its memory now.

    OpenBLAS takes it at its first use, and where there is none left it ends the process rather than
    raise an error. Before the first photo there is enough.
    """
    tone_curves(np.zeros((1, 1, 3)), np.zeros((1, 1, 3)))


def _each(work: Callable, parts: Iterable) -> None:
    # NumPy and Pillow let go of the interpreter's lock; more threads would cost more memory.
    with ThreadPoolExecutor(min(4, cores())) as pool:
        for _ in pool.map(work, parts):
            pass
