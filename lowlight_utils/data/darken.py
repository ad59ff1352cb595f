"""A well-lit photograph -> a realistic dark one, by a small model of a camera.

`darken` chains the steps of `lowlight_utils.data.camera`, on linear images, between the two ends of
`lowlight_utils.data.srgb`:

1. `srgb_to_linear`: undo the display's tone curve;
2. `reopen_highlights`: undo the roll-off that squeezed the photo's brightest parts below white;
3. `expose`: less light;
4. `shift_white_balance`: the camera's guess of the lamp's colour is off;
5. `add_shot_noise`, `add_read_noise`: light comes in grains, and the electronics hiss;
6. `correlate_noise`: demosaicking and resizing smear the noise over neighbouring pixels;
7. `quantise`: the sensor counts in whole numbers;
8. `linear_to_srgb`, and 8 bits.

`DarknessRanges` says how strong each step may be. Its defaults are fitted to the 484 usable
training pairs of LOL (Wei et al. 2018) at 256x256. This command measures the real pairs, darkens
their well-lit halves with draws from the ranges (seed 0), and compares, in levels of 0 to 255::

    python -m lowlight_utils.data.darken_fit LOW HIGH --leave-out 648

=====================  ======  ======  ======  ======
over 484 images          mean    10 %    50 %    90 %
=====================  ======  ======  ======  ======
mean level, real        15.24    5.36   13.29   25.83
mean level, darkened    15.55    5.16   12.83   28.45
contrast, real          10.71    4.82    9.33   17.36
contrast, darkened      10.59    3.82    9.65   17.18
noise, real              0.61    0.47    0.57    0.79
noise, darkened          0.62    0.45    0.59    0.80
=====================  ======  ======  ======  ======

(contrast: standard deviation of all levels; noise: `darken_fit.noise_sigma`). Other seeds move the
mean level by up to half a level. Photos with more contrast than LOL's rooms keep it: the 43
bundled ones come out at 16 to 20 mean level and 15 to 19 contrast, depending on the seed.

What the model leaves out. In LOL, scenes with a dimmer bright image were darkened less; here the
exposure knows nothing of the scene, so its spread is set narrower than measured (1.1 instead of 1.3
stops) for the images' brightness to spread alike. Real shadows are a little brighter than these
(stray light in the lens). LOL's red channel is noisier than its green one; ours are alike. And
there are no lamps in the picture, no motion blur and no pattern in the noise.

References
----------
C. Wei, W. Wang, W. Yang, J. Liu, "Deep Retinex Decomposition for Low-Light Enhancement",
BMVC 2018, section 4 (the LOL data set).
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lowlight_utils.data.camera import (
    add_read_noise,
    add_shot_noise,
    correlate_noise,
    expose,
    quantise,
    reopen_highlights,
    shift_white_balance,
)
from lowlight_utils.data.srgb import linear_to_srgb, srgb_to_linear, to_levels, to_linear

__all__ = [
    "Bell",
    "Darkness",
    "DarknessRanges",
    "add_read_noise",
    "add_shot_noise",
    "correlate_noise",
    "darken",
    "darkening_steps",
    "draw_darkness",
    "expose",
    "linear_to_srgb",
    "quantise",
    "reopen_highlights",
    "shift_white_balance",
    "srgb_to_linear",
]


@dataclass(frozen=True)
class Darkness:
    """How one photo is darkened: the arguments of the steps."""

    highlights: float
    """Strength of `reopen_highlights`."""
    stops: float
    """Exposure; below 0 is darker."""
    red_gain: float
    blue_gain: float
    electrons: float
    """Electrons at linear 1: fewer are noisier."""
    read_noise: float
    """Standard deviation in linear units."""
    noise_correlation: float
    bits: int


@dataclass(frozen=True)
class Bell:
    """A normal distribution, drawn again until the value lies in [low, high]."""

    mean: float
    sd: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if self.sd < 0 or not self.low <= self.mean <= self.high:
            raise ValueError(f"{self}: needs sd >= 0 and low <= mean <= high")

    def draw(self, rng: np.random.Generator) -> float:
        # The mean lies inside, so that on average fewer than a few draws are thrown away.
        while not self.low <= (value := rng.normal(self.mean, self.sd)) <= self.high:
            pass
        return float(value)


@dataclass(frozen=True)
class DarknessRanges:
    """From what `draw_darkness` draws; the defaults are fitted to LOL's dark images.

    For other cameras or darker nights make another one, such as
    ``DarknessRanges(stops=Bell(-4, 0.5, -5, -3))``.
    """

    highlights: tuple[float, float] = (0.5, 4.0)
    """Even between the two."""
    stops: Bell = Bell(-5.6, 1.1, -8.0, -2.5)
    red_stops: Bell = Bell(-0.05, 0.3, -1.0, 1.0)
    """The red gain, in stops."""
    blue_stops: Bell = Bell(-0.15, 0.35, -1.0, 1.0)
    electrons: tuple[float, float] = (5e4, 1.8e5)
    """Even between the two on a logarithmic scale."""
    read_noise: tuple[float, float] = (5e-5, 1.5e-4)
    """Even between the two on a logarithmic scale."""
    noise_correlation: float = 0.22
    bits: tuple[int, ...] = (12, 14)
    """One of these."""


def draw_darkness(rng: np.random.Generator | int, ranges: DarknessRanges | None = None) -> Darkness:
    """Draw how one photo is to be darkened.

    Parameters
    ----------
    rng : numpy.random.Generator or int
        The generator, or a seed: the same seed gives the same darkness.
    ranges : DarknessRanges, optional
        By default those that are fitted to LOL.

    Examples
    --------
    >>> draw_darkness(0) == draw_darkness(0)
    True
    """
    rng = np.random.default_rng(rng)
    ranges = ranges or DarknessRanges()
    return Darkness(
        highlights=float(rng.uniform(*ranges.highlights)),
        stops=ranges.stops.draw(rng),
        red_gain=2 ** ranges.red_stops.draw(rng),
        blue_gain=2 ** ranges.blue_stops.draw(rng),
        electrons=float(np.exp(rng.uniform(*np.log(ranges.electrons)))),
        read_noise=float(np.exp(rng.uniform(*np.log(ranges.read_noise)))),
        noise_correlation=ranges.noise_correlation,
        bits=int(rng.choice(ranges.bits)),
    )


def darken(image: np.ndarray, darkness: Darkness, rng: np.random.Generator | int) -> np.ndarray:
    """Darken one photo.

    Parameters
    ----------
    image : uint8[H, W, 3]
        A well-lit photo, sRGB.
    darkness : Darkness
        See `draw_darkness`.
    rng : numpy.random.Generator or int
        For the noise: the generator, or a seed.

    Returns
    -------
    uint8[H, W, 3]
        sRGB.

    Raises
    ------
    ValueError
        `image` is not of that type and shape, or a setting is out of its range.

    Examples
    --------
    >>> photo = np.full((64, 64, 3), 180, np.uint8)
    >>> dark = darken(photo, draw_darkness(7), rng=7)
    >>> bool(dark.mean() < photo.mean() / 3)
    True
    """
    _, linear = deque(_steps(image, darkness, rng), maxlen=1).pop()
    return to_levels(linear)


def darkening_steps(
    image: np.ndarray, darkness: Darkness, rng: np.random.Generator | int
) -> dict[str, np.ndarray]:
    """Darken one photo and keep what it looks like after each step.

    Parameters and errors are those of `darken`.

    Returns
    -------
    dict of str to uint8[H, W, 3]
        In order, from "photo" to "quantisation"; the last one is what `darken` returns. All but the
        first two are dark: show them with `expose(srgb_to_linear(x / 255), -darkness.stops)`.
    """
    return {name: to_levels(linear) for name, linear in _steps(image, darkness, rng)}


def _steps(
    image: np.ndarray, darkness: Darkness, rng: np.random.Generator | int
) -> Iterator[tuple[str, np.ndarray]]:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[-1] != 3:
        raise ValueError(
            f"needs uint8[H, W, 3] with values 0 to 255, but got {image.dtype}{list(image.shape)}"
        )
    rng = np.random.default_rng(rng)
    linear = to_linear(image)
    yield "photo", linear
    linear = reopen_highlights(linear, darkness.highlights)
    yield "highlights", linear
    linear = expose(linear, darkness.stops)
    yield "exposure", linear
    clean = shift_white_balance(linear, darkness.red_gain, darkness.blue_gain)
    yield "white balance", clean
    linear = add_shot_noise(clean, darkness.electrons, rng)
    yield "shot noise", linear
    linear = add_read_noise(linear, darkness.read_noise, rng)
    yield "read noise", linear
    linear = correlate_noise(linear, clean, darkness.noise_correlation)
    yield "noise correlation", linear
    yield "quantisation", quantise(linear, darkness.bits)
