"""From an uploaded file's bytes to the enhanced file's bytes; this runs in the worker."""

import contextlib
import io
import math
import time
from collections.abc import Callable

import numpy as np
from PIL import Image

from lowlight_utils.data.decode import ImageTooLarge, UnknownFormat, register_heif
from lowlight_utils.data.images import ImageError, encode_image, read_image_and_alpha, resize
from lowlight_utils.data.samples import to_8_bit
from lowlight_utils.prediction.baselines import BASELINES
from lowlight_utils.web import names
from lowlight_utils.web.job import Enhanced, Job, Refused, Told
from lowlight_utils.web.settings import Settings

with contextlib.suppress(UnknownFormat):  # where pillow-heif is not installed
    register_heif()

FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "TIFF", "AVIF", "HEIF")
"""What is decoded: Pillow knows many more, and each is a way in."""

# Chosen for speed at 12 megapixels: PNG's level 6 and lossless WebP take several times as long.
ENCODERS = {
    "jpeg": {"quality": names.QUALITY},
    "png": {"compress_level": 1},
    "webp": {"quality": names.QUALITY, "method": 2, "lossless": False},
}

# They work in double precision: some 100 bytes a pixel.
BASELINE_PIXELS = 2_000_000
"""Larger photos are made smaller before a classical method is applied to them."""

# Their libraries hold many copies at once, above all to write transparency.
COSTLY_TO_READ = {"WEBP": 1 / 2, "AVIF": 1 / 2}
WEBP_WRITE_ALPHA = 1 / 3
"""Shares of the pixels allowed that such files may have, so that they take no more than others."""

EXAMPLE_SEED = 7
THUMB = 144  # pixels of an example's button, on a screen with two to each of CSS's
STRIP = 256  # rows that are blended at a time


class Pipeline:
    """Decode, enhance, blend and encode uploads with one `Enhancer`, or two.

    Parameters
    ----------
    enhancer : Enhancer
        Or any uint8[H, W, 3] or uint16[H, W, 3] -> uint8[H, W, 3]. If it has a `lambda_range`, a
        pair of floats, it is also called with ``lambda_l1=``.
    settings : Settings, optional
    second : Enhancer, optional
        One that is told λ, where the first is not: the method "lambda".

    Attributes
    ----------
    told : Told or None
        Which of them is told λ, and what λ it takes.
    """

    def __init__(
        self,
        enhancer: Callable[..., np.ndarray],
        settings: Settings | None = None,
        second: Callable[..., np.ndarray] | None = None,
    ) -> None:
        self.enhancer = enhancer
        self.networks = {names.OURS: enhancer} | ({names.TOLD_LAMBDA: second} if second else {})
        self.settings = settings or Settings()
        self.told = None
        for method, each in self.networks.items():
            if ends := getattr(each, "lambda_range", None):
                self.told = Told(method, *ends)

    def __call__(
        self, content: bytes, job: Job, decoded: Callable[[], object] = lambda: None
    ) -> Enhanced:
        """Do one job; `decoded` is called when the photo has been decoded.

        Raises
        ------
        Refused
            With 413, 415 or 422: too many pixels, no picture of `FORMATS`, or a picture that is
            damaged or not a single still photo.
        """
        try:
            return self._do(content, job, decoded)
        except MemoryError as error:
            raise Refused(413, f"{job.name}: takes too much memory; make it smaller") from error

    def warm_up(self) -> dict[str, bytes]:
        """Make the page's examples, which also lets every part of the work run once.

        Returns
        -------
        dict
            "dog-dark" and so on -> a PNG file; "dog-shown", "dog-thumb" and "dog-bright" -> JPEG
            files of it for the page: as large, as a small button, and the result.
        """
        from lowlight_utils.data.sources import sample_pairs

        pairs = sample_pairs("test", size=384, seed=EXAMPLE_SEED)
        files = {}
        for name in names.EXAMPLES:
            low = pairs.low[pairs.names.index(name)]
            files[f"{name}-dark"] = dark = encode_image(low, ".png")
            files[f"{name}-shown"] = encode_image(low, ".jpg", quality=92)
            files[f"{name}-thumb"] = encode_image(resize(low, THUMB), ".jpg", quality=85)
            files[f"{name}-bright"] = self(dark, Job(format="jpeg")).content
        return files

    def _do(self, content: bytes, job: Job, decoded: Callable[[], object]) -> Enhanced:
        clock = Clock()
        image, alpha, source_format = self._read(content, job.name)
        decoded()
        clock.lap("read")
        enhanced = self._enhance(image, job)
        image = to_8_bit(image)
        if enhanced.shape != image.shape:  # a classical method, at a smaller size
            image = resize(image, enhanced.shape[:2])
            alpha = _resize_alpha(alpha, enhanced.shape[:2])
        result = blend(image, enhanced, job.strength)
        del image, enhanced  # each as large as the encoder's own copy
        if shrunk := _preview_size(result.shape, job.max_side):
            result, alpha = resize(result, shrunk), _resize_alpha(alpha, shrunk)
        clock.lap("enhance")
        kind = job.format or _nearest(source_format)
        if kind == "webp" and alpha is not None:
            self._require(
                WEBP_WRITE_ALPHA, alpha.size, f"{job.name}: to write WebP with transparency"
            )
        content = _encode(result, alpha, kind)
        clock.lap("write")
        height, width = result.shape[:2]
        return Enhanced(content, kind, width, height, clock.laps)

    def _read(self, content: bytes, name: str) -> tuple[np.ndarray, np.ndarray | None, str]:
        try:
            with Image.open(io.BytesIO(content), formats=_installed()) as opened:
                kind, pixels = opened.format or "", opened.width * opened.height
        except Exception:  # which of many things is wrong with it, the reader says
            kind, pixels = "", 0
        self._require(COSTLY_TO_READ.get(kind, 1), pixels, f"{name}: to read {kind}")
        try:
            image, alpha = read_image_and_alpha(
                io.BytesIO(content),
                name=name,
                formats=FORMATS,
                max_pixels=self.settings.max_pixels,
                deep=True,
            )
            return image, alpha, kind
        except ImageTooLarge as error:
            raise Refused(413, str(error)) from error
        except UnknownFormat as error:
            raise Refused(415, str(error)) from error
        except ImageError as error:
            raise Refused(422, str(error)) from error

    def _require(self, share: float, pixels: int, what: str) -> None:
        """Refuse what takes too much memory for its pixels."""
        most = int(share * self.settings.max_pixels)
        if share < 1 and pixels > most:
            raise Refused(
                413,
                f"{what}, {pixels:,} pixels take too much memory ({most:,} are allowed); use JPEG"
                " or PNG, or make it smaller",
            )

    def _enhance(self, image: np.ndarray, job: Job) -> np.ndarray:
        if job.method == names.ORIGINAL or job.strength == 0:
            return to_8_bit(image)
        if network := self.networks.get(job.method):
            if self.told and self.told.method == job.method and job.lambda_l1 is not None:
                return network(image, lambda_l1=job.lambda_l1)
            return network(image)
        image = to_8_bit(image)
        height, width = image.shape[:2]
        shrink = math.sqrt(BASELINE_PIXELS / (height * width))
        if shrink < 1:
            image = resize(image, (max(1, int(height * shrink)), max(1, int(width * shrink))))
        return BASELINES[names.BASELINES[job.method]](image)


