"""Which photos a command means, and which files their results become."""

import os
from pathlib import Path

import pytest

from lowlight_utils.data.encode import suffix_for, writable_suffixes, write_image
from lowlight_utils.data.images import IMAGE_SUFFIXES, ImageError, read_image
from lowlight_utils.prediction.batch import find_photos, plan


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("in/10.jpg", "in/2.png", "in/deep/夜.tif", "in/.hidden/a.png", "in/notes.txt"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    return Path("in")


def targets(given, out, recursive=False, format_=None):
    photos, has_folder, _ = find_photos(given, recursive, out)
    return [Path(target).as_posix() for _, target in plan(photos, has_folder, out, format_)]


def test_a_folders_photos_keep_their_names(folder):
    assert targets([folder], "out") == ["out/2.png", "out/10.jpg"]


def test_recursive_keeps_the_folders_too(folder):
    assert targets([folder], "out", recursive=True) == [
        "out/2.png",
        "out/10.jpg",
        "out/deep/夜.tif",
    ]


def test_results_within_the_folder_are_not_enhanced_again(folder):
    Path("in/out").mkdir()
    Path("in/out/2.png").touch()
    assert "in/out/out/2.png" not in targets([folder], "in/out", recursive=True)


def test_what_is_meant_twice_counts_once(folder):
    assert targets(["in", "in/", "in/2.png"], "out") == ["out/2.png", "out/10.jpg"]


@pytest.mark.parametrize("suffix", IMAGE_SUFFIXES)
def test_whatever_is_listed_can_be_written(folder, photo, suffix):
    write_image(f"a{suffix_for(f'a{suffix}')}", photo)
    assert read_image(f"a{suffix_for(f'a{suffix}')}").shape == photo.shape


def test_a_format_may_be_chosen(folder):
    assert targets([folder], "out", format_="webp") == ["out/2.webp", "out/10.webp"]
    assert targets(["in/2.png"], "out", format_=".JPG") == ["out/2.jpg"]
    with pytest.raises(ImageError, match=r"--format: cannot write '\.xyz'"):
        targets([folder], "out", format_="xyz")
    with pytest.raises(ValueError, match="another format"):
        targets(["in/2.png"], "out.png", format_="jpg")


def test_a_phones_two_files_of_one_name_do_not_meet(folder):
    for name in ("IMG.HEIC", "IMG.jpg", "other.HEIC"):
        (folder / name).touch()
    expected = {"out/IMG.HEIC.jpg", "out/IMG.jpg", "out/other.jpg"}
    assert expected <= set(targets([folder], "out"))


@pytest.mark.parametrize(
    ("out", "file"),
    [
        ("out.jpg", "out.jpg"),
        ("out", "out/2.png"),
        ("results.v2/", "results.v2/2.png"),
        ("results.jpg/", "results.jpg/2.png"),
        ("there.v2", "there.v2/2.png"),
    ],
)
def test_out_is_a_file_only_for_one_photo_and_with_a_pictures_name(folder, out, file):
    Path("there.v2").mkdir()
    assert targets(["in/2.png"], out) == [file]


def test_a_name_that_may_be_meant_as_a_folder_is_asked_about(folder):
    with pytest.raises(ImageError, match=r"results\.v2: cannot write '\.v2'.*in / if it is a fo"):
        targets(["in/2.png"], "results.v2")
    assert targets([folder], "results.v2") == ["results.v2/2.png", "results.v2/10.jpg"]


def test_several_photos_do_not_fit_into_one_file(folder):
    with pytest.raises(ValueError, match="one picture cannot hold 2 photos"):
        targets([folder], "out.png")
    Path("file").touch()
    with pytest.raises(ValueError, match="is a file"):
        targets([folder], "file")


def test_no_result_replaces_a_photo(folder):
    os.link("in/2.png", "in/2.heic")
    for given, out in ((["in"], "in"), (["in/2.png"], "in/2.png"), (["in/2.png"], "in")):
        with pytest.raises(ValueError, match="would replace"):
            targets(given, out)


def test_photos_of_one_name_from_two_folders_are_refused(folder):
    with pytest.raises(ValueError, match=r"called 夜\.tif"):
        Path("other").mkdir()
        Path("other/夜.tif").touch()
        targets(["in/deep", "other"], "out")


def test_raw_files_are_photos_where_rawpy_is(folder):
    pytest.importorskip("rawpy")
    (folder / "a.nef").touch()
    assert "out/a.jpg" in targets([folder], "out")


def test_photos_that_are_not_read_are_named(folder, without_rawpy):
    for name in ("a.nef", "b.dng", "deep/c.jxl"):
        (folder / name).touch()
    _, _, (line,) = find_photos([folder], True, "out")
    for name in ("a.nef", "b.dng", "c.jxl"):
        assert name in line
    for number in range(8):
        (folder / f"d{number}.cr2").touch()
    assert "6 more" in find_photos([folder], True, "out")[2][0]


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("notes.txt", "no picture"), ("a.nef", "a.nef"), ("deeper/a.png", "--recursive enters")],
)
def test_a_folder_without_photos_says_what_it_has(tmp_path, without_rawpy, name, complaint):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
    with pytest.raises(ImageError, match=complaint):
        find_photos([tmp_path], False, "out")


def test_writable_suffixes_are_lower_case_and_listed():
    assert set(writable_suffixes()) <= set(IMAGE_SUFFIXES)
