"""Run a generator that was exported to ONNX, without Keras and without its backend."""

import json
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lowlight_utils.machine import cores

if TYPE_CHECKING:
    import onnxruntime

SUFFIX = ".onnx"


class ExportedGenerator:
    """A generator from the file that `export_generator` wrote, run by ONNX Runtime on the CPU.

    It needs the package onnxruntime (the extra `onnx`) and neither Keras nor TensorFlow or JAX.

    Parameters
    ----------
    path : path
        The `.onnx` file.
    threads : int, optional
        How many cores one picture may use. By default as many as the environment variable
        OMP_NUM_THREADS says, and without it all that this process may use.

    Attributes
    ----------
    stride : int
        Height and width of what goes in must be multiples of it.
    made_by : dict
        What the file was exported from, as `provenance` gives it: "weights", "weights_sha256",
        "recipe", "backend" and "versions".
    lambda_range : (float, float) or None
        The least and the largest λ that it has learnt, if it is told one.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        It is not an ONNX file, or not one that `export_generator` wrote; `threads` is below 1.
    ImportError
        onnxruntime is not installed.
    """

    def __init__(self, path: str | os.PathLike, threads: int | None = None) -> None:
        path = Path(path)
        threads = usual_threads() if threads is None else threads
        if threads < 1:
            raise ValueError(f"threads must be at least 1, not {threads}")
        if not path.is_file():
            raise FileNotFoundError(
                f"{path}: there is no such file; python -m lowlight_utils export writes one"
            )
        try:
            self._session = start_session(path, threads)
        except ImportError as error:
            raise ImportError(
                f"{path}: an exported generator runs on onnxruntime, which is not installed; the"
                " extra onnx brings it, or pip install onnxruntime; or give a .keras file"
            ) from error
        except Exception as error:  # ONNX Runtime's errors have no class in common
            reason = str(error).strip().splitlines()[0]
            raise ValueError(
                f"{path}: cannot be loaded as an ONNX model ({reason}); export it again"
            ) from error
        notes = self._session.get_modelmeta().custom_metadata_map
        try:
            self.stride, self.made_by = int(notes["stride"]), json.loads(notes["made_by"])
            ends = json.loads(notes.get("lambda_range", "null"))
            self.lambda_range = None if ends is None else tuple(ends)
        except (KeyError, ValueError, TypeError) as error:
            raise ValueError(
                f"{path}: holds no generator that python -m lowlight_utils export wrote; export"
                " yours with it"
            ) from error

    def predict_on_batch(self, given: np.ndarray | list[np.ndarray]) -> np.ndarray:
        """Put float32[n, h, w, 3] in [-1, 1] through the network; the same comes out.

        A generator that is told λ takes [that, float32[n, 1]].
        """
        return run(self._session, given)


def is_exported(path: str | os.PathLike | None) -> bool:
    """Say, by its name alone, whether a file is an exported generator; None is none."""
    return path is not None and Path(path).suffix.lower() == SUFFIX


def usual_threads() -> int:
    """Return OMP_NUM_THREADS, or the number of cores that this process may use."""
    try:
        return max(1, int(os.environ["OMP_NUM_THREADS"]))
    except (KeyError, ValueError):
        return cores()


def start_session(model: Path | bytes, threads: int) -> "onnxruntime.InferenceSession":
    """Load an ONNX model, from its file or its bytes, into an `onnxruntime.InferenceSession`."""
    # From version 1.29 on it reports its use to Microsoft, by way of a file in the home folder,
    # unless this is set before it is first imported. Nobody asked the owners of the photos.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4  # its errors are raised too, and told once
    # Patterns would save nothing here, and lay out memory anew for every size of picture.
    options.enable_mem_pattern = False
    # Threads that wait in a busy loop take the core from whatever else the server has to do.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    _share_memory()
    options.add_session_config_entry("session.use_env_allocators", "1")
    # The bytes, since ONNX Runtime wants a file's name in UTF-8, whatever the system writes.
    source = model if isinstance(model, bytes) else model.read_bytes()
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


@cache
def _share_memory() -> None:
    """Let all generators of a process work in the same memory, one after another: it is kept."""
    import onnxruntime as ort

    where = ort.OrtMemoryInfo(
        "Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT
    )
    ort.create_and_register_allocator(where, None)


def run(
    session: "onnxruntime.InferenceSession", given: np.ndarray | list[np.ndarray]
) -> np.ndarray:
    """Run a session that has one output on what its one input takes, or on a list for several."""
    arrays = given if isinstance(given, list) else [given]
    fed = {
        named.name: np.ascontiguousarray(array, np.float32)
        for named, array in zip(session.get_inputs(), arrays, strict=True)
    }
    (result,) = session.run(None, fed)
    return result
