"""A well-lit photograph -> a realistic dark one, by a small model of a camera.

Each step is a function of its own on *linear* images: float64[H, W, 3], proportional to light,
where 1 is the white of the photo. `darken` chains them:

1. `srgb_to_linear`: undo the display's tone curve;
2. `reopen_highlights`: undo the roll-off that squeezed the photo's brightest parts below white;
3. `expose`: less light;
4. `shift_white_balance`: the camera's guess of the lamp's colour is off;
5. `add_shot_noise`, `add_read_noise`: light comes in grains, and the electronics hiss;
6. `correlate_noise`: demosaicking and resizing smear the noise over neighbouring pixels;
7. `quantise`: the sensor counts in whole numbers;
8. `linear_to_srgb`, and 8 bits.

`DarknessRanges` says how strong each step may be. Its defaults are fitted to the 484 usable
training pairs of LOL [1]_ at 256x256. This command measures the real pairs, darkens their well-lit
halves with draws from the ranges (seed 0), and compares, in levels of 0 to 255::

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
.. [1] C. Wei, W. Wang, W. Yang, J. Liu, "Deep Retinex Decomposition for Low-Light Enhancement",
   BMVC 2018, section 4 (the LOL data set).
.. [2] IEC 61966-2-1:1999, sRGB.
.. [3] A. Foi, M. Trimeche, V. Katkovnik, K. Egiazarian, "Practical Poissonian-Gaussian noise
   modeling and fitting for single-image raw-data", IEEE Transactions on Image Processing 17 (10),
   2008.
.. [4] EMVA Standard 1288, release 4.0, "Characterization of image sensors and cameras", 2021.
.. [5] T. Brooks et al., "Unprocessing images for learned raw denoising", CVPR 2019.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np


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


def reopen_highlights(linear: np.ndarray, strength: float) -> np.ndarray:
    """Undo the roll-off of a well-lit photo's highlights: ``x * (1 + strength * x**4)``.

    A camera bends the top of its tone curve so that bright things fit below white. A dark exposure
    of the same scene lies far below that bend, so there the same things stand out more. In LOL's
    pairs, what is at level 255 in the bright image is, in the dark one, 0.7 to 2.9 stops (10th and
    90th percentile of the pairs; median 1.7) brighter than the mid-tones' ratio predicts; at
    level 207 it is 0.3 stops, below 170 next to nothing. The fourth power follows that. Without
    this step, and at the same mean level, the dark images have 16 % too little contrast.

    Parameters
    ----------
    linear : float[...]
        In [0, 1].
    strength : float
        At least 0. White becomes ``1 + strength``, mid-grey stays.

    Returns
    -------
    float64[...]
        In [0, 1 + strength].

    References
    ----------
    Brooks et al. 2019, section 3.1 ("Tone mapping"), invert a camera's tone curve for the same
    reason; the polynomial is ours.
    """
    if strength < 0:
        raise ValueError(f"strength is {strength}; highlights can only be reopened by 0 or more")
    linear = np.asarray(linear, np.float64)
    return linear * (1 + strength * linear**4)


def expose(linear: np.ndarray, stops: float) -> np.ndarray:
    """Change the amount of light: each stop doubles it, each stop below 0 halves it.

    Parameters
    ----------
    linear : float[...]
    stops : float
        -5 leaves a 32nd of the light.

    Returns
    -------
    float64[...]
    """
    return np.asarray(linear, np.float64) * 2.0**stops


def shift_white_balance(linear: np.ndarray, red_gain: float, blue_gain: float) -> np.ndarray:
    """Scale red and blue against green, as a wrong guess of the lamp's colour does.

    Parameters
    ----------
    linear : float[..., 3]
    red_gain, blue_gain : float
        Above 0; 1 changes nothing.

    Returns
    -------
    float64[..., 3]
    """
    if min(red_gain, blue_gain) <= 0:
        raise ValueError(f"gains are {red_gain} and {blue_gain}; they have to be above 0")
    return np.asarray(linear, np.float64) * np.array([red_gain, 1.0, blue_gain])


def add_shot_noise(
    linear: np.ndarray, electrons: float, rng: np.random.Generator | int
) -> np.ndarray:
    """Count light in electrons: each pixel becomes a Poisson draw around its mean.

    The variance grows with the light, ``linear / electrons``, so the signal-to-noise ratio grows
    with its square root: this is why dark pictures are noisy.

    Parameters
    ----------
    linear : float[...]
        Negative values count as 0.
    electrons : float
        What a pixel at linear 1 collects; above 0. It is a number for the pixel of the *finished*
        picture: one of 256x256 pools hundreds of the sensor's.
    rng : numpy.random.Generator or int
        The generator, or a seed.

    Returns
    -------
    float64[...]

    References
    ----------
    Foi et al. 2008, section II; EMVA 1288, section 2.2.
    """
    if electrons <= 0:
        raise ValueError(f"electrons is {electrons}; a pixel has to be able to collect some")
    mean = np.maximum(np.asarray(linear, np.float64), 0) * electrons
    return np.random.default_rng(rng).poisson(mean) / electrons


def add_read_noise(linear: np.ndarray, sigma: float, rng: np.random.Generator | int) -> np.ndarray:
    """Add the electronics' noise: Gaussian, and the same in shadows and highlights.

    Parameters
    ----------
    linear : float[...]
    sigma : float
        Standard deviation, in units of linear light; at least 0. ``sigma * electrons`` is what
        data sheets give, in electrons.
    rng : numpy.random.Generator or int
        The generator, or a seed.

    Returns
    -------
    float64[...]
        Can be below 0.

    References
    ----------
    Foi et al. 2008, section II; EMVA 1288, section 2.4 ("temporal dark noise").
    """
    linear = np.asarray(linear, np.float64)
    return linear + np.random.default_rng(rng).normal(0, sigma, linear.shape)


def correlate_noise(noisy: np.ndarray, clean: np.ndarray, correlation: float) -> np.ndarray:
    """Smear the noise, and only the noise, over neighbouring pixels.

    A sensor's pixel sees one colour and takes the other two from its neighbours; resizing mixes
    pixels too. Neither changes how strong noise is here, only how grainy it looks.

    Parameters
    ----------
    noisy, clean : float[H, W, 3]
        The image with independent noise, and without.
    correlation : float
        Of the noise of two pixels side by side, or one above the other: in [0, 0.7].

    Returns
    -------
    float64[H, W, 3]
        ``clean`` plus the smeared noise, whose variance is what it was.
    """
    if not 0 <= correlation <= 0.7:
        raise ValueError(f"correlation is {correlation}; this filter reaches from 0 to 0.7")
    if correlation == 0:
        return np.asarray(noisy, np.float64)
    # White noise filtered with [t, 1, t] correlates by 2t / (1 + 2t²) between neighbours.
    t = (1 - np.sqrt(1 - 2 * correlation**2)) / (2 * correlation)
    noise = np.subtract(noisy, clean)
    for axis in (0, 1):
        neighbours = np.roll(noise, 1, axis) + np.roll(noise, -1, axis)
        noise = (noise + t * neighbours) / np.sqrt(1 + 2 * t**2)
    return clean + noise


def quantise(linear: np.ndarray, bits: int) -> np.ndarray:
    """Round to what an analogue-to-digital converter can say, and clip to black and white.

    Parameters
    ----------
    linear : float[...]
    bits : int
        1 to 16; cameras have 10 to 14.

    Returns
    -------
    float64[...]
        One of ``2**bits`` evenly spaced values in [0, 1].
    """
    if not 1 <= bits <= 16:
        raise ValueError(f"bits is {bits}; has to be from 1 to 16")
    steps = 2**bits - 1
    return np.rint(np.clip(np.asarray(linear, np.float64), 0, 1) * steps) / steps


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
