"""The example of a cluster, with two worker processes on this machine."""

import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
from pictures import make_photo

fsspec = pytest.importorskip("fsspec", reason="install the extra cluster")
distributed = pytest.importorskip("distributed", reason="install the extra cluster")

from lowlight_utils.data.images import read_image, write_image  # noqa: E402
from lowlight_utils.models import unet_generator  # noqa: E402
from lowlight_utils.prediction import Enhancer  # noqa: E402
from lowlight_utils.prediction.export import export_generator  # noqa: E402

sys.path.append(str(Path(__file__).resolve().parent.parent / "examples"))
import enhance_on_cluster  # noqa: E402

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills a process")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    unet_generator((None, None, 3), width=4, depth=2).save(folder / "generator.keras")
    export_generator(folder / "generator.keras", folder / "generator.onnx")
    return folder / "generator.onnx"


@pytest.fixture(scope="module")
def client():
    cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with cluster, distributed.Client(cluster) as client:
        yield client


@pytest.fixture
def photos(tmp_path):
    for i in range(30):
        name = f"{'ab'[i % 2]}/photo {i}.{'jpg' if i == 5 else 'png'}"
        write_image(tmp_path / "photos" / name, make_photo(24, 40, seed=i) // 5)
    return tmp_path / "photos"


def files_below(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_worker_is_killed_and_nothing_is_lost_and_nothing_comes_twice(
    client, photos, weights, tmp_path
):
    out, told = tmp_path / "out", []
    everything = enhance_on_cluster.enhance_all(client, str(photos), str(out), weights.read_bytes())
    told.append(next(everything))
    victim = min(client.run(os.getpid).values())
    os.kill(victim, signal.SIGKILL)
    told += everything
    assert sorted(told) == sorted((name, None) for name in files_below(photos))
    assert {name for name in files_below(out) if not name.endswith(".part")} == files_below(photos)
    assert victim not in client.run(os.getpid).values()
    enhancer = Enhancer(weights, threads=1)
    for name in ("a/photo 0.png", "b/photo 29.png"):
        np.testing.assert_array_equal(read_image(out / name), enhancer(read_image(photos / name)))


def test_the_command_goes_on_where_it_was_ended_and_names_what_is_broken(
    client, photos, weights, tmp_path, capfd, monkeypatch
):
    out = tmp_path / "out"
    for name in files_below(photos) - {"a/photo 4.png", "b/photo 5.jpg"}:
        write_image(out / name, make_photo(4, 4))
    (photos / "b/photo 5.jpg").write_bytes(b"no picture")
    scheduler = client.scheduler.address
    monkeypatch.setattr(
        sys,
        "argv",
        ["", str(photos), str(out), "--weights", str(weights), "--scheduler", scheduler],
    )
    assert enhance_on_cluster.main() == 1
    printed = capfd.readouterr()
    assert printed.out == "a/photo 4.png\n"
    assert "b/photo 5.jpg: " in printed.err
    assert "1 enhanced, 1 failed" in printed.err
    assert files_below(photos) - files_below(out) == {"b/photo 5.jpg"}
    assert read_image(out / "a/photo 0.png").shape == (4, 4, 3)  # left alone


def test_a_bucket_is_read_and_written(photos, weights):
    """That of fsspec which lies in this process's memory, where the worker then has to be too."""
    bucket = fsspec.filesystem("memory")
    for name in ("b/photo 5.jpg", "a/photo 4.png"):
        bucket.pipe_file(f"/dark/{name}", (photos / name).read_bytes())
    bucket.pipe_file("/dark/broken.png", b"no picture")
    here = {"processes": False, "n_workers": 1, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.Client(**here) as client:
        told = dict(
            enhance_on_cluster.enhance_all(
                client, "memory://dark", "memory://bright", weights.read_bytes()
            )
        )
    assert told.keys() == {"b/photo 5.jpg", "a/photo 4.png", "broken.png"}
    assert [name for name, problem in told.items() if problem] == ["broken.png"]
    assert told["broken.png"].startswith("memory://dark/broken.png: ")
    assert sorted(bucket.find("/bright")) == ["/bright/a/photo 4.png", "/bright/b/photo 5.jpg"]
    assert bucket.cat_file("/bright/a/photo 4.png").startswith(b"\x89PNG")
