"""Pairs made from well-lit photos: the bundled ones, Kodak's, or one's own."""

import csv
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from lowlight_utils.data.darken import DarknessRanges, darken, draw_darkness
from lowlight_utils.data.grain import take_out_grain
from lowlight_utils.data.images import Size, list_images, read_image, resize
from lowlight_utils.data.lights import LIGHTS
from lowlight_utils.data.pairs import PairSet
from lowlight_utils.recipe import require_allowed

PARTS = ("train", "validation", "test")

EVEN = "even"


def sample_dir() -> Path:
    """Find the bundled photos: inside an installed package, or in data/sample of a clone."""
    return _bundled("sample", "LICENCES.csv")


def _bundled(name: str, inside: str) -> Path:
    here = Path(__file__).resolve().parent
    for folder in (here / name, here.parents[1] / "data" / name):
        if (folder / inside).is_file():
            return folder
    raise FileNotFoundError(f"the bundled photos are not beside {here}; install the package again")


def sample_photos(part: str) -> list[Path]:
    """List the bundled, well-lit photographs of one part, by name.

    Parameters
    ----------
    part : {"train", "validation", "test"}
    """
    if part not in PARTS:
        raise ValueError(f"part is {part!r}; has to be one of {', '.join(PARTS)}")
    return list_images(sample_dir() / part)


def sample_credits(names: Iterable[str]) -> str:
    """Name the authors of bundled photos whose licence (CC BY) asks for it.

    Parameters
    ----------
    names : iterable of str
        Names of photos, such as "pagoda".

    Returns
    -------
    str
        To stand beneath a picture that shows them; empty if no licence asks for it.

    Examples
    --------
    >>> sample_credits(["cat", "pagoda"])
    'Photo pagoda by danielbuechele (CC BY 2.0).'
    """
    with open(sample_dir() / "LICENCES.csv", encoding="utf-8", newline="") as file:
        rows = {Path(row["file"]).stem: row for row in csv.DictReader(file)}
    named = [
        f"{name} by {rows[name]['author']} ({rows[name]['licence'].replace('CC-BY-', 'CC BY ')})"
        for name in names
        if rows[name]["licence"].startswith("CC-BY-")
    ]
    return f"Photo{'s' * (len(named) > 1)} {', '.join(named)}." if named else ""


def sample_pairs(
    part: str,
    size: Size = 256,
    copies: int = 1,
    seed: int = 0,
    ranges: DarknessRanges | None = None,
    lights: str = EVEN,
    views: str = "whole",
) -> PairSet:
    """Pairs made from the bundled photos, by darkening them.

    Parameters
    ----------
    part : {"train", "validation", "test"}
        The photos are 384x384 at most.
    size, copies, seed, ranges, lights, views
        See `photo_pairs`, which gives the result too.

    Examples
    --------
    >>> print(sample_pairs("test", size=64).summary())
    8 pairs of 64x64 from 8 scenes; mean level 18.3 (low) and 119.0 (high) of 255, high is 6.5 times
    as bright (median)
    """
    return photo_pairs(sample_photos(part), size, copies, seed, ranges, lights, views)


def kodak_pairs(
    size: Size = 256, copies: int = 1, seed: int = 0, lights: str = EVEN, views: str = "whole"
) -> PairSet:
    """Pairs made from Kodak's 24 bundled photographs, 768x512; see `photo_pairs`."""
    folder = _bundled("kodak", "kodim01.jpg")
    return photo_pairs(list_images(folder), size, copies, seed, None, lights, views)


def photo_pairs(
    photos: Sequence[Path],
    size: Size = 256,
    copies: int = 1,
    seed: int = 0,
    ranges: DarknessRanges | None = None,
    lights: str = EVEN,
    views: str = "whole",
) -> PairSet:
    """Pairs made from well-lit photos, by taking their light away.

    Parameters
    ----------
    photos : sequence of Path
    size : int or (height, width)
        What the photos are resized to before they lose their light.
    copies : int
        How often each photo is used, each time differently.
    seed : int
        What becomes of a photo depends on the seed, the photo's name and the number of the copy
        alone.
    ranges : DarknessRanges, optional
        Of even light; by default those that are fitted to LOL.
    lights : str
        Which of `LIGHTS`, joined with "+": the copies of a photo take them in turn.
    views : {"whole", "random", "clean"}
        "random": each copy shows another square of the photo, see `random_view`. "clean": the same,
        without the photo's own grain, which a network would learn to paint (`take_out_grain`).

    Returns
    -------
    PairSet
        Named after the photos, which are also the scenes; from the second copy on with a number.

    Raises
    ------
    ValueError
        `copies` is below 1; `lights` or `views` are unknown; or random views are to be oblong.
    """
    if copies < 1:
        raise ValueError(f"copies is {copies}; has to be at least 1")
    require_allowed(views=views, lights=lights)
    side = size if isinstance(size, int) else 0
    if views != "whole" and not side:
        raise ValueError(f"views {views!r} are squares, and size is {size}; give one number")
    kinds = lights.split("+")
    lows, highs, names, scenes = [], [], [], []
    for path in photos:
        photo = read_image(path)
        photo = take_out_grain(photo) if views == "clean" else photo
        whole = resize(photo, size) if views == "whole" else None  # the same for every copy
        for copy in range(copies):
            rng = np.random.default_rng([seed, zlib.crc32(path.stem.encode()), copy])
            light = kinds[copy % len(kinds)]
            shown = resize(random_view(photo, side, rng), size) if whole is None else whole
            if light == EVEN:
                low, high = darken(shown, draw_darkness(rng, ranges), rng), shown
            else:
                low, high = LIGHTS[light](shown, rng)
            lows.append(low)
            highs.append(high)
            names.append(f"{path.stem}-{copy + 1}" if copy else path.stem)
            scenes.append(path.stem)
    return PairSet(np.stack(lows), np.stack(highs), tuple(names), tuple(scenes))


def random_view(photo: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Cut a random square out of a photo, at least `size` pixels a side if there are as many.

    A small square keeps the photo's own pixels, so that noise that is added later is as fine as a
    camera's; a large one, once shrunk, shows the whole scene.

    Parameters
    ----------
    photo : uint8[H, W, 3]
    size : int
    rng : numpy.random.Generator

    Returns
    -------
    uint8[side, side, 3]
        Not resized yet.
    """
    height, width = photo.shape[:2]
    most = min(height, width)
    side = round(np.exp(rng.uniform(np.log(min(size, most)), np.log(most))))
    top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
    return photo[top : top + side, left : left + side]
