"""The losses of the conditional GAN, in `keras.ops`, alike on every backend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lowlight_utils.metrics import SSIM_SIGMA, SSIM_WINDOW
from lowlight_utils.recipe import Recipe

if TYPE_CHECKING:
    from keras import KerasTensor


class _Ops:
    """`keras.ops`, loaded once a loss is computed: figures read `TERMS` without Keras."""

    def __getattr__(self, name: str) -> Any:
        from keras import ops

        return getattr(ops, name)


ops = _Ops()


def discriminator_losses(
    real_logits: KerasTensor, fake_logits: KerasTensor
) -> tuple[KerasTensor, KerasTensor]:
    """Return the discriminator's two errors: on real pairs and on generated ones.

    Each is a binary cross-entropy on logits: softplus(-x) is -log sigmoid(x), the price of doubting
    a real patch, and softplus(x) is -log(1 - sigmoid(x)), the price of believing a fake one. Both
    are ln 2 = 0.69 when the discriminator can only guess.

    Parameters
    ----------
    real_logits, fake_logits : float32[n, h, w, 1]
        Verdicts on (low, high) and on (low, generator(low)).

    Returns
    -------
    tuple of (float32 scalar, float32 scalar)
        Mean over patches and pictures. The discriminator minimises half of their sum, which is
        meant to slow it down relative to the generator (Isola et al. 2017, section 3.3). Gradient
        descent notices; Adam hardly does, because it divides each gradient by its usual size.
    """
    return ops.mean(ops.softplus(-real_logits)), ops.mean(ops.softplus(fake_logits))


def ssim(fake: KerasTensor, high: KerasTensor) -> KerasTensor:
    """Return the structural similarity of pictures, as a loss can use it.

    It compares means, contrasts and correlations in a small window around each pixel, so it sees
    what L1 averages away: blurred texture, and grain where there should be none.

    Parameters
    ----------
    fake, high : float32[n, height, width, c]
        In [-1, 1], at least 11x11 pixels.

    Returns
    -------
    float32 scalar
        At most 1, which means equal. It is what `lowlight_utils.metrics.ssim` measures, but on
        pictures that are not rounded to 8 bits.

    References
    ----------
    Z. Wang et al., "Image quality assessment: from error visibility to structural similarity",
    IEEE Transactions on Image Processing 13 (4), 2004, section III.
    """
    # Five local means tell all: of x, y, x², y² and xy, with both in [0, 1].
    x, y = (ops.cast(picture + 1.0, "float32") / 2.0 for picture in (fake, high))
    means = _local_means(ops.concatenate([x, y, x * x, y * y, x * y], axis=-1))
    mean_x, mean_y, mean_xx, mean_yy, mean_xy = ops.split(means, 5, axis=-1)
    luminance = (2.0 * mean_x * mean_y + 0.01**2) / (mean_x**2 + mean_y**2 + 0.01**2)
    spread = mean_xx - mean_x**2 + mean_yy - mean_y**2
    structure = (2.0 * (mean_xy - mean_x * mean_y) + 0.03**2) / (spread + 0.03**2)
    return ops.mean(luminance * structure)


def _local_means(x: KerasTensor) -> KerasTensor:
    """Average float32[n, h, w, c] under a Gaussian window that fits inside, rows then columns."""
    offsets = np.arange(SSIM_WINDOW) - SSIM_WINDOW // 2
    weights = np.exp(-(offsets**2) / (2 * SSIM_SIGMA**2))
    weights = np.tile((weights / weights.sum())[:, None, None], (1, x.shape[-1], 1))
    for kernel in (weights[:, None], weights[None]):
        x = ops.depthwise_conv(x, ops.convert_to_tensor(kernel, "float32"), padding="valid")
    return x


def scale_to_mean(fake: KerasTensor, high: KerasTensor) -> KerasTensor:
    """Scale each picture to the mean brightness of its truth; the gain itself teaches nothing.

    Parameters
    ----------
    fake, high : float32[n, h, w, c]
        In [-1, 1].

    Returns
    -------
    float32[n, h, w, c]
        Its gain is between 0.4 and 2.5. It has no gradient: to change the mean does not help.

    References
    ----------
    J. Liao et al., "GT-Mean Loss: a simple yet effective solution for brightness mismatch in
    low-light image enhancement", ICCV 2025, section 3, without its adaptive weight.
    """
    light = fake + 1.0
    gain = _per_picture(high + 1.0) / ops.maximum(_per_picture(light), 1e-3)
    gain = ops.stop_gradient(ops.clip(gain, 0.4, 2.5))
    return light * gain[:, :, None, None] - 1.0


def detail(fake: KerasTensor, high: KerasTensor) -> KerasTensor:
    """Return by how much the differences between neighbouring pixels are wrong.

    L1 hardly sees grain. As long as a picture is too dark or too bright as a whole, the sign of
    every pixel's error is the same, whether the pixel lies a little above its neighbours or below.
    Differences between neighbours know nothing of the level: where the truth is smooth they should
    be 0, and where it has an edge as steep.

    Parameters
    ----------
    fake, high : float32[n, height, width, c]
        In [-1, 1], at least 2x2 pixels.

    Returns
    -------
    float32 scalar
        Mean absolute error of the differences, over rows and columns.

    References
    ----------
    M. Mathieu, C. Couprie, Y. LeCun, "Deep multi-scale video prediction beyond mean square error",
    ICLR 2016, section 3.2, for a loss on differences; here their signs count too.
    """
    error = high - fake
    across, down = error[:, :, 1:] - error[:, :, :-1], error[:, 1:] - error[:, :-1]
    return (ops.mean(ops.abs(across)) + ops.mean(ops.abs(down))) / 2.0


class Seen(NamedTuple):
    """What the generator's losses look at.

    Attributes
    ----------
    fake, high : float32[n, height, width, 3]
        Generated picture and ground truth, in [-1, 1].
    verdicts : float32[n, h, w, 1] or None
        The discriminator's logits on (low, fake), if it takes part.
    gt_mean : float
        Share of the L1 term that is measured after `scale_to_mean`.
    """

    fake: KerasTensor
    high: KerasTensor
    verdicts: KerasTensor | None = None
    gt_mean: float = 0.0


@dataclass(frozen=True)
class Term:
    """One term of the generator's loss; an entry in `TERMS` is all that a new one needs here.

    Attributes
    ----------
    name : str
        It is reported as name_loss.
    weight : str
        The recipe's field with its weight. At 0 the term is not computed, and not reported.
    value : callable
        From `Seen` to float32[n, 1], one for each picture, or to one for all. Its mean is reported.
    label, colour : str
        What figures call it, and the name of its colour in `lowlight_utils.plots.style`.
    weighed : callable, optional
        From the value and `Seen` to what is weighed in its place.
    always : bool
        Report it even at weight 0.
    """

    name: str
    weight: str
    value: Callable
    label: str
    colour: str
    weighed: Callable = lambda value, seen: value
    always: bool = False


def _without_brightness(l1: KerasTensor, seen: Seen) -> KerasTensor:
    """Measure a share of the L1 term after scaling to the truth's mean."""
    if not seen.gt_mean:
        return l1
    scaled = _per_picture(ops.abs(seen.high - scale_to_mean(seen.fake, seen.high)))
    return l1 + seen.gt_mean * (scaled - l1)


