"""Enhance a folder, or a bucket, on the machines of a Dask cluster with an exported generator.

    python examples/enhance_on_cluster.py PHOTOS OUT --weights generator.onnx --scheduler HOST:8786

PHOTOS and OUT are folders that all machines see under one name, or addresses that fsspec knows,
such as s3://bucket/dark (with s3fs installed). Without --scheduler a cluster of this machine's
cores is started. What OUT already holds is left alone, so the command goes on where it was ended.
docs/scale.md says how to start a cluster.
"""

import argparse
import logging
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import fsspec
from distributed import Client, LocalCluster, WorkerPlugin, as_completed, get_worker

from lowlight_utils.data.encode import suffix_for, writable_suffixes
from lowlight_utils.data.images import IMAGE_SUFFIXES

AHEAD = 4  # photos a worker's thread that wait for it; a million at once would fill the scheduler


class LoadGenerator(WorkerPlugin):
    """Load the generator in each worker, and in those that join later, once."""

    name = "generator"

    def __init__(self, weights: bytes) -> None:
        self.weights = weights

    def setup(self, worker) -> None:
        from lowlight_utils.prediction import Enhancer

        path = Path(worker.local_directory, "generator.onnx")
        path.write_bytes(self.weights)
        # One thread for each photo: the worker has as many photos in hand as it has threads.
        worker.enhancer = Enhancer(path, threads=1)


def enhance_all(
    client: Client, photos: str, out: str, weights: bytes
) -> Iterator[tuple[str, str | None]]:
    """Enhance every photo of a folder that OUT does not hold yet.

    Yields
    ------
    name : str
        Of a photo, below the folder. Each comes once.
    problem : str or None
        Why there is no result.
    """
    client.register_plugin(LoadGenerator(weights))
    waiting = iter(still_to_do(photos, out))
    running = as_completed()
    places = AHEAD * max(1, sum(client.nthreads().values()))

    def submit_next() -> None:
        for name, target in waiting:
            task = client.submit(
                enhance_one, f"{photos}/{name}", f"{out}/{target}", key=name, pure=False
            )
            names[task.key] = name
            running.add(task)
            return

    names: dict[str, str] = {}
    for _ in range(places):
        submit_next()
    for task in running:
        # A task whose worker died is done again by another; a fourth death is taken for its fault.
        error = task.exception() if task.status == "error" else None
        yield names.pop(task.key), str(error) if error else task.result()
        task.release()
        submit_next()


def still_to_do(photos: str, out: str) -> Iterator[tuple[str, str]]:
    """Find the photos without a result: the name of each, and of its result."""
    there, here = (fsspec.core.url_to_fs(place) for place in (out, photos))
    done = set(_below(*there)) if there[0].exists(there[1]) else set()
    for name in sorted(_below(*here)):
        if PurePosixPath(name).suffix.lower() in IMAGE_SUFFIXES:
            # x.heic becomes x.heic.jpg, so that it is not taken for the result of x.jpg.
            ours = PurePosixPath(name).suffix.lower() in writable_suffixes()
            target = name if ours else name + suffix_for(name)
            if target not in done:
                yield name, target


def _below(files: fsspec.AbstractFileSystem, folder: str) -> list[str]:
    return [str(PurePosixPath(path).relative_to(folder)) for path in files.find(folder)]


def enhance_one(source: str, target: str) -> str | None:
    """Enhance one photo, in a worker; return why it cannot be, if so.

    The result appears whole and under its own name, so it does not matter if another worker, which
    was believed dead, does the same.
    """
    enhancer = get_worker().enhancer
    files, path = fsspec.core.url_to_fs(target)
    try:
        if "file" in files.protocol:
            enhancer.enhance_file(source, path)
            return None
        with tempfile.TemporaryDirectory() as folder:
            photo = Path(folder, f"photo{PurePosixPath(source).suffix}")
            result = Path(folder, f"result{PurePosixPath(target).suffix}")
            with fsspec.open(source, "rb") as file:
                photo.write_bytes(file.read())
            enhancer.enhance_file(photo, result)
            files.put_file(str(result), path)
    except Exception as error:  # one bad photo must not cost the others
        return f"{source}: cannot be enhanced ({error})"
    return None


def main() -> int:
    """Enhance what the command line names; return the command's status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", help="a folder, or an address such as s3://bucket/dark")
    parser.add_argument("out", help="the same for the results")
    parser.add_argument("--weights", required=True, type=Path, help="an exported generator, .onnx")
    parser.add_argument("--scheduler", help="where Dask's scheduler listens, as HOST:8786")
    parser.add_argument("--workers", type=int, help="without a scheduler: how many processes")
    options = parser.parse_args()
    logging.getLogger("distributed").setLevel(logging.ERROR)
    cluster = options.scheduler or LocalCluster(
        n_workers=options.workers, threads_per_worker=1, dashboard_address=None
    )
    done = failed = 0
    with Client(cluster) as client:
        everything = enhance_all(
            client,
            options.photos.rstrip("/"),
            options.out.rstrip("/"),
            options.weights.read_bytes(),
        )
        for name, problem in everything:
            print(problem or name, file=sys.stderr if problem else sys.stdout, flush=True)
            done, failed = done + (not problem), failed + bool(problem)
    if not options.scheduler:
        cluster.close()
    print(f"{done} enhanced, {failed} failed", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
