"""What a recipe says: each field, what it means and what it may be.

It imports no room and no Keras, so that every room, the command line and the widgets can read it.
"""

import inspect
import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from types import NoneType
from typing import Annotated, Any, Literal, Union, get_args, get_origin


@dataclass(frozen=True)
class Range:
    """Numbers from `least` on, or above it if that is excluded, and below `below`."""

    least: float = 0
    below: float = math.inf
    excluded: bool = False

    def __contains__(self, number: float) -> bool:
        return self.least <= number < self.below and not (self.excluded and number == self.least)

    def __str__(self) -> str:
        begin = f"{'above' if self.excluded else 'at least'} {self.least}"
        return begin if self.below == math.inf else f"{begin} and below {self.below}"


Norm = Literal["batch", "instance", "group", "none"]
Upsampling = Literal["transpose", "resize"]
Padding = Literal["zeros", "reflect"]
Base = Literal["none", "input", "auto_exposure", "brightened"]
Condition = Literal["none", "lambda", "level"]
Light = Literal["even", "dim", "uneven", "backlit", "night", "lit"]
Views = Literal["whole", "random", "clean"]
Augmentation = Literal["jitter", "dihedral", "none"]
Depth = Annotated[int, Range(2)]
Count = Annotated[int, Range(1)]
Number = Annotated[int, Range(0)]
Seed = Annotated[int, Range(0, below=2**32)]  # as NumPy has them
Weight = Annotated[float, Range(0)]
Share = Annotated[float, Range(0, below=1)]
Rate = Annotated[float, Range(0, excluded=True)]


