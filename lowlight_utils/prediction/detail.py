"""Carry an enhancement that was computed on a small copy over to the full-size photo.

Around each pixel of the small copy, what the network did is summed up as an affine map of colours,
``output = slope @ input + offset`` (three by three, and three). Slopes and offsets vary smoothly
over the picture, so that they can be enlarged; applied to the full-size photo, they carry its own
detail along. This is the fast guided filter (He and Sun 2015), and bilateral guided upsampling
(Chen et al. 2016) without its grid, with two changes:

- The offset is what remains of the small output, pixel by pixel, not an average. At the small size
  the result is the network's output exactly, whatever the slopes; they scale only detail that is
  finer.
- The slopes are those of a Wiener filter: the photo's noise counts against them, as far as the
  network itself took noise away. Where it took none, the photo's finest grain stays as it is.

References
----------
K. He, J. Sun, "Fast guided filter", arXiv:1505.00996, 2015.
J. Chen et al., "Bilateral guided upsampling", ACM TOG 35(6), 2016.
"""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from lowlight_utils.data.images import to_image, to_network
from lowlight_utils.prediction.guided import box_mean

LEVEL = 1 / 127.5  # one level of an 8-bit picture, in the networks' range
ROUNDING = LEVEL**2 / 12  # the variance that rounding to 8-bit levels adds
RIDGE = LEVEL**2 / 32  # below this variance a neighbourhood says nothing about the slope
RADIUS = 1  # statistics, and then the smoothing of slopes, take 3x3 pixels of the small copy
DENOISED = 0.05  # share of the variance that, once taken away, marks the network as denoising
STRIP = 64  # rows in work at a time: some 20 MB at 4000 pixels a row
BLOCK = 16  # side of the squares in which noise is measured
BLOCK_ROWS = 64  # as many rows of such squares are looked at, spread over the photo


