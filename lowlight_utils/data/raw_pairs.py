"""Pairs from RAW files: the well-exposed development, and several darker ones of the same file.

Wei et al. (2018, section 4.1) made the second part of their training data so, in Lightroom: from
each RAW photograph a darker picture whose luminance is distributed as that of LOL's dark pictures.
Here the light is taken away before the file is developed, from what the sensor counted, and the
noise is that of the sensor: how it grows with the light is measured in the file itself (Foi et al.
2008), and what a shorter exposure would have had beyond what is left of it is added.

References
----------
C. Wei, W. Wang, W. Yang, J. Liu, "Deep Retinex Decomposition for Low-Light Enhancement", BMVC 2018.
A. Foi, M. Trimeche, V. Katkovnik, K. Egiazarian, "Practical Poissonian-Gaussian noise modeling and
fitting for single-image raw-data", IEEE Transactions on Image Processing 17 (10), 2008.
"""

import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import nnls

from lowlight_utils.data.errors import ImageError
from lowlight_utils.data.images import MAX_PIXELS, list_images, resize, write_image
from lowlight_utils.data.kinds import RAW_SUFFIXES
from lowlight_utils.data.raw import develop, expose_to_srgb, opened
from lowlight_utils.data.samples import to_8_bit
from lowlight_utils.data.srgb import LUMINANCE, linear_to_srgb

if TYPE_CHECKING:
    import rawpy

DARK_LEVELS = (2.5, 5.36, 13.29, 25.83, 40.0)
"""Mean level of LOL's dark pictures at these shares of them; see `lowlight_utils.data.darken`."""
SHARES = (0.0, 0.1, 0.5, 0.9, 1.0)
BRIGHT_LEVELS = (80, 150)  # a truth is exposed until its mean level lies between
TILE = 16
QUARTER = 0.917  # of white noise's variance: what a quarter of such tiles lie below


def pair_names(raw: str | os.PathLike, count: int) -> list[str]:
    """Name the pairs of a RAW file, so that `load_splits` takes them for one scene."""
    return [f"{Path(raw).stem}-exposure{number + 1}" for number in range(count)]


def make_pairs(
    source: str | os.PathLike,
    folder: str | os.PathLike,
    count: int = 3,
    side: int = 600,
    seed: int = 0,
    max_pixels: int = MAX_PIXELS,
) -> list[str]:
    """Write the pairs of one RAW file that are not there yet, as low/NAME.png and high/NAME.png.

    Parameters
    ----------
    source : path
        The RAW file.
    folder : path
        Gets ``low/`` and ``high/``. Every file in them is whole.
    count : int
        How many darker developments to make. Their mean levels are spread as LOL's are.
    side : int
        The longest side of the pictures, in pixels.
    seed : int
        What becomes of a file depends on the seed, the file's name and the number alone.
    max_pixels : int
        Larger files are refused.

    Returns
    -------
    list of str
        Names of the pairs that were written.

    Raises
    ------
    ImageError
        The file cannot be read, or holds no mosaic of what a sensor counted.
    """
    folder = Path(folder)
    missing = [
        (number, name)
        for number, name in enumerate(pair_names(source, count))
        if not all((folder / part / f"{name}.png").exists() for part in ("low", "high"))
    ]
    if not missing:
        return []
    with open(source, "rb") as file, opened(file, str(source), max_pixels) as raw:
        developments = _Developments(raw, str(source), side)
        for number, name in missing:
            rng = np.random.default_rng([seed, zlib.crc32(Path(source).stem.encode()), number])
            level = np.interp((number + rng.random()) / count, SHARES, DARK_LEVELS)
            low = developments.darker(level, rng)
            write_image(folder / "high" / f"{name}.png", developments.bright)
            write_image(folder / "low" / f"{name}.png", low)
    return [name for _, name in missing]


