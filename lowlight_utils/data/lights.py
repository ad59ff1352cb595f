"""Kinds of bad light: a well-lit photo -> what a camera makes of it there, and what is wanted.

`lowlight_utils.data.darken` is one kind, LOL's: an evenly dark room, measured. People's photos have
more of them. Each function here takes a well-lit photo and a random generator, and returns a pair,
(low, high): "uneven" light with windows and lamps, or "backlit" with its shadows opened more,
"night", "dim" light on scenes of any brightness, and photos that are "lit" well already and should
be left alone.

Their ranges are not fitted to a data set, as `DarknessRanges` is: they are wide, so that a network
learns what they have in common. The steps are those of `darken`; only the order of a camera's work
is kept, in `record`.
"""

from collections.abc import Callable

import numpy as np
from scipy.ndimage import gaussian_filter

from lowlight_utils.data.camera import expose, record, reopen_highlights, roll_off
from lowlight_utils.data.darken import Bell, darken, draw_darkness
from lowlight_utils.data.srgb import LUMINANCE, to_levels, to_linear

Pair = tuple[np.ndarray, np.ndarray]


def even_light(photo: np.ndarray, rng: np.random.Generator) -> Pair:
    """An evenly dark room, as LOL's; the truth is the photo. See `darken`.

    Parameters
    ----------
    photo : uint8[H, W, 3]
    rng : numpy.random.Generator

    Returns
    -------
    low, high : uint8[H, W, 3]
    """
    return darken(photo, draw_darkness(rng), rng), photo


def dim_light(photo: np.ndarray, rng: np.random.Generator) -> Pair:
    """Less light than the camera wanted, in scenes that are brighter or darker themselves.

    The truth is not always the photo: its brightness is drawn first, within a stop or so, as
    scenes differ; then it loses 1.5 to 6.5 stops. So a dark photo of a dark scene should stay
    darker than one of a bright scene, and a camera noisier than LOL's took it.

    Parameters and result are those of `even_light`.
    """
    high = to_levels(roll_off(expose(to_linear(photo), Bell(-0.1, 0.5, -1.2, 0.3).draw(rng))))
    linear = reopen_highlights(to_linear(high), rng.uniform(0.0, 3.0))
    linear = expose(linear, Bell(-3.8, 0.6, -6.5, -1.5).draw(rng))
    return record(linear, rng, electrons=(2e3, 1e5), read_noise=(5e-5, 1e-3)), high


def uneven_light(
    photo: np.ndarray, rng: np.random.Generator, opened: tuple[float, float] = (0.0, 1.2)
) -> Pair:
    """Windows, lamps, a low sun: what is bright stays about as it was, what is dark goes dark.

    The loss, in stops, follows the photo's own light and a smooth random field, see `light_field`.
    The truth is the photo with its shadows opened: next to a window, a person expects to see into
    the room. They are opened along a curve, as `open_shadows` does it, and not by the field: so
    what was lighter stays lighter, wherever in the picture it is.

    Parameters and result are those of `even_light`, and `opened` by how many stops the truth's
    deepest shadows are opened, drawn evenly between the two.
    """
    linear = to_linear(photo)
    field = light_field(linear, rng)[..., None]
    darkest, brightest = rng.uniform(-5.0, -1.0), rng.uniform(-0.4, 0.1)
    low = linear * 2.0 ** (darkest + (brightest - darkest) * field)
    high = to_levels(roll_off(open_shadows(linear, rng.uniform(*opened))))
    low = record(low, rng, electrons=(1e3, 5e4), read_noise=(1e-4, 2e-3), colour=0.1)
    return low, high


def backlight(photo: np.ndarray, rng: np.random.Generator) -> Pair:
    """Uneven light whose truth shows more of the shadows, see `uneven_light`.

    Parameters and result are those of `even_light`.
    """
    return uneven_light(photo, rng, opened=(1.0, 2.4))


