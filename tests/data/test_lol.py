import json
import warnings
from collections import Counter
from pathlib import Path

import pytest
from pairs_on_disk import all_of_lol, named_pairs, write_pairs
from pictures import make_photo

from lowlight_utils.data import lol
from lowlight_utils.data.images import ImageError, write_image
from lowlight_utils.data.lol import combine, in_lol_evaluation, lol_pairs, lol_scene, split_lol


def test_lol_scenes_group_exposures_of_one_scene_across_both_parts():
    assert lol_scene("2") == lol_scene("1")
    assert lol_scene("5") == lol_scene("6") != lol_scene("2")
    assert lol_scene("not LOL's") == "not LOL's"


def test_lol_scenes_hold_every_pair_once_but_the_misframed_one():
    path = Path(lol.__file__).with_name("lol_scenes.json")
    groups = json.loads(path.read_text(encoding="utf-8"))
    counted = {
        part: Counter(file for group in groups for file in group[part])
        for part in ("our485", "eval15")
    }
    assert len(counted["our485"]) == 484 and len(counted["eval15"]) == 15
    assert set(counted["our485"].values()) == set(counted["eval15"].values()) == {1}
    assert "648.png" not in counted["our485"]


def test_14_of_lols_evaluation_pairs_show_a_scene_of_its_training_pairs():
    path = Path(lol.__file__).with_name("lol_scenes.json")
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


@pytest.mark.parametrize("developments", [1, 5])  # of each RAW file: a scene is not cut
def test_combine_gives_1450_for_training_and_50_for_test(developments):
    lol_train = named_pairs([str(i) for i in range(100, 585)])
    lol_eval = named_pairs([str(i) for i in range(15)])
    scenes = [f"IMG_{i // developments}" for i in range(1000)]
    synthetic = named_pairs([str(i) for i in range(1000)], scenes)
    train, test = combine(lol_train, lol_eval, synthetic)
    assert (len(train), len(test)) == (1450, 50)
    assert sum(name.startswith("lol-") for name in test.names) == 15
    assert not set(train.scenes) & set(test.scenes)
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


def test_a_seventh_of_lol_is_for_validation_and_shares_no_scene_with_anything():
    pairs = all_of_lol()
    train, validation = split_lol(pairs)
    assert (len(train), len(validation)) == (415, 69)
    assert not set(train.scenes) & set(validation.scenes)
    assert not any(map(in_lol_evaluation, validation.scenes))
    assert sum(map(in_lol_evaluation, train.scenes)) == 24
