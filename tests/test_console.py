"""Printing: any encoding, a full disk, a reader that goes away; and yet the work is done."""

import contextlib
import io
import json
import os
import subprocess
import sys

import pytest
from pictures import make_photo
from sweeps import write_sweep

from lowlight_utils.__main__ import main
from lowlight_utils.console import Forgiving, forgiving_output
from lowlight_utils.data import write_image

FEW = ["ascii", "cp1252", "latin-1", "cp437", "cp1251", "shift_jis"]


def printed(text, encoding):
    """What arrives of a text, as its bytes."""
    file = io.BytesIO()
    with contextlib.redirect_stdout(io.TextIOWrapper(file, encoding=encoding)):
        with forgiving_output() as unprinted:
            print(text, end="")
            assert unprinted() is None
        return file.getvalue()


@pytest.mark.parametrize("encoding", FEW)
def test_what_an_encoding_lacks_is_spelt_out(encoding):
    text = "λ ΔE00 夜.jpg é ×"
    got = printed(text, encoding).decode(encoding)
    wanted = [text]
    for sign, plain in {"λ": "lambda", "Δ": "d", "夜": "\\u591c", "é": "\\xe9", "×": "x"}.items():
        try:
            sign.encode(encoding)
        except UnicodeEncodeError:
            wanted.append(wanted[-1].replace(sign, plain))
    assert got == wanted[-1]


def test_an_encoding_that_has_everything_is_left_alone():
    assert printed("λ 夜.jpg", "utf-8").decode() == "λ 夜.jpg"


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_a_name_that_the_system_cannot_decode_goes_out_as_its_bytes(encoding):
    name = os.fsdecode(b"caf\xe9.jpg") if encoding == "utf-8" else "caf\udce9.jpg"
    assert printed(name, encoding) == b"caf\xe9.jpg"


def pipe():
    reader, writer = os.pipe()
    return reader, os.fdopen(writer, "w", encoding="utf-8", buffering=1)


def test_a_reader_that_has_gone_is_no_failure():
    reader, stream = pipe()
    os.close(reader)
    out = Forgiving(stream)
    for _ in range(3):
        out.write("a line\n")
    out.flush()
    assert out.failure is None
    stream.close()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_disk_is_told_at_the_end_and_stops_nothing():
    with open("/dev/full", "w", encoding="utf-8") as full:
        with contextlib.redirect_stdout(full), forgiving_output() as unprinted:
            print("lost")
            print("lost too", flush=True)
            assert "No space left" in str(unprinted())


@pytest.mark.skipif(os.name != "posix", reason="a shell's way to close files")
@pytest.mark.parametrize("closed", ["2>&-", ">&-", "<&- >&- 2>&-"])
def test_files_that_are_closed_take_nothing_else_with_them(tmp_path, closed):
    # The first file that is opened would get a closed one's number, and all that is printed.
    script = (
        "import os, sys; from lowlight_utils.console import forgiving_output\n"
        "with forgiving_output():\n"
        "    opened = open(sys.argv[1], 'w')\n"
        "    print('out'); print('err', file=sys.stderr); os.write(2, b'native')\n"
        "    opened.write(str(opened.fileno() > 2))\n"
    )
    target = tmp_path / "opened.txt"
    command = f'"{sys.executable}" -c "$SCRIPT" "{target}" {closed}'
    done = subprocess.run(
        ["sh", "-c", command],
        env={**os.environ, "SCRIPT": script},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0
    assert target.read_text() == "True"
    assert "out" not in done.stderr and "err" not in done.stdout


@pytest.fixture
def evaluate(tmp_path, monkeypatch):
    """evaluate(stream) measures a pair called 夜 and prints to the stream; gives the status."""
    from lowlight_utils.training import QUICK, build_generator

    monkeypatch.chdir(tmp_path)
    build_generator(QUICK.but(width=4, depth=3)).save("generator.keras")
    for name in ("high", "low"):
        write_image(f"{name}/夜.png", make_photo(32, 32) // (6 if name == "low" else 1))
    options = ["--weights", "generator.keras", "--size", "32", "--json", "夜.json"]

    def run(stream):
        monkeypatch.setattr(sys, "stdout", stream)
        return main(["evaluate", "--low", "low", "--high", "high", *options])

    return run


def images_in_json():
    with open("夜.json", encoding="utf-8") as file:
        return {row["image"] for row in json.load(file)["rows"]}


def test_evaluate_prints_its_table_on_an_ascii_console(evaluate):
    console = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    assert evaluate(console) == 0
    assert b"dE00" in console.buffer.getvalue()
    assert images_in_json() == {"夜"}


def test_evaluate_keeps_its_figures_when_nobody_reads_the_table(evaluate):
    reader, stream = pipe()
    os.close(reader)
    assert evaluate(stream) == 0
    assert images_in_json() == {"夜"}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_evaluate_says_that_its_table_is_lost_and_keeps_its_figures(evaluate, capsys):
    assert evaluate(open("/dev/full", "w", encoding="utf-8")) == 1
    assert "not all could be printed" in capsys.readouterr().err
    assert images_in_json() == {"夜"}


@pytest.mark.parametrize("data", ["夜", "caf\udce9"])
def test_a_table_keeps_a_folder_whose_name_the_system_cannot_decode(tmp_path, data):
    assert write_sweep(tmp_path, {"one": {"data": data}}).row("one")["data"] == data
    assert os.fsencode(data) in (tmp_path / "results.csv").read_bytes()
