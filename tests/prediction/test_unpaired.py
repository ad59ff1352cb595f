import json

import numpy as np
import pytest
from pictures import make_photo

from lowlight_utils.__main__ import main
from lowlight_utils.data.images import write_image
from lowlight_utils.prediction.unpaired import (
    evaluate_unpaired,
    lightness_order_error,
    measure_unpaired,
    newly_clipped,
    washed_white,
)


def grey(level, side=64):
    return np.full((side, side, 3), level, np.uint8)


def with_patch(level, patch):
    """Grey with a quarter of it at another colour."""
    image = grey(level)
    image[:32, :32] = patch
    return image


def test_what_newly_touches_the_top_is_clipped_and_what_was_there_is_not():
    assert newly_clipped(grey(100), with_patch(150, (255, 90, 90))) == 25
    assert newly_clipped(with_patch(100, (255, 90, 90)), with_patch(150, (255, 90, 90))) == 0
    assert newly_clipped(grey(100), grey(252)) == 0


def test_only_white_is_washed_white():
    assert washed_white(grey(100), with_patch(150, (255, 255, 250))) == 25
    assert washed_white(grey(100), with_patch(150, (255, 255, 90))) == 0


def test_brightening_by_a_curve_keeps_the_order_of_lightness_and_inverting_loses_it():
    photo = make_photo(80, 80)
    brighter = (255 * (photo / 255.0) ** 0.5).astype(np.uint8)
    assert lightness_order_error(photo, brighter) < 60
    assert lightness_order_error(photo, 255 - photo) > 1000


def test_the_dark_level_is_that_of_what_was_dark_before():
    low, image = grey(100), grey(60)
    low[:32], image[:32] = 10, 200
    measured = measure_unpaired(low, image)
    assert measured["dark_level"] == pytest.approx(200)
    assert measured["level"] == pytest.approx(130)


def test_a_photo_that_changes_its_size_is_refused(tmp_path):
    write_image(tmp_path / "a.png", grey(10))
    with pytest.raises(ValueError, match=r"half on .*a\.png"):
        evaluate_unpaired({"half": lambda low: low[:32]}, [tmp_path / "a.png"])


def test_means_leave_out_what_is_not_a_number(tmp_path):
    paths = [tmp_path / "large.png", tmp_path / "small.png"]
    write_image(paths[0], make_photo(128, 128))
    write_image(paths[1], make_photo(32, 32))
    evaluation = evaluate_unpaired({}, paths)
    large, small = (row.scores["dark_grain"] for row in evaluation.rows)
    assert np.isnan(small)
    assert evaluation.means()["low"]["dark_grain"] == large


def test_the_command_measures_photos_without_a_truth(tmp_path, capsys):
    write_image(tmp_path / "in" / "a.png", make_photo(64, 96) // 8)
    assert (
        main(["evaluate", "--low", str(tmp_path / "in"), "--json", str(tmp_path / "m.json")]) == 0
    )
    table = capsys.readouterr().out
    assert "dark level" in table and "1 photo at full size" in table
    written = json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))
    assert written["n"] == 1
    assert written["dark_level"] > written["means"]["low"]["dark_level"]
    assert written["made_by"]["weights_sha256"]


def test_the_command_names_photos_that_cannot_be_read_and_measures_the_others(tmp_path, capsys):
    for name in ("a", "c"):
        write_image(tmp_path / f"{name}.png", make_photo(64, 96) // 8)
    (tmp_path / "b.jpg").write_bytes(b"no photo")
    assert main(["evaluate", "--low", str(tmp_path)]) == 1
    written = capsys.readouterr()
    assert "2 photos at full size" in written.out
    assert written.err.count("\n") == 1 and "b.jpg" in written.err


def test_the_command_refuses_a_folder_of_nothing_else(tmp_path, capsys):
    (tmp_path / "b.jpg").write_bytes(b"no photo")
    assert main(["evaluate", "--low", str(tmp_path)]) == 1
    assert "no photos to evaluate on" in capsys.readouterr().err
