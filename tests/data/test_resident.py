import keras
import numpy as np
import pytest
from pictures import make_pairs

from lowlight_utils.data import resident
from lowlight_utils.data.batches import PairBatches
from lowlight_utils.data.resident import ResidentBatches, look

PAIRS = make_pairs(7, 16, 16)


def seen_by(batches, together):
    """All batches of an epoch, one after the other, as looked up on the device."""
    held = ResidentBatches(batches, together)
    for index in range(len(held)):
        draws, lambdas = held[index]
        for step in range(draws.shape[1]):
            pictures = [
                keras.ops.convert_to_numpy(look(pixels, draws[:, step], held.shape))
                for pixels in (held.low, held.high)
            ]
            yield *pictures, lambdas[:, step]


@pytest.mark.parametrize(
    "how",
    [
        {"augmentation": "jitter"},
        {"augmentation": "dihedral"},
        {"augmentation": "dihedral", "crop": 8},
        {"augmentation": "dihedral", "crop": 6, "zoom": True},
        {"augmentation": "none", "crop": 8, "shuffle": False},
        {"augmentation": "dihedral", "lambda_range": (1.0, 1000.0)},
    ],
    ids=str,
)
def test_the_device_sees_to_the_last_bit_what_batches_hold(how):
    batches = PairBatches(PAIRS, batch_size=2, seed=3, epoch=4, **how)
    looked = list(seen_by(batches, together=2))
    assert len(looked) == len(batches)
    for (low, high, lambdas), (given, truth) in zip(looked, batches, strict=True):
        expected, told = given if "lambda_range" in how else (given, np.ones((len(low), 1)))
        np.testing.assert_array_equal(low, expected)
        np.testing.assert_array_equal(high, truth)
        np.testing.assert_array_equal(lambdas, told)


def test_oblong_pictures_turn_upside_down_at_most():
    batches = PairBatches(make_pairs(9, 12, 16), batch_size=9, augmentation="dihedral")
    for (low, _, _), (expected, _) in zip(seen_by(batches, 1), batches, strict=True):
        np.testing.assert_array_equal(low, expected)


@pytest.mark.parametrize(
    ("batch_size", "together", "shapes"),
    [(1, 3, [(1, 3), (1, 3), (1, 1)]), (2, 2, [(2, 2), (2, 1), (1, 1)]), (9, 4, [(7, 1)])],
)
def test_an_item_holds_several_batches_of_one_size(batch_size, together, shapes):
    held = ResidentBatches(PairBatches(PAIRS, batch_size), together)
    assert [held[i][0].shape[:2] for i in range(len(held))] == shapes


def test_an_item_is_drawn_for_the_epoch_that_the_batches_are_at():
    batches = PairBatches(PAIRS, batch_size=7, seed=1)
    held = ResidentBatches(batches, 1)
    first = held[0][0]
    held.on_epoch_end()
    assert batches.epoch == 1
    assert (held[0][0] != first).any()


def test_pictures_are_sent_once_in_8_bits_and_a_batch_as_28_bytes_a_picture():
    held = ResidentBatches(PairBatches(PAIRS, batch_size=7, augmentation="none"), 1)
    assert held.low.dtype == held.high.dtype == np.uint8
    assert held.low.nbytes == PAIRS.low.nbytes
    assert sum(array.nbytes for array in held[0]) == 28 * len(PAIRS)


def test_too_many_pictures_do_not_fit(monkeypatch):
    batches = PairBatches(PAIRS, augmentation="none")
    assert ResidentBatches.fit(batches)
    monkeypatch.setattr(resident, "MOST_BYTES", PAIRS.low.nbytes * 2 - 1)
    assert not ResidentBatches.fit(batches)


def test_oblong_pictures_that_are_shrunk_do_not_fit():
    pairs = make_pairs(2, 12, 16)
    assert not ResidentBatches.fit(PairBatches(pairs, crop=8, zoom=True))
    assert ResidentBatches.fit(PairBatches(pairs, crop=8))
