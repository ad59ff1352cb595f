"""Low-light image enhancement with a conditional GAN.

The library behind the course's notebooks, with a room for each: `lowlight_utils.data`, `.models`,
`.training` and `.prediction`. Importing this package loads neither Keras nor a backend; the rooms
that need them do.
"""

import os

# TensorFlow by itself takes all of a GPU's memory as it starts: a second process, or a second
# notebook's kernel, would find none. It reads this when it first sees a GPU.
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")

__version__ = "0.2.0"
