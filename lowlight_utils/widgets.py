"""Things to move and to click in the notebooks: thin ipywidgets views over plain functions.

Only ipywidgets' own widgets are used, so that they work in JupyterLab and in Colab (which has
ipywidgets 7). Pictures are sent as JPEG files, which is much faster than to draw a figure anew.
"""

import base64
import html
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath

import ipywidgets
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lowlight_utils.data.images import read_image, resize
from lowlight_utils.data.pairs import PairSet
from lowlight_utils.prediction.metrics import measure, sharpness

GAP = 6  # pixels between pictures
TITLE = 22  # pixels above a picture, for its title
GAIN = 4  # how much a difference is brightened
PREVIEW = 480  # the longest side, in pixels, that an uploaded photo is shown at

Enhance = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class LambdaResults:
    """What generators trained with different λ make of the same photos.

    Attributes
    ----------
    pairs : PairSet
        n photos, dark and well-lit.
    pictures : dict of float to uint8[n, H, W, 3]
        λ -> the enhanced photos; in the order of λ.
    scores : dict of float to tuple of dict
        λ -> "psnr", "ssim", "ciede2000" and "sharpness" of each of them.
    """

    pairs: PairSet
    pictures: dict[float, np.ndarray]
    scores: dict[float, tuple[dict[str, float], ...]]

    def means(self) -> dict[float, dict[str, float]]:
        """Mean of every score over the photos, by λ."""
        return {lambda_: mean_scores(scores) for lambda_, scores in self.scores.items()}


def lambda_results(enhancers: Mapping[float, Enhance], pairs: PairSet) -> LambdaResults:
    """Enhance photos with every λ's generator and measure them, once and for all moves to come.

    Parameters
    ----------
    enhancers : mapping of float to callable
        λ -> uint8[H, W, 3] to uint8[H, W, 3], such as an `Enhancer`.
    pairs : PairSet
        At least one pair.

    Raises
    ------
    ValueError
        There is nothing to enhance, or nothing to enhance it with.
    """
    if not enhancers or not len(pairs):
        raise ValueError("there has to be at least one generator and one pair")
    pictures = {
        lambda_: np.stack([enhancers[lambda_](low) for low in pairs.low])
        for lambda_ in sorted(enhancers)
    }
    scores = {lambda_: score(pairs.high, images) for lambda_, images in pictures.items()}
    return LambdaResults(pairs, pictures, scores)


def score(truths: np.ndarray, images: np.ndarray) -> tuple[dict[str, float], ...]:
    """Measure images against the truth, by `measure` without GT-mean and by `sharpness`.

    Parameters
    ----------
    truths, images : uint8[n, H, W, 3]

    Returns
    -------
    tuple of dict
        For each image "psnr", "ssim", "ciede2000", "sharpness".
    """
    return tuple(
        {name: value for name, value in measure(truth, image).items() if "gtmean" not in name}
        | {"sharpness": sharpness(truth, image)}
        for truth, image in zip(truths, images, strict=True)
    )


def mean_scores(scores: tuple[dict[str, float], ...]) -> dict[str, float]:
    """Mean of each score over the images that `score` measured."""
    return {name: float(np.mean([each[name] for each in scores])) for name in scores[0]}


def lambda_view(results: LambdaResults, lambda_: float, scene: str) -> np.ndarray:
    """Show one photo at one λ: low, enhanced, truth, and how enhanced and truth differ.

    Parameters
    ----------
    results : LambdaResults
    lambda_ : float
        One of `results.pictures`.
    scene : str
        One of `results.pairs.names`.

    Returns
    -------
    uint8[h, w, 3]
        The four pictures in a row, with titles. The difference is |enhanced - truth| times 4:
        black where they agree.

    Raises
    ------
    ValueError
        There is no such λ or scene.
    """
    index = _find(results, lambda_, scene)
    enhanced = results.pictures[lambda_][index]
    low, truth = results.pairs[index]
    difference = np.abs(enhanced.astype(int) - truth) * GAIN
    return titled_row(
        {
            "low": low,
            "enhanced": enhanced,
            "truth": truth,
            f"difference x {GAIN}": difference.clip(0, 255).astype(np.uint8),
        }
    )


def lambda_line(results: LambdaResults, lambda_: float, scene: str) -> str:
    """Give the scores of one photo at one λ as a line of text."""
    scores = results.scores[lambda_][_find(results, lambda_, scene)]
    return (
        f"λ = {lambda_:g}: PSNR {scores['psnr']:.2f} dB, SSIM {scores['ssim']:.3f},"
        f" ΔE {scores['ciede2000']:.1f}, sharpness {scores['sharpness']:.2f}"
    )


