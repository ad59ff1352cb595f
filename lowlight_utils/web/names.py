"""The interface's words: methods, formats and file names; nothing heavy is imported for them."""

import math
import re
import unicodedata
from urllib.parse import quote

from lowlight_utils.recipe import Recipe

OURS, TOLD_LAMBDA, ORIGINAL = "generator", "lambda", "original"

BASELINES = {
    "gamma-2.2": "gamma 2.2",
    "auto-gamma": "auto gamma",
    "clahe": "CLAHE",
    "lime": "LIME",
    "histogram-equalisation": "histogram equalisation",
}
"""The classical methods, in the order that fits the page: the interface's name -> the name in
`BASELINES`; a test compares them."""

LAMBDA = Recipe.lambda_l1
"""λ where none is asked for."""

FORMATS = {"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
QUALITY = 92
"""Of JPEG and WebP."""

ACCEPT = "image/jpeg,image/png,image/webp,image/tiff,image/avif,.heic,.heif"
"""The files that a browser lets its user choose."""

SUFFIXES = {"jpeg": ".jpg", "png": ".png", "webp": ".webp"}

EXAMPLES = ("dog", "parrot", "coffee", "astronaut")
"""The bundled photos that the page offers; none asks for a credit."""


def clean(name: str | None) -> str:
    """Make a name that a stranger chose harmless: no folder, no control characters, not long.

    Examples
    --------
    >>> clean("../../holiday.jpg")
    'holiday.jpg'
    """
    name = unicodedata.normalize("NFC", name or "").replace("\\", "/").rsplit("/", 1)[-1]
    # Controls, and marks that turn the direction of writing ("gpj.exe" shown as "exe.jpg").
    name = "".join(c for c in name if unicodedata.category(c)[0] != "C")
    name = re.sub(r'[<>:"|?*]', "_", name).strip(" .")
    stem, dot, suffix = name.rpartition(".")
    return f"{stem[:100]}{dot}{suffix[:10]}" if dot else name[:100] or "photo"


def attachment(name: str, format_: str) -> str:
    """Give Content-Disposition for a result: the upload's name, with the result's suffix."""
    stem, dot, suffix = name.rpartition(".")
    same = {"jpg": "jpeg", "jpe": "jpeg", "jfif": "jpeg"}.get(suffix.lower(), suffix.lower())
    if not dot or same != format_:
        name = (stem if dot else name) + SUFFIXES[format_]
    plain = name.encode("ascii", "replace").decode().replace("?", "_").replace("\\", "_")
    plain = plain.replace('"', "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def lambda_slider(lambda_range: tuple[float, float]) -> dict[str, float]:
    """Give the slider's ends, step and start: it moves λ's logarithm, 5 % of λ a step.

    Examples
    --------
    >>> lambda_slider((0.01, 1000.0))
    {'least': -2.0, 'most': 3.0, 'value': 2.06, 'step': 0.02}
    """
    least, most = lambda_range
    start = min(max(LAMBDA, least), most)
    ends = {"least": math.log10(least), "most": math.log10(most), "value": math.log10(start)}
    return {name: round(value, 2) for name, value in ends.items()} | {"step": 0.02}
