"""Small pictures for the tests: ``from pictures import make_photo, make_pairs``."""

import numpy as np

from lowlight_utils.data.pairs import PairSet


def make_photo(height=24, width=32, seed=0):
    """A smooth, colourful uint8[H, W, 3]: no channel, half or corner of it is like another."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    phase = rng.uniform(0, 2 * np.pi, 3)
    waves = np.sin(
        2 * np.pi * (x[..., None] * [0.6, 0.9, 0.4] + y[..., None] * [0.5, 0.3, 0.8]) + phase
    )
    return np.rint(127.5 + 100 * waves).astype(np.uint8)


def make_pairs(n=4, height=16, width=16, scenes=None, seed=0):
    """A PairSet of `n` photos and the same at a fifth of their brightness."""
    shape = (n, height, width, 3)
    high = np.array([make_photo(height, width, seed + i) for i in range(n)]).reshape(shape)
    return PairSet((high // 5).astype(np.uint8), high, tuple(f"photo{i}" for i in range(n)), scenes)
