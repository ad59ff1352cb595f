"""Black bars around a photo, as screenshots and films have them: where the picture begins."""

import numpy as np

BLACK = 0.5 / 255  # at most the mean of a line that is black; a JPEG's is not quite
SPECK = 16 / 255  # nothing in such a line is brighter
EDGE = 8  # lines within which the picture has to begin, after a bar
LIT = 2 / 255  # what at least half of one of these lines must reach


def inside_bars(photo: np.ndarray) -> tuple[slice, slice]:
    """Find the rows and columns of a photo that no black bars cover.

    Bars say nothing about the light of the scene, but would count as darkness. A bar is black from
    the border on and ends at a straight edge, with light behind it. A night sky that fades into
    black does not, and stays part of the picture.

    Parameters
    ----------
    photo : uint8 or uint16[H, W, 3]

    Returns
    -------
    rows, columns : slice
        Both cover all of the photo where there are no bars.

    Examples
    --------
    >>> photo = np.full((40, 60, 3), 90, np.uint8)
    >>> photo[:10] = 0
    >>> inside_bars(photo)
    (slice(10, 40, None), slice(0, 60, None))
    """
    rows = _between_bars(photo)
    return rows, _between_bars(photo[rows].swapaxes(0, 1))


def _between_bars(lines: np.ndarray) -> slice:
    first, last = _width_of_bar(lines), _width_of_bar(lines[::-1])
    return slice(first, len(lines) - last) if first + last < len(lines) else slice(0, len(lines))


def _width_of_bar(lines: np.ndarray) -> int:
    """Count the lines that a bar covers, from the first one on."""
    white = np.iinfo(lines.dtype).max
    width = 0
    while width < len(lines) and _is_black(lines[width], white):
        width += 1
    if width in (0, len(lines)):
        return 0
    nearby = lines[width : width + EDGE].max(-1)
    return width if np.median(nearby, axis=1).max() >= LIT * white else 0


def _is_black(line: np.ndarray, white: int) -> bool:
    return line.max() <= SPECK * white and line.mean() <= BLACK * white
