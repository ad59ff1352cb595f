import hashlib
import io
import os
import signal
import subprocess
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pictures import make_photo
from PIL import Image

from lowlight_utils.data import download
from lowlight_utils.data.download import (
    DownloadError,
    check_archive,
    fetch,
    fetch_and_unpack,
    unpack,
)
from lowlight_utils.data.images import ImageError
from lowlight_utils.data.sources import (
    download_lol,
    download_pairs,
    download_synthetic,
    load_splits,
    lol_pairs,
)


def zipped(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def png(seed=0):
    buffer = io.BytesIO()
    Image.fromarray(make_photo(10, 15, seed)).save(buffer, "PNG")
    return buffer.getvalue()


def lol_archive(top=""):
    """LOL's layout, small: two training pairs and an evaluation pair."""
    numbers = {"our485": (2, 5), "eval15": (1,)}
    return zipped(
        {
            f"{top}{part}/{side}/{number}.png": png(number)
            for part in numbers
            for side in ("low", "high")
            for number in numbers[part]
        }
    )


class Server:
    """Serves what `files` holds; cuts the first `cuts` answers half-way; counts the requests."""

    def __init__(self):
        self.files, self.requests, self.cuts = {}, 0, 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests += 1
                content = outer.files.get(self.path)
                if isinstance(content, int):
                    return self.send_error(content)
                if content is None:
                    return self.send_error(404)
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                cut = outer.requests <= outer.cuts
                self.wfile.write(content[: len(content) // 2] if cut else content)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def server(monkeypatch):
    # A proxy that the machine may be set up for is not the way to this server.
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = Server()
    yield server
    server.server.shutdown()
    server.server.server_close()


def names_in(folder):
    return sorted(path.name for path in folder.rglob("*")) if folder.exists() else []


def test_fetch_brings_the_whole_file_under_the_addresses_name(server, tmp_path):
    server.files["/some%20where/pairs.zip?download=1"] = b"x" * 100_000
    path = fetch(f"{server.url}/some%20where/pairs.zip?download=1", tmp_path / "new" / "folder")
    assert path == tmp_path / "new" / "folder" / "pairs.zip"
    assert path.read_bytes() == b"x" * 100_000
    assert names_in(path.parent) == ["pairs.zip"]


def test_fetch_shows_a_progress_bar_unless_told_not_to(server, tmp_path, capfd):
    server.files["/a.zip"] = b"x" * 1000
    fetch(f"{server.url}/a.zip", tmp_path / "1", progress=False)
    assert capfd.readouterr().err == ""
    fetch(f"{server.url}/a.zip", tmp_path / "2")
    assert "100%" in capfd.readouterr().err


def test_a_second_fetch_does_not_ask_the_server(server, tmp_path):
    server.files["/a.zip"] = b"content"
    fetch(f"{server.url}/a.zip", tmp_path)
    fetch(f"{server.url}/a.zip", tmp_path)
    assert server.requests == 1


def test_a_connection_cut_half_way_is_tried_again(server, tmp_path, capfd):
    server.files["/a.zip"] = b"x" * 500_000
    server.cuts = 1
    path = fetch(f"{server.url}/a.zip", tmp_path, wait=0.01)
    assert path.read_bytes() == b"x" * 500_000
    assert server.requests == 2
    assert "trying again (2 of 3)" in capfd.readouterr().err


def test_a_connection_that_is_always_cut_is_an_error_and_leaves_nothing(server, tmp_path):
    server.files["/a.zip"] = b"x" * 500_000
    server.cuts = 99
    with pytest.raises(DownloadError, match=r"a\.zip: .*connection failed.*--data") as error:
        fetch(f"{server.url}/a.zip", tmp_path, wait=0.01)
    assert server.requests == 3
    assert "\n" not in str(error.value)
    assert names_in(tmp_path) == []


@pytest.mark.parametrize(("status", "requests"), [(404, 1), (403, 1), (503, 3)])
def test_only_the_servers_own_failures_are_tried_again(server, tmp_path, status, requests):
    server.files["/a.zip"] = status
    with pytest.raises(DownloadError, match=f"a.zip: .*answered {status}.*--data"):
        fetch(f"{server.url}/a.zip", tmp_path, wait=0.01)
    assert server.requests == requests
    assert names_in(tmp_path) == []


def test_nobody_listening_is_one_clear_line(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(DownloadError, match="connection failed: ConnectionError"):
        fetch("http://127.0.0.1:9/a.zip", tmp_path, attempts=1)


def test_the_right_checksum_is_accepted_and_a_wrong_one_refused(server, tmp_path):
    server.files["/a.zip"] = b"content"
    right = hashlib.sha256(b"content").hexdigest()
    fetch(f"{server.url}/a.zip", tmp_path / "1", sha256=right)
    with pytest.raises(DownloadError, match="another checksum"):
        fetch(f"{server.url}/a.zip", tmp_path / "2", sha256="0" * 64, wait=0.01)
    assert names_in(tmp_path / "2") == []


def test_a_file_with_another_checksum_is_replaced(server, tmp_path):
    server.files["/a.zip"] = b"content"
    (tmp_path / "a.zip").write_bytes(b"older")
    path = fetch(f"{server.url}/a.zip", tmp_path, sha256=hashlib.sha256(b"content").hexdigest())
    assert path.read_bytes() == b"content"


@pytest.mark.parametrize("url", ["ftp://host/a.zip", "a.zip", "http://host/", "http://host/.."])
def test_fetch_refuses_an_address_that_it_cannot_use(url, tmp_path):
    with pytest.raises(ValueError, match=r"http|name="):
        fetch(url, tmp_path)


def test_the_way_to_google_drive_also_brings_the_whole_file(server, tmp_path):
    server.files["/a.zip"] = b"x" * 100_000
    path = tmp_path / "a.zip"
    assert download._get_from_drive(f"{server.url}/a.zip", path, progress=False) == (None, False)
    assert path.read_bytes() == b"x" * 100_000


def test_what_google_drive_refuses_is_told_in_one_line(server, tmp_path):
    problem, may_pass = download._get_from_drive(f"{server.url}/no", tmp_path / "a", False)
    assert problem.startswith("Google Drive did not hand it out") and "\n" not in problem
    assert not may_pass
    assert names_in(tmp_path) == []


def test_unpack_makes_the_folder_and_nothing_beside_it(tmp_path):
    archive = tmp_path / "a.zip"
    archive.write_bytes(zipped({"low/1.png": b"1", "high/1.png": b"2"}))
    folder = unpack(archive, tmp_path / "out" / "pairs")
    assert names_in(folder) == ["1.png", "1.png", "high", "low"]
    assert (folder / "high" / "1.png").read_bytes() == b"2"
    assert names_in(tmp_path / "out")[-1] == "pairs" and len(list(folder.parent.iterdir())) == 1


def test_unpack_fills_an_empty_folder_and_leaves_a_filled_one(tmp_path):
    archive = tmp_path / "a.zip"
    archive.write_bytes(zipped({"1.png": b"1"}))
    (tmp_path / "out").mkdir()
    unpack(archive, tmp_path / "out")
    (tmp_path / "out" / "1.png").write_bytes(b"mine now")
    unpack(archive, tmp_path / "out")
    assert (tmp_path / "out" / "1.png").read_bytes() == b"mine now"


def test_unpack_refuses_a_file_in_the_folders_place(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(DownloadError, match="is a file"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


def link(name):
    member = zipfile.ZipInfo(name)
    member.create_system, member.external_attr = 3, 0o120777 << 16
    return member


@pytest.mark.parametrize(
    ("member", "why"),
    [
        ("../escaped.txt", "outside the folder"),
        ("low/../../escaped.txt", "outside the folder"),
        ("..\\escaped.txt", "outside the folder"),
        ("/tmp/escaped.txt", "absolute path"),
        ("C:\\escaped.txt", "absolute path"),
        (link("low"), "is a link"),
    ],
)
def test_an_archive_that_reaches_outside_is_refused_before_anything_is_written(
    tmp_path, member, why
):
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("good.txt", "good")
        # ZipInfo would put the local separator in place of a backslash on some systems
        opened.writestr(member, "/etc")
    with pytest.raises(DownloadError, match=rf"a\.zip: its member .*{why}.*--data"):
        unpack(archive, tmp_path / "deep" / "out")
    assert names_in(tmp_path) == ["a.zip"]


def test_a_member_that_is_there_twice_is_refused(tmp_path):
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("1.png", "one")
        with pytest.warns(UserWarning, match="Duplicate"):
            opened.writestr("1.png", "another")
    with pytest.raises(DownloadError, match="twice"):
        check_archive(archive)


def test_an_archive_that_would_fill_the_disk_is_refused_unread(tmp_path):
    archive = tmp_path / "a.zip"
    archive.write_bytes(zipped({"zeros": b"\0" * 3_000_000}))
    assert archive.stat().st_size < 10_000
    with pytest.raises(DownloadError, match=r"3,000,000 bytes, more than the 1,000,000"):
        unpack(archive, tmp_path / "out", max_bytes=1_000_000)
    assert names_in(tmp_path) == ["a.zip"]


def test_an_archive_of_too_many_files_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "MAX_MEMBERS", 2)
    archive = tmp_path / "a.zip"
    archive.write_bytes(zipped({name: b"" for name in "abc"}))
    with pytest.raises(DownloadError, match="holds 3 files"):
        check_archive(archive)


def damage(content):
    """Flip bits in the middle of the archive's first member."""
    place = 60
    return content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


@pytest.mark.parametrize(
    "content",
    [
        damage(zipped({"noise.bin": os.urandom(5000)})),
        damage(zipped({"text.txt": b"a text that deflates, " * 500})),
        zipped({"1.png": os.urandom(5000)})[:3000],
        b"<!DOCTYPE html><title>Sign in to the hotel's network</title>",
        b"",
    ],
    ids=["bits flipped", "deflated bits flipped", "cut short", "web page", "empty"],
)
def test_a_damaged_archive_is_refused_before_anything_is_written(tmp_path, content):
    archive = tmp_path / "a.zip"
    archive.write_bytes(content)
    with pytest.raises(DownloadError, match=r"a\.zip: .*(damaged|not a whole zip).*--data"):
        unpack(archive, tmp_path / "out")
    assert names_in(tmp_path) == ["a.zip"]


def test_a_missing_archive_is_named(tmp_path):
    with pytest.raises(DownloadError, match=r"a\.zip: there is no such file"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


def test_a_corrupt_download_leaves_nothing_and_the_next_call_mends_it(server, tmp_path):
    server.files["/lol_dataset.zip"] = damage(lol_archive())
    with pytest.raises(DownloadError, match=r"damaged|not a whole"):
        download_lol(tmp_path / "lol", f"{server.url}/lol_dataset.zip")
    assert names_in(tmp_path) == []
    server.files["/lol_dataset.zip"] = lol_archive()
    assert download_lol(tmp_path / "lol", f"{server.url}/lol_dataset.zip") == tmp_path / "lol"


def test_an_archive_that_lay_there_before_is_used_and_kept(server, tmp_path):
    (tmp_path / "a.zip").write_bytes(zipped({"1.png": b"1"}))
    fetch_and_unpack(f"{server.url}/a.zip", tmp_path / "out")
    assert server.requests == 0
    assert names_in(tmp_path) == ["1.png", "a.zip", "out"]


@pytest.mark.parametrize("top", ["", "lol_dataset/"])
def test_lol_is_downloaded_once_and_can_be_read(server, tmp_path, top):
    server.files["/lol.zip"] = lol_archive(top)
    for _ in range(2):
        root = download_lol(tmp_path / "data" / "lol", f"{server.url}/lol.zip")
    assert server.requests == 1
    assert sorted(path.name for path in root.iterdir()) == ["eval15", "our485"]
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["lol"]
    assert len(lol_pairs(tmp_path / "data" / "lol", "our485", size=8)) == 2


def test_download_lol_says_so_if_the_folder_holds_something_else(server, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(DownloadError, match=r"no our485/ in it.*new or empty folder.*--data"):
        download_lol(tmp_path, f"{server.url}/lol.zip")
    assert server.requests == 0


def test_the_synthetic_pairs_are_found_inside_their_archive(server, tmp_path):
    members = {f"BrighteningTrain/{side}/r1.png": png() for side in ("low", "high")}
    members["__MACOSX/BrighteningTrain/low/._r1.png"] = b"resource fork"
    members["__MACOSX/BrighteningTrain/high/._r1.png"] = b"resource fork"
    server.files["/raw.zip"] = zipped(members)
    root = download_synthetic(tmp_path / "synthetic", f"{server.url}/raw.zip")
    assert root == tmp_path / "synthetic" / "BrighteningTrain"


# Broken off.

KILLED = """
import os, signal, sys, zipfile
from pathlib import Path
from lowlight_utils.data import download

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[1] == "fetch":
    download._get = die
    download.fetch("http://127.0.0.1:1/a.zip", sys.argv[2])
else:
    zipfile.ZipFile.extractall = die
    download.unpack(Path(sys.argv[2]) / "a.zip", Path(sys.argv[2]) / "out")
"""


@pytest.mark.skipif(os.name == "nt", reason="there are no such locks on Windows")
@pytest.mark.parametrize("what", ["fetch", "unpack"])
def test_what_a_killed_process_left_is_cleared_away_by_the_next_call(server, tmp_path, what):
    archive = zipped({"1.png": b"1"})
    if what == "unpack":
        (tmp_path / "a.zip").write_bytes(archive)
    killed = subprocess.run([sys.executable, "-c", KILLED, what, tmp_path], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(list(tmp_path.glob(".download-*"))) == 1
    server.files["/a.zip"] = archive
    fetch_and_unpack(f"{server.url}/a.zip", tmp_path / "out")
    assert not list(tmp_path.glob(".*")) and (tmp_path / "out" / "1.png").is_file()


def test_the_workplace_of_a_living_process_is_left_alone(tmp_path):
    with download.workplace(tmp_path) as one:
        (one / "half.zip").write_bytes(b"half")
        with download.workplace(tmp_path) as other:
            assert one != other and (one / "half.zip").is_file()
        assert (one / "half.zip").is_file()
    assert not list(tmp_path.iterdir())


def test_both_sets_are_downloaded_and_a_second_call_fetches_what_the_first_could_not(
    server, tmp_path
):
    urls = f"{server.url}/lol.zip", f"{server.url}/raw.zip"
    server.files["/lol.zip"] = lol_archive()
    with pytest.raises(DownloadError, match=r"BrighteningTrain\.zip"):
        download_pairs(tmp_path / "pairs", *urls)
    with pytest.raises(ImageError, match="broken off"):
        load_splits(tmp_path / "pairs")
    members = [f"BrighteningTrain/{side}/r{i}.png" for side in ("low", "high") for i in range(60)]
    server.files["/raw.zip"] = zipped({member: png() for member in members})
    download_pairs(tmp_path / "pairs", *urls)
    requests = server.requests
    download_pairs(tmp_path / "pairs", *urls)
    assert server.requests == requests
    assert sorted(path.name for path in (tmp_path / "pairs").iterdir()) == ["lol", "synthetic"]


def test_a_folder_of_ones_own_is_not_downloaded_into(server, tmp_path):
    (tmp_path / "our485").mkdir()
    assert download_pairs(tmp_path, f"{server.url}/a.zip", f"{server.url}/b.zip") == tmp_path
    assert server.requests == 0 and names_in(tmp_path) == ["our485"]
