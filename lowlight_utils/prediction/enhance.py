"""`Enhancer`: a dark photo of any size in, a well-lit one of the same size out."""

import os
import threading
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lowlight_utils.data.encode import check_suffix, holds_16_bits
from lowlight_utils.data.images import (
    MAX_PIXELS,
    ImageError,
    read_image_and_alpha,
    resize,
    to_image,
    to_network,
    write_image,
)
from lowlight_utils.prediction.bars import inside_bars
from lowlight_utils.prediction.detail import carry_over
from lowlight_utils.prediction.exported import ExportedGenerator, is_exported
from lowlight_utils.recipe import Recipe

if TYPE_CHECKING:
    import keras

SHIPPED_WEIGHTS = Path(__file__).with_name("weights") / "generator.keras"
LAMBDA_WEIGHTS = SHIPPED_WEIGHTS.with_name("lambda.keras")
STEP = 64  # padded sides are multiples of this: 12 sizes a side at most for a backend to compile
NEUTRAL = 2 / 127.5  # a photo whose channels differ by no more, two levels, has no colour
MARGIN = 16  # around a small copy, or the network's weakness at borders would be enlarged with it


class Enhancer:
    """Enhance photos of any size with a trained generator, always in inference mode.

    A photo of up to `max_side` pixels a side goes through the network whole. Of a larger one the
    network sees a smaller copy, again whole, so that it judges the light of the scene and not of a
    tile (tiles show seams: each would be brightened by its own measure). What it did there is then
    carried over to the photo at full size, see `lowlight_utils.prediction.detail`. That keeps the
    photo's detail and its contrast. Noise is smoothed where the photo is flat, but stays within
    texture and along edges, where it cannot be told from detail.

    A photo without colour stays without. Black bars at its borders stay black, and do not count as
    darkness (`lowlight_utils.prediction.bars`).

    Parameters
    ----------
    generator : keras.Model or path, optional
        float32[n, h, w, 3] in [-1, 1] to the same, or the `.keras` file of one; by default the
        weights that come with the library. One that is told λ takes [that, float32[n, 1]], see
        `unet_generator`. A generator built for one size is re-made for any. The
        weights are copied: training the generator further does not change the `Enhancer`. An
        `.onnx` file that `export_generator` wrote runs on onnxruntime and does not load Keras.
    max_side : int
        The longest side in pixels that the network sees. Time and memory grow with its square.
    threads : int, optional
        How many cores an `.onnx` file's network may use; by default OMP_NUM_THREADS, or else all
        that the process may. Keras's backends have settings of their own.

    Attributes
    ----------
    generator : keras.Model or ExportedGenerator
        The network as it is used, open to any size.
    stride : int
        How far the network shrinks a picture on its way down; pictures are padded to multiples.
    weights : Path or None
        The file that the generator came from.
    lambda_range : (float, float) or None
        The least and the largest λ that a conditional generator has learnt; None for any other.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        The file holds no generator, or the model does not turn pictures into pictures.
    ImportError
        What runs such a file is not installed: onnxruntime, or Keras's backend.

    Examples
    --------
    >>> enhance = Enhancer()
    >>> dark = np.full((90, 120, 3), 12, np.uint8)
    >>> bright = enhance(dark)
    >>> bright.shape, bright.dtype, bool(bright.mean() > dark.mean())
    ((90, 120, 3), dtype('uint8'), True)
    """

    def __init__(
        self,
        generator: "keras.Model | str | os.PathLike | None" = None,
        *,
        max_side: int = 768,
        threads: int | None = None,
    ) -> None:
        if max_side < 1:
            raise ValueError(f"max_side must be at least 1 pixel, not {max_side}")
        self.weights = None
        if generator is None:
            generator = SHIPPED_WEIGHTS
        if isinstance(generator, (str, os.PathLike)):
            self.weights = Path(generator)
        if self.weights and is_exported(self.weights):
            self.generator = ExportedGenerator(self.weights, threads)
            self.stride = self.generator.stride
            self.lambda_range = self.generator.lambda_range
        else:
            if self.weights:
                from lowlight_utils.models.saving import load_generator

                generator = load_generator(self.weights)
            self.generator = _open_to_any_size(generator, copy=self.weights is None)
            self.stride = find_stride(self.generator)
            self.lambda_range = _lambda_range(self.generator)
        self._step = max(STEP, self.stride)
        # Two of the smallest features a side, or instance norm would have nothing to measure; but a
        # network trained at 256x256 down to one is at home there.
        self._least = max(self._step, min(256, 2 * self.stride))
        self.max_side = max(self._least, max_side // self._step * self._step)
        self._one_at_a_time = threading.Lock()  # a web server's threads share the memory

    def __call__(
        self,
        image: np.ndarray,
        strength: float = 1.0,
        *,
        lambda_l1: float = Recipe.lambda_l1,
        depth: int = 8,
    ) -> np.ndarray:
        """Enhance one picture.

        Parameters
        ----------
        image : uint8[H, W, 3] or uint16[H, W, 3]
            sRGB, of any size from 1x1. The depth of uint16 reaches the network, and the result.
        strength : float
            From 0 (the picture as it was) to 1 (as the network would have it).
        lambda_l1 : float
            What a conditional generator is told, within `lambda_range`; others do not ask.
        depth : int
            8, or 16 bits a channel of the result: to be edited further, or printed.

        Returns
        -------
        uint8[H, W, 3], or uint16[H, W, 3] at depth 16

        Raises
        ------
        ValueError
            The picture is not of that shape and type, `strength` lies outside [0, 1], or `depth` is
            neither 8 nor 16.
        """
        _require_picture(image)
        if depth not in (8, 16):
            raise ValueError(f"depth must be 8 or 16 bits, not {depth}")
        if not 0 <= strength <= 1:
            raise ValueError(f"strength must lie between 0 and 1, not {strength}")
        rows, columns = inside_bars(image)
        inside = self._enhance(image[rows, columns], strength, lambda_l1, depth)
        if inside.shape == image.shape:
            return inside
        framed = to_image(to_network(image), depth)
        framed[rows, columns] = inside
        return framed

    def _enhance(
        self, image: np.ndarray, strength: float, lambda_l1: float, depth: int
    ) -> np.ndarray:
        """Enhance a picture without bars, whole or by way of a smaller copy."""
        height, width = image.shape[:2]
        if max(height, width) <= self.max_side:
            return to_image(self._run(to_network(image), strength, lambda_l1), depth)
        shrink = (self.max_side - 2 * MARGIN) / max(height, width)
        small = resize(image, (max(1, round(height * shrink)), max(1, round(width * shrink))))
        before = to_network(small)
        after = self._run(before, strength, lambda_l1, MARGIN)
        return carry_over(image, before, after, smoothing=strength, depth=depth)

    def enhance_file(
        self,
        source: str | os.PathLike,
        destination: str | os.PathLike,
        strength: float = 1.0,
        *,
        lambda_l1: float = Recipe.lambda_l1,
        depth: int | None = None,
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        """Enhance one picture file; transparency is kept if the new file's format has it.

        Parameters
        ----------
        source : path
            Any format that `lowlight_utils.data.read_image` reads, at its full depth.
        destination : path
            The suffix chooses the format. It is written whole or not at all, upright, in sRGB and
            without the camera's notes (EXIF).
        strength, lambda_l1 : float
            See `__call__`.
        depth : int, optional
            8 or 16 bits a channel of the new file; by default 16 if the source has more than 8 and
            the new file's format holds them (PNG and TIFF).
        max_pixels : int
            Larger pictures are refused before they are decoded.

        Raises
        ------
        lowlight_utils.data.ImageError
            The source cannot be read, or the destination not be written.
        """
        suffix = Path(destination).suffix
        check_suffix(destination, suffix)  # before the work rather than after it
        if depth == 16 and not holds_16_bits(suffix):
            raise ImageError(
                f"{destination}: '{suffix}' holds 8 bits a channel; write 16 as .png or .tif"
            )
        image, alpha = read_image_and_alpha(source, max_pixels=max_pixels, deep=True)
        if depth is None:
            depth = 16 if image.dtype == np.uint16 and holds_16_bits(suffix) else 8
        enhanced = self(image, strength, lambda_l1=lambda_l1, depth=depth)
        del image  # the encoder needs the memory
        write_image(destination, enhanced, alpha)

    def _run(
        self, picture: np.ndarray, strength: float, lambda_l1: float, margin: int = 0
    ) -> np.ndarray:
        """Put float32[h, w, 3] through the network, mirrored around its borders."""
        pads = [self._pads(side, margin) for side in picture.shape[:2]]
        padded = np.pad(picture, (*pads, (0, 0)), mode="reflect")
        given: np.ndarray | list[np.ndarray] = padded[None]
        if self.lambda_range:
            given = [padded[None], np.full((1, 1), lambda_l1, np.float32)]
        with self._one_at_a_time:
            output = self.generator.predict_on_batch(given)[0]
        if output.shape != padded.shape:
            raise ValueError(
                f"the generator made {list(output.shape)} of {list(padded.shape)}; it must give"
                " the shape that it was given"
            )
        (top, bottom), (left, right) = pads
        height, width = padded.shape[:2]
        inside = output[top : height - bottom, left : width - right].astype(np.float32)
        if np.ptp(picture, axis=-1).max() <= NEUTRAL:
            inside = np.repeat(inside.mean(-1, keepdims=True), 3, axis=-1)
        return picture + strength * (inside - picture) if strength < 1 else inside

    def _pads(self, side: int, margin: int) -> tuple[int, int]:
        """How much to add before and after a side: at least `margin`, up to a size that fits."""
        whole = max(self._least, side + 2 * margin)
        extra = whole + -whole % self._step - side
        return extra // 2, extra - extra // 2


def find_stride(generator: "keras.Model") -> int:
    """How many times smaller a network's smallest features are than its input.

    Read from the strides of its convolutions and poolings.
    """
    import keras

    shrinking = (
        keras.layers.Conv2D,
        keras.layers.DepthwiseConv2D,
        keras.layers.SeparableConv2D,
        keras.layers.AveragePooling2D,
        keras.layers.MaxPooling2D,
    )
    return prod(
        find_stride(layer) if isinstance(layer, keras.Model) else max(layer.strides)
        for layer in generator.layers
        if isinstance(layer, (keras.Model, *shrinking))
    )


def _open_to_any_size(generator: "keras.Model", copy: bool) -> "keras.Model":
    import keras

    shape, *others = (tuple(x.shape) for x in getattr(generator, "inputs", None) or [()])
    if len(shape) != 4 or shape[-1] != 3 or others not in ([], [(None, 1)]):
        raise ValueError(
            "a generator takes float32[n, h, w, 3], and perhaps λ as float32[n, 1], but this one"
            f" takes {getattr(generator, 'input_shape', None)}"
        )
    if copy or shape[1:3] != (None, None):
        inputs = [keras.Input((None, None, 3)), *(keras.Input((1,)) for _ in others)]
        try:
            clone = keras.models.clone_model(
                generator, input_tensors=inputs if others else inputs[0]
            )
        except ValueError as error:
            raise ValueError(
                f"{generator.name} is made for {shape[1]}x{shape[2]} pictures and cannot be re-made"
                " for others; build it from layers that take any size"
            ) from error
        clone.set_weights(generator.get_weights())
        generator = clone
    if keras.backend.backend() == "tensorflow":
        generator.jit_compile = False  # XLA is slower on CPUs, and compiles again for every size
    return generator


def _lambda_range(generator: "keras.Model") -> tuple[float, float] | None:
    from lowlight_utils.models.film import LAMBDA_RANGE

    return LAMBDA_RANGE if len(generator.inputs) > 1 else None


def _require_picture(image: np.ndarray) -> None:
    image = np.asarray(image)
    fits = image.dtype in (np.uint8, np.uint16) and image.ndim == 3 and image.shape[2] == 3
    if not fits or not prod(image.shape):
        raise ValueError(
            f"a picture is uint8[H, W, 3] with values 0 to 255, or uint16, not {image.dtype}"
            f"{list(image.shape)}; read_image reads one, to_image makes one of a network's output"
        )