def night(photo: np.ndarray, rng: np.random.Generator) -> Pair:
    """Night: 1.5 to 8 stops less light, and a noisier camera than LOL's.

    The truth is the photo, whose whites are bent a little below white, as in dim and uneven light:
    so that what a lamp or a sky has of shape and colour is not asked to burn out.

    Parameters and result are those of `even_light`.
    """
    linear = to_linear(photo)
    low = reopen_highlights(linear, rng.uniform(0.5, 4.0))
    low = expose(low, Bell(-4.5, 1.5, -8.0, -1.5).draw(rng))
    low = record(low, rng, electrons=(2e3, 1e5), read_noise=(5e-5, 1e-3), colour=0.1)
    return low, to_levels(roll_off(linear))


def well_lit(photo: np.ndarray, rng: np.random.Generator) -> Pair:
    """A photo that needs nothing: the truth is what was exposed, without the noise.

    Parameters and result are those of `even_light`.
    """
    linear = expose(to_linear(photo), rng.uniform(-0.7, 0.2))
    high = to_levels(linear)
    low = record(linear, rng, electrons=(2e4, 4e5), read_noise=(2e-5, 1e-4), colour=0.0)
    return low, high


LIGHTS: dict[str, Callable[[np.ndarray, np.random.Generator], Pair]] = {
    "even": even_light,
    "dim": dim_light,
    "uneven": uneven_light,
    "backlit": backlight,
    "night": night,
    "lit": well_lit,
}
"""By name, as a recipe's field `lights` gives them."""


def open_shadows(linear: np.ndarray, stops: float) -> np.ndarray:
    """Raise the shadows along a curve of luminance, which keeps the order of what is lighter.

    Down to two stops below white nothing changes, so that a deep blue sky stays as it is; from six
    and a half stops on all of `stops` is added; in between it rises smoothly. The three colours are
    raised alike, so that hues stay.

    Parameters
    ----------
    linear : float[H, W, 3]
    stops : float
        In [0, 3]: more would turn the order round.

    Returns
    -------
    float64[H, W, 3]
    """
    if not 0 <= stops <= 3:
        raise ValueError(f"stops is {stops}; shadows can be opened by 0 to 3")
    luminance = np.asarray(linear, np.float64) @ LUMINANCE
    depth = np.clip((-2.0 - np.log2(luminance + 1e-6)) / 4.5, 0.0, 1.0)
    return linear * 2.0 ** (stops * depth**2 * (3.0 - 2.0 * depth))[..., None]


def light_field(linear: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw how much of its light each part of a photo keeps, from 0 (least) to 1 (all).

    Bright parts keep more: the field follows the logarithm of the photo's luminance, smoothed but
    not to the last edge, mixed with a smooth random field, and bent so that there is a lit and an
    unlit side.

    Parameters
    ----------
    linear : float[H, W, 3]
    rng : numpy.random.Generator

    Returns
    -------
    float64[H, W]
        In [0, 1]; both ends occur.
    """
    side = min(linear.shape[:2])
    light = np.log2(linear @ LUMINANCE + 1e-3)
    light = 0.6 * gaussian_filter(light, side * rng.uniform(0.008, 0.055)) + 0.4 * light
    dark, bright = np.percentile(light, (5, 97))
    own = np.clip((light - dark) / (bright - dark + 1e-6), 0, 1)
    chance = gaussian_filter(rng.normal(size=light.shape), side * rng.uniform(0.08, 0.27))
    mixed = own + rng.uniform(0.0, 0.5) * (_stretch(chance) - own)
    bent = 1.0 / (1.0 + np.exp((rng.uniform(0.45, 0.85) - mixed) / rng.uniform(0.05, 0.2)))
    return _stretch(bent)


def _stretch(values: np.ndarray) -> np.ndarray:
    least, most = values.min(), values.max()
    return (values - least) / (most - least + 1e-9)
