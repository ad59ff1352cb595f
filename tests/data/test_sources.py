import numpy as np
import pytest
from pairs_on_disk import all_of_lol, write_pairs
from pictures import make_pairs

from lowlight_utils.data.images import ImageError, read_image, write_image
from lowlight_utils.data.lol import in_lol_evaluation, lol_pairs, lol_scene
from lowlight_utils.data.online import UNFINISHED
from lowlight_utils.data.pairs import PairSet
from lowlight_utils.data.photos import PARTS, sample_photos
from lowlight_utils.data.sources import VALIDATION_COPIES, load_splits, synthetic_pairs


def test_synthetic_pairs_are_found_in_the_one_folder_that_has_them(tmp_path):
    write_pairs(tmp_path / "BrighteningTrain", ["r1", "r2"])
    (tmp_path / "__MACOSX" / "low").mkdir(parents=True)
    (tmp_path / "__MACOSX" / "high").mkdir()
    assert synthetic_pairs(tmp_path, size=8).names == ("r1", "r2")


def test_synthetic_pairs_in_several_folders_are_an_error_that_names_them(tmp_path):
    write_pairs(tmp_path / "one", ["r1"])
    write_pairs(tmp_path / "two", ["r2"])
    with pytest.raises(ImageError, match=r"several folders .*one.*two.*give one"):
        synthetic_pairs(tmp_path)


def test_load_splits_copies_the_samples_training_photos_as_often_as_asked():
    splits = load_splits("sample", size=16, copies=2)
    assert (len(splits.train), len(splits.test)) == (60, 8)
    assert len(splits.validation) == 5 * VALIDATION_COPIES


def test_the_sample_is_judged_on_the_same_pictures_whatever_the_seed():
    one, other = load_splits("sample", size=16, seed=1), load_splits("sample", size=16, seed=2)
    assert (one.train.low != other.train.low).any()
    np.testing.assert_array_equal(one.validation.low, other.validation.low)
    np.testing.assert_array_equal(one.test.low, other.test.low)


def test_load_splits_splits_low_and_high_folders(tmp_path):
    write_pairs(tmp_path, [f"p{i}" for i in range(20)])
    splits = load_splits(tmp_path, size=8)
    assert [len(part) for part in (splits.train, splits.validation, splits.test)] == [16, 2, 2]
    again = load_splits(str(tmp_path), size=8)
    assert again.validation.names == splits.validation.names


def test_load_splits_takes_a_folder_of_double_pictures(tmp_path):
    make_pairs(10, 8, 8).write_concatenated(tmp_path)
    splits = load_splits(tmp_path, size=8)
    assert len(splits.train) == 8 and splits.train.low.mean() < splits.train.high.mean()


@pytest.mark.parametrize("name", ["validation", "val"])
def test_load_splits_takes_parts_that_are_given(tmp_path, name):
    write_pairs(tmp_path / "train", ["a", "b", "c"])
    write_pairs(tmp_path / name, ["d"])
    make_pairs(2, 8, 8).write_concatenated(tmp_path / "test")
    splits = load_splits(tmp_path, size=8)
    assert splits.train.names == ("a", "b", "c")
    assert splits.validation.names == ("d",)
    assert splits.test.names == ("photo0", "photo1")


def test_load_splits_splits_off_only_the_part_that_is_missing(tmp_path):
    write_pairs(tmp_path / "train", [f"p{i}" for i in range(20)])
    write_pairs(tmp_path / "test", ["t"])
    splits = load_splits(tmp_path, size=8)
    assert (len(splits.train), len(splits.validation)) == (18, 2)
    assert splits.test.names == ("t",)


def test_load_splits_of_lol_tests_on_eval15_and_validates_on_other_scenes(tmp_path):
    write_pairs(tmp_path / "our485", ["2", "5", "6", "9", "10", "12", "13", "14", "17", "18"])
    write_pairs(tmp_path / "eval15", ["1"])
    splits = load_splits(tmp_path, size=8)
    assert splits.test.names == ("1",)
    assert len(splits.train) + len(splits.validation) == 10 and len(splits.validation)
    assert not set(splits.train.scenes) & set(splits.validation.scenes)


def test_load_splits_knows_lols_scenes_from_inside_our485_too(tmp_path):
    write_pairs(tmp_path / "our485", [str(n) for n in (2, 5, 6, 9, 10, 12, 13, 14, 648)])
    splits = load_splits(tmp_path / "our485", size=8)
    parts = (splits.train, splits.validation, splits.test)
    assert sum(map(len, parts)) == 8
    assert sum(len(set(part.scenes)) for part in parts) == 5


