"""ICC profiles: which space a picture's colours are in, and how they come to sRGB."""

import io

import numpy as np
from PIL import Image, ImageCms

_SPACES = {"RGB": "rgb", "GRAY": "gray", "CMYK": "cmyk"}
_MODES = {"rgb": "RGB", "gray": "L", "cmyk": "CMYK"}

Profile = ImageCms.ImageCmsProfile | ImageCms.core.CmsProfile


def open_profile(icc: bytes | None) -> tuple[ImageCms.ImageCmsProfile | None, str | None]:
    """Open a profile; give it with its space, "rgb", "gray" or "cmyk". (None, None) if broken."""
    if not icc:
        return None, None
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        return profile, _SPACES.get(profile.profile.xcolor_space.strip())
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return None, None


def is_srgb(profile: ImageCms.ImageCmsProfile) -> bool:
    """Say whether a profile is sRGB itself."""
    # Converting sRGB to sRGB would move some values by one level, for nothing.
    description = ImageCms.getProfileDescription(profile).lower()
    return "srgb" in description and "linear" not in description


def to_srgb(image: Image.Image, icc: bytes | None) -> Image.Image:
    """Convert an image of mode L, RGB, CMYK or LAB; a profile that is broken or does not fit it
    is ignored, as browsers do.
    """
    profile, space = open_profile(icc)
    mode = _MODES.get(space or "")
    fits = mode and (mode == image.mode or (mode == "RGB" and image.mode == "L"))
    try:
        if profile and mode and fits and not is_srgb(profile):
            if mode == "L":
                return _grey_to_srgb(image, profile)
            return _convert(image.convert(mode), profile)
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        pass
    if image.mode == "LAB":
        return _convert(image, ImageCms.createProfile("LAB"))
    # Converting RGB to RGB would be one more copy, of 48 MB at 12 megapixels.
    return image if image.mode == "RGB" else image.convert("RGB")


def _convert(image: Image.Image, profile: Profile, more_flags: int = 0) -> Image.Image:
    converted = ImageCms.profileToProfile(
        image,
        profile,
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION | more_flags,
    )
    assert converted is not None  # as it is when a picture is converted in its place
    return converted


def _grey_to_srgb(image: Image.Image, profile: Profile) -> Image.Image:
    # Little CMS's shortcut for grey is coarse in the shadows, and without it slow: so only the 256
    # levels are converted, and looked up.
    levels = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    table = np.asarray(_convert(levels, profile, ImageCms.Flags.NOOPTIMIZE))[0]
    return Image.fromarray(table[np.asarray(image)])
