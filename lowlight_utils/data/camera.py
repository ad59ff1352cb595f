"""What a camera does to light, step by step: `darken` and `record` chain these.

Each step is a function of its own on *linear* images: float64[H, W, 3], proportional to light,
where 1 is the white of the photo.

References
----------
- A. Foi, M. Trimeche, V. Katkovnik, K. Egiazarian, "Practical Poissonian-Gaussian noise
  modeling and fitting for single-image raw-data", IEEE Transactions on Image Processing 17 (10),
  2008.
- EMVA Standard 1288, release 4.0, "Characterization of image sensors and cameras", 2021.
- T. Brooks et al., "Unprocessing images for learned raw denoising", CVPR 2019.
"""

import io

import numpy as np
from PIL import Image

from lowlight_utils.data.srgb import to_levels


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


def roll_off(linear: np.ndarray, knee: float = 0.7) -> np.ndarray:
    """Bend what lies above `knee` so that nothing passes 1: highlights keep their order.

    Parameters
    ----------
    linear : float[...]
        At least 0.
    knee : float
        In (0, 1); below it nothing changes.

    Returns
    -------
    float64[...]
        In [0, 1).
    """
    linear = np.asarray(linear, np.float64)
    above = np.maximum(linear - knee, 0.0) / (1.0 - knee)
    return np.where(linear > knee, knee + (1.0 - knee) * (1.0 - np.exp(-above)), linear)


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


def record(
    linear: np.ndarray,
    rng: np.random.Generator,
    *,
    electrons: tuple[float, float],
    read_noise: tuple[float, float],
    colour: float = 0.2,
) -> np.ndarray:
    """Take the photo: white balance, noise, quantisation, and half of the time a JPEG.

    Parameters
    ----------
    linear : float[H, W, 3]
        The light that reaches the camera.
    rng : numpy.random.Generator
    electrons, read_noise : (float, float)
        Ranges to draw from, see `Darkness`; even on a logarithmic scale.
    colour : float
        Standard deviation of the error of the white balance, in stops of red and of blue. With it
        comes an error of the black level, which tints what is nearly black.

    Returns
    -------
    uint8[H, W, 3]
    """
    red, blue = 2.0 ** rng.normal(0.0, colour, 2) if colour else (1.0, 1.0)
    clean = shift_white_balance(linear, red, blue)
    if colour:
        clean = np.maximum(clean + rng.normal(0.0, 2e-4, 3), 0.0)
    noisy = add_shot_noise(clean, _between(electrons, rng), rng)
    noisy = add_read_noise(noisy, _between(read_noise, rng), rng)
    noisy = correlate_noise(noisy, clean, rng.uniform(0.0, 0.7))
    image = to_levels(quantise(noisy, int(rng.choice((12, 14)))))
    if rng.random() < 0.5:
        image = compress(image, int(rng.integers(60, 98)), bool(rng.integers(2)))
    return image


def compress(image: np.ndarray, quality: int, halve_colour: bool = True) -> np.ndarray:
    """What is left of a picture that was a JPEG in between.

    Parameters
    ----------
    image : uint8[H, W, 3]
    quality : int
        1 to 95 or so, as the JPEG library counts.
    halve_colour : bool
        Store colour at half the resolution (4:2:0), as phones do.

    Returns
    -------
    uint8[H, W, 3]
    """
    file = io.BytesIO()
    subsampling = 2 if halve_colour else 0
    Image.fromarray(image).save(file, "JPEG", quality=quality, subsampling=subsampling)
    return np.asarray(Image.open(file))


def _between(ends: tuple[float, float], rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(*np.log(ends))))
