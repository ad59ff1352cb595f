import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import get_args

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import make_pairs

from lowlight_utils.data.batches import EpochSync, PairBatches
from lowlight_utils.data.images import resize, to_image, to_network
from lowlight_utils.data.pairs import PairSet
from lowlight_utils.recipe import Augmentation

PAIRS = make_pairs(7, 16, 16)
augmentations = st.sampled_from(get_args(Augmentation))


def stacked(batches):
    """All of an epoch: float32[2, n, H, W, 3]."""
    return np.concatenate([np.stack(batch) for batch in batches], axis=1)


def as_they_stand(pairs, **options):
    return PairBatches(pairs, augmentation="none", shuffle=False, **options)


class TestBatches:
    @pytest.mark.parametrize("batch_size, sizes", [(1, [1] * 7), (3, [3, 3, 1]), (9, [7])])
    def test_the_last_one_holds_what_is_left(self, batch_size, sizes):
        batches = PairBatches(PAIRS, batch_size)
        assert len(batches) == len(sizes)
        for (low, high), size in zip(batches, sizes, strict=True):
            assert low.shape == high.shape == (size, 16, 16, 3)
            assert low.dtype == high.dtype == np.float32

    @given(augmentations, st.integers(1, 8))
    def test_hold_values_in_the_networks_range(self, augmentation, batch_size):
        everything = stacked(PairBatches(PAIRS, batch_size, augmentation))
        assert -1 <= everything.min() < -0.5 and 0.5 < everything.max() <= 1

    def test_hold_every_pair_once_an_epoch_in_another_order_each(self):
        batches = PairBatches(PAIRS, 2, "none", seed=3)
        orders = []
        for _ in range(3):
            low, high = to_image(stacked(batches))
            order = [int(np.argmin(abs(PAIRS.high - image).sum((1, 2, 3)))) for image in high]
            np.testing.assert_array_equal(low, PAIRS.low[order])
            np.testing.assert_array_equal(high, PAIRS.high[order])
            orders.append(tuple(order))
            batches.on_epoch_end()
        assert all(sorted(order) == list(range(7)) for order in orders)
        assert len(set(orders)) == 3

    def test_unshuffled_and_unaugmented_are_the_pairs_as_they_stand(self):
        low, high = stacked(as_they_stand(PAIRS, batch_size=2))
        np.testing.assert_array_equal(low, to_network(PAIRS.low))
        np.testing.assert_array_equal(high, to_network(PAIRS.high))

    def test_there_is_no_batch_beyond_the_last(self):
        with pytest.raises(IndexError):
            PairBatches(PAIRS, 3)[3]


class TestZoom:
    def test_shows_crops_and_every_other_time_the_whole_shrunk_to_a_crops_size(self):
        # Each pixel holds its row: the rows that a crop spans tell how large it was.
        rows = np.broadcast_to(np.arange(0, 64)[:, None, None] * 4, (64, 64, 3)).astype(np.uint8)
        pairs = PairSet(rows[None], rows[None], ("rows",), None)
        batches = PairBatches(pairs, augmentation="none", crop=16, zoom=True)
        spans = []
        for _ in range(200):
            low, high = to_image(stacked(batches))
            np.testing.assert_array_equal(low, high)
            assert low.shape == (1, 16, 16, 3)
            spans.append(int(np.ptp(low)) / 4 * 16 / 15)
            batches.on_epoch_end()
        cropped, shrunk = np.isclose(spans, 16, atol=1), np.isclose(spans, 64, atol=4)
        assert (cropped | shrunk).all()
        assert 0.35 < shrunk.mean() < 0.65

    def test_needs_a_crop(self):
        with pytest.raises(ValueError, match="give crop too"):
            PairBatches(PAIRS, zoom=True)


class TestLambda:
    def test_each_pair_gets_one_of_the_range_log_uniformly(self):
        batches = PairBatches(PAIRS, 4, lambda_range=(1.0, 1000.0))
        drawn = []
        for _ in range(100):
            for (low, lambdas), high in batches:
                assert lambdas.shape == (len(low), 1) and low.shape == high.shape
                drawn.extend(lambdas[:, 0])
            batches.on_epoch_end()
        assert 1 <= min(drawn) < 1.1 and 900 < max(drawn) <= 1000
        assert np.quantile(np.log10(drawn), [0.25, 0.5, 0.75]) == pytest.approx(
            [0.75, 1.5, 2.25], abs=0.15
        )

    def test_the_pictures_are_the_same_as_without(self):
        plain, told = (
            PairBatches(PAIRS, 4, seed=1),
            PairBatches(PAIRS, 4, lambda_range=(1, 9), seed=1),
        )
        np.testing.assert_array_equal(plain[0][0], told[0][0][0])


class TestRepeating:
    @given(augmentations, st.integers(0, 5), st.integers(0, 5), st.integers(0, 3))
    def test_a_batch_depends_on_seed_epoch_and_index_alone(self, augmentation, seed, epoch, index):
        fresh = PairBatches(PAIRS, 2, augmentation, seed=seed, epoch=epoch)
        used = PairBatches(PAIRS, 2, augmentation, seed=seed)
        for _ in range(epoch):
            stacked(used)
            used.on_epoch_end()
        np.testing.assert_array_equal(fresh[index], used[index])

    @given(augmentations, st.integers(0, 99))
    def test_another_epoch_and_another_seed_are_different(self, augmentation, seed):
        one = stacked(PairBatches(PAIRS, 2, augmentation, seed=seed))
        for other in ({"seed": seed, "epoch": 1}, {"seed": seed + 1}):
            assert (one != stacked(PairBatches(PAIRS, 2, augmentation, **other))).any()

    def test_the_batch_size_only_cuts_the_same_epoch_otherwise(self):
        by_one, by_three = (stacked(PairBatches(PAIRS, size)) for size in (1, 3))
        np.testing.assert_array_equal(by_one, by_three)

    def test_threads_that_ask_at_once_get_the_same(self):
        batches = PairBatches(PAIRS, 2)
        alone = [batches[i] for i in range(4)]
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(batches.__getitem__, list(range(4)) * 20))
        for i, batch in enumerate(together):
            np.testing.assert_array_equal(batch, alone[i % 4])


