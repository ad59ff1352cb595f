"""ONNX Runtime for browsers, as npm has it: fetched once, held against its hash, unpacked."""

import base64
import gzip
import hashlib
import shutil
import subprocess
import tarfile
from pathlib import Path

from lowlight_utils.files import write_file

CACHE = Path(__file__).resolve().parent.parent / "build" / "npm"

VERSION = "1.30.0"
PACKAGE = f"onnxruntime-web@{VERSION}"
SHA512 = "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
RUNTIMES = {
    "webgpu": ("ort.webgpu.min", "ort-wasm-simd-threaded.asyncify"),
    "wasm": ("ort.wasm.min", "ort-wasm-simd-threaded"),
}
"""For each way to compute: the package's script, and its WebAssembly file with a script of its
own."""


class BuildError(Exception):
    """The pages cannot be built; the text says why, and what to do."""


def fetch_package() -> Path:
    """Return the runtime's package; npm fetches it unless it is there already.

    Raises
    ------
    BuildError
        There is no npm, or no way to the package, or it is not the one that is known.
    """
    path = CACHE / f"{PACKAGE.replace('@', '-')}.tgz"
    if path.is_file() and digest(path) == SHA512:
        return path
    npm = shutil.which("npm")
    if npm is None:
        raise BuildError(
            f"npm is not installed; it fetches {PACKAGE}, which runs the networks in browsers."
            " Install Node.js, which brings npm, or build the site without its live pages"
        )
    CACHE.mkdir(parents=True, exist_ok=True)
    command = [npm, "pack", PACKAGE, "--ignore-scripts", "--pack-destination", str(CACHE)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        reason = next((x for x in done.stderr.splitlines() if "code" in x), "no reason given")
        raise BuildError(f"npm could not fetch {PACKAGE} ({reason.strip()}); is there a network?")
    if digest(path) != SHA512:
        raise BuildError(f"{path}: is not the package that is known; delete it and try again")
    return path


def digest(path: Path) -> str:
    """Give the hash of a file as npm writes it, without the name of the method."""
    return base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()


def add_runtimes(package: Path, out: Path) -> dict[str, dict]:
    """Unpack the runtime's files, WebAssembly compressed: static hosts do not all do it.

    Returns
    -------
    dict
        For each way to compute: "script", "file" and how many "bytes" the file has.
    """
    folder = out / "runtime"
    folder.mkdir()
    described = {}
    with tarfile.open(package) as archive:
        for way, (script, name) in RUNTIMES.items():
            for file in (f"{script}.mjs", f"{name}.mjs", f"{name}.wasm"):
                content = archive.extractfile(f"package/dist/{file}").read()
                if file.endswith(".wasm"):
                    content = gzip.compress(content, mtime=0)
                    file += ".gz"
                write_file(folder / file, content)
            described[way] = {
                "script": f"runtime/{script}.mjs",
                "file": f"runtime/{name}.wasm.gz",
                "bytes": (folder / f"{name}.wasm.gz").stat().st_size,
            }
    return described