class Clock:
    """Seconds between one `lap` and the next, by name."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        """Note the time since the last lap under a name."""
        now = time.perf_counter()
        self.laps[name], self._last = now - self._last, now


def blend(image: np.ndarray, enhanced: np.ndarray, strength: float) -> np.ndarray:
    """Mix two uint8[H, W, 3] pictures: ``image + strength * (enhanced - image)``.

    That is what a browser shows when it lays one over the other, so that page and result agree.
    """
    if strength == 1:
        return enhanced
    if strength == 0:
        return image
    mixed = np.empty_like(image)
    for top in range(0, len(image), STRIP):  # Pillow would hold three more copies of the whole
        rows = slice(top, top + STRIP)
        one, other = (Image.fromarray(each[rows]) for each in (image, enhanced))
        mixed[rows] = Image.blend(one, other, strength)
    return mixed


def _installed() -> tuple[str, ...]:
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _nearest(source_format: str) -> str:
    kind = source_format.lower()
    return kind if kind in names.FORMATS else "png" if kind == "tiff" else "jpeg"


def _preview_size(shape: tuple[int, ...], max_side: int) -> tuple[int, int] | None:
    height, width = shape[:2]
    share = max_side / max(height, width)
    if not 0 < share < 1:
        return None
    return max(1, round(share * height)), max(1, round(share * width))


def _resize_alpha(alpha: np.ndarray | None, size: tuple[int, int]) -> np.ndarray | None:
    if alpha is None:
        return None
    return resize(np.repeat(alpha[..., None], 3, axis=-1), size)[..., 0]


def _encode(image: np.ndarray, alpha: np.ndarray | None, kind: str) -> bytes:
    if alpha is not None and kind == "jpeg":  # which has no transparency: on white, as on a page
        for top in range(0, len(image), STRIP):
            rows = slice(top, top + STRIP)
            opacity = alpha[rows, :, None].astype(np.uint16)
            image[rows] = (image[rows] * opacity + 255 * (255 - opacity) + 127) // 255
        alpha = None
    return encode_image(image, names.SUFFIXES[kind], alpha, **ENCODERS[kind])