TERMS = (
    Term(
        "adversarial",  # the price of not being believed
        "adversarial",
        lambda seen: _per_picture(ops.softplus(-seen.verdicts)),
        "adversarial",
        "ADVERSARIAL",
    ),
    Term(
        "l1",  # at most 2 in these units (Isola et al. 2017, equations 3 and 4)
        "lambda_l1",
        lambda seen: _per_picture(ops.abs(seen.high - seen.fake)),
        "L1",
        "L1",
        _without_brightness,
        always=True,
    ),
    Term("ssim", "lambda_ssim", lambda seen: 1.0 - ssim(seen.fake, seen.high), "1 − SSIM", "SSIM"),
    Term("detail", "lambda_detail", lambda seen: detail(seen.fake, seen.high), "detail", "DETAIL"),
)


def terms_of(recipe: Recipe) -> list[Term]:
    """List the terms that a recipe's generator learns from."""
    return [term for term in TERMS if term.always or getattr(recipe, term.weight)]


def loss_names(recipe: Recipe) -> list[str]:
    """List what a training by a recipe reports of its losses."""
    judged = ["discriminator_real_loss", "discriminator_fake_loss"] if recipe.adversarial else []
    return ["generator_loss", *(f"{term.name}_loss" for term in terms_of(recipe)), *judged]


def generator_losses(
    seen: Seen, weights: Mapping[str, float | KerasTensor]
) -> dict[str, KerasTensor]:
    """Return the generator's total loss and its parts.

    Parameters
    ----------
    seen : Seen
    weights : mapping of str to float or float32[n, 1]
        The weights, by the recipe's fields, of those terms that count: one weight for all pictures,
        or one for each.

    Returns
    -------
    dict of str to float32 scalar
        "generator_loss", the weighted sum, and each term's mean, such as "l1_loss".

    Examples
    --------
    >>> dark, truth = ops.zeros((1, 8, 8, 3)), ops.ones((1, 8, 8, 3))
    >>> losses = generator_losses(Seen(dark, truth), {"lambda_l1": 100.0})
    >>> {name: float(loss) for name, loss in losses.items()}
    {'generator_loss': 100.0, 'l1_loss': 1.0}
    """
    losses, weighed = {}, []
    for term in TERMS:
        if term.weight in weights:
            value = term.value(seen)
            losses[f"{term.name}_loss"] = ops.mean(value)
            weighed.append(ops.mean(weights[term.weight] * term.weighed(value, seen)))
    return {"generator_loss": reduce(add, weighed), **losses}


def _per_picture(values: KerasTensor) -> KerasTensor:
    """Average float32[n, h, w, c] over each picture, to float32[n, 1]."""
    return ops.mean(values, axis=(1, 2, 3))[:, None]