def noise_variance(photo: np.ndarray) -> np.ndarray:
    """Estimate how noisy a photo is, pixel by pixel.

    The diagonal differences within 2x2 pixels, which edges and slopes of light hardly touch, are
    squared and averaged in squares of 16x16; the quieter quarter of the squares, which show little
    but noise, decide. Nearly black and nearly white squares are left out: clipping hides noise.

    Parameters
    ----------
    photo : uint8[H, W, 3] or uint16[H, W, 3]

    Returns
    -------
    float64[3]
        Variance in each channel, in the networks' units (a level is 1 / 127.5); 0 in a photo too
        small or too black to tell.

    References
    ----------
    D. Donoho, I. Johnstone, "Ideal spatial adaptation by wavelet shrinkage", Biometrika 81(3),
    1994, for noise from the finest diagonal details.
    """
    height, width = (side // BLOCK for side in photo.shape[:2])
    if not height or not width:
        return np.zeros(3)
    energies, means = [], []
    for row in np.unique(np.linspace(0, height - 1, BLOCK_ROWS).astype(int)):
        strip = _levels(photo[row * BLOCK : (row + 1) * BLOCK, : width * BLOCK])
        diagonal = strip[::2, ::2] - strip[1::2, ::2] - strip[::2, 1::2] + strip[1::2, 1::2]
        energy = (diagonal.astype(np.float32) / 2) ** 2
        energies.append(energy.reshape(BLOCK // 2, width, BLOCK // 2, 3).mean((0, 2)))
        means.append(strip.reshape(BLOCK, width, BLOCK, 3).mean((0, 2)))
    energies, means = np.concatenate(energies), np.concatenate(means)
    variance = np.zeros(3)
    for channel in range(3):
        clear = (means[:, channel] > 3) & (means[:, channel] < 250)
        if clear.any():
            variance[channel] = np.percentile(energies[clear, channel], 25)
    return variance * LEVEL**2


def _levels(photo: np.ndarray) -> np.ndarray:
    """Give a photo in levels of 8 bits, as numbers that may be subtracted."""
    return photo.astype(np.int16) if photo.dtype == np.uint8 else photo / np.float32(257)


def fit_affine(
    before: np.ndarray, after: np.ndarray, noise: np.ndarray, rounding: float = ROUNDING
) -> tuple[np.ndarray, np.ndarray]:
    """Sum up, around each pixel, what a network did to its input as an affine map of colours.

    Parameters
    ----------
    before, after : float32[h, w, 3]
        The network's input and output, in [-1, 1].
    noise : float[3]
        Variance of the noise in the full-size photo, see `noise_variance`.
    rounding : float
        Variance that rounding added to that photo; next to none at 16 bits.

    Returns
    -------
    slope : float32[3, 3, h, w]
        ``slope[c, i]`` says how channel `c` of the output follows channel `i` of the input.
    offset : float32[3, h, w]
        ``after[c] - sum(slope[c, i] * before[i])``.
    """
    height, width = before.shape[:2]
    slope = np.empty((3, 3, height, width), np.float32)

    def fit(top: int) -> None:
        # With the rows around it that its own statistics need.
        first, bottom = max(0, top - RADIUS), min(top + STRIP, height)
        rows = slice(first, min(bottom + RADIUS, height))
        slope[:, :, top:bottom] = _slopes(before[rows], after[rows], noise + rounding)[
            :, :, top - first : bottom - first
        ]

    _each(fit, range(0, height, STRIP))
    offset = np.moveaxis(after, -1, 0).astype(np.float32)
    for c in range(3):
        for i in range(3):
            slope[c, i] = box_mean(slope[c, i], RADIUS)
            offset[c] -= slope[c, i] * before[..., i]
    return slope, offset


def _slopes(before: np.ndarray, after: np.ndarray, noise: np.ndarray) -> np.ndarray:
    # Variances below a level squared, beside squares near 1: this needs double precision.
    x = np.moveaxis(before, -1, 0).astype(np.float64)
    y = np.moveaxis(after, -1, 0).astype(np.float64)
    x_mean = [box_mean(plane, RADIUS) for plane in x]
    y_mean = [box_mean(plane, RADIUS) for plane in y]
    left = np.empty((*x.shape[1:], 3, 3))  # covariances of the input's channels
    right = np.empty_like(left)  # of the input's with the output's
    for i in range(3):
        for j in range(3):
            right[..., i, j] = box_mean(x[i] * y[j], RADIUS) - x_mean[i] * y_mean[j]
            if j >= i:
                left[..., i, j] = box_mean(x[i] * x[j], RADIUS) - x_mean[i] * x_mean[j]
                left[..., j, i] = left[..., i, j]

    denoised = np.zeros(x.shape[1:])
    for i in range(3):
        variance, covariance = left[..., i, i], right[..., i, i]
        y_variance = box_mean(y[i] * y[i], RADIUS) - y_mean[i] ** 2
        # What the output does not share of the input's variance, the network took away.
        removed = variance - covariance**2 / np.maximum(y_variance, 1e-12)
        np.maximum(denoised, removed / (DENOISED * variance + 1e-9), out=denoised)
    np.clip(denoised, 0, 1, out=denoised)

    dark = 1 + 4 * LEVEL  # from [-1, 1] to brightness; four levels keep black's ratio finite
    for i in range(3):
        # Where the input is flat, its unseen detail is brightened as much as the input itself.
        right[..., i, i] += RIDGE * (y_mean[i] + dark) / (x_mean[i] + dark)
        left[..., i, i] += RIDGE + denoised * noise[i]
    return np.linalg.solve(left, right).transpose(3, 2, 0, 1)


def apply_affine(
    photo: np.ndarray,
    slope: np.ndarray,
    offset: np.ndarray,
    strip: int = STRIP,
    depth: int = 8,
) -> np.ndarray:
    """Enlarge the affine maps to a photo's size and apply them, a strip of rows at a time.

    Parameters
    ----------
    photo : uint8[H, W, 3] or uint16[H, W, 3]
    slope : float32[3, 3, h, w]
    offset : float32[3, h, w]
        See `fit_affine`; h and w may be any sizes.
    strip : int
        Rows at a time. It decides how much memory is used, not what comes out.
    depth : int
        8 or 16 bits a channel of what comes out.

    Returns
    -------
    uint8[H, W, 3] or uint16[H, W, 3]
    """
    height, width = photo.shape[:2]
    small_height, small_width = offset.shape[1:]
    slopes = [[Image.fromarray(plane) for plane in row] for row in slope]
    offsets = [Image.fromarray(plane) for plane in offset]
    result = np.empty(photo.shape, to_image(np.zeros((1, 1, 3)), depth).dtype)

    def enhance(top: int) -> None:
        bottom = min(top + strip, height)
        rows = (0, top * small_height / height, small_width, bottom * small_height / height)

        def enlarge(plane: Image.Image) -> np.ndarray:
            size = (width, bottom - top)
            return np.asarray(plane.resize(size, Image.Resampling.BILINEAR, box=rows))

        colours = np.ascontiguousarray(np.moveaxis(to_network(photo[top:bottom]), -1, 0))
        enhanced = np.empty((bottom - top, width, 3), np.float32)
        for c in range(3):
            plane = enlarge(offsets[c]).copy()
            for i in range(3):
                plane += enlarge(slopes[c][i]) * colours[i]
            enhanced[..., c] = plane
        result[top:bottom] = to_image(enhanced, depth)

    _each(enhance, range(0, height, strip))
    return result


def take_solvers_memory() -> None:
    """Let the solver of `fit_affine` take its memory now.

    OpenBLAS takes it at its first use in each thread, and where there is none left it ends the
    process rather than raise an error. Before the first photo there is enough.
    """
    many = np.tile(np.eye(3), (STRIP * 256, 1, 1))
    _each(lambda _: np.linalg.solve(many, many), range(4))


def _each(work: Callable, parts: Iterable) -> None:
    # NumPy and Pillow let go of the interpreter's lock; more threads would cost more memory.
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for _ in pool.map(work, parts):
            pass