@dataclass(frozen=True)
class Recipe:
    """How to train: networks, losses, optimisation and data handling.

    The defaults are the seed recipe: the configuration that the course starts from.

    Parameters
    ----------
    name : str
        What the recipe is called.
    size : int
        Side in pixels that pictures are resized to.
    crop : int or None
        Side of a random crop that training sees instead of the whole picture; `None`: no crop.
    zoom : bool
        Show every other picture whole, but shrunk to the crop's size; see `PairBatches`.
    whole_epochs : int
        How many epochs at the end see whole pictures, not crops; all, if there are not so many.
    copies : int
        How many times each bundled photo is darkened. Real pairs do not need it.
    lights : str
        How bundled photos lose their light: some of the kinds in `lowlight_utils.data.lights`,
        joined with "+". The copies of a photo take them in turn; one that stands twice comes twice.
    views : {"whole", "random", "clean"}
        What a copy shows: the photo, or a random square of it, down to one that keeps its pixels,
        as it is or without the photo's own grain.
    width : int
        Channels of the generator's first block; each block down has twice those before it, up to
        eight times as many.
    depth : int
        Number of the generator's blocks down, and as many up. At least 2.
    norm : {"batch", "instance", "group", "none"}
        Normalisation of all blocks of both networks but the first and the last.
    upsampling : {"transpose", "resize"}
        How a block on the way up doubles the size: a transposed convolution, or repeated pixels and
        a convolution.
    padding : {"zeros", "reflect"}
        What the generator's convolutions see beyond the picture's border: zeros, or the picture
        mirrored. Transposed convolutions know zeros alone.
    dropout : float
        Rate in the three innermost blocks of the way up, in [0, 1).
    base : {"none", "input", "auto_exposure", "brightened"}
        What the generator's output is added to. "none": nothing, a tanh makes the picture. "input":
        the dark picture. "auto_exposure": the auto-exposed picture (`AutoExposure`), which the
        network then also sees beside the dark one. "brightened": the same, but a picture that is
        bright already stays as it is. With a base, the last block has a skip at full resolution.
    stem : bool
        With a base: convolve at full resolution too, before the first block and after the last.
        Without, what is added to each pixel is linear in the pixels around it, so grain cannot be
        told from texture and stays.
    condition : {"none", "lambda", "level"}
        "lambda": the generator also takes λ, and every block but the first is modulated by it
        (`FiLM`; without a base, the last is not either), so that one network serves every λ
        (`ConditionalGAN` trains it so). "level": every block is modulated likewise, but by how dark
        the picture itself is (`LogLevel`).
    discriminator_width : int
        Channels of the PatchGAN's first block.
    lambda_l1 : float
        λ, the weight of the L1 term beside the adversarial one. A conditional generator learns
        every λ of `lowlight_utils.models.film.LAMBDA_RANGE`, and is validated at this one.
    gt_mean : float
        Share of the L1 term that does not count the brightness of the whole picture: it is measured
        after scaling the result to the truth's mean (`scale_to_mean`). What the dark photo cannot
        tell then teaches less noise.
    lambda_ssim : float
        Weight of a term 1 - SSIM; 0: no such term.
    lambda_detail : float
        Weight of a term on differences between neighbouring pixels (`detail`); 0: no such term.
    adversarial : float
        Weight of the adversarial term; 0: the discriminator takes no part.
    generator_lr, discriminator_lr : float
        Adam's learning rates.
    beta_1, beta_2 : float
        Adam's decay rates.
    schedule : {"constant", "cosine"}
        "cosine" takes both learning rates down to nothing over the run.
    batch_size, epochs : int
        Pairs a step, and passes over the training pairs.
    augmentation : {"jitter", "dihedral", "none"}
        What `PairBatches` does to each pair.
    average : float
        Momentum of an exponential moving average of the generator's weights; 0 keeps none.
    keep : {"best", "last"}
        Which epoch's generator the run leaves: the best on validation, or the last. A run that ends
        with a cosine schedule and an average needs no choice, and an unchosen epoch's validation
        figure is not flattered by the choice.
    dtype : str
        Keras dtype policy: "float32", "mixed_bfloat16" or "mixed_float16"; "auto" takes the one of
        16 bits that the processor computes with, and else the first.
    seed : int
        Decides initial weights, order and augmentation of the pairs, dropout, and darkening.

    Raises
    ------
    ValueError
        If a field has the wrong type or is out of range; the message names it.

    Examples
    --------
    >>> mine = Recipe(name="mine", lambda_l1=50.0)
    >>> mine.but(epochs=20).epochs
    20
    >>> mine.but(norm="bach")
    Traceback (most recent call last):
    ValueError: norm must be one of batch, instance, group, none, not 'bach'.
    """

    name: str = "seed"
    size: Count = 256
    crop: Count | None = None
    zoom: bool = False
    whole_epochs: Number = 0
    copies: Count = 1
    lights: str = "even"
    views: Views = "whole"
    width: Count = 64
    depth: Depth = 8
    norm: Norm = "batch"
    upsampling: Upsampling = "transpose"
    padding: Padding = "zeros"
    dropout: Share = 0.5
    base: Base = "none"
    stem: bool = False
    condition: Condition = "none"
    discriminator_width: Count = 64
    lambda_l1: Weight = 115.0
    gt_mean: Share = 0.0
    lambda_ssim: Weight = 0.0
    lambda_detail: Weight = 0.0
    adversarial: Weight = 1.0
    generator_lr: Rate = 1e-4
    discriminator_lr: Rate = 5e-5
    beta_1: Share = 0.5
    beta_2: Share = 0.999
    schedule: Literal["constant", "cosine"] = "constant"
    batch_size: Count = 1
    epochs: Count = 150
    augmentation: Augmentation = "jitter"
    average: Share = 0.0
    keep: Literal["best", "last"] = "best"
    dtype: Literal["float32", "mixed_bfloat16", "mixed_float16", "auto"] = "float32"
    seed: Seed = 0

    def __post_init__(self) -> None:
        require_allowed(**vars(self))
        if not any(getattr(self, name) for name, kind in FIELDS.items() if kind is Weight):
            raise ValueError("All weights of the generator's losses are 0: nothing can be learned.")
        if self.zoom and self.crop is None:
            raise ValueError("zoom needs a crop to shrink pictures to, and there is none.")
        if self.crop is not None and self.crop > self.size:
            raise ValueError(f"crop must not exceed size, {self.size}, but is {self.crop}.")

    def but(self, /, **changes: Any) -> "Recipe":
        """Return the recipe with some fields changed.

        Raises
        ------
        ValueError
            If a field does not exist, or its value is not allowed.
        """
        unknown = changes.keys() - FIELDS.keys()
        if unknown:
            raise ValueError(f"A recipe has no field {', '.join(sorted(unknown))}.")
        return replace(self, **changes)

    def arguments(self, function: Callable, /, **others: Any) -> dict[str, Any]:
        """Return what to call a function with: the fields that it takes by name, and `others`.

        The recipe's own name is not among them.
        """
        takes = inspect.signature(function).parameters.keys() - {"name"}
        return {name: value for name, value in vars(self).items() if name in takes} | others

    def differences(self, kept: "Recipe") -> str:
        """Name the fields that differ from those of `kept`, with both values; empty if none does.

        Examples
        --------
        >>> Recipe(epochs=3).differences(Recipe())
        'epochs: 150 there, 3 here'
        """
        return "; ".join(
            f"{name}: {getattr(kept, name)} there, {value} here"
            for name, value in vars(self).items()
            if getattr(kept, name) != value
        )

    def require_same(self, kept: "Recipe", where: object, remedy: str) -> None:
        """Raise ValueError if `kept`, which was found at `where`, is not this recipe."""
        if differing := self.differences(kept):
            raise ValueError(f"{where} is another recipe (it differs in {differing}): {remedy}")

    def to_json(self) -> str:
        """Return the recipe as a JSON object, in text."""
        return json.dumps(asdict(self), indent=2)

    @classmethod
    def from_json(cls, text: str) -> "Recipe":
        """Make a recipe from a JSON object; fields that it leaves out keep their defaults.

        Raises
        ------
        ValueError
            If the text is no JSON object, or has a field or a value that recipes do not have.
        """
        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError('A recipe is a JSON object, such as {"lambda_l1": 115}.')
        return cls().but(**values)


