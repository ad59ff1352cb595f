"""The losses of the conditional GAN, in `keras.ops`, alike on every backend."""

from keras import ops


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


def generator_losses(fake_logits, fake, high, lambda_l1):
    """Return the generator's total loss and its two parts.

    Parameters
    ----------
    fake_logits : float32[n, h, w, 1]
        The discriminator's verdicts on (low, fake).
    fake, high : float32[n, height, width, 3]
        Generated picture and ground truth, in [-1, 1].
    lambda_l1 : float
        λ, the weight of the L1 term. 0 leaves the adversarial loss alone.

    Returns
    -------
    tuple of three float32 scalars
        total = adversarial + λ·l1; adversarial, the price of not being believed; l1, mean
        |high - fake|, at most 2 in these units (Isola et al. 2017, equations 3 and 4).
    """
    adversarial = ops.mean(ops.softplus(-fake_logits))
    l1 = ops.mean(ops.abs(high - fake))
    return adversarial + lambda_l1 * l1, adversarial, l1
