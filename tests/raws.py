"""DNG files for the tests: ``from raws import mosaic, write_dng``."""

import numpy as np
import tifffile

# Of XYZ to the camera's colours (DNG 1.4, ColorMatrix1): the camera sees sRGB's own primaries.
XYZ_TO_CAMERA = (3.2406, -1.5372, -0.4986, -0.9689, 1.8758, 0.0415, 0.0557, -0.2040, 1.0570)
NEUTRAL = (0.5, 1.0, 0.625)  # what the camera sees of a white wall


def mosaic(linear, bits=12, black=128, neutral=NEUTRAL):
    """What a Bayer sensor (RGGB) counts of float[H, W, 3], where 1 saturates green."""
    white = 2**bits - 1
    seen = black + np.clip(linear * np.array(neutral), 0, 1) * (white - black)
    counts = np.rint(seen).astype(np.uint16)
    channel = np.array([[0, 1], [1, 2]])
    rows, columns = np.mgrid[: linear.shape[0], : linear.shape[1]]
    return np.take_along_axis(counts, channel[rows % 2, columns % 2][..., None], -1)[..., 0]


def write_dng(path, counts, bits=12, black=128, neutral=NEUTRAL, orientation=1):
    """Write what a sensor counted as a DNG; the path is given back."""

    def rational(values, scale=10_000):
        return tuple(n for value in values for n in (round(value * scale), scale))

    tifffile.imwrite(
        path,
        counts,
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
            (50717, 4, 1, 2**bits - 1, True),
            (50721, 10, 9, rational(XYZ_TO_CAMERA), True),
            (50728, 5, 3, rational(neutral), True),
            (50778, 3, 1, 21, True),
        ],
    )
    return path
