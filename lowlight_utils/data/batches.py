"""`PairBatches`: a `PairSet` as the shuffled, augmented batches that training takes."""

import math
import operator
from typing import NamedTuple

import keras
import numpy as np

from lowlight_utils.data.images import resize, to_network
from lowlight_utils.data.pairs import PairSet
from lowlight_utils.recipe import Augmentation, require_allowed

JITTER = 286 / 256
"""How much larger a picture is made before it is cropped back (Isola et al., 2017, section 6.2)."""


class View(NamedTuple):
    """What is seen of a pair: `whole` as shrunk, or a crop; from where, flipped, turned."""

    whole: bool
    top: int
    left: int
    flip: int
    turns: int


class PairBatches(keras.utils.PyDataset):
    """Batches of (low, high) for ``fit``.

    What a batch holds depends on the seed, the epoch and its index alone: not on the batches asked
    for before, nor on how many threads ask. So a run that is resumed at epoch k, with `epoch` set
    to k, sees what the unbroken run would have seen.

    In ``fit``, pass ``shuffle=False`` and the callback `EpochSync`. Otherwise Keras shuffles the
    batches once more, from Python's global generator, and miscounts the epochs: it calls
    `on_epoch_end` once before the first one when it has yet to build the model.

    Parameters
    ----------
    pairs : PairSet
        At least one pair.
    batch_size : int
        Pairs in a batch; the last batch of an epoch has what is left.
    augmentation : {"jitter", "dihedral", "none"}
        The same for both images of a pair. "jitter" is the pix2pix paper's: enlarge by 286/256,
        crop back at random, flip left to right every other time. "dihedral" is one of the eight
        flips and rotations of a square (for an oblong, one of the four that keep its shape).
    crop : int, optional
        Take a random square of this side, in pixels, out of each pair; by default all of it.
    zoom : bool
        With `crop`: every other time shrink the largest square of the pair to `crop`, instead of
        cutting one out. So training sees both the light of whole scenes and the grain of pixels, at
        the price of small pictures.
    lambda_range : (float, float), optional
        Draw a λ for each pair, log-uniformly between these two, for a generator that is told it.
        Batches then are ((low, λ), high), with λ as float32[b, 1].
    shuffle : bool
        Give the pairs in a new order every epoch. False, with augmentation "none", gives the pairs
        as they stand, which is for validation.
    seed : int
        At least 0.
    epoch : int
        The epoch to begin with; `on_epoch_end` adds one, and the attribute can be set.

    Raises
    ------
    ValueError
        No pairs, an unknown augmentation, or a crop that is larger than the images.

    Examples
    --------
    >>> from lowlight_utils.data import sample_pairs
    >>> batches = PairBatches(sample_pairs("validation", size=32), batch_size=2, seed=1)
    >>> low, high = batches[0]
    >>> len(batches), low.shape, low.dtype
    (3, (2, 32, 32, 3), dtype('float32'))
    """

    def __init__(
        self,
        pairs: PairSet,
        batch_size: int = 1,
        augmentation: Augmentation = "jitter",
        crop: int | None = None,
        zoom: bool = False,
        lambda_range: tuple[float, float] | None = None,
        shuffle: bool = True,
        seed: int = 0,
        epoch: int = 0,
    ) -> None:
        # With more workers Keras begins to prepare the next epoch before its number is known.
        super().__init__(workers=1)
        if not len(pairs):
            raise ValueError("there are no pairs to make batches of")
        require_allowed(augmentation=augmentation)
        height, width = pairs.size
        if crop is not None and not 0 < crop <= min(height, width):
            raise ValueError(f"crop={crop} does not fit into images of {height}x{width}")
        self.batch_size = operator.index(batch_size)
        if self.batch_size < 1:
            raise ValueError(f"batch_size={batch_size} is less than 1")
        self.pairs = pairs
        self.augmentation = augmentation
        if zoom and crop is None:
            raise ValueError("zoom shrinks pictures to a crop: give crop too")
        self.zoom = zoom
        self.shape = (height, width) if crop is None else (crop, crop)
        self.lambda_range = lambda_range
        self.shuffle = shuffle
        self.seed = operator.index(seed)
        self.epoch = operator.index(epoch)
        self.stacks = pairs.low, pairs.high
        if augmentation == "jitter":
            # Enlarged once, for a quarter more memory, rather than 150 times: resizing takes ten
            # times as long as all that is left to do for a batch.
            size = round(height * JITTER), round(width * JITTER)
            self.stacks = _enlarge(pairs.low, size), _enlarge(pairs.high, size)

    def __len__(self) -> int:
        return math.ceil(len(self.pairs) / self.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray | tuple, np.ndarray]:
        """Batch `index` of the current epoch.

        Returns
        -------
        low, high : float32[b, H, W, 3]
            In [-1, 1]. With `lambda_range`, (low, λ) in low's place.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"batch {index} of {len(self)}")
        seen, lambdas = self.draws(index)
        batch = np.empty((2, len(seen), *self.shape, 3), np.uint8)
        for position, (pair, view) in enumerate(seen):
            for half, stack in zip(batch, self.stacks, strict=True):
                half[position] = self._see(stack[pair], view)
        low, high = to_network(batch[0]), to_network(batch[1])
        return ((low, lambdas) if self.lambda_range else low), high

    def draws(self, index: int) -> tuple[list[tuple[int, View]], np.ndarray]:
        """Draw what batch `index` of the current epoch shows, without making its pictures.

        Returns
        -------
        seen : list of (int, View)
            The number of each pair of the batch, and what is seen of it.
        lambdas : float32[b, 1]
            1 without `lambda_range`.
        """
        epoch = self.epoch
        start = index * self.batch_size
        chosen = self._order(epoch)[start : start + self.batch_size]
        drawn = [self._draw(epoch, start + position) for position in range(len(chosen))]
        seen = [(int(pair), view) for pair, (view, _) in zip(chosen, drawn, strict=True)]
        return seen, np.array([[told] for _, told in drawn], np.float32)

    def on_epoch_end(self) -> None:
        self.epoch += 1

    def _rng(self, epoch: int, what: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(epoch, what)))

    def _order(self, epoch: int) -> np.ndarray:
        if not self.shuffle:
            return np.arange(len(self.pairs))
        return self._rng(epoch, 0).permutation(len(self.pairs))

    def _draw(self, epoch: int, place: int) -> tuple[View, float]:
        """Draw what is seen of the pair at this place of the epoch, and its λ."""
        # One generator a pair, so that the batch size changes nothing but the batches.
        rng = self._rng(epoch, 1 + place)
        rows, columns = seen = self.shape
        whole = bool(self.zoom and rng.integers(2))
        if whole:
            seen = (min(self.stacks[0].shape[1:3]),) * 2
        spare = np.subtract(self.stacks[0].shape[1:3], seen)
        top, left = map(int, rng.integers(0, spare + 1))
        flip, turns = int(rng.integers(2)), int(rng.integers(4))
        if self.augmentation == "none":
            flip = turns = 0
        elif self.augmentation == "jitter":
            turns = 0
        elif rows != columns:
            turns -= turns % 2
        told = np.exp(rng.uniform(*np.log(self.lambda_range))) if self.lambda_range else 1.0
        return View(whole, top, left, flip, turns), told

    def _see(self, image: np.ndarray, view: View) -> np.ndarray:
        rows, columns = (min(image.shape[:2]),) * 2 if view.whole else self.shape
        image = image[view.top : view.top + rows, view.left : view.left + columns]
        if view.flip:
            image = image[:, ::-1]
        return np.rot90(resize(image, self.shape), view.turns)


class EpochSync(keras.callbacks.Callback):
    """Give batches the epoch that ``fit`` is at, counted from its ``initial_epoch``.

    Parameters
    ----------
    batches : PairBatches
    """

    def __init__(self, batches: PairBatches) -> None:
        super().__init__()
        self.batches = batches

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.batches.epoch = epoch


def _enlarge(stack: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    larger = np.empty((len(stack), *size, 3), np.uint8)
    for source, target in zip(stack, larger, strict=True):
        target[...] = resize(source, size)
    return larger
