import warnings
from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pictures import make_pairs, make_photo
from PIL import Image

from lowlight_utils.data.images import ImageError, read_image, resize, write_image
from lowlight_utils.data.pairs import PairSet

LEVELS = st.lists(st.integers(1, 120), min_size=1, max_size=8, unique=True)


def grey(level, height=6, width=8):
    return np.full((height, width, 3), level, np.uint8)


@pytest.fixture
def folders(save):
    """Three pairs, low at half of high's brightness, in formats and an order that differ."""
    for name, level in (("10.png", 200), ("1.png", 100), ("2.png", 150)):
        save(f"high/{name}", grey(level))
    for name, level in (("2.tif", 75), ("10.bmp", 100), ("1.png", 50)):
        save(f"low/{name}", grey(level))


class TestConstructing:
    def test_scenes_are_the_names_unless_given(self):
        pairs = make_pairs(3)
        assert pairs.scenes == pairs.names == ("photo0", "photo1", "photo2")
        assert make_pairs(3, scenes=["a", "a", "b"]).scenes == ("a", "a", "b")

    @pytest.mark.parametrize(
        "change, complaint",
        [
            ({"low": np.zeros((2, 4, 4, 3))}, "low needs to be uint8"),
            ({"high": np.zeros((2, 4, 4), np.uint8)}, "high needs to be uint8"),
            ({"high": np.zeros((2, 4, 5, 3), np.uint8)}, "differ in shape"),
            ({"names": ("a",)}, "1 names"),
            ({"scenes": ("a", "b", "c")}, "3 scenes"),
        ],
    )
    def test_refuses_what_does_not_fit_together(self, change, complaint):
        images = np.zeros((2, 4, 4, 3), np.uint8)
        arguments = {"low": images, "high": images, "names": ("a", "b")} | change
        with pytest.raises(ValueError, match=complaint):
            PairSet(**arguments)


