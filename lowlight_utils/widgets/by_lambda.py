"""A slider over generators that were trained with different λ."""

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import ipywidgets
import numpy as np

from lowlight_utils.data.pairs import PairSet
from lowlight_utils.prediction.metrics import measure, sharpness
from lowlight_utils.widgets.pictures import compared, to_jpeg

Enhance = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class LambdaResults:
    """What generators trained with different λ make of the same photos.

    Attributes
    ----------
    pairs : PairSet
        n photos, dark and well-lit.
    pictures : dict of float to uint8[n, H, W, 3]
        λ -> the enhanced photos; in the order of λ.
    scores : dict of float to tuple of dict
        λ -> "psnr", "ssim", "ciede2000" and "sharpness" of each of them.
    """

    pairs: PairSet
    pictures: dict[float, np.ndarray]
    scores: dict[float, tuple[dict[str, float], ...]]

    def means(self) -> dict[float, dict[str, float]]:
        """Mean of every score over the photos, by λ."""
        return {lambda_: mean_scores(scores) for lambda_, scores in self.scores.items()}


def lambda_results(enhancers: Mapping[float, Enhance], pairs: PairSet) -> LambdaResults:
    """Enhance photos with every λ's generator and measure them, once and for all moves to come.

    Parameters
    ----------
    enhancers : mapping of float to callable
        λ -> uint8[H, W, 3] to uint8[H, W, 3], such as an `Enhancer`.
    pairs : PairSet
        At least one pair.

    Raises
    ------
    ValueError
        There is nothing to enhance, or nothing to enhance it with.
    """
    if not enhancers or not len(pairs):
        raise ValueError("there has to be at least one generator and one pair")
    pictures = {
        lambda_: np.stack([enhancers[lambda_](low) for low in pairs.low])
        for lambda_ in sorted(enhancers)
    }
    scores = {lambda_: score(pairs.high, images) for lambda_, images in pictures.items()}
    return LambdaResults(pairs, pictures, scores)


def score(truths: np.ndarray, images: np.ndarray) -> tuple[dict[str, float], ...]:
    """Measure images against the truth, by `measure` without GT-mean and by `sharpness`.

    Parameters
    ----------
    truths, images : uint8[n, H, W, 3]

    Returns
    -------
    tuple of dict
        For each image "psnr", "ssim", "ciede2000", "sharpness".
    """
    return tuple(
        {name: value for name, value in measure(truth, image).items() if "gtmean" not in name}
        | {"sharpness": sharpness(truth, image)}
        for truth, image in zip(truths, images, strict=True)
    )


def mean_scores(scores: tuple[dict[str, float], ...]) -> dict[str, float]:
    """Mean of each score over the images that `score` measured."""
    return {name: float(np.mean([each[name] for each in scores])) for name in scores[0]}


def lambda_view(results: LambdaResults, lambda_: float, scene: str) -> np.ndarray:
    """Show one photo at one λ: low, enhanced, truth, and how enhanced and truth differ.

    Parameters
    ----------
    results : LambdaResults
    lambda_ : float
        One of `results.pictures`.
    scene : str
        One of `results.pairs.names`.

    Returns
    -------
    uint8[h, w, 3]
        The four pictures in a row, with titles. The difference is |enhanced - truth| times 4:
        black where they agree.

    Raises
    ------
    ValueError
        There is no such λ or scene.
    """
    index = _find(results, lambda_, scene)
    low, truth = results.pairs[index]
    return compared(low, results.pictures[lambda_][index], truth)


def lambda_line(results: LambdaResults, lambda_: float, scene: str) -> str:
    """Give the scores of one photo at one λ as a line of text."""
    scores = results.scores[lambda_][_find(results, lambda_, scene)]
    return (
        f"λ = {lambda_:g}: PSNR {scores['psnr']:.2f} dB, SSIM {scores['ssim']:.3f},"
        f" ΔE {scores['ciede2000']:.1f}, sharpness {scores['sharpness']:.2f}"
    )


def lambda_explorer(results: LambdaResults) -> ipywidgets.VBox:
    """Make a slider over λ and a choice of scene, above the pictures and their scores."""
    options = [(f"{lambda_:g}", lambda_) for lambda_ in results.pictures]
    slider = ipywidgets.SelectionSlider(
        options=options, value=options[-1][1], description="λ", continuous_update=True
    )
    scene = ipywidgets.Dropdown(options=results.pairs.names, description="scene")
    picture = ipywidgets.Image(format="jpeg")
    line = ipywidgets.HTML()

    def show(_=None):
        picture.value = to_jpeg(lambda_view(results, slider.value, scene.value))
        line.value = html.escape(lambda_line(results, slider.value, scene.value))

    slider.observe(show, "value")
    scene.observe(show, "value")
    show()
    return ipywidgets.VBox([ipywidgets.HBox([slider, scene]), picture, line])


def _find(results: LambdaResults, lambda_: float, scene: str) -> int:
    if lambda_ not in results.pictures:
        known = ", ".join(f"{each:g}" for each in results.pictures)
        raise ValueError(f"no generator was trained with λ = {lambda_:g}, only with {known}")
    if scene not in results.pairs.names:
        raise ValueError(f"no scene is called {scene!r}, only {', '.join(results.pairs.names)}")
    return results.pairs.names.index(scene)
