"""Pairs from RAW files: as dark as LOL's, as noisy as the sensor, and one scene a file."""

import numpy as np
import pytest

pytest.importorskip("rawpy", reason="install the extra raw")

from pictures import make_photo

from lowlight_utils.__main__ import main
from lowlight_utils.data.darken import to_linear
from lowlight_utils.data.dng import (
    ELECTRONS,
    READ_NOISE,
    mosaic,
    with_noise,
    write_raw_of,
)
from lowlight_utils.data.images import read_image
from lowlight_utils.data.raw_pairs import DARK_LEVELS, make_pairs, sensor_noise
from lowlight_utils.data.sources import load_splits


def write_raw(path, seed=0, height=96, width=144):
    path.parent.mkdir(exist_ok=True)
    write_raw_of(path, make_photo(height, width, seed), seed)
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder of pairs from six files, and the files."""
    folder = tmp_path_factory.mktemp("made")
    for number in range(6):
        write_raw(folder / "raws" / f"IMG_{number}.dng", number)
    assert main(["make-pairs", str(folder / "raws"), "-o", str(folder / "pairs")]) == 0
    return folder


def test_the_noise_of_a_sensor_is_measured():
    ramp = np.repeat(np.linspace(0.001, 0.8, 640)[:, None, None], 640, 1).repeat(3, 2)
    shot, read = sensor_noise(with_noise(mosaic(ramp)).astype(np.float32), 2)
    assert shot == pytest.approx(1 / ELECTRONS, rel=0.15)
    assert read < 2 * (READ_NOISE / ELECTRONS) ** 2


def test_each_file_gives_one_truth_and_darker_pictures_as_dark_as_lols(made):
    for number in range(6):
        names = [f"IMG_{number}-exposure{n}.png" for n in (1, 2, 3)]
        truths = [read_image(made / "pairs" / "high" / name) for name in names]
        assert all((truth == truths[0]).all() for truth in truths)
        assert 75 < truths[0].mean() < 160
        levels = [read_image(made / "pairs" / "low" / name).mean() for name in names]
        assert levels == sorted(levels)
        assert DARK_LEVELS[0] - 1 < levels[0] and levels[-1] < DARK_LEVELS[-1] + 3


def test_a_darker_picture_is_noisier_for_its_light_than_the_truth(made):
    def relative_noise(part):
        image = to_linear(read_image(made / "pairs" / part / "IMG_0-exposure1.png"))[..., 1]
        return np.median(np.abs(np.diff(image, 2))) / image.mean()

    assert relative_noise("low") > 2 * relative_noise("high")


def test_training_takes_the_folder_and_never_parts_the_pictures_of_one_file(made):
    splits = load_splits(made / "pairs", size=32)
    parts = [set(part.scenes) for part in (splits.train, splits.validation)]
    assert sum(len(part) for part in (splits.train, splits.validation, splits.test)) == 18
    assert parts[0] | parts[1] <= {f"IMG_{number}" for number in range(6)}
    assert not parts[0] & parts[1]


def test_it_goes_on_where_it_was_ended_and_makes_the_same(made, tmp_path):
    raw = made / "raws" / "IMG_2.dng"
    first = made / "pairs" / "low" / "IMG_2-exposure2.png"
    assert make_pairs(raw, tmp_path) == [f"IMG_2-exposure{n}" for n in (1, 2, 3)]
    again = tmp_path / "low" / first.name
    assert again.read_bytes() == first.read_bytes()
    again.unlink()
    assert make_pairs(raw, tmp_path) == ["IMG_2-exposure2"]
    assert again.read_bytes() == first.read_bytes()
    assert make_pairs(raw, tmp_path) == []


def test_a_file_that_fails_is_a_line_and_the_next_is_done(tmp_path, capsys):
    write_raw(tmp_path / "raws" / "b.dng", height=48, width=48)
    (tmp_path / "raws" / "a.nef").write_text("not a photo" * 50)
    status = main(["make-pairs", str(tmp_path / "raws"), "-o", str(tmp_path), "--copies", "1"])
    printed = capsys.readouterr()
    (line,) = printed.err.splitlines()
    assert status == 1 and "a.nef: not a camera RAW file" in line
    assert printed.out.splitlines() == [str(tmp_path / "low" / "b-exposure1.png")]


def test_a_folder_without_raw_files_is_refused(tmp_path, capsys):
    assert main(["make-pairs", str(tmp_path), "-o", str(tmp_path / "pairs")]) == 1
    assert "there is no camera RAW file in this folder" in capsys.readouterr().err
