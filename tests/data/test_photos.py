import csv
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from lowlight_utils.data.darken import Bell, DarknessRanges
from lowlight_utils.data.photos import (
    PARTS,
    sample_credits,
    sample_dir,
    sample_pairs,
    sample_photos,
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


def test_oblong_random_views_are_refused():
    with pytest.raises(ValueError, match=r"'random' are squares, and size is \(32, 48\)"):
        sample_pairs("validation", size=(32, 48), views="random")
