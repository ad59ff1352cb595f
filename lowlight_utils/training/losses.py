"""The losses of the conditional GAN, in `keras.ops`, alike on every backend."""

import numpy as np
from keras import ops

SSIM_WINDOW = 11  # pixels; Gaussian weights of standard deviation SSIM_SIGMA
SSIM_SIGMA = 1.5


def discriminator_losses(real_logits, fake_logits):
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


def ssim(fake, high):
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
        At most 1, which means equal. It is what `lowlight_utils.prediction.ssim` measures, but on
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


def _local_means(x):
    """Average float32[n, h, w, c] under a Gaussian window that fits inside, rows then columns."""
    offsets = np.arange(SSIM_WINDOW) - SSIM_WINDOW // 2
    weights = np.exp(-(offsets**2) / (2 * SSIM_SIGMA**2))
    weights = np.tile((weights / weights.sum())[:, None, None], (1, x.shape[-1], 1))
    for kernel in (weights[:, None], weights[None]):
        x = ops.depthwise_conv(x, ops.convert_to_tensor(kernel, "float32"), padding="valid")
    return x


def scale_to_mean(fake, high):
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


def detail(fake, high):
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


def generator_losses(
    fake_logits,
    fake,
    high,
    lambda_l1,
    lambda_ssim=0.0,
    adversarial=1.0,
    gt_mean=0.0,
    lambda_detail=0.0,
):
    """Return the generator's total loss and its parts.

    Parameters
    ----------
    fake_logits : float32[n, h, w, 1] or None
        The discriminator's verdicts on (low, fake); without them there is no adversarial term.
    fake, high : float32[n, height, width, 3]
        Generated picture and ground truth, in [-1, 1].
    lambda_l1 : float or float32[n, 1]
        λ, the weight of the L1 term: one for all pictures, or one for each. 0 leaves the other
        terms alone.
    lambda_ssim : float
        Weight of 1 - SSIM. At 0 it is not computed.
    adversarial : float or float32[n, 1]
        Weight of the adversarial term, 1 in pix2pix.
    gt_mean : float
        Share of the L1 term that is measured after `scale_to_mean`.
    lambda_detail : float
        Weight of `detail`. At 0 it is not computed.

    Returns
    -------
    dict of str to float32 scalar
        "generator_loss", the weighted sum of those that follow; "adversarial_loss", the price of
        not being believed; "l1_loss", mean |high - fake|, at most 2 in these units (Isola et al.
        2017, equations 3 and 4); "ssim_loss", 1 - SSIM (`ssim`); "detail_loss" (`detail`). What was
        not computed is left out.
    """
    l1 = _per_picture(ops.abs(high - fake))
    losses = {"l1_loss": ops.mean(l1)}
    if gt_mean:
        scaled = _per_picture(ops.abs(high - scale_to_mean(fake, high)))
        l1 = l1 + gt_mean * (scaled - l1)
    total = ops.mean(lambda_l1 * l1)
    if fake_logits is not None:
        doubt = _per_picture(ops.softplus(-fake_logits))
        losses["adversarial_loss"] = ops.mean(doubt)
        total = total + ops.mean(adversarial * doubt)
    if lambda_ssim:
        losses["ssim_loss"] = 1.0 - ssim(fake, high)
        total = total + lambda_ssim * losses["ssim_loss"]
    if lambda_detail:
        losses["detail_loss"] = detail(fake, high)
        total = total + lambda_detail * losses["detail_loss"]
    return {"generator_loss": total, **losses}


def _per_picture(values):
    """Average float32[n, h, w, c] over each picture, to float32[n, 1]."""
    return ops.mean(values, axis=(1, 2, 3))[:, None]
