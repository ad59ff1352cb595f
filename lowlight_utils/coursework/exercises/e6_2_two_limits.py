"""Two limits.

A server that takes up to 2,000,000 bytes and up to 4,000,000 pixels needs both limits. Make a picture file for each that only one of them stops:
`too_many_bytes` breaks the first limit and keeps the second, `too_many_pixels` the other way round. Both are bytes, and both must be whole pictures that Pillow reads.
"""

# %% answer
import io

import numpy as np
from PIL import Image

two_files = None  # (too_many_bytes, too_many_pixels)
### BEGIN SOLUTION
noise = np.random.default_rng(0).integers(0, 256, (1000, 1000, 3)).astype(np.uint8)
buffers = io.BytesIO(), io.BytesIO()
Image.fromarray(noise).save(buffers[0], "PNG")
Image.new("L", (2001, 2000)).save(buffers[1], "PNG")
two_files = tuple(buffer.getvalue() for buffer in buffers)
### END SOLUTION

# %% check
from lowlight_utils.coursework.checking import Wrong, require

MAX_BYTES, MAX_PIXELS = 2_000_000, 4_000_000


def check(answer):
    """Bytes and pixels have little to do with one another: noise, and one colour."""
    require(isinstance(answer, tuple | list) and len(answer) == 2, "the answer is two files")
    for name, content, breaks in zip(
        ("the first file", "the second file"), answer, ("bytes", "pixels"), strict=True
    ):
        require(isinstance(content, bytes), f"{name} is not bytes")
        try:
            with Image.open(io.BytesIO(content)) as picture:
                pixels = picture.width * picture.height
                picture.load()
        except Exception as error:
            raise Wrong(f"{name} is no picture that Pillow reads ({error})") from None
        over = {"bytes": len(content) > MAX_BYTES, "pixels": pixels > MAX_PIXELS}
        for limit, broken in over.items():
            say = f"the limit of {limit}, and should"
            require(not broken or limit == breaks, f"{name} breaks {say} not")
            require(broken or limit != breaks, f"{name} does not break {say}")


MINUTES = 10
RUBRIC = ((1, "few pixels, many bytes"), (1, "many pixels, few bytes"))
MISTAKES = (
    ("a large photo twice", "it breaks both limits"),
    ("a JPEG of noise", "it is smaller than a PNG of noise, and may keep the limit"),
)
