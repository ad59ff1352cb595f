r"""SSIM, to four digits.

Write `my_ssim(truth, image)`: structural similarity as its authors define it, for two photos `uint8[H, W, 3]`. It has to agree with
`lowlight_utils.prediction.ssim` within 0.0001. You may use `scipy.ndimage`, but not scikit-image.

For each colour channel and each place where the window fits into the photo,

$$\text{SSIM} = \frac{(2 \mu_x \mu_y + C_1)(2 \sigma_{xy} + C_2)}{(\mu_x^2 + \mu_y^2 + C_1)(\sigma_x^2 + \sigma_y^2 + C_2)}$$

with means, variances and covariance under a Gaussian window of 11×11 pixels and σ = 1.5, whose weights sum to 1; $C_1 = (0.01 \cdot 255)^2$ and $C_2 = (0.03 \cdot 255)^2$. The
result is the mean over places and channels.
"""

# %% answer
import numpy as np
from scipy import ndimage


def my_ssim(truth, image):
    """Return the SSIM of two photos, uint8[H, W, 3]: at most 1."""
    ### BEGIN SOLUTION
    offsets = np.arange(-5, 6)
    weights = np.exp(-(offsets**2) / (2 * 1.5**2))
    weights /= weights.sum()

    def mean(values):
        for axis in (0, 1):
            values = ndimage.correlate1d(values, weights, axis=axis)
        return values[5:-5, 5:-5]  # where the window fits

    x, y = truth.astype(float), image.astype(float)
    mean_x, mean_y = mean(x), mean(y)
    variances = mean(x * x) - mean_x**2 + mean(y * y) - mean_y**2
    covariance = mean(x * y) - mean_x * mean_y
    c_1, c_2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    parts = (2 * mean_x * mean_y + c_1) * (2 * covariance + c_2)
    parts /= (mean_x**2 + mean_y**2 + c_1) * (variances + c_2)
    return float(parts.mean())
    ### END SOLUTION


# %% check
from lowlight_utils.coursework.checking import require
from lowlight_utils.data import sample_pairs
from lowlight_utils.prediction import ssim


def check(answer, rng):
    """SSIM's window, border, constants and channels, against the library's."""
    pairs = sample_pairs("test", 64)
    for index in rng.permutation(len(pairs))[:3]:
        truth = pairs.high[index]
        noisy = np.clip(truth + np.rint(rng.normal(0, 12, truth.shape)), 0, 255).astype(np.uint8)
        for name, image in (("a dark", pairs.low[index]), ("a noisy", noisy)):
            _require_close(answer(truth.copy(), image.copy()), ssim(truth, image), name)
    require(abs(answer(truth, truth.copy()) - 1) < 1e-9, "a photo is not 1 like itself")
    wide = truth[:40]
    _require_close(answer(wide, noisy[:40]), ssim(wide, noisy[:40]), "a wide")


def _require_close(got, wanted, what):
    apart = abs(float(got) - wanted)
    require(apart <= 1e-4, f"for {what} photo it is off by {apart:.5f}")


MINUTES = 35
RUBRIC = (
    (3, "agrees with the library within 0.0001"),
    (1, "no window that hangs over the border"),
    (1, "per channel, and 1 for equal photos"),
)
MISTAKES = (
    ("off by some thousandths", "places at the border count, where the window does not fit"),
    ("off by some hundredths", "a flat window of 7×7, or a grey photo"),
    ("gaussian_filter(..., 1.5)", "its window is 13×13 unless truncate says otherwise"),
)
