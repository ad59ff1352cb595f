import hashlib
import io
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pictures import make_photo
from PIL import Image
from waiting import PATIENCE

from lowlight_utils.data import download
from lowlight_utils.data.download import DownloadError, fetch_and_unpack
from lowlight_utils.data.images import ImageError
from lowlight_utils.data.lol import lol_pairs
from lowlight_utils.data.online import download_lol, download_pairs, download_synthetic
from lowlight_utils.data.sources import load_splits


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
    monkeypatch.setattr(time, "sleep", lambda _: None)  # how pooch waits before it tries again
    # A proxy that the machine may be set up for is not the way to this server.
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = Server()
    yield server
    server.server.shutdown()
    server.server.server_close()


def names_in(folder):
    return sorted(path.name for path in folder.rglob("*")) if folder.exists() else []


def test_what_is_in_the_archive_comes_to_lie_in_the_folder_and_nothing_beside_it(server, tmp_path):
    server.files["/a.zip"] = zipped({"low/1.png": b"1", "high/1.png": b"2"})
    folder = fetch_and_unpack(f"{server.url}/a.zip", tmp_path / "new" / "pairs", "a.zip")
    assert folder == tmp_path / "new" / "pairs"
    assert names_in(folder) == ["1.png", "1.png", "high", "low"]
    assert (folder / "high" / "1.png").read_bytes() == b"2"
    assert os.listdir(folder.parent) == ["pairs"]


def test_it_shows_a_progress_bar(server, tmp_path, capfd):
    server.files["/a.zip"] = zipped({"1.png": b"1"})
    fetch_and_unpack(f"{server.url}/a.zip", tmp_path / "out", "a.zip")
    assert "100%" in capfd.readouterr().err


def test_an_empty_folder_is_filled_and_a_filled_one_left_without_asking_the_server(
    server, tmp_path
):
    server.files["/a.zip"] = zipped({"1.png": b"1"})
    (tmp_path / "out").mkdir()
    fetch_and_unpack(f"{server.url}/a.zip", tmp_path / "out", "a.zip")
    (tmp_path / "out" / "1.png").write_bytes(b"mine now")
    fetch_and_unpack(f"{server.url}/a.zip", tmp_path / "out", "a.zip")
    assert (tmp_path / "out" / "1.png").read_bytes() == b"mine now"
    assert server.requests == 1


def test_a_file_in_the_folders_place_is_refused(server, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(DownloadError, match="out: is a file"):
        fetch_and_unpack(f"{server.url}/a.zip", tmp_path / "out", "a.zip")
    assert server.requests == 0


def test_a_connection_cut_half_way_is_tried_again(server, tmp_path):
    server.files["/a.zip"] = zipped({"1.bin": os.urandom(100_000)})
    server.cuts = 2
    fetch_and_unpack(f"{server.url}/a.zip", tmp_path / "out", "a.zip")
    assert server.requests == 3
    assert names_in(tmp_path) == ["1.bin", "out"]


def refusal(url, folder, **options):
    """The one line that a failed download says."""
    with pytest.raises(DownloadError) as error:
        fetch_and_unpack(url, folder / "out", "a.zip", **options)
    line = str(error.value)
    assert line.startswith("a.zip: could not be downloaded from ")
    assert line.endswith("or point --data (in the notebooks, LOWLIGHT_DATA) at a folder you have")
    assert "\n" not in line
    assert names_in(folder) == []
    return line


def test_a_connection_that_is_always_cut_is_told_and_leaves_nothing(server, tmp_path):
    server.files["/a.zip"] = b"x" * 100_000
    server.cuts = 99
    assert "(the connection failed: " in refusal(f"{server.url}/a.zip", tmp_path)
    assert server.requests == 3


@pytest.mark.parametrize(("status", "requests"), [(404, 1), (403, 1), (503, 3)])
def test_only_the_servers_own_failures_are_tried_again(server, tmp_path, status, requests):
    server.files["/a.zip"] = status
    assert f"({status} " in refusal(f"{server.url}/a.zip", tmp_path)
    assert server.requests == requests


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/a.zip", "ftp://127.0.0.1/a.zip", "a.zip"])
def test_nobody_listening_and_an_address_of_another_kind_are_told(server, tmp_path, url):
    assert "(the connection failed: " in refusal(url, tmp_path)


def test_the_right_checksum_is_accepted_and_a_wrong_one_refused(server, tmp_path):
    server.files["/a.zip"] = zipped({"1.png": b"1"})
    assert "does not match the known hash" in refusal(
        f"{server.url}/a.zip", tmp_path, sha256="0" * 64
    )
    right = hashlib.sha256(server.files["/a.zip"]).hexdigest()
    fetch_and_unpack(f"{server.url}/a.zip", tmp_path / "out", "a.zip", sha256=right)


def test_a_web_page_in_the_archives_place_is_called_so(server, tmp_path):
    server.files["/a.zip"] = b"\n<!DOCTYPE html><title>Sign in to the hotel's network</title>"
    assert "(a web page came in its place" in refusal(f"{server.url}/a.zip", tmp_path)


def damage(content):
    """Flip bits in the middle of the archive's first member."""
    place = 60
    return content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


def encrypted(content):
    """Set the bit that says so, in both of the first member's headers."""
    content = bytearray(content)
    content[6] |= 1
    content[content.index(b"PK\1\2") + 8] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    "content",
    [
        damage(zipped({"noise.bin": os.urandom(5000)})),
        damage(zipped({"text.txt": b"a text that deflates, " * 500})),
        zipped({"1.png": os.urandom(5000)})[:3000],
        encrypted(zipped({"1.png": b"1"})),
        b"",
    ],
    ids=["bits flipped", "deflated bits flipped", "cut short", "encrypted", "empty"],
)
def test_an_archive_that_is_not_whole_leaves_nothing(server, tmp_path, content):
    server.files["/a.zip"] = content
    refusal(f"{server.url}/a.zip", tmp_path)