def test_lol_is_split_alike_whatever_the_seed_and_without_eval15_nothing_is_lost(tmp_path):
    write_pairs(tmp_path / "our485", [str(n) for n in (2, 5, 6, 9, 10, 12, 13, 14, 17, 18)])
    one, other = load_splits(tmp_path, size=8, seed=1), load_splits(tmp_path, size=8, seed=2)
    assert one.train.names == other.train.names
    assert one.validation.names == other.validation.names
    assert len(one.train) + len(one.validation) == 10 and not len(one.test)


def test_the_scenes_of_lols_evaluation_can_be_left_out(tmp_path):
    seen = [name for name in all_of_lol().names if in_lol_evaluation(lol_scene(name))]
    write_pairs(tmp_path / "our485", [*seen[:2], "2", "5", "6", "9", "10", "12", "13"])
    with_them = load_splits(tmp_path, size=8)
    without = load_splits(tmp_path, size=8, evaluation_scenes=False)
    assert set(with_them.train.names) - set(without.train.names) == set(seen[:2])
    assert with_them.validation.names == without.validation.names


def test_several_sources_are_joined(tmp_path):
    write_pairs(tmp_path / "our485", ["2", "5", "6", "9", "10", "12", "13", "14"])
    lol, sample = load_splits(tmp_path, size=8), load_splits("sample", size=8, copies=2)
    both = load_splits([tmp_path, "sample"], size=8, copies=2)
    for part in PARTS:
        names = [getattr(splits, part).names for splits in (lol, sample, both)]
        assert names[2] == names[0] + names[1]


def test_no_source_at_all_is_an_error():
    with pytest.raises(ValueError, match="no data are named"):
        load_splits([])


def test_load_splits_joins_lol_and_synthetic_pairs_that_lie_side_by_side(tmp_path):
    write_pairs(tmp_path / "lol" / "our485", ["2", "5", "6", "9"])
    write_pairs(tmp_path / "lol" / "eval15", ["1"])
    developed = [f"r{i}-exposure{n}" for i in range(10) for n in range(1, 8)]
    write_pairs(tmp_path / "synthetic" / "BrighteningTrain", developed)
    splits = load_splits(tmp_path, size=8)
    assert len(splits.test) == 50 and splits.test.names[0] == "lol-1"
    assert len(splits.train) + len(splits.validation) == 4 + 70 - 49
    shared = set(splits.test.scenes) & {*splits.train.scenes, *splits.validation.scenes}
    assert not [scene for scene in shared if scene.startswith("synthetic")]


def test_lols_scenes_survive_being_written_as_double_pictures(tmp_path):
    write_pairs(tmp_path / "our485", ["2", "5", "6"])
    lol = lol_pairs(tmp_path, size=8).with_prefix("lol-")
    lol.write_concatenated(tmp_path / "double" / "train")
    make_pairs(1, 8, 8).write_concatenated(tmp_path / "double" / "validation")
    make_pairs(1, 8, 8).write_concatenated(tmp_path / "double" / "test")
    assert load_splits(tmp_path / "double", size=8).train.scenes == lol.scenes


def test_load_splits_says_what_a_folder_should_hold(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing here")
    with pytest.raises(ImageError, match=r"holds no pairs; give it low/ and high/"):
        load_splits(tmp_path)


def test_load_splits_names_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(ImageError, match="nowhere: there is no such folder"):
        load_splits(tmp_path / "nowhere")


def test_a_missing_folder_and_half_a_download_name_the_download(tmp_path):
    with pytest.raises(ImageError, match=r"no such folder.*download_pairs\(.*download_lol"):
        load_splits(tmp_path / "pairs")
    write_pairs(tmp_path / "pairs" / "lol" / "our485", ["2", "5", "6"])
    (tmp_path / "pairs" / UNFINISHED).touch()
    with pytest.raises(ImageError, match=r"download was broken off; call .*download_pairs\("):
        load_splits(tmp_path / "pairs")


def test_double_pictures_with_the_dark_half_on_the_right_are_read_when_told(tmp_path):
    pairs = make_pairs(10, 8, 8)
    PairSet(pairs.high, pairs.low, pairs.names).write_concatenated(tmp_path)
    with pytest.raises(ImageError, match="--dark-side right"):
        load_splits(tmp_path, size=8)
    splits = load_splits(tmp_path, size=8, low_side="right")
    assert splits.train.low.mean() < splits.train.high.mean() / 3


def test_a_folder_of_single_photos_is_refused(tmp_path):
    for path in sample_photos("validation"):
        photo = read_image(path)
        write_image(tmp_path / f"{path.stem}.png", photo[:, : photo.shape[1] // 2 * 2] // 4)
    with pytest.raises(ImageError, match=r"in 5 of 5 the halves do not show the same view"):
        load_splits(tmp_path, size=64)