FIELDS = {field.name: field.type for field in fields(Recipe)}


def kind_of(name: str) -> tuple[type, tuple[str, ...] | Range | None]:
    """Return the Python type of a recipe's field, and its choices or its range if it has any."""
    annotation = FIELDS[name]
    if get_origin(annotation) is Union:
        annotation = get_args(annotation)[0]  # and None
    if get_origin(annotation) is Literal:
        return str, get_args(annotation)
    return get_args(annotation) or (annotation, None)


def require_allowed(**values: Any) -> None:
    """Raise ValueError unless each value is one that the recipe's field of that name may have."""
    for name, value in values.items():
        wrong = _what_is_wrong(name, value)
        if wrong:
            raise ValueError(f"{name} must {wrong}, not {value!r}.")


def _what_is_wrong(name: str, value: Any) -> str | None:
    """Say what a field must be, if it is not."""
    kind, allowed = kind_of(name)
    if value is None and NoneType in get_args(FIELDS[name]):
        return None
    if isinstance(allowed, tuple):
        return None if value in allowed else f"be one of {', '.join(allowed)}"
    if name == "lights":
        lights = get_args(Light)
        known = isinstance(value, str) and set(value.split("+")) <= set(lights)
        return None if known else f'be one or more of {", ".join(lights)}, joined with "+"'
    if kind is str:
        return None if isinstance(value, str) and value else "be a text"
    if kind is bool:
        return None if isinstance(value, bool) else "be true or false"
    # True is an int to Python, and an int does where a float is asked for.
    number = isinstance(value, int if kind is int else int | float) and not isinstance(value, bool)
    if number and math.isfinite(value) and isinstance(allowed, Range) and value in allowed:
        return None
    return f"be a {'whole number' if kind is int else 'number'}, {allowed}"