def lambda_explorer(results: LambdaResults) -> ipywidgets.VBox:
    """Make a slider over λ and a choice of scene, above the pictures and their scores."""
    options = [(f"{lambda_:g}", lambda_) for lambda_ in results.pictures]
    slider = ipywidgets.SelectionSlider(
        options=options, value=options[-1][1], description="λ", continuous_update=True
    )
    scene = ipywidgets.Dropdown(options=results.pairs.names, description="scene")
    picture = ipywidgets.Image(format="jpeg")
    line = ipywidgets.HTML()

    def show(_=None):
        picture.value = to_jpeg(lambda_view(results, slider.value, scene.value))
        line.value = html.escape(lambda_line(results, slider.value, scene.value))

    slider.observe(show, "value")
    scene.observe(show, "value")
    show()
    return ipywidgets.VBox([ipywidgets.HBox([slider, scene]), picture, line])


@dataclass(frozen=True, eq=False)
class EnhancedPhoto:
    """An uploaded photo, before and after.

    Attributes
    ----------
    before, after : uint8[H, W, 3]
    name : str
        What to call the file.
    file : bytes
        The photo afterwards, a JPEG file.
    """

    before: np.ndarray
    after: np.ndarray
    name: str
    file: bytes


def enhance_upload(enhancer: Enhance, content: bytes, name: str = "photo") -> EnhancedPhoto:
    """Enhance a photo that comes as a file's bytes.

    Parameters
    ----------
    enhancer : callable
        uint8[H, W, 3] to uint8[H, W, 3], such as an `Enhancer`.
    content : bytes
        A file of any format that `lowlight_utils.data.read_image` reads.
    name : str
        The file's name, for messages and for the result's name.

    Raises
    ------
    lowlight_utils.data.ImageError
        It cannot be read.
    """
    before = read_image(io.BytesIO(content), name=name)
    after = enhancer(before)
    return EnhancedPhoto(before, after, f"{PurePath(name).stem}-enhanced.jpg", to_jpeg(after, 95))


def enhance_own_photo(enhancer: Enhance) -> ipywidgets.VBox:
    """Make a button that takes a photo, and shows it before and after, with a link to save it."""
    upload = ipywidgets.FileUpload(accept="image/*", multiple=False, description="Choose a photo")
    message = ipywidgets.HTML("Nothing leaves the computer that this notebook runs on.")
    picture = ipywidgets.Image(format="jpeg", layout=ipywidgets.Layout(display="none"))

    def show(change):
        if not change["new"]:
            return
        name, content = _uploaded(change["new"])
        picture.layout.display = "none"
        message.value = f"Enhancing {html.escape(name)} ..."
        try:
            photo = enhance_upload(enhancer, content, name)
        except (ValueError, OSError) as error:  # a bad photo is no reason for a traceback
            message.value = html.escape(str(error))
            return
        small = {"before": _preview(photo.before), "after": _preview(photo.after)}
        picture.value = to_jpeg(titled_row(small))
        picture.layout.display = None
        address = f"data:image/jpeg;base64,{base64.b64encode(photo.file).decode()}"
        save = html.escape(photo.name)
        height, width = photo.after.shape[:2]
        message.value = f'{width}x{height}: <a download="{save}" href="{address}">save {save}</a>'

    upload.observe(show, "value")
    return ipywidgets.VBox([upload, message, picture])


def titled_row(pictures: Mapping[str, np.ndarray]) -> np.ndarray:
    """Put uint8[H, W, 3] pictures of one height in a row, each with a title above it.

    Titles are plain ASCII: the font that Pillow brings has little else.
    """
    height = max(picture.shape[0] for picture in pictures.values())
    width = sum(picture.shape[1] + GAP for picture in pictures.values()) - GAP
    canvas = Image.new("RGB", (width, TITLE + height), "white")
    draw = ImageDraw.Draw(canvas)
    x = 0
    for title, picture in pictures.items():
        draw.text((x + picture.shape[1] / 2, TITLE / 2), title, "black", _font(), anchor="mm")
        canvas.paste(Image.fromarray(picture), (x, TITLE))
        x += picture.shape[1] + GAP
    return np.asarray(canvas)


def to_jpeg(image: np.ndarray, quality: int = 90) -> bytes:
    """Give uint8[H, W, 3] as the bytes of a JPEG file."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality, subsampling=0)
    return buffer.getvalue()


def _font():
    return ImageFont.load_default(14)


def _find(results: LambdaResults, lambda_: float, scene: str) -> int:
    if lambda_ not in results.pictures:
        known = ", ".join(f"{each:g}" for each in results.pictures)
        raise ValueError(f"no generator was trained with λ = {lambda_:g}, only with {known}")
    if scene not in results.pairs.names:
        raise ValueError(f"no scene is called {scene!r}, only {', '.join(results.pairs.names)}")
    return results.pairs.names.index(scene)


def _preview(image: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    shrink = PREVIEW / max(height, width)
    if shrink >= 1:
        return image
    return resize(image, (max(1, round(height * shrink)), max(1, round(width * shrink))))


def _uploaded(value) -> tuple[str, bytes]:
    """Read what a FileUpload holds: a tuple of files in ipywidgets 8, a mapping in 7."""
    if isinstance(value, Mapping):
        name, file = next(iter(value.items()))
    else:
        file = value[0]
        name = file["name"]
    return name, bytes(file["content"])