class _Developments:
    """The developments of one open RAW file."""

    def __init__(self, raw: "rawpy.RawPy", name: str, side: int) -> None:
        import rawpy

        if raw.raw_type != rawpy.RawType.Flat:
            raise ImageError(
                f"{name}: holds finished colours, not what a sensor counted; pairs are made from"
                " the camera's own RAW files"
            )
        self.raw, self.side = raw, side
        self.counts = raw.raw_image_visible.astype(np.float32)
        self.black = np.array(raw.black_level_per_channel, np.float32)[raw.raw_colors_visible]
        self.white = raw.white_level
        self.light = (self.counts - self.black) / (self.white - self.black)
        period = 1 if raw.raw_pattern is None else len(raw.raw_pattern)  # None: no colour filters
        self.shot, self.read = sensor_noise(self.light, period)
        linear, gain = develop(raw)
        self.small = resize(linear, tuple(-(-length // 8) for length in linear.shape[:2])) / 65535
        self.small *= gain
        self.exposure = self._exposure(np.clip(self._level(1.0), *BRIGHT_LEVELS))
        self.bright = self._finished(linear, gain * self.exposure)

    def darker(self, level: float, rng: np.random.Generator) -> np.ndarray:
        """Develop as if less light had come, so that the picture has this mean level."""
        k = min(1.0, self._exposure(level))
        light = np.maximum(self.light, 0)
        lacking = k * (1 - k) * self.shot * light + (1 - k**2) * self.read
        noisy = k * self.light + rng.normal(size=light.shape).astype(np.float32) * np.sqrt(lacking)
        counts = self.black + noisy * (self.white - self.black)
        self.raw.raw_image_visible[:] = np.rint(np.clip(counts, 0, self.white))
        return self._finished(*develop(self.raw))

    def _level(self, exposure: float) -> float:
        return float((linear_to_srgb(self.small * exposure) @ LUMINANCE).mean() * 255)

    def _exposure(self, level: float) -> float:
        """Find by what the light is to be multiplied for a mean level."""
        least, most = -14.0, 4.0  # stops
        for _ in range(24):
            middle = (least + most) / 2
            least, most = (middle, most) if self._level(2**middle) < level else (least, middle)
        return 2.0**middle

    def _finished(self, linear: np.ndarray, gain: float) -> np.ndarray:
        picture = expose_to_srgb(linear, gain)
        height, width = picture.shape[:2]
        shrink = min(1.0, self.side / max(height, width))
        return to_8_bit(resize(picture, (round(height * shrink), round(width * shrink))))


def sensor_noise(light: np.ndarray, period: int) -> tuple[float, float]:
    """Measure how the variance of a sensor's noise grows with the light: ``shot * light + read``.

    In each tile of 16x16, second differences between pixels of one colour tell the variance; of the
    tiles of like brightness the quieter quarter decides, for those show little but noise.

    Parameters
    ----------
    light : float32[H, W]
        The mosaic, from 0 (black) to 1 (the sensor's white).
    period : int
        Of the colour filters: 2 (Bayer), 6 (X-Trans), or 1 if there are none.

    Returns
    -------
    shot, read : float
        At least 0.
    """
    middle = light[:, period:-period]
    differences = light[:, : -2 * period] - 2 * middle + light[:, 2 * period :]
    means, variances = _in_tiles(middle), _in_tiles(differences**2 / 6)
    bright = _in_tiles((middle > 0.9).astype(np.float32)) == 0  # clipping hides noise
    means, variances = means[bright], variances[bright]
    groups = np.array_split(np.argsort(means), max(1, min(48, len(means) // 8)))
    points = [
        (means[i].mean(), np.quantile(variances[i], 0.25) / QUARTER) for i in groups if len(i)
    ]
    if not points:
        return 0.0, 0.0
    mean, variance = np.array(points).T
    weight = 1 / np.maximum(variance, 1e-12)  # errors are in proportion to what is measured
    shot, read = nnls(
        np.stack([np.maximum(mean, 0), np.ones_like(mean)], 1) * weight[:, None], variance * weight
    )[0]
    return float(shot), float(read)


def _in_tiles(values: np.ndarray) -> np.ndarray:
    rows, columns = (length // TILE for length in values.shape)
    tiles = values[: rows * TILE, : columns * TILE].reshape(rows, TILE, columns, TILE)
    return tiles.mean((1, 3)).ravel()


def find_raws(given: list[str | os.PathLike]) -> Iterator[Path]:
    """List the RAW files that are meant by files and folders.

    Raises
    ------
    ImageError
        A folder holds none.
    """
    for path in map(Path, given):
        if path.is_dir():
            yield from list_images(path, RAW_SUFFIXES, "camera RAW file")
        else:
            yield path
