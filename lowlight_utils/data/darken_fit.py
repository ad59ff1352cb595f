"""Measure real dark photos, and how close `darken` comes to them.

::

    python -m lowlight_utils.data.darken_fit LOW HIGH [--leave-out 648]

LOW and HIGH are folders of matched pictures: LOL's ``our485/low`` and ``our485/high`` for the
numbers that `lowlight_utils.data.darken` states. First comes what the pairs say about the model's
settings, which is what `DarknessRanges` was chosen from; then the comparison of the real dark
images with the bright ones darkened.
"""

import argparse
from collections.abc import Iterable

import numpy as np

from lowlight_utils.data.darken import (
    DarknessRanges,
    darken,
    draw_darkness,
    srgb_to_linear,
)
from lowlight_utils.data.pairs import PairSet

PERCENTILES = (10, 50, 90)


def noise_sigma(image: np.ndarray) -> float:
    """Estimate the noise of an image from what a plane through each 3x3 block leaves over.

    Fine texture counts as noise too, so compare only images of the same scenes.

    Parameters
    ----------
    image : number[H, W, 3]

    Returns
    -------
    float
        Standard deviation in the image's units, mean over channels.

    References
    ----------
    J. Immerkær, "Fast noise variance estimation", Computer Vision and Image Understanding 64 (2),
    1996.
    """
    rest = np.asarray(image, np.float64)
    for _ in range(2):  # [1, -2, 1] down, then across
        rest = (rest[:-2] - 2 * rest[1:-1] + rest[2:]).swapaxes(0, 1)
    return float(np.sqrt(np.pi / 2) / 6 * np.abs(rest).mean())


