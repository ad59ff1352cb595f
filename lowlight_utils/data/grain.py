"""The finest grain of a picture: how much there is, and how to take it out."""

import numpy as np
from skimage.restoration import denoise_nl_means

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
BLOCK = 8  # of 2x2 differences: squares of 16x16 pixels


def grain(image: np.ndarray, where: np.ndarray | None = None) -> float:
    """Measure the finest grain of a picture, in its quieter parts.

    The diagonal differences within 2x2 pixels hardly see edges and slopes of light. They are
    squared and averaged in squares of 16x16, and the quieter quarter of the squares decides,
    because those show little but noise.

    Parameters
    ----------
    image : uint8[H, W, 3]
    where : bool[H, W], optional
        Only squares that lie in it almost wholly count; by default all do.

    Returns
    -------
    float
        Standard deviation in levels; not a number if fewer than five squares count.

    References
    ----------
    D. Donoho, I. Johnstone, "Ideal spatial adaptation by wavelet shrinkage", Biometrika 81(3),
    1994, for noise from the finest diagonal details.
    """
    height, width = (side // (2 * BLOCK) * 2 * BLOCK for side in image.shape[:2])
    luma = image[:height, :width] @ np.array(LUMA)
    diagonal = (luma[::2, ::2] - luma[1::2, ::2] - luma[::2, 1::2] + luma[1::2, 1::2]) / 2.0
    energy = _in_blocks(diagonal**2)
    if where is not None:
        energy = energy[_in_blocks(where[:height:2, :width:2].astype(float)) > 0.9]
    return float(np.sqrt(np.percentile(energy, 25))) if energy.size >= 5 else float("nan")


def _in_blocks(values: np.ndarray) -> np.ndarray:
    rows, columns = (side // BLOCK for side in values.shape)
    return values.reshape(rows, BLOCK, columns, BLOCK).mean((1, 3))


def take_out_grain(image: np.ndarray) -> np.ndarray:
    """Take a well-lit photo's own grain out, so that no network learns to paint it.

    Parameters
    ----------
    image : uint8[H, W, 3]

    Returns
    -------
    uint8[H, W, 3]
        The photo, smoothed where patches around resemble each other to within its `grain`; as it
        is if it has none, or is too small to tell.

    References
    ----------
    A. Buades, B. Coll, J.-M. Morel, "A non-local algorithm for image denoising", CVPR 2005.
    """
    sigma = grain(image) / 255.0
    if not sigma > 0:
        return image
    smooth = denoise_nl_means(
        image / 255.0, patch_size=5, patch_distance=5, h=sigma, sigma=sigma, channel_axis=-1
    )
    return np.rint(np.clip(smooth, 0, 1) * 255).astype(np.uint8)