def test_after_a_damaged_download_the_next_call_mends_it(server, tmp_path):
    server.files["/lol_dataset.zip"] = damage(lol_archive())
    with pytest.raises(DownloadError):
        download_lol(tmp_path / "lol", f"{server.url}/lol_dataset.zip")
    server.files["/lol_dataset.zip"] = lol_archive()
    assert download_lol(tmp_path / "lol", f"{server.url}/lol_dataset.zip") == tmp_path / "lol"


def link(name):
    member = zipfile.ZipInfo(name)
    member.create_system, member.external_attr = 3, 0o120777 << 16
    return member


@pytest.mark.parametrize(
    "member", ["../out2.txt", "a/../../out2.txt", "..\\out2.txt", "/tmp/out2.txt", link("low")]
)
def test_nothing_of_an_archive_comes_to_lie_outside_the_folder_or_points_there(
    server, tmp_path, member
):
    server.files["/a.zip"] = zipped({member: b"/etc"})
    fetch_and_unpack(f"{server.url}/a.zip", tmp_path / "deep" / "out", "a.zip")
    (file,) = (path for path in tmp_path.rglob("*") if not path.is_dir())
    assert file.is_relative_to(tmp_path / "deep" / "out") and not file.is_symlink()
    assert file.read_bytes() == b"/etc" and not os.path.exists("/tmp/out2.txt")


@pytest.mark.parametrize("size", [50_000, 5_000_000])  # the archive, or what it holds, is too large
def test_a_full_disk_is_told_and_leaves_nothing(server, tmp_path, size):
    resource = pytest.importorskip("resource", reason="no limits to a file's size on Windows")
    content = os.urandom(size) if size < 100_000 else b"\0" * size
    server.files["/a.zip"] = zipped({"1.png": content})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        line = refusal(f"{server.url}/a.zip", tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "(File too large)" in line


def test_the_way_to_google_drive_also_brings_the_archive(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "DRIVE", ("127.0.0.1",))
    server.files["/a.zip"] = zipped({"1.png": b"1"})
    fetch_and_unpack(f"{server.url}/a.zip", tmp_path / "out", "a.zip")
    assert names_in(tmp_path) == ["1.png", "out"]


def test_what_google_drive_refuses_is_told(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "DRIVE", ("127.0.0.1",))
    refusal(f"{server.url}/no.zip", tmp_path)


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
from lowlight_utils.data import download

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[1] == "download":
    download._download = die
else:
    zipfile.ZipFile.extractall = die
download.fetch_and_unpack(sys.argv[2], sys.argv[3], "a.zip")
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
@pytest.mark.parametrize("during", ["download", "unpacking"])
def test_what_a_killed_process_left_is_cleared_away_by_the_next_call(server, tmp_path, during):
    server.files["/a.zip"] = zipped({"1.png": b"1"})
    arguments = f"{server.url}/a.zip", tmp_path / "out"
    killed = subprocess.run([sys.executable, "-c", KILLED, during, *arguments], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert os.listdir(tmp_path) == [".out.download"]
    fetch_and_unpack(*arguments, "a.zip")
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.skipif(os.name == "nt", reason="there are no such locks on Windows")
def test_of_two_at_once_one_waits_and_finds_what_the_other_has_brought(server, tmp_path):
    server.files["/a.zip"] = zipped({"1.png": b"1"})
    arguments = f"{server.url}/a.zip", tmp_path / "out", "a.zip"
    both = [threading.Thread(target=fetch_and_unpack, args=arguments) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(PATIENCE)
    assert server.requests == 1
    assert names_in(tmp_path) == ["1.png", "out"]


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