class TestFromFolders:
    def test_pairs_by_name_in_natural_order(self, folders, tmp_path):
        pairs = PairSet.from_folders(tmp_path / "low", tmp_path / "high", size=None)
        assert pairs.names == ("1", "2", "10")
        assert pairs.low[:, 0, 0, 0].tolist() == [50, 75, 100]
        assert pairs.high[:, 0, 0, 0].tolist() == [100, 150, 200]

    @given(LEVELS, st.randoms(use_true_random=False))
    def test_the_directory_order_changes_nothing(self, tmp_path_factory, levels, random):
        """Published code has paired the n-th file of one listing with the n-th of the other."""
        root = tmp_path_factory.mktemp("pairs")
        for folder, factor in (("low", 1), ("high", 2)):
            random.shuffle(levels)
            for level in levels:
                write_image(root / folder / f"{level}.bmp", grey(level * factor, 2, 2))
        pairs = PairSet.from_folders(root / "low", root / "high", size=None)
        assert pairs.names == tuple(str(level) for level in sorted(levels))
        np.testing.assert_array_equal(pairs.high, pairs.low * 2)
        assert pairs.low[:, 0, 0, 0].tolist() == sorted(levels)

    def test_keeps_red_red(self, save, tmp_path):
        red = np.zeros((4, 4, 3), np.uint8)
        red[..., 0] = 200
        save("low/1.png", red // 4)
        save("high/1.png", red)
        low, high = PairSet.from_folders(tmp_path / "low", tmp_path / "high", size=4)[0]
        assert low[0, 0].tolist() == [50, 0, 0] and high[0, 0].tolist() == [200, 0, 0]

    @pytest.mark.parametrize("size, shape", [(4, (4, 4)), ((3, 5), (3, 5)), (None, (6, 8))])
    def test_resizes_both_halves_alike(self, folders, tmp_path, size, shape):
        pairs = PairSet.from_folders(tmp_path / "low", tmp_path / "high", size=size)
        assert pairs.low.shape == pairs.high.shape == (3, *shape, 3)
        assert pairs.size == shape

    def test_with_a_size_takes_pictures_of_several_sizes(self, folders, save, tmp_path):
        photos = make_photo(40, 20), make_photo(40, 20) // 3
        save("high/large.png", photos[0])
        save("low/large.png", photos[1])
        pairs = PairSet.from_folders(tmp_path / "low", tmp_path / "high", size=5)
        np.testing.assert_array_equal(pairs.high[3], resize(photos[0], 5))
        with pytest.raises(ImageError, match=r"'large' is 40x20 but '1' is 6x8.*size="):
            PairSet.from_folders(tmp_path / "low", tmp_path / "high", size=None)

    def test_names_a_missing_partner_on_either_side(self, folders, save, tmp_path):
        alone = save("low/alone.png", grey(9))
        with pytest.raises(ImageError, match=r"high: no partner for alone\.png"):
            PairSet.from_folders(tmp_path / "low", tmp_path / "high")
        alone.rename(tmp_path / "high" / "lonely.png")
        with pytest.raises(ImageError, match=r"low: no partner for lonely\.png"):
            PairSet.from_folders(tmp_path / "low", tmp_path / "high")

    def test_names_five_missing_partners_and_counts_the_rest(self, folders, save, tmp_path):
        for i in range(20, 29):
            save(f"low/{i}.png", grey(i))
        with pytest.raises(ImageError, match=r"20\.png, .*24\.png and 4 more"):
            PairSet.from_folders(tmp_path / "low", tmp_path / "high")

    def test_refuses_two_pictures_of_one_name(self, folders, save, tmp_path):
        save("low/1.jpg", grey(9))
        with pytest.raises(ImageError, match=r"1\.jpg and 1\.png .*keep one"):
            PairSet.from_folders(tmp_path / "low", tmp_path / "high")

    def test_refuses_two_sizes_in_a_pair_even_if_they_are_resized(self, folders, save, tmp_path):
        save("low/2.tif", grey(9, 8, 6))
        with pytest.raises(ImageError, match=r"2\.tif is 8x6 but .*2\.png is 6x8"):
            PairSet.from_folders(tmp_path / "low", tmp_path / "high", size=4)

    def test_compares_sizes_as_seen_upright(self, save, tmp_path):
        exif = Image.Exif()
        exif[0x0112] = 6
        save("low/1.png", grey(50, 8, 6))
        save("high/1.png", grey(100, 6, 8), exif=exif)
        assert PairSet.from_folders(tmp_path / "low", tmp_path / "high", size=None).size == (8, 6)

    def test_names_a_picture_that_cannot_be_read(self, folders, tmp_path):
        (tmp_path / "low" / "2.tif").write_bytes(b"")
        with pytest.raises(ImageError, match=r"2\.tif: the file is empty"):
            PairSet.from_folders(tmp_path / "low", tmp_path / "high")

    def test_refuses_an_empty_or_missing_folder(self, folders, tmp_path):
        (tmp_path / "empty").mkdir()
        for folder in ("empty", "missing"):
            with pytest.raises(ImageError, match=folder):
                PairSet.from_folders(tmp_path / "low", tmp_path / folder)

    def test_warns_of_folders_whose_names_do_not_belong_together(self, save, tmp_path):
        noise = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
        for i in range(3):
            save(f"low/{i}.png", noise[i] // 5)
            save(f"high/{i}.png", noise[i + 1])
        with pytest.warns(UserWarning, match="3 of 3 pairs .*do the names belong together"):
            PairSet.from_folders(tmp_path / "low", tmp_path / "high")

    def test_warns_of_swapped_folders_only(self, folders, tmp_path):
        with pytest.warns(UserWarning, match="swapped"):
            PairSet.from_folders(tmp_path / "high", tmp_path / "low")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            PairSet.from_folders(tmp_path / "low", tmp_path / "high")
            PairSet.from_folders(tmp_path / "low", tmp_path / "low")

    def test_takes_scenes_from_a_mapping_or_a_function(self, folders, tmp_path):
        low, high = tmp_path / "low", tmp_path / "high"
        by_length = PairSet.from_folders(low, high, scenes=lambda name: f"length {len(name)}")
        assert by_length.scenes == ("length 1", "length 1", "length 2")
        mapping = {"1": "a", "2": "b", "10": "a", "unused": "c"}
        assert PairSet.from_folders(low, high, scenes=mapping).scenes == ("a", "b", "a")
        with pytest.raises(ValueError, match="no scene given for 2, 10"):
            PairSet.from_folders(low, high, scenes={"1": "a"})


class TestConcatenated:
    def test_low_is_on_the_left(self, tmp_path):
        pairs = make_pairs(2, 8, 10)
        paths = pairs.write_concatenated(tmp_path / "both")
        assert [path.name for path in paths] == ["photo0.png", "photo1.png"]
        both = read_image(paths[0])
        assert both.shape == (8, 20, 3)
        np.testing.assert_array_equal(both[:, :10], pairs.low[0])
        np.testing.assert_array_equal(both[:, 10:], pairs.high[0])

    @given(st.integers(1, 3), st.integers(1, 9), st.integers(1, 9))
    def test_what_was_written_is_read_back(self, tmp_path_factory, n, height, width):
        pairs = make_pairs(n, height, width)
        folder = tmp_path_factory.mktemp("both")
        pairs.write_concatenated(folder)
        again = PairSet.from_concatenated(folder)
        np.testing.assert_array_equal(again.low, pairs.low)
        np.testing.assert_array_equal(again.high, pairs.high)
        assert again.names == pairs.names

    def test_resizes_the_halves_without_mixing_them(self, save, tmp_path):
        save("both/1.png", np.concatenate([grey(10), grey(200)], axis=1))
        pairs = PairSet.from_concatenated(tmp_path / "both", size=4)
        assert pairs.size == (4, 4)
        assert (pairs.low == 10).all() and (pairs.high == 200).all()

    def test_refuses_swapped_halves_and_reads_them_when_told(self, save, tmp_path):
        for i in range(3):
            save(f"both/{i}.png", np.concatenate([grey(200), grey(10)], axis=1))
        with pytest.raises(ImageError, match=r"brighter on the left.*low_side='right'"):
            PairSet.from_concatenated(tmp_path / "both")
        pairs = PairSet.from_concatenated(tmp_path / "both", low_side="right")
        assert (pairs.low == 10).all() and (pairs.high == 200).all()
        with pytest.raises(ValueError, match="low_side"):
            PairSet.from_concatenated(tmp_path / "both", low_side="top")

    def test_refuses_halves_that_are_equally_bright(self, tmp_path):
        pairs = make_pairs(3)
        PairSet(pairs.high, pairs.high, pairs.names).write_concatenated(tmp_path)
        with pytest.raises(ImageError, match="neither half is clearly darker"):
            PairSet.from_concatenated(tmp_path)

    def test_warns_of_single_pictures_whose_halves_differ(self, tmp_path):
        high = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
        low = np.concatenate([high[1:2], high[1:]]) // 5
        PairSet(low, high, tuple("abcd")).write_concatenated(tmp_path)
        with pytest.warns(UserWarning, match=r"in 1 of 4 .*\(a\); look"):
            PairSet.from_concatenated(tmp_path)

    def test_refuses_an_odd_width(self, save, tmp_path):
        path = save("both/1.png", grey(10, 4, 7))
        with pytest.raises(ImageError, match=f"{path}: 7 pixels wide"):
            PairSet.from_concatenated(tmp_path / "both")

    @pytest.mark.parametrize("names", [("a", "a"), ("a/b", "c"), ("..", "c"), (".a", "c")])
    def test_refuses_to_write_names_that_clash_or_escape(self, tmp_path, names):
        pairs = make_pairs(2)
        with pytest.raises(ValueError, match="name"):
            PairSet(pairs.low, pairs.high, names).write_concatenated(tmp_path / "both")
        assert not (tmp_path / "both").exists()


class TestSelecting:
    def test_an_index_gives_one_low_and_one_high(self):
        pairs = make_pairs(3)
        for i in (1, np.int64(1), -2):
            low, high = pairs[i]
            np.testing.assert_array_equal(low, pairs.low[1])
            np.testing.assert_array_equal(high, pairs.high[1])

    def test_going_through_all_of_them_ends(self):
        assert len(list(make_pairs(3))) == 3

    @pytest.mark.parametrize(
        "key, names",
        [
            (slice(1, None), "12"),
            ([2, 0], "20"),
            (np.array([0, 0]), "00"),
            (np.array([True, False, True]), "02"),
            (np.array([False] * 3), ""),
            ([], ""),
        ],
        ids=str,
    )
    def test_a_slice_indices_or_a_mask_give_a_set(self, key, names):
        pairs = make_pairs(3, scenes=("a", "b", "c"))
        chosen = pairs[key]
        assert isinstance(chosen, PairSet)
        assert chosen.names == tuple(f"photo{i}" for i in names)
        assert chosen.scenes == tuple("abc"[int(i)] for i in names)
        np.testing.assert_array_equal(chosen.high, pairs.high[[int(i) for i in names]])

    def test_pairs_can_be_chosen_by_name(self):
        chosen = make_pairs(3, scenes=("a", "b", "c")).choose(["photo2", "photo0"])
        assert (chosen.names, chosen.scenes) == (("photo2", "photo0"), ("c", "a"))

    def test_an_unknown_name_is_refused(self):
        with pytest.raises(ValueError, match="no pair is named photo7; there are photo0, photo1"):
            make_pairs(2).choose(["photo7"])

    def test_two_sets_add_up(self):
        first, second = make_pairs(2), make_pairs(3, seed=9).with_prefix("other-")
        both = first + second
        assert both.names == first.names + second.names
        assert both.scenes[2] == "other-photo0"
        np.testing.assert_array_equal(both.low, np.concatenate([first.low, second.low]))

    def test_sets_of_two_sizes_do_not(self):
        with pytest.raises(ValueError, match=r"\(16, 16\) and of \(8, 8\)"):
            make_pairs(2) + make_pairs(2, 8, 8)


@st.composite
def sets_of_scenes(draw):
    scenes = draw(st.lists(st.sampled_from("abcdefghij"), min_size=1, max_size=40))
    n = len(scenes)
    images = np.arange(n, dtype=np.uint8)[:, None, None, None].repeat(3, axis=-1)
    return PairSet(images, images, tuple(f"{i}" for i in range(n)), tuple(scenes))


class TestSplitting:
    @given(sets_of_scenes(), st.floats(0, 0.9), st.floats(0, 0.9), st.integers(0, 99))
    def test_is_a_partition_that_keeps_scenes_whole(self, pairs, validation, test, seed):
        assume(validation + test < 1)
        assume(len(set(pairs.scenes)) >= 1 + (validation > 0) + (test > 0))
        parts = pairs.split(validation, test, seed)
        assert sorted(name for part in parts for name in part.names) == sorted(pairs.names)
        scenes = [set(part.scenes) for part in parts]
        assert sum(map(len, scenes)) == len(set(pairs.scenes))  # so no scene is in two of them
        assert len(parts[0]) > 0
        for part, share in zip(parts[1:], (validation, test), strict=True):
            assert (len(part) > 0) == (share > 0)
            assert len(part) <= share * len(pairs) + 1e-6 or len(set(part.scenes)) == 1

    @given(sets_of_scenes(), st.integers(0, 99), st.randoms(use_true_random=False))
    def test_depends_on_the_seed_and_not_on_the_order(self, pairs, seed, random):
        assume(len(set(pairs.scenes)) >= 3)
        order = list(range(len(pairs)))
        random.shuffle(order)
        for part, same in zip(
            pairs.split(0.2, 0.2, seed), pairs[order].split(0.2, 0.2, seed), strict=True
        ):
            assert Counter(part.names) == Counter(same.names)

    def test_keeps_images_and_names_together_in_the_order_of_the_set(self):
        pairs = make_pairs(10)
        for part in pairs.split(0.3, 0.3):
            chosen = [int(name.removeprefix("photo")) for name in part.names]
            assert chosen == sorted(chosen)
            np.testing.assert_array_equal(part.low, pairs.low[chosen])
            np.testing.assert_array_equal(part.high, pairs.high[chosen])

    def test_gives_each_part_its_fraction_when_every_pair_is_a_scene(self):
        assert [len(part) for part in make_pairs(20).split(0.1, 0.25)] == [13, 2, 5]

    def test_another_seed_splits_otherwise(self):
        pairs = make_pairs(20)
        assert pairs.split(0.5, seed=0)[1].names != pairs.split(0.5, seed=1)[1].names

    @pytest.mark.parametrize("scenes, test", [("aaaa", 0.0), ("aabb", 0.1)])
    def test_refuses_too_few_scenes(self, scenes, test):
        with pytest.raises(ValueError, match="scenes cannot make"):
            make_pairs(4, scenes=tuple(scenes)).split(0.1, test)

    @pytest.mark.parametrize("fractions", [(-0.1, 0), (0.5, 0.5), (1, 0)])
    def test_refuses_fractions_that_leave_nothing_to_train_on(self, fractions):
        with pytest.raises(ValueError, match="together below 1"):
            make_pairs(9).split(*fractions)


class TestSummary:
    def test_counts_and_measures(self):
        low = np.concatenate([grey(level)[None] for level in (10, 20, 40)])
        high = np.concatenate([grey(level)[None] for level in (100, 100, 100)])
        summary = PairSet(low, high, ("1", "2", "3"), ("a", "a", "b")).summary()
        assert (summary.count, summary.height, summary.width, summary.scenes) == (3, 6, 8, 2)
        assert summary.low_mean == pytest.approx(70 / 3) and summary.high_mean == 100
        assert summary.median_ratio == 5
        assert str(summary) == (
            "3 pairs of 6x8 from 2 scenes; mean level 23.3 (low) and 100.0 (high) of 255,"
            " high is 5.0 times as bright (median)"
        )

    def test_of_nothing_and_of_black_raises_no_warning(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert str(make_pairs(3)[[]].summary()) == "no pairs (of 16x16)"
            black = np.zeros((1, 4, 4, 3), np.uint8)
            assert np.isfinite(PairSet(black, black, ("a",)).summary().median_ratio)

    def test_a_set_shows_itself_in_one_short_line(self):
        assert repr(make_pairs(3, scenes="aab")) == "PairSet(3 pairs of 16x16, 2 scenes)"
