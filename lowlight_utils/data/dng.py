"""A photo as the RAW file of a camera that never was, to show and to test what reads RAW files."""

import os

import numpy as np
import tifffile

from lowlight_utils.data.srgb import to_linear

# Of XYZ to the camera's colours (DNG 1.4, ColorMatrix1): the camera sees sRGB's own primaries.
XYZ_TO_CAMERA = (3.2406, -1.5372, -0.4986, -0.9689, 1.8758, 0.0415, 0.0557, -0.2040, 1.0570)
NEUTRAL = (0.5, 1.0, 0.625)  # what the camera sees of a white wall
BITS, BLACK = 14, 512
ELECTRONS, READ_NOISE = 20_000, 4  # at the sensor's white; the electronics' noise


def write_raw_of(path: str | os.PathLike, image: np.ndarray, seed: int = 0) -> None:
    """Write a photo as a camera would have recorded its scene, with the noise of its sensor.

    Parameters
    ----------
    path : path
        A .dng file.
    image : uint8[H, W, 3]
    seed : int
        For the noise.
    """
    write_dng(path, with_noise(mosaic(to_linear(image)), seed))


def with_noise(light: np.ndarray, seed: int = 0) -> np.ndarray:
    """Count `ELECTRONS` for full light, as they happen to come, with the electronics' noise."""
    rng = np.random.default_rng(seed)
    counted = rng.poisson(ELECTRONS * light) + rng.normal(0, READ_NOISE, light.shape)
    return counted / ELECTRONS


def mosaic(linear: np.ndarray, neutral: tuple[float, ...] = NEUTRAL) -> np.ndarray:
    """Keep of each pixel what a Bayer sensor (RGGB) has a filter for.

    Parameters
    ----------
    linear : float[H, W, 3]
        Linear light; 1 saturates green.
    neutral : (float, float, float)
        What the camera sees of white.

    Returns
    -------
    float[H, W]
        In [0, 1].
    """
    channel = np.array([[0, 1], [1, 2]])
    rows, columns = np.mgrid[: linear.shape[0], : linear.shape[1]]
    of_pixel = channel[rows % 2, columns % 2][..., None]
    return np.take_along_axis(np.clip(linear * np.array(neutral), 0, 1), of_pixel, -1)[..., 0]


def write_dng(
    path: str | os.PathLike,
    light: np.ndarray,
    bits: int = BITS,
    black: int = BLACK,
    neutral: tuple[float, ...] = NEUTRAL,
    orientation: int = 1,
) -> None:
    """Write what a sensor saw as a DNG.

    Parameters
    ----------
    light : float[H, W]
        The mosaic, from 0 to 1.
    bits, black : int
        Where its counts end, 2**bits - 1, and begin.
    neutral : (float, float, float)
        What the camera sees of white.
    orientation : int
        As EXIF has it.
    """

    def rational(values: tuple[float, ...], scale: int = 10_000) -> tuple[int, ...]:
        return tuple(n for value in values for n in (round(value * scale), scale))

    white = 2**bits - 1
    counts = np.rint(np.clip(black + light * (white - black), 0, white))
    tifffile.imwrite(
        path,
        counts.astype(np.uint16),
        photometric="cfa",
        rowsperstrip=16,
        metadata=None,
        software=False,
        extratags=[
            (271, 2, 0, "Test", True),
            (272, 2, 0, "Pinhole", True),
            (274, 3, 1, orientation, True),
            (33421, 3, 2, (2, 2), True),
            (33422, 1, 4, bytes([0, 1, 1, 2]), True),
            (50706, 1, 4, bytes([1, 4, 0, 0]), True),
            (50707, 1, 4, bytes([1, 1, 0, 0]), True),
            (50708, 2, 0, "Test Pinhole", True),
            (50714, 4, 1, black, True),
            (50717, 4, 1, white, True),
            (50721, 10, 9, rational(XYZ_TO_CAMERA), True),
            (50728, 5, 3, rational(neutral), True),
            (50778, 3, 1, 21, True),
        ],
    )
