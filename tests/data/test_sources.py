import csv
import json
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from pictures import make_pairs, make_photo
from PIL import Image

from lowlight_utils.data import sources
from lowlight_utils.data.darken import Bell, DarknessRanges
from lowlight_utils.data.images import ImageError, read_image, write_image
from lowlight_utils.data.pairs import PairSet
from lowlight_utils.data.sources import (
    PARTS,
    combine,
    in_lol_evaluation,
    load_splits,
    lol_pairs,
    lol_scene,
    sample_credits,
    sample_dir,
    sample_pairs,
    sample_photos,
    split_lol,
    synthetic_pairs,
)

LICENCES = {
    "CC0-1.0",
    "public domain",
    "CC-BY-2.0",
    "CC-BY-4.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
}


def licence_rows():
    with open(sample_dir() / "LICENCES.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_pairs(folder, names, size=8):
    for i, name in enumerate(names):
        photo = make_photo(size, size, seed=i)
        write_image(folder / "low" / f"{name}.png", photo // 5)
        write_image(folder / "high" / f"{name}.png", photo)


def named_pairs(names, scenes=None, side=8):
    pairs = make_pairs(1, side, side)
    stack = np.repeat(pairs.low, len(names), 0), np.repeat(pairs.high, len(names), 0)
    return PairSet(*stack, tuple(names), scenes)


def test_every_bundled_photo_has_a_licence_row_and_every_row_a_photo():
    rows = {f"{row['part']}/{row['file']}" for row in licence_rows()}
    photos = {path.relative_to(sample_dir()).as_posix() for path in sample_dir().rglob("*.jpg")}
    assert rows == photos


def test_licence_rows_are_complete_and_every_licence_lets_us_pass_the_photo_on():
    for row in licence_rows():
        assert all(row.values()), row
        assert row["licence"] in LICENCES, row


def test_the_bsd_notice_names_every_photo_that_is_under_bsd():
    notice = (sample_dir() / "BSD.txt").read_text(encoding="utf-8")
    under_bsd = [row["file"] for row in licence_rows() if row["licence"].startswith("BSD")]
    assert under_bsd and all(file in notice for file in under_bsd)


def test_bundled_photos_have_the_size_in_the_table_and_full_chroma():
    for row in licence_rows():
        with Image.open(sample_dir() / row["part"] / row["file"]) as photo:
            assert photo.size == (int(row["width"]), int(row["height"]))
            assert photo.format == "JPEG" and photo.mode == "RGB"
            assert {component[1:3] for component in photo.layer} == {(1, 1)}


def test_the_parts_are_disjoint_and_their_sizes_known():
    photos = {part: {path.stem for path in sample_photos(part)} for part in PARTS}
    assert {part: len(stems) for part, stems in photos.items()} == {
        "train": 30,
        "validation": 5,
        "test": 8,
    }
    assert len(set.union(*photos.values())) == 43


def test_the_bundled_photos_stay_small():
    assert sum(path.stat().st_size for path in sample_dir().rglob("*")) < 4_000_000


def test_sample_photos_refuses_an_unknown_part():
    with pytest.raises(ValueError, match="'training'"):
        sample_photos("training")


def test_authors_are_named_where_the_licence_asks_for_it():
    assert sample_credits(["cat", "pagoda"]) == "Photo pagoda by danielbuechele (CC BY 2.0)."
    assert sample_credits(["pagoda", "stream"]).startswith("Photos pagoda by ")
    assert sample_credits(["cat"]) == ""


def test_sample_pairs_are_dark_photos_with_their_originals():
    pairs = sample_pairs("validation", size=64)
    assert pairs.low.shape == pairs.high.shape == (5, 64, 64, 3)
    assert pairs.names == pairs.scenes == ("books", "citrus", "raccoon", "soccer", "stream")
    assert (pairs.low.mean((1, 2, 3)) < pairs.high.mean((1, 2, 3)) / 2).all()


def test_copies_of_a_photo_differ_but_share_its_scene():
    pairs = sample_pairs("validation", size=32, copies=3)
    assert len(pairs) == 15 and set(Counter(pairs.scenes).values()) == {3}
    assert pairs.names[:3] == ("books", "books-2", "books-3")
    assert (pairs.low[0] != pairs.low[1]).any() and (pairs.high[0] == pairs.high[1]).all()


def test_sample_pairs_depend_on_the_seed_and_not_on_the_number_of_copies():
    once, thrice = sample_pairs("validation", size=32), sample_pairs("validation", 32, copies=3)
    np.testing.assert_array_equal(once.low, thrice.low[::3])
    np.testing.assert_array_equal(once.low, sample_pairs("validation", size=32).low)
    assert (once.low != sample_pairs("validation", size=32, seed=1).low).any()


def test_the_bundled_photos_come_out_as_dark_and_as_flat_as_is_documented():
    low = np.concatenate([sample_pairs(part, size=64).low for part in PARTS])
    assert low.mean() == pytest.approx(16, abs=2)  # see the table in `darken`
    assert np.mean([image.std() for image in low]) == pytest.approx(15, abs=2)


def test_sample_pairs_take_other_ranges():
    evening = DarknessRanges(stops=Bell(-2, 0, -2, -2))
    brighter = sample_pairs("validation", size=32, ranges=evening)
    assert brighter.low.mean() > 2 * sample_pairs("validation", size=32).low.mean()


def test_sample_pairs_refuse_no_copies():
    with pytest.raises(ValueError, match="copies is 0"):
        sample_pairs("validation", copies=0)


def test_lol_scenes_group_exposures_of_one_scene_across_both_parts():
    assert lol_scene("2") == lol_scene("1")
    assert lol_scene("5") == lol_scene("6") != lol_scene("2")
    assert lol_scene("not LOL's") == "not LOL's"


def test_lol_scenes_hold_every_pair_once_but_the_misframed_one():
    path = sources.Path(sources.__file__).with_name("lol_scenes.json")
    groups = json.loads(path.read_text(encoding="utf-8"))
    counted = {
        part: Counter(file for group in groups for file in group[part])
        for part in ("our485", "eval15")
    }
    assert len(counted["our485"]) == 484 and len(counted["eval15"]) == 15
    assert set(counted["our485"].values()) == set(counted["eval15"].values()) == {1}
    assert "648.png" not in counted["our485"]


def test_14_of_lols_evaluation_pairs_show_a_scene_of_its_training_pairs():
    path = sources.Path(sources.__file__).with_name("lol_scenes.json")
    groups = json.loads(path.read_text(encoding="utf-8"))
    assert sum(len(group["eval15"]) for group in groups if group["our485"]) == 14


def test_lol_pairs_leave_out_the_misframed_pair_and_know_their_scenes(tmp_path):
    write_pairs(tmp_path / "LOL" / "our485", ["2", "5", "6", "648"])
    write_pairs(tmp_path / "LOL" / "eval15", ["1"])
    write_image(tmp_path / "LOL/our485/low/648.png", make_photo(8, 8)[::-1, ::-1])
    with warnings.catch_warnings():  # of a pair that is left out, nothing is said
        warnings.simplefilter("error")
        train, evaluation = lol_pairs(tmp_path, size=8), lol_pairs(tmp_path, "eval15", size=8)
    assert train.names == ("2", "5", "6")
    assert train.scenes[1] == train.scenes[2] and train.scenes[0] == evaluation.scenes[0]


def test_lol_pairs_refuse_an_unknown_part_and_a_folder_without_it(tmp_path):
    with pytest.raises(ValueError, match="LOL has our485 and eval15"):
        lol_pairs(tmp_path, "test")
    with pytest.raises(ImageError, match="no our485/ in it"):
        lol_pairs(tmp_path)


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


def test_combine_gives_1450_for_training_and_50_for_test():
    lol_train = named_pairs([str(i) for i in range(100, 585)])
    lol_eval = named_pairs([str(i) for i in range(15)])
    synthetic = named_pairs([str(i) for i in range(1000)])
    train, test = combine(lol_train, lol_eval, synthetic)
    assert (len(train), len(test)) == (1450, 50)
    assert sum(name.startswith("lol-") for name in test.names) == 15
    assert not set(train.names) & set(test.names) and len(set(train.names + test.names)) == 1500


def test_combine_keeps_synthetic_scenes_apart_and_obeys_its_seed():
    lol = named_pairs(["1", "2"])
    synthetic = named_pairs([str(i) for i in range(60)], [f"s{i // 3}" for i in range(60)])
    train, test = combine(lol, lol[:1], synthetic, test_size=16)
    assert len(test) == 16 and not set(train.scenes[2:]) & set(test.scenes[1:])
    assert combine(lol, lol[:1], synthetic, test_size=16)[1].names == test.names
    assert combine(lol, lol[:1], synthetic, seed=1, test_size=16)[1].names != test.names


@pytest.mark.parametrize("count", [5, 48])
def test_combine_refuses_too_few_synthetic_pairs(count):
    lol = named_pairs(["1", "2"])
    with pytest.raises(ValueError, match=f"takes 48 synthetic pairs .* there are {count}"):
        combine(lol, lol, named_pairs([str(i) for i in range(count)]))


def test_load_splits_copies_the_samples_training_photos_as_often_as_asked():
    splits = load_splits("sample", size=16, copies=2)
    assert (len(splits.train), len(splits.test)) == (60, 8)
    assert len(splits.validation) == 5 * sources.VALIDATION_COPIES


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


def all_of_lol():
    """LOL's training pairs by name and scene, with nothing to see."""
    names = [Path(file).stem for group in sources._lol_groups() for file in group["our485"]]
    return named_pairs(names, tuple(map(lol_scene, names)), side=1)


def test_a_seventh_of_lol_is_for_validation_and_shares_no_scene_with_anything():
    pairs = all_of_lol()
    train, validation = split_lol(pairs)
    assert (len(train), len(validation)) == (415, 69)
    assert not set(train.scenes) & set(validation.scenes)
    assert not any(map(in_lol_evaluation, validation.scenes))
    assert sum(map(in_lol_evaluation, train.scenes)) == 24


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
    write_pairs(tmp_path / "synthetic" / "BrighteningTrain", [f"r{i}" for i in range(60)])
    splits = load_splits(tmp_path, size=8)
    assert len(splits.test) == 50 and splits.test.names[0] == "lol-1"
    assert len(splits.train) + len(splits.validation) == 4 + 60 - 49


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
    with pytest.raises(ImageError, match=r"no such folder.*download_pairs\(.*notebook 01"):
        load_splits(tmp_path / "pairs")
    write_pairs(tmp_path / "pairs" / "lol" / "our485", ["2", "5", "6"])
    (tmp_path / "pairs" / sources._UNFINISHED).touch()
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
