"""What passes between the server and its worker."""

from dataclasses import dataclass, field

from lowlight_utils.web.names import OURS


class Refused(ValueError):
    """A photo that cannot be enhanced; `status` says in HTTP's terms why."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class WorkerError(RuntimeError):
    """The worker died over a job, took too long, or was not to be had in time."""


@dataclass(frozen=True)
class Job:
    """What to do with an upload.

    Attributes
    ----------
    name : str
        The upload's name, for messages.
    method : str
        "generator", one of `names.BASELINES`, or "original" (decoded, upright and in sRGB, no
        more).
    strength : float
        From 0 (the original) to 1, a blend of the two pictures' sRGB levels.
    format : str
        One of `names.FORMATS`; empty for the upload's own, or what is nearest to it.
    lambda_ : float or None
        For a generator that takes λ; None is its default.
    """

    name: str = "photo"
    method: str = OURS
    strength: float = 1.0
    format: str = ""
    lambda_: float | None = None


@dataclass(frozen=True)
class Enhanced:
    """The result: a file's bytes, its format, its size, and the seconds that each step took."""

    content: bytes
    format: str
    width: int
    height: int
    seconds: dict[str, float] = field(default_factory=dict)
