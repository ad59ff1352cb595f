"""The live λ slider: one generator that is told λ, asked anew at every move."""

import html
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import ipywidgets
import numpy as np

from lowlight_utils.data.pairs import PairSet
from lowlight_utils.metrics import MEASURES, measure
from lowlight_utils.widgets.pictures import Picture, compared, credit, difference, to_jpeg

Enhance = Callable[..., np.ndarray]
"""From uint8[H, W, 3] in the dark, and lambda_l1=λ, to the same enhanced, as if trained with that
λ: such as an `Enhancer` of a conditional generator."""


class Conditional(Protocol):
    """An `Enhance` that says which λ it has learnt."""

    lambda_range: tuple[float, float]

    def __call__(self, low: np.ndarray, /, *, lambda_l1: float) -> np.ndarray: ...


@dataclass(frozen=True, eq=False)
class LambdaView:
    """What a generator makes of one photo at one λ.

    Attributes
    ----------
    lambda_l1 : float
    low, enhanced, truth : uint8[H, W, 3]
    """

    lambda_l1: float
    low: np.ndarray
    enhanced: np.ndarray
    truth: np.ndarray

    @property
    def difference(self) -> np.ndarray:
        """``|enhanced - truth|`` times 4, uint8[H, W, 3]: black where they agree."""
        return difference(self.truth, self.enhanced)

    @property
    def row(self) -> np.ndarray:
        """Low, enhanced, truth and difference side by side, with titles; uint8[h, w, 3]."""
        return compared(self.low, self.enhanced, self.truth)

    @cached_property
    def scores(self) -> dict[str, float]:
        """Of the enhanced photo: "psnr" (dB), "ssim", "ciede2000", "sharpness"."""
        return measure(self.truth, self.enhanced, MEASURES)

    def __str__(self) -> str:
        return f"λ = {self.lambda_l1:.3g}: {scores_line(self.scores)}"


def view_at_lambda(
    enhance: Enhance, low: np.ndarray, truth: np.ndarray, lambda_l1: float
) -> LambdaView:
    """Enhance a photo as a generator that was trained with some λ would.

    Parameters
    ----------
    enhance : callable
        uint8[H, W, 3] and lambda_l1=λ to uint8[H, W, 3], such as ``Enhancer(LAMBDA_WEIGHTS)``.
    low, truth : uint8[H, W, 3]
    lambda_l1 : float
        At least 0.

    Raises
    ------
    ValueError
        λ is negative, or what came back is no picture of the photo's size.
    """
    if not lambda_l1 >= 0:
        raise ValueError(f"λ must be at least 0, and is {lambda_l1}")
    enhanced = np.asarray(enhance(low, lambda_l1=float(lambda_l1)))
    if enhanced.dtype != np.uint8 or enhanced.shape != low.shape:
        raise ValueError(
            f"the generator has to give uint8{list(low.shape)}, and gave"
            f" {enhanced.dtype}{list(enhanced.shape)}"
        )
    return LambdaView(float(lambda_l1), low, enhanced, truth)


def scores_line(scores: dict[str, float]) -> str:
    """Give the four scores as text.

    Examples
    --------
    >>> scores_line({"psnr": 20.0, "ssim": 0.8, "ciede2000": 9.0, "sharpness": 0.9})
    'PSNR 20.00 dB, SSIM 0.800, ΔE 9.0, sharpness 0.90'
    """
    return (
        f"PSNR {scores['psnr']:.2f} dB, SSIM {scores['ssim']:.3f}, ΔE {scores['ciede2000']:.1f},"
        f" sharpness {scores['sharpness']:.2f}"
    )


def log_slider(least: float, most: float, *, live: bool = True) -> ipywidgets.FloatLogSlider:
    """Make a slider over λ on a log scale, which begins in its middle.

    `live`: it reports while it is moved, not only where it is let go.
    """
    return ipywidgets.FloatLogSlider(
        value=np.sqrt(least * most),
        base=10,
        min=float(np.log10(least)),
        max=float(np.log10(most)),
        step=0.02,
        description="λ",
        readout_format=".3g",
        continuous_update=live,
        layout={"width": "32em"},  # five powers of ten want some room
    )


def lambda_slider(enhance: Conditional, pairs: PairSet) -> ipywidgets.VBox:
    """Make a slider over λ, on a log scale, and a choice of scene, above pictures and scores.

    Parameters
    ----------
    enhance : callable
        See `view_at_lambda`; it is called at every move. Its `lambda_range` sets the slider's ends.
    pairs : PairSet
        At least one pair.
    """
    slider = log_slider(*enhance.lambda_range)
    scene = ipywidgets.Dropdown(options=pairs.names, description="scene")
    picture = Picture()
    line = ipywidgets.HTML()

    def show(_: object = None) -> None:
        low, truth = pairs[pairs.names.index(scene.value)]
        view = view_at_lambda(enhance, low, truth, slider.value)
        picture.show(
            to_jpeg(view.row),
            f"{scene.value}: the dark photo, enhanced at λ = {view.lambda_l1:.3g}, the truth, and"
            " how the last two differ",
        )
        said = f"{view}. {credit(scene.value)}"
        line.value = html.escape(said)  # after the picture: to measure takes longer

    slider.observe(show, "value")
    scene.observe(show, "value")
    show()
    return ipywidgets.VBox([ipywidgets.HBox([slider, scene]), picture, line])
