"""How close an image is to the truth: PSNR, SSIM and CIEDE2000, measured by scikit-image.

All take ``uint8[H, W, 3]`` in sRGB and refuse anything else. That is deliberate: PSNR's peak of 255
on images in [0, 1] adds 48 dB, and prints 60 where the truth is 12.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from lowlight_utils.data.grain import LUMA
from lowlight_utils.data.pairs import PairSet

Measure = Callable[[np.ndarray, np.ndarray], float]
SSIM_SIGMA = 1.5
SSIM_WINDOW = 11


def psnr(truth: np.ndarray, image: np.ndarray) -> float:
    """Peak signal-to-noise ratio.

    Parameters
    ----------
    truth, image : uint8[H, W, 3]

    Returns
    -------
    float
        In dB, peak 255, from the mean squared error over all pixels and channels; more is better,
        infinity if both are equal.

    Raises
    ------
    ValueError
        They are not uint8[H, W, 3], or differ in size.
    """
    _require_alike(truth, image)
    with np.errstate(divide="ignore"):  # equal images: infinity is the answer, not a mistake
        return float(peak_signal_noise_ratio(truth, image, data_range=255))


def ssim(truth: np.ndarray, image: np.ndarray) -> float:
    """Structural similarity, as its authors define it.

    Parameters
    ----------
    truth, image : uint8[H, W, 3]
        At least 11x11 pixels.

    Returns
    -------
    float
        At most 1, which means equal; mean over the three channels, each with an 11x11 Gaussian
        window of sigma 1.5 and data range 255. Other windows and a grey version give other numbers.

    Raises
    ------
    ValueError
        They are not uint8[H, W, 3], differ in size, or are smaller than the window.

    References
    ----------
    Z. Wang et al., "Image quality assessment: from error visibility to structural similarity",
    IEEE TIP 13(4), 2004.
    """
    _require_alike(truth, image)
    if min(truth.shape[:2]) < SSIM_WINDOW:
        raise ValueError(
            f"SSIM looks through a window of {SSIM_WINDOW}x{SSIM_WINDOW} pixels, and the images are"
            f" {truth.shape[0]}x{truth.shape[1]}: use larger ones"
        )
    return float(
        structural_similarity(
            truth,
            image,
            data_range=255,
            channel_axis=-1,
            gaussian_weights=True,
            sigma=SSIM_SIGMA,
            use_sample_covariance=False,
        )
    )


def ciede2000(truth: np.ndarray, image: np.ndarray) -> float:
    """Mean difference in colour, as seen.

    Parameters
    ----------
    truth, image : uint8[H, W, 3]

    Returns
    -------
    float
        Mean of ΔE00 over the pixels, at least 0; less is better, about 1 is just noticeable.

    Raises
    ------
    ValueError
        They are not uint8[H, W, 3], or differ in size.

    References
    ----------
    G. Sharma, W. Wu, E. Dalal, "The CIEDE2000 color-difference formula", Color Research and
    Application 30(1), 2005.
    """
    _require_alike(truth, image)
    return float(deltaE_ciede2000(rgb2lab(truth), rgb2lab(image)).mean())


def match_mean(image: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Rescale an image to the truth's mean grey level ("GT-mean").

    Published tables often measure such images. It uses the truth to correct the answer and adds
    2 to 5 dB, so it is only ever a second, labelled column.

    Parameters
    ----------
    image, truth : uint8[H, W, 3]

    Returns
    -------
    uint8[H, W, 3]
        The image times one factor, rounded and clipped; a black image stays black.

    Raises
    ------
    ValueError
        They are not uint8[H, W, 3], or differ in size.

    References
    ----------
    Y. Zhang, J. Zhang, X. Guo, "Kindling the darkness", ACM MM 2019, in its evaluation code.
    """
    _require_alike(truth, image)
    level = (image @ LUMA).mean()
    if level == 0:
        return image.copy()
    factor = (truth @ LUMA).mean() / level
    return np.rint(np.clip(image * factor, 0, 255)).astype(np.uint8)


def sharpness(truth: np.ndarray, image: np.ndarray) -> float:
    """How much neighbouring pixels differ, against the truth.

    It says whether a picture is smoother or rougher than it should be, and not whether what is
    rough is detail: noise and invented texture raise it too. More contrast also does.

    Parameters
    ----------
    truth, image : uint8[H, W, 3]
        At least 2x2 pixels.

    Returns
    -------
    float
        Mean difference of neighbouring pixels' grey levels, down and across, over that of the
        truth: 1 is as it should be, less is smoother, more is rougher. Infinity, or NaN, if the
        truth is of one grey.

    Raises
    ------
    ValueError
        They are not uint8[H, W, 3], or differ in size.
    """
    _require_alike(truth, image)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(_mean_step(image) / _mean_step(truth))


