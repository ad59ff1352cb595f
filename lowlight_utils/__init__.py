"""Low-light image enhancement with a conditional GAN.

The library behind the course's notebooks. Each notebook has its room: `lowlight_utils.data`, `.models`,
`.training`, `.tuning` and `.prediction`. Importing this package loads neither Keras nor a backend;
the rooms that need them do.
"""

__version__ = "0.1.0"
