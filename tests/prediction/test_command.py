"""The command `enhance`, called as a function: its options, and one line for what fails."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers
from pictures import make_photo
from PIL import Image

from lowlight_utils.__main__ import main
from lowlight_utils.data.images import read_image, write_image
from lowlight_utils.models import unet_generator
from lowlight_utils.prediction.export import export_generator

GAIN = 4


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A generator that makes four times as bright, or as told lambda."""
    folder = tmp_path_factory.mktemp("weights")
    low, told = keras.Input((None, None, 3)), keras.Input((1,))
    keras.Model(low, layers.Rescaling(GAIN, GAIN - 1)(low)).save(folder / "plain.keras")
    gained = layers.Multiply()([layers.Rescaling(0.5, 0.5)(low), layers.Reshape((1, 1, 1))(told)])
    keras.Model([low, told], layers.Rescaling(2.0, -1.0)(gained)).save(folder / "told.keras")
    return folder


@pytest.fixture
def enhance(weights, tmp_path, monkeypatch, capsys):
    """enhance("dark.png", "-o", "out") -> (status, what it printed, its lines of complaint)."""
    monkeypatch.chdir(tmp_path)
    write_image("dark.png", np.full((20, 30, 3), 20, np.uint8))

    def run(*arguments, generator="plain.keras"):
        status = main(["enhance", *arguments, "--weights", str(weights / generator)])
        printed = capsys.readouterr()
        return status, printed.out.splitlines(), printed.err.splitlines()

    return run


def level(path):
    (value,) = np.unique(read_image(path))
    return value


def test_strength_is_how_far_it_goes(enhance):
    assert enhance("dark.png", "-o", "half.png", "--strength", "0.5")[0] == 0
    assert level("half.png") == 50
    status, _, (line,) = enhance("dark.png", "-o", "a.png", "--strength", "2")
    assert status == 1 and "--strength must lie between 0 and 1" in line


def test_lambda_is_told_to_a_generator_that_takes_it(enhance):
    assert enhance("dark.png", "-o", "a.png", "--lambda", "3", generator="told.keras")[0] == 0
    assert level("a.png") == 60
    status, _, (line,) = enhance("dark.png", "-o", "b.png", "--lambda", "3")
    assert status == 1 and "does not take λ" in line and not os.path.exists("b.png")
    status, _, (line,) = enhance(
        "dark.png", "-o", "b.png", "--lambda", "1e6", generator="told.keras"
    )
    assert status == 1 and "between" in line


def test_formats_that_cannot_be_written_become_others(enhance):
    for name in ("a.jfif", "b.tga", "c.pgm"):
        Image.open("dark.png").convert("L").save(f"in-{name}")
    status, printed, complaints = enhance("in-a.jfif", "in-b.tga", "in-c.pgm", "-o", "out")
    assert (status, complaints) == (0, [])
    assert printed == ["out/in-a.jfif", "out/in-b.tga", "out/in-c.png"]
    assert Image.open("out/in-a.jfif").format == "JPEG"


def test_heic_photos_are_read(enhance):
    heif = pytest.importorskip("pillow_heif")
    heif.from_pillow(Image.open("dark.png").resize((64, 64))).save("phone.HEIC")
    assert enhance("phone.HEIC", "-o", "out/") == (0, ["out/phone.jpg"], [])
    assert abs(read_image("out/phone.jpg").mean() - GAIN * 20) < 8


def test_16_bits_stay_16_bits_unless_told_otherwise(enhance):
    write_image("deep.png", np.full((20, 30, 3), 20 * 257 + 60, np.uint16))
    assert enhance("deep.png", "-o", "a.tif")[0] == 0
    assert abs(np.unique(read_image("a.tif", deep=True)).item() - GAIN * (20 * 257 + 60)) <= 1
    assert enhance("deep.png", "-o", "b.png", "--depth", "8")[0] == 0
    assert read_image("b.png", deep=True).dtype == np.uint8


def test_results_that_exist_can_be_skipped(enhance):
    write_image("other.png", make_photo())
    assert enhance("dark.png", "-o", "out/")[0] == 0
    made = Path("out/dark.png").stat().st_mtime_ns
    status, printed, (line,) = enhance("dark.png", "other.png", "-o", "out", "--skip-existing")
    assert (status, printed) == (0, ["out/other.png"])
    assert "1 skipped" in line and Path("out/dark.png").stat().st_mtime_ns == made


