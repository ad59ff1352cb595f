"""Training pictures that stay on the device: a batch is a few whole numbers a picture.

A graphics card that trains takes thousands of pictures a second. To cut, flip and convert them on
the CPU, and to send each across as 32-bit floats, would take longer than the training step. So all
pictures are sent once, in 8 bits, and what `PairBatches` draws for each says where its pixels lie.
"""

import keras
import numpy as np
from keras import KerasTensor, ops

from lowlight_utils.data.batches import PairBatches, View
from lowlight_utils.data.images import resize, to_network

MOST_BYTES = 4 * 2**30  # of pictures on the device; LOL's 485 pairs take a twentieth
MOST_PIXELS = 2**31  # that a 32-bit number can count


class ResidentBatches(keras.utils.PyDataset):
    """The batches of a `PairBatches`, some of them at a time, as numbers for `look`.

    Parameters
    ----------
    batches : PairBatches
        Follows its `epoch`, as the batches do.
    together : int
        How many batches of the full size make one item. What is left of an epoch makes a smaller
        item, and a last batch of fewer pairs one of its own.

    Attributes
    ----------
    low, high : uint8[m, 3]
        All pixels of both ends of the pairs, to be put on the device.
    shape : (int, int)
        Height and width of the pictures in a batch.
    """

    def __init__(self, batches: PairBatches, together: int) -> None:
        super().__init__(workers=1)
        self.batches = batches
        self.shape = batches.shape
        self.low, self.high = (self._pixels(stack) for stack in batches.stacks)
        full = len(batches.pairs) // batches.batch_size
        self._items = [range(i, min(i + together, full)) for i in range(0, full, together)]
        self._items += [range(full, full + 1)] * (len(batches) > full)

    @staticmethod
    def fit(batches: PairBatches) -> bool:
        """Say whether the pictures are few enough for a device, and square if they are shrunk."""
        pairs, height, width, _ = batches.stacks[0].shape
        rows, columns = batches.shape
        pixels = pairs * (height * width + batches.zoom * rows * columns)
        few = pixels < MOST_PIXELS and 2 * 3 * pixels <= MOST_BYTES
        return few and (height == width or not batches.zoom)

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the draws of several batches.

        Returns
        -------
        draws : int32[b, n, 6]
            For each of b pictures in each of n batches: what `look` takes.
        lambdas : float32[b, n, 1]
        """
        drawn = [self.batches.draws(batch) for batch in self._items[index]]
        draws = [[self._place(pair, view) for pair, view in seen] for seen, _ in drawn]
        lambdas = [told for _, told in drawn]
        places = np.array(draws, np.int32).swapaxes(0, 1)
        return np.ascontiguousarray(places), np.stack(lambdas, axis=1)

    def on_epoch_end(self) -> None:
        self.batches.on_epoch_end()

    def _pixels(self, stack: np.ndarray) -> np.ndarray:
        """Lay a stack's pixels in a row, and behind them those of the pictures as shrunk."""
        parts = [stack.reshape(-1, 3)]
        if self.batches.zoom:
            parts += [resize(image, self.shape).reshape(-1, 3) for image in stack]
        return np.concatenate(parts)

    def _place(self, pair: int, view: View) -> tuple[int, ...]:
        pairs, height, width, _ = self.batches.stacks[0].shape
        if not view.whole:
            return pair * height * width, width, view.top, view.left, view.flip, view.turns
        rows, columns = self.shape
        start = pairs * height * width + pair * rows * columns
        return start, columns, 0, 0, view.flip, view.turns


def look(pixels: KerasTensor, draws: KerasTensor, shape: tuple[int, int]) -> KerasTensor:
    """Cut pictures out of the pixels on the device, and convert them to what the networks take.

    Parameters
    ----------
    pixels : uint8[m, 3]
    draws : int32[b, 6]
        For each picture: the number of its first pixel, how many are in a row, the first row and
        column that are seen, whether it is flipped left to right, and how many quarter turns.
    shape : (int, int)
        Height and width to see.

    Returns
    -------
    float32[b, height, width, 3]
        In [-1, 1]; to the last bit what `PairBatches` gives.
    """
    rows, columns = shape
    start, stride, top, left, flip, turns = (draws[:, i, None, None] for i in range(6))
    i = ops.arange(rows, dtype="int32")[None, :, None]
    j = ops.arange(columns, dtype="int32")[None, None, :]
    # Where np.rot90 takes its pixels from; the odd turns are for squares alone.
    odd, half = turns % 2 == 1, turns >= 2
    row, column = ops.where(odd, j, i), ops.where(odd, columns - 1 - i, j)
    row, column = (
        ops.where(half, rows - 1 - row, row),
        ops.where(half, columns - 1 - column, column),
    )
    column = ops.where(flip == 1, columns - 1 - column, column)
    seen = ops.take(pixels, start + (top + row) * stride + left + column, axis=0)
    # A table of the 256 levels, because a compiler may round a division otherwise.
    levels = to_network(np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(1, 256, 3))[0, :, 0]
    return ops.take(ops.convert_to_tensor(levels), ops.cast(seen, "int32"), axis=0)