def measure_image(image: np.ndarray) -> dict[str, float]:
    """Brightness, contrast and noise of one image, uint8[H, W, 3].

    Returns
    -------
    dict of str to float
        "mean" and "contrast" (standard deviation) of all levels, "noise" (`noise_sigma`), "coarse
        noise" (the same at half the size: independent noise would be half as strong there), all in
        levels of 0 to 255; and "black", the percentage of samples at 0.
    """
    height, width = (side // 2 * 2 for side in image.shape[:2])
    blocks = image[:height, :width].reshape(height // 2, 2, width // 2, 2, 3)
    return {
        "mean": float(image.mean()),
        "contrast": float(image.std()),
        "noise": noise_sigma(image),
        "coarse noise": noise_sigma(blocks.mean(axis=(1, 3))),
        "black": float((image == 0).mean() * 100),
    }


def measure_pair(low: np.ndarray, high: np.ndarray) -> dict[str, float]:
    """Measure what a real pair says about the model's settings.

    Parameters
    ----------
    low, high : uint8[H, W, 3]

    Returns
    -------
    dict of str to float
        "stops" of exposure, and "red stops" and "blue stops" against green, from the pixels that
        are below level 200 in all channels of `high` (its highlights are rolled off); "highlights",
        by how many stops what is above level 250 is brighter than those say (NaN where there is
        none); and "noise correlation" between neighbours, in the ten flattest blocks of 16x16.
    """
    dark, bright = srgb_to_linear(low / 255), srgb_to_linear(high / 255)
    middle = np.asarray((high < 200).all(axis=-1))
    if not middle.any():
        middle[:] = True
    red, green, blue = np.log2(dark[middle].mean(0) / np.maximum(bright[middle].mean(0), 1e-9))
    top = high[..., 1] > 250
    highlights = np.nan
    if top.sum() > 100:
        highlights = np.log2(dark[top, 1].mean() / bright[top, 1].mean()) - green
    return {
        "stops": float(green),
        "red stops": float(red - green),
        "blue stops": float(blue - green),
        "highlights": float(highlights),
        "noise correlation": _noise_correlation(low, high),
    }


def _noise_correlation(low: np.ndarray, high: np.ndarray, side: int = 16) -> float:
    """Correlation of neighbours in `low`, less a paraboloid, where `high` is flattest."""
    rows, columns = (length // side for length in low.shape[:2])
    y, x = np.mgrid[:side, :side].reshape(2, -1) / side
    smooth = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    blocks = []
    for row in range(rows):
        for column in range(columns):
            here = np.s_[row * side : (row + 1) * side, column * side : (column + 1) * side]
            # Black cannot be undershot and white cannot be overshot: no noise to be seen there.
            if low[here].mean() > 5 and high[here].max() < 250:
                blocks.append((high[here].std(axis=(0, 1)).mean(), here))
    products, squares = [], []
    for _, here in sorted(blocks, key=lambda block: block[0])[:10]:
        levels = low[here].reshape(-1, 3).astype(float)
        rest = levels - smooth @ np.linalg.lstsq(smooth, levels, rcond=None)[0]
        rest = rest.reshape(side, side, 3)
        products.append(((rest[1:] * rest[:-1]).mean() + (rest[:, 1:] * rest[:, :-1]).mean()) / 2)
        squares.append((rest**2).mean())
    return float(np.median(products) / np.median(squares)) if np.any(squares) else np.nan


def darken_again(
    highs: Iterable[np.ndarray], ranges: DarknessRanges | None = None, seed: int = 0
) -> list[np.ndarray]:
    """Darken each image with a draw of its own."""
    rng = np.random.default_rng(seed)
    return [darken(high, draw_darkness(rng, ranges), rng) for high in highs]


def table(rows: dict[str, dict[str, list[float]]]) -> str:
    """Text table: for each quantity, and each kind of image, mean and percentiles."""
    head = "".join(f"{title:>10}" for title in ("mean", *(f"{p} %" for p in PERCENTILES)))
    lines = [f"{'':32}{head}"]
    for quantity, kinds in rows.items():
        for kind, values in kinds.items():
            known = [value for value in values if not np.isnan(value)]
            numbers = [np.mean(known), *np.percentile(known, PERCENTILES)] if known else []
            text = "".join(f"{n:10.2f}" for n in numbers) or f"{'none':>10}"
            lines.append(f"{quantity:20}{kind:12}{text}")
    return "\n".join(lines)


def compare(
    lows: Iterable[np.ndarray], darkened: Iterable[np.ndarray]
) -> dict[str, dict[str, list[float]]]:
    """`measure_image` of both, as `table` takes it."""
    kinds = {
        "real": [measure_image(image) for image in lows],
        "darkened": [measure_image(image) for image in darkened],
    }
    return {
        quantity: {kind: [m[quantity] for m in measured] for kind, measured in kinds.items()}
        for quantity in kinds["real"][0]
    }


def main(arguments: list[str] | None = None) -> None:
    """Run the command; `arguments` are the process's by default."""
    parser = argparse.ArgumentParser(
        prog="python -m lowlight_utils.data.darken_fit",
        description="Measure real dark photos, and how close darkened ones come to them.",
    )
    parser.add_argument("low", help="folder of dark pictures")
    parser.add_argument("high", help="folder of their well-lit partners, under the same names")
    parser.add_argument("--size", type=int, default=256, help="resize to this side (default 256)")
    parser.add_argument("--leave-out", nargs="*", default=[], help="names of pairs to leave out")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    pairs = PairSet.from_folders(options.low, options.high, size=options.size)
    pairs = pairs[np.array([name not in options.leave_out for name in pairs.names])]

    measured = [measure_pair(low, high) for low, high in zip(pairs.low, pairs.high, strict=True)]
    print(f"Settings, measured on {len(pairs)} pairs:\n")
    print(table({key: {"real": [m[key] for m in measured]} for key in measured[0]}))
    print("\nImages, in levels of 0 to 255 (black: per cent of samples):\n")
    print(table(compare(pairs.low, darken_again(pairs.high, seed=options.seed))))


if __name__ == "__main__":
    main()