def split_error(truth: np.ndarray, image: np.ndarray) -> dict[str, float]:
    """Split the mean squared error into what brightness, colour and structure cost.

    The error of an image has a mean over all pixels and channels (it is too bright or too dark), a
    mean in each channel that differs from it (a colour cast), and what is left once both are taken
    off (noise, blur, wrong contrast). The squares of the three add up to the mean squared error.

    Parameters
    ----------
    truth, image : uint8[H, W, 3]

    Returns
    -------
    dict
        "brightness", "colour" and "structure", each at least 0, in squared levels of 0 to 255.

    Raises
    ------
    ValueError
        They are not uint8[H, W, 3], or differ in size.

    Examples
    --------
    >>> truth = np.full((16, 16, 3), 100, np.uint8)
    >>> split_error(truth, truth + np.uint8(10))
    {'brightness': 100.0, 'colour': 0.0, 'structure': 0.0}
    """
    _require_alike(truth, image)
    error = image.astype(np.float64) - truth
    in_channels = error.mean(axis=(0, 1))
    return {
        "brightness": float(error.mean() ** 2),
        "colour": float(in_channels.var()),
        "structure": float(error.var(axis=(0, 1)).mean()),
    }


def _mean_step(image: np.ndarray) -> np.float64:
    grey = image @ LUMA
    return np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean()


def _after_matching(metric: Measure) -> Measure:
    return lambda truth, image: metric(truth, match_mean(image, truth))


METRICS = {"psnr": psnr, "ssim": ssim, "ciede2000": ciede2000}
MEASURES = {**METRICS, "sharpness": sharpness}  # what runs of different λ are compared by
WITH_GT_MEAN = METRICS | {f"{name}_gtmean": _after_matching(x) for name, x in METRICS.items()}


def measure(
    truth: np.ndarray, image: np.ndarray, measures: Mapping[str, Measure] = WITH_GT_MEAN
) -> dict[str, float]:
    """Measure an image, by default by every metric, as it is and after `match_mean`.

    Parameters
    ----------
    truth, image : uint8[H, W, 3]
        At least 11x11 pixels.
    measures : mapping of str to callable
        Name -> function of truth and image, such as `METRICS` and `MEASURES`.

    Returns
    -------
    dict
        By default "psnr", "ssim", "ciede2000", "psnr_gtmean", "ssim_gtmean", "ciede2000_gtmean".

    Examples
    --------
    >>> truth = np.full((16, 16, 3), 100, np.uint8)
    >>> measure(truth, truth + np.uint8(10), {"psnr": psnr})["psnr"].__round__(2)
    28.13
    """
    return {name: of(truth, image) for name, of in measures.items()}


def measure_pairs(
    images: Iterable[np.ndarray], pairs: PairSet, measures: Mapping[str, Measure] = WITH_GT_MEAN
) -> list[dict[str, float]]:
    """Measure what was made of each pair's dark image: one dictionary of scores a pair.

    Parameters
    ----------
    images : iterable of uint8[H, W, 3]
        One for each pair, in their order. A generator or `map` may make them one at a time.
    pairs : PairSet
    measures : mapping of str to callable
        As for `measure`.

    Raises
    ------
    ValueError
        An image is none, or not of its truth's size; the message names the pair.
    """
    images, scores = iter(images), []
    for name, truth in zip(pairs.names, pairs.high, strict=True):
        try:
            scores.append(measure(truth, next(images), measures))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
    return scores


def mean_scores(scores: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Average every score; what is not a number does not count. PSNRs are averaged in dB."""
    return {name: _mean([each[name] for each in scores]) for name in scores[0]}


def _mean(values: Iterable[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan


def _require_alike(truth: np.ndarray, image: np.ndarray) -> None:
    for label, array in (("truth", truth), ("image", image)):
        array = np.asarray(array)
        if array.dtype.kind == "f":
            raise ValueError(
                f"{label} has {array.dtype} values, and metrics take uint8 images (0 to 255): with"
                " a peak of 255, floats in [0, 1] or [-1, 1] would score some 45 dB too much;"
                " convert a network's output with to_image first"
            )
        if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or not array.size:
            raise ValueError(
                f"{label} must be uint8[H, W, 3], not {array.dtype}{list(array.shape)}"
            )
    if truth.shape != image.shape:
        raise ValueError(
            f"truth is {truth.shape[0]}x{truth.shape[1]} and image"
            f" {image.shape[0]}x{image.shape[1]} (height x width): resize one to match the other"
        )
