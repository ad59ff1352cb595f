"""How folders of pairs may be laid out and named."""

import pytest
from pictures import make_pairs, make_photo

from lowlight_utils.data.images import ImageError, write_image
from lowlight_utils.data.layouts import side_in_name, sides
from lowlight_utils.data.pairs import PairSet
from lowlight_utils.data.sources import load_splits, read_pairs


def write(folder, low="low", high="high", names=("{}",) * 2, count=3, first=0):
    """Write pairs; `names` are patterns of the two files' stems."""
    for i in range(first, first + count):
        photo = make_photo(8, 8, seed=i)
        write_image(folder / low / f"{names[0].format(i)}.png", photo // 5)
        write_image(folder / high / f"{names[1].format(i)}.png", photo)


def is_dark_first(pairs):
    return pairs.low.mean() < pairs.high.mean() / 3


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ("Low", "High"),
        ("LOW", "high"),
        ("Low", "Normal"),
        ("input", "target"),
        ("Inputs", "GT"),
        ("dark", "bright"),
        ("low-light", "ground_truth"),
        ("short", "long"),
    ],
)
def test_the_two_sides_may_be_called_as_is_usual(tmp_path, low, high):
    write(tmp_path / "pairs", low, high)
    pairs = read_pairs(tmp_path, size=8)
    assert pairs.names == ("0", "1", "2") and is_dark_first(pairs)


@pytest.mark.parametrize(
    "names",
    [
        ("{}_low", "{}_high"),
        ("{}-LOW", "{}-NORMAL"),
        ("low_{}", "high_{}"),
        ("low0000{}", "normal0000{}"),
        ("{}_low_light", "{}_normal_light"),
        ("a.{}.input", "a.{}.target"),
    ],
)
def test_both_pictures_of_a_pair_may_lie_in_one_folder(tmp_path, names):
    write(tmp_path, ".", ".", names)
    pairs = read_pairs(tmp_path, size=8)
    assert len(pairs) == 3 and is_dark_first(pairs)


def test_the_halves_of_lol_v2_are_matched_though_their_names_begin_with_the_side(tmp_path):
    write(tmp_path, "Low", "Normal", ("low0000{}", "normal0000{}"))
    pairs = PairSet.from_folders(tmp_path / "Low", tmp_path / "Normal", size=8)
    assert pairs.names == ("00000", "00001", "00002") and is_dark_first(pairs)


@pytest.mark.parametrize("stem", ["lowlands", "highway", "below", "a_lowland", "low", "input_"])
def test_a_word_that_only_begins_or_ends_like_a_side_is_none(stem):
    assert side_in_name(stem) == (None, stem)


def test_a_picture_without_its_other_side_is_named(tmp_path):
    write(tmp_path, ".", ".", ("{}_low", "{}_high"))
    (tmp_path / "1_high.png").unlink()
    with pytest.raises(ImageError, match=r"no partner for 1_low\.png; add or remove"):
        read_pairs(tmp_path, size=8)


def test_two_pictures_of_one_side_are_named(tmp_path):
    write(tmp_path, ".", ".", ("{}_low", "{}_high"))
    write_image(tmp_path / "low_1.png", make_photo(8, 8))
    with pytest.raises(ImageError, match=r"1_low\.png and low_1\.png are one pair's low"):
        read_pairs(tmp_path, size=8)


def test_two_folders_for_one_side_are_refused(tmp_path):
    write(tmp_path, "low", "high")
    write(tmp_path, "dark", "high")
    with pytest.raises(ImageError, match=r"dark/ and low/ would both be low/"):
        sides(tmp_path)


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [("train", "valid", "test"), ("Train", "Val", "Test"), ("training_set", "dev", "testing_set")],
)
def test_the_parts_may_be_called_as_is_usual(tmp_path, train, validation, test):
    for i, part in enumerate((train, validation, test)):
        write(tmp_path / "inside" / part, "Low", "Normal", first=10 * i)
    splits = load_splits(tmp_path, size=8)
    assert splits.train.names == ("0", "1", "2")
    assert splits.validation.names == ("10", "11", "12")
    assert splits.test.names == ("20", "21", "22")


def test_several_sets_in_one_folder_are_named(tmp_path):
    for name in ("Real_captured", "Synthetic"):
        write(tmp_path / name / "Train", "Low", "Normal")
        write(tmp_path / name / "Test", "Low", "Normal")
    with pytest.raises(ImageError, match=r"several folders .*Real_captured, .*Synthetic"):
        load_splits(tmp_path)


def test_pairs_beside_the_parts_are_not_left_out_silently(tmp_path):
    write(tmp_path / "train")
    make_pairs(2, 8, 8).write_concatenated(tmp_path / "held_out")
    with pytest.raises(ImageError, match=r"held_out: is neither train/ nor .*rename"):
        load_splits(tmp_path)


@pytest.mark.parametrize("low, missing", [("Low", "high"), ("dark", "high")])
def test_what_to_rename_is_said_if_one_side_is_known(tmp_path, low, missing):
    write(tmp_path, low, "expert")
    with pytest.raises(ImageError, match=f"there is {low}/, so call .* partners {missing}/"):
        load_splits(tmp_path)


def test_what_to_rename_is_said_if_two_folders_hold_the_same_names(tmp_path):
    write(tmp_path, "A", "B")
    with pytest.raises(ImageError, match=r"A/ and B/ hold pictures of the same names: call"):
        load_splits(tmp_path)