class TestAugmenting:
    @given(augmentations, st.integers(0, 9), st.sampled_from([None, 5, 16]))
    def test_is_the_same_for_both_images_of_a_pair(self, augmentation, seed, crop):
        same = PairSet(PAIRS.high, PAIRS.high.copy(), PAIRS.names)
        low, high = stacked(PairBatches(same, 2, augmentation, crop=crop, seed=seed))
        np.testing.assert_array_equal(low, high)

    def test_jitter_is_a_crop_of_the_enlarged_picture_and_perhaps_its_mirror_image(self):
        pairs = make_pairs(1, 64, 64)
        enlarged = resize(pairs.high[0], 72)  # 64 * 286 / 256 = 71.5
        crops = {}
        for top in range(9):
            for left in range(9):
                crop = enlarged[top : top + 64, left : left + 64]
                crops[crop.tobytes()] = (top, left, "as it is")
                crops[crop[:, ::-1].tobytes()] = (top, left, "mirrored")
        found = set()
        for epoch in range(150):
            _, high = PairBatches(pairs, epoch=epoch)[0]
            found.add(crops[to_image(high)[0].tobytes()])
        tops, lefts, flips = (set(values) for values in zip(*found, strict=True))
        assert tops == lefts == set(range(9)) and len(flips) == 2

    @pytest.mark.parametrize("height, width, count", [(8, 8, 8), (8, 10, 4)])
    def test_dihedral_is_each_flip_and_rotation_that_keeps_the_shape(self, height, width, count):
        pairs = make_pairs(1, height, width)
        image = pairs.high[0]
        expected = {
            np.rot90(flipped, turns).tobytes()
            for flipped in (image, image[:, ::-1])
            for turns in range(0, 4, 1 if height == width else 2)
        }
        assert len(expected) == count
        seen = {
            to_image(PairBatches(pairs, augmentation="dihedral", epoch=epoch)[0][1])[0].tobytes()
            for epoch in range(80)
        }
        assert seen == expected

    def test_a_crop_is_a_random_square_of_the_picture(self):
        pairs = make_pairs(1, 9, 12)
        windows = {
            pairs.high[0, top : top + 8, left : left + 8].tobytes()
            for top in range(2)
            for left in range(5)
        }
        seen = {
            to_image(as_they_stand(pairs, crop=8, epoch=epoch)[0][1])[0].tobytes()
            for epoch in range(120)
        }
        assert seen == windows

    def test_leaves_the_pairs_alone(self):
        pairs = make_pairs(3)
        before = pairs.low.copy(), pairs.high.copy()
        stacked(PairBatches(pairs, 2))
        np.testing.assert_array_equal(pairs.low, before[0])
        np.testing.assert_array_equal(pairs.high, before[1])


class TestRefusing:
    @pytest.mark.parametrize(
        "pairs, options, complaint",
        [
            (PAIRS[[]], {}, "no pairs"),
            (PAIRS, {"augmentation": "mixup"}, "augmentation must be one of jitter, dihedral"),
            (PAIRS, {"crop": 17}, "crop=17 does not fit into images of 16x16"),
            (PAIRS, {"crop": 0}, "crop=0"),
            (PAIRS, {"batch_size": 0}, "batch_size=0"),
        ],
    )
    def test_what_cannot_be_served(self, pairs, options, complaint):
        with pytest.raises(ValueError, match=complaint):
            PairBatches(pairs, **options)


def test_fit_serves_the_epochs_it_counts_and_resumes_where_it_stopped():
    # A network that changes nothing and never learns: its loss tells which batches it was given.
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), keras.layers.Dense(3, "linear", True, "identity")]
    )
    model.compile(keras.optimizers.SGD(0.0), "mse")

    def losses(initial_epoch, epochs):
        batches = PairBatches(PAIRS, 3, crop=8)
        history = model.fit(
            batches,
            initial_epoch=initial_epoch,
            epochs=epochs,
            shuffle=False,
            verbose=0,
            callbacks=[EpochSync(batches)],
        )
        return history.history["loss"]

    def expected(epoch):
        low, high = stacked(PairBatches(PAIRS, 3, crop=8, epoch=epoch))
        return np.square(low - high).mean()

    assert len({round(float(expected(epoch)), 4) for epoch in range(5)}) == 5
    # The first fit also builds the model, in which Keras ends an epoch that it has not begun.
    np.testing.assert_allclose(losses(0, 2), [expected(0), expected(1)], rtol=1e-4)
    np.testing.assert_allclose(losses(2, 5), [expected(2), expected(3), expected(4)], rtol=1e-4)


def test_importing_the_data_room_loads_no_keras():
    code = (
        "import sys, lowlight_utils.data as data; data.PairSet, data.read_image;"
        " assert 'PairBatches' in dir(data);"
        " assert not {'keras', 'tensorflow', 'jax'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_data_room_offers_the_batches():
    import lowlight_utils.data as data

    assert data.PairBatches is PairBatches
    with pytest.raises(AttributeError, match=r"PairBatch$"):
        _ = data.PairBatch