def test_a_limit_of_megapixels_names_the_larger_photo(enhance):
    write_image("large.png", make_photo(200, 100))
    status, printed, (line,) = enhance(
        "large.png", "dark.png", "-o", "out", "--max-megapixels", "0.01"
    )
    assert (status, printed) == (1, ["out/dark.png"])
    assert "large.png: 100x200 is more than 10,000 pixels" in line and "--max-megapixels" in line


def test_a_fault_that_does_not_matter_is_a_line_and_no_failure(enhance):
    content = Path("dark.png").read_bytes()
    Path("in").mkdir()
    Path("in/a.jpg").write_bytes(b"")
    photo = make_photo(100, 100)
    Image.fromarray(photo).save("in/b.jpg", quality=90)
    Path("in/b.jpg").write_bytes(Path("in/b.jpg").read_bytes()[:-2])
    Path("in/c.png").write_bytes(content)
    Path("in/d.jxl").touch()
    status, printed, complaints = enhance("in", "-o", "out")
    assert (status, printed) == (1, ["out/b.jpg", "out/c.png"])
    skipped, empty, cut = complaints
    assert "in/d.jxl" in skipped and "in/a.jpg: the file is empty" in empty
    assert (
        cut
        == "lowlight_utils: in/b.jpg: the end of the file is missing; the last corner may be grey"
    )


def test_whatever_goes_wrong_with_one_photo_the_next_goes_on(enhance):
    Path("out/a.png").mkdir(parents=True)  # a folder where the result should be
    write_image("a.png", make_photo())
    status, printed, (line,) = enhance("a.png", "dark.png", "-o", "out")
    assert (status, printed) == (1, ["out/dark.png"])
    assert line.startswith("lowlight_utils: out/a.png: cannot be written")


def test_several_processes_write_and_say_what_one_does(enhance, weights):
    pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    unet_generator((None, None, 3), width=4, depth=3).save(weights / "unet.keras")
    export_generator(weights / "unet.keras", weights / "unet.onnx")  # it loads more quickly
    for number in range(5):
        write_image(f"in/{number}.png", make_photo(seed=number) // 8)
    Path("in/2.png").write_bytes(Path("in/2.png").read_bytes()[:100])
    said = {
        jobs: enhance("in", "-o", "out", "--jobs", jobs, "--format", suffix, generator="unet.onnx")
        for jobs, suffix in (("1", "png"), ("2", "bmp"))
    }
    status, printed, (line,) = said["2"]
    assert status == 1 and "in/2.png: the picture is damaged" in line
    assert printed == [f"out/{number}.bmp" for number in (0, 1, 3, 4)]
    assert said["1"][2] == [line]
    for path in map(Path, printed):
        np.testing.assert_array_equal(read_image(path), read_image(path.with_suffix(".png")))


def test_less_than_one_job_is_refused(enhance):
    status, _, (line,) = enhance("dark.png", "-o", "a.png", "--jobs", "0")
    assert status == 1 and "--jobs must be at least 1" in line


def test_a_name_that_cannot_be_written_is_refused_before_the_generator_is_loaded(tmp_path, capsys):
    write_image(tmp_path / "dark.png", make_photo())
    status = main(
        ["enhance", str(tmp_path / "dark.png"), "-o", str(tmp_path / "a.xyz"), "--weights", "no"]
    )
    assert status == 1 and "cannot write '.xyz'" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", [".jp2", ".tif", ".png"])
def test_a_full_disk_is_one_true_line(tmp_path, suffix):
    # OpenJPEG, given the file itself, tries for ever: the limit of time would end the test.
    code = f"""
import resource, sys
import numpy as np
from lowlight_utils.data.images import write_image
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
picture = np.random.default_rng(0).integers(0, 256, (200, 200, 3)).astype(np.uint8)
try:
    write_image({str(tmp_path / ("a" + suffix))!r}, picture)
except ValueError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert "cannot be written (File too large)" in done.stdout
    assert done.stderr == "" and list(tmp_path.iterdir()) == []
