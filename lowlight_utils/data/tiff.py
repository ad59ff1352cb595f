"""TIFF files: which of their pages is the photo, and the samples of those that Pillow misreads.

A TIFF file may hold a photo, a camera's RAW data behind a thumbnail, a book, or numbers that are no
picture. Pillow shows the first page of each, and cannot unpack some layouts of 16-bit samples.
"""

import logging
from typing import cast

import numpy as np
import tifffile

from lowlight_utils.data.errors import ImageError
from lowlight_utils.data.samples import Samples, opaque_colours, to_16_bit

# What it finds wrong with a file is ours to say, in one line that names the file.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

NO_WHITE = "samples have no agreed white; export it as 8- or 16-bit"
_RAW_KINDS = frozenset({32803, 34892})  # PhotometricInterpretation: colour filter array, linear RAW
_AUXILIARY = 0b101  # NewSubfileType (TIFF 6.0, page 36): a thumbnail, or a mask
_DNG_VERSION, _ORIENTATION, _ICC, _EXTRA_ALPHA = 50706, 274, 34675, (1, 2)


def is_raw(tiff: tifffile.TiffFile) -> bool:
    """Say whether it is a camera's RAW file, whatever it is called."""
    for page in cast(list[tifffile.TiffPage], list(tiff.pages)):
        kinds = [int(each.photometric or 0) for each in (page, *(page.pages or ()))]
        if _DNG_VERSION in page.tags or not _RAW_KINDS.isdisjoint(kinds):
            return True
    return False


def photo_page(tiff: tifffile.TiffFile, name: str) -> tuple[tifffile.TiffPage, int]:
    """Find the page that is the photo; thumbnails and masks do not count.

    Returns
    -------
    page : tifffile.TiffPage
    number : int
        Counted from 0.

    Raises
    ------
    ImageError
        There are several pages, or none but thumbnails of what is not read.
    """
    pages = cast(list[tifffile.TiffPage], list(tiff.pages))
    photos = [i for i, page in enumerate(pages) if not int(page.subfiletype or 0) & _AUXILIARY]
    if len(photos) > 1:
        raise ImageError(
            f"{name}: holds {len(photos)} frames or pages; save the one you want as a PNG"
        )
    if not photos and len(pages) == 1 and not pages[0].pages:
        photos = [0]  # a thumbnail that was cut out on its own
    if not photos:
        raise ImageError(
            f"{name}: a small preview stands where the photo should be; export the photo as JPEG,"
            " PNG or 16-bit TIFF"
        )
    return pages[photos[0]], photos[0]


def check_samples(page: tifffile.TiffPage, name: str) -> None:
    """Refuse samples that are no levels of light between black and an agreed white."""
    kind, bits = int(page.sampleformat), page.bitspersample
    if kind == 3:
        raise ImageError(f"{name}: floating-point {NO_WHITE}")
    if kind == 2:
        raise ImageError(f"{name}: signed {bits}-bit {NO_WHITE}")
    if kind not in (1, 4) or bits > 16:
        raise ImageError(f"{name}: {bits}-bit {NO_WHITE}")


def orientation(page: tifffile.TiffPage) -> int:
    """Give EXIF's number for how the photo is stored; 1 is upright."""
    return int(page.tags.valueof(_ORIENTATION, 1) or 1)


def read_samples(page: tifffile.TiffPage, name: str) -> Samples:
    """Decode a page of up to 16 bits a sample, in whatever layout.

    Raises
    ------
    ImageError
        Its colours are of a kind that is not read.
    """
    values = page.asarray()
    values = values.reshape(values.shape[-3:]) if values.ndim > 3 else values
    if values.ndim == 3 and page.planarconfig == 2:
        values = np.moveaxis(values, 0, -1)
    values = values[..., None] if values.ndim == 2 else values
    photometric = int(page.photometric)
    if values.dtype == bool or photometric == 3:  # bilevel, or a palette
        return _from_palette(page, values, name)
    white = 2**page.bitspersample - 1
    channels = {0: 1, 1: 1, 2: 3, 5: 4}.get(photometric)
    if channels is None or values.shape[-1] < channels:
        called = getattr(page.photometric, "name", photometric)
        raise ImageError(
            f"{name}: {page.bitspersample}-bit {called} samples are not read; export it as RGB"
        )
    extras = [int(kind) for kind in page.extrasamples]
    colours = to_16_bit(values[..., :channels], white)
    if photometric == 0:  # white is zero
        colours = 65535 - colours
    alpha = None
    for place, kind in enumerate(extras[: values.shape[-1] - channels]):
        if kind in _EXTRA_ALPHA:
            alpha = to_16_bit(values[..., channels + place], white)
            if kind == 1:  # the colours are multiplied by it
                colours = opaque_colours(colours, alpha)
            break
    space = {1: "gray", 3: "rgb", 4: "cmyk"}[channels]
    return Samples(colours, space, page.bitspersample, alpha, page.tags.valueof(_ICC))


def _from_palette(page: tifffile.TiffPage, values: np.ndarray, name: str) -> Samples:
    bits = 16 if page.bitspersample > 8 else 8
    if page.colormap is None:
        levels = np.where(values != (int(page.photometric) == 0), 65535, 0)
        return Samples(levels.astype(np.uint16), "gray", 8, None, page.tags.valueof(_ICC))
    return Samples(np.moveaxis(page.colormap, 0, -1)[values[..., 0]], "rgb", bits, None, None)
