import os
import stat

import pytest

from lowlight_utils.files import replacing, write_file


def test_a_file_and_its_folders_are_made(tmp_path):
    write_file(tmp_path / "new" / "a.txt", "λ\n")
    assert (tmp_path / "new" / "a.txt").read_bytes() == "λ\n".encode()
    assert os.listdir(tmp_path / "new") == ["a.txt"]


def test_the_name_is_taken_only_once_the_file_is_whole(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with replacing(path) as file:
        file.write(b"new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_the_old_file_stays_when_the_new_one_fails(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError, match="not ours"), replacing(path) as file:
        file.write(b"half of the new")
        raise RuntimeError("not ours")
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["a.txt"]


def test_it_is_readable_as_any_other_file(tmp_path):
    (tmp_path / "usual").touch()
    write_file(tmp_path / "a.txt", b"1")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(modes) == 1


@pytest.mark.parametrize(
    ("place", "why"), [("file/a.txt", "Not a directory"), ("folder", "Is a directory")]
)
def test_a_place_where_no_file_can_be_is_named(tmp_path, place, why):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match=rf"{tmp_path / place}: cannot be written \({why}\)$"):
        write_file(tmp_path / place, "")
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]


def test_a_full_disk_is_one_line_that_names_the_file_and_leaves_nothing(tmp_path):
    resource = pytest.importorskip("resource", reason="no limits to a file's size on Windows")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match=r"a\.bin: cannot be written \(File too large\)$"):
            write_file(tmp_path / "a.bin", b"x" * 2000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(tmp_path.iterdir())
