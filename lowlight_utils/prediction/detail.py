"""Carry an enhancement that was computed on a small copy over to the full-size photo.

1. What the network did to the small copy is summed up as one tone curve a channel, and the curves
   are applied to the full-size photo: pixel by pixel, so that a thin dark stroke is treated as dark
   and fine detail keeps its contrast.
2. The photo's noise, which the curves brighten too, is smoothed where the network smoothed it in
   the small copy, see `lowlight_utils.prediction.noise`.
3. What the network did beyond the curves, such as lighting one side more than the other, is the
   difference between its output and the small copy with the curves applied. It is smooth, so that
   it can be enlarged, and is added.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from lowlight_utils.data.images import to_image
from lowlight_utils.machine import cores
from lowlight_utils.prediction.noise import (
    RADII,
    brighten_noise,
    denoised_share,
    noise_by_level,
    smooth,
)

KNOTS = 13  # of the tone curve, closer together where it is dark
STEEPEST = 10  # of 8 bits, where it is steeper a level more or less is rounding and not detail
STIFFNESS = 1e-3  # of the tone curve, where the photo has few pixels of a level
CAUTION = 1.6  # what varies by no more than this many times the noise is noise
STRIP = 64  # rows in work at a time: some 20 MB at 4000 pixels a row


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
    noise = CAUTION * brighten_noise(noise_by_level(photo), curves)
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
            enhanced = smooth(around, noise, inside, enlarge(denoised))
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
