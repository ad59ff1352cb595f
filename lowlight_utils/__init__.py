"""Low-light image enhancement with a conditional GAN.

The library behind the course's notebooks, with a room for each: `lowlight_utils.data`, `.models`,
`.training` and `.prediction`. Importing this package loads neither Keras nor a backend; the rooms
that need them do.
"""

__version__ = "0.1.0"
