"""What passes between server and worker; and the interface's options, each said once.

A new option is a field of `Job` and an entry in `options`; what it does stands in `pipeline`. The
interface reads it, checks it and documents it from here.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from lowlight_utils.web import names


class Refused(ValueError):
    """A photo that cannot be enhanced; `status` says in HTTP's terms why."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class Deadly(Refused):
    """A photo that brought its worker down, or held it too long: it is not to be tried again."""


class WorkerError(RuntimeError):
    """There is no worker to do a job, and trying again later may help."""


@dataclass(frozen=True)
class Told:
    """The method whose network is told λ, and the least and the largest λ that it has learnt."""

    method: str
    least: float
    most: float


@dataclass(frozen=True)
class Job:
    """What to do with an upload.

    Attributes
    ----------
    name : str
        The upload's name, for messages.
    method : str
        "generator", "lambda" where a second network is served that is told λ, one of
        `names.BASELINES`, or "original" (decoded, upright and in sRGB, no more).
    strength : float
        From 0 (the original) to 1, a blend of the two pictures' sRGB levels.
    format : str
        One of `names.FORMATS`; empty for the upload's own, or what is nearest to it.
    max_side : int
        The longer side's pixels at most, of a preview; 0 is the photo's own size.
    lambda_l1 : float or None
        For the network that is told λ; None is its default.
    """

    name: str = "photo"
    method: str = names.OURS
    strength: float = 1.0
    format: str = ""
    max_side: int = 0
    lambda_l1: float | None = None


@dataclass(frozen=True)
class Enhanced:
    """The result: a file's bytes, its format, its size, and the seconds that each step took."""

    content: bytes
    format: str
    width: int
    height: int
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Option:
    """One option of the interface: the job's field, how it is read, and how it is documented.

    `read` raises ValueError with what the value has to be.
    """

    field: str
    read: Callable[[str], object]
    values: str
    default: str


def methods(told: Told | None = None) -> list[str]:
    """List the methods that the page offers, the first of them when it opens."""
    second = [names.TOLD_LAMBDA] if told and told.method == names.TOLD_LAMBDA else []
    return [names.OURS, *second, *names.BASELINES]


def options(told: Told | None = None) -> dict[str, Option]:
    """Give the options by the names that the interface has for them.

    Parameters
    ----------
    told : Told, optional
        Which network takes λ; None if none does.
    """
    known = (*methods(told), names.ORIGINAL)
    said = f"{', '.join(known)} (which only decodes)"
    found = {
        "strength": Option("strength", _number(0, 1), "0 (the original) to 1", "1"),
        "method": Option("method", _choice(*known), said, names.OURS),
        "format": Option(
            "format",
            _choice(*names.FORMATS, jpg="jpeg"),
            ", ".join(names.FORMATS),
            "that of the photo; JPEG for HEIC and AVIF, PNG for TIFF",
        ),
        "max-side": Option(
            "max_side",
            lambda text: int(_number(1, 65_535)(text)),
            "the longer side of a preview, in pixels",
            "the photo's own size",
        ),
    }
    if told:
        found["lambda"] = Option(
            "lambda_l1",
            _number(told.least, told.most),
            f"{told.least:g} to {told.most:g}, for the method {told.method}, which it chooses",
            f"{names.LAMBDA:g}",
        )
    return found


def _number(least: float, most: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most:  # also false for NaN
            raise ValueError(f"a number from {least:g} to {most:g}")
        return value

    return read


def _choice(*values: str, **aliases: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        value = aliases.get(text.lower(), text.lower())
        if value not in values:
            raise ValueError(f"one of {', '.join(values)}")
        return value

    return read
