r"""PSNR from scratch.

Write `my_psnr(truth, image)` for two photos, `uint8[H, W, 3]`, with NumPy alone:

$$\text{PSNR} = 10 \log_{10} \frac{255^2}{\text{MSE}}, \qquad \text{MSE} = \text{mean of } (\text{truth} - \text{image})^2$$

Two equal photos have a PSNR of infinity. Anything but `uint8` raises a `ValueError`: with a peak of 255, a photo in [0, 1] would score 48 dB too much.
"""

# %% answer
import numpy as np


def my_psnr(truth, image):
    """Return the PSNR of two photos, uint8[H, W, 3], in dB."""
    ### BEGIN SOLUTION
    if truth.dtype != np.uint8 or image.dtype != np.uint8:
        raise ValueError(f"photos are uint8, not {truth.dtype} and {image.dtype}")
    error = np.mean((truth.astype(float) - image) ** 2)
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))
    ### END SOLUTION


# %% check
from lowlight_utils.coursework.checking import Wrong, require
from lowlight_utils.prediction import psnr


def check(answer, rng):
    """The formula, the arithmetic of uint8, infinity, and refusing the wrong range."""
    for spread in (3, 40):
        truth = rng.integers(0, 256, (24, 32, 3)).astype(np.uint8)
        noise = np.rint(rng.normal(0, spread, truth.shape))
        image = np.clip(truth + noise, 0, 255).astype(np.uint8)
        for one, other in ((truth, image), (image, truth)):
            got, wanted = float(answer(one.copy(), other.copy())), psnr(one, other)
            say = f"of two photos it says {got:.2f} dB; {_why(got, wanted)}"
            require(abs(got - wanted) < 1e-6, say)
    grey = np.full((8, 8, 3), 90, np.uint8)
    require(answer(grey, grey.copy()) == np.inf, "two equal photos do not come to infinity")
    for scale in (1 / 255, 2 / 255):
        try:
            answer(truth * scale, image * scale)
        except ValueError:
            continue
        raise Wrong("a photo of floats is measured, and not refused")


def _why(got, wanted):
    if abs(got - wanted) > 20:
        return "the peak and the photos are in different units"
    return "the squared error is off; what are 3 - 5 and 20 * 20 in uint8?"


MINUTES = 15
RUBRIC = (
    (2, "the formula, in floating point"),
    (1, "infinity for equal photos"),
    (1, "refuses floats"),
)
MISTAKES = (
    ("(truth - image) ** 2", "wraps around in uint8, both in the difference and in the square"),
    ("20 * log10(255 / MSE)", "the root is missing"),
    ("a mean of the channels' PSNRs", "the mean of logarithms is not the logarithm of the mean"),
)
