"""What all figures share: colours, type sizes, and what the scores are called."""

from typing import Any, NamedTuple

WIDTH = 9.0  # inches; a README shows it about 830 pixels wide, so that 9 pt is still read with ease
MARGIN = 0.12
GAP = 0.07  # between pictures

TITLE, BODY, SMALL = 11.0, 9.5, 9.0  # points

# Okabe and Ito's palette, which colour-blind readers can tell apart; one meaning each.
GENERATOR = "#0072b2"
DISCRIMINATOR = "#d55e00"
TRUTH = "#009e73"
L1 = "#e69f00"
ADVERSARIAL = "#b5659a"
SSIM = "#7a5200"
DETAIL = "#8a8f00"
INK = "#1f2933"
MUTED = "#5f6b76"
LINE = "#c3cad1"
SHADE = "#f3f5f7"

TINTS = {  # a pale fill for each, on which ink stays readable
    GENERATOR: "#d9eaf5",
    DISCRIMINATOR: "#fbe5d6",
    TRUTH: "#d8f0e8",
    L1: "#fbefd2",
    ADVERSARIAL: "#f3e1ec",
    INK: "#e4e8ec",
    MUTED: SHADE,
}


Style = dict[str, Any]
"""Keywords for one of matplotlib's artists."""


class Score(NamedTuple):
    """How a score is written: over a chart, with which digits, under a picture; what is better."""

    title: str
    digits: int
    short: str
    better: str


MORE, LESS = "more is better", "less is better"
SCORES = {
    "psnr": Score("PSNR, dB", 1, "{} dB", MORE),
    "ssim": Score("SSIM", 2, "SSIM {}", MORE),
    "ciede2000": Score("ΔE (CIEDE2000)", 1, "ΔE {}", LESS),
    "sharpness": Score("Sharpness", 2, "sharpness {}", "1: as the truth"),
}
