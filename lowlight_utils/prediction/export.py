"""Export a generator to ONNX, so that it runs without Keras, and faster on a CPU.

The network is written layer by layer, see `lowlight_utils.prediction.onnx_layers`. Keras's own
`Model.export` gives the same pictures; its files take a tenth to a third more time, and to write
them takes nearly twice the memory: measured in docs/serving.md.
"""

import json
import os
from pathlib import Path

import keras
import numpy as np
import onnx
from onnx import helper

from lowlight_utils.data.images import to_network
from lowlight_utils.files import write_file
from lowlight_utils.models.film import LAMBDA_RANGE
from lowlight_utils.models.saving import load_generator
from lowlight_utils.prediction.enhance import find_stride
from lowlight_utils.prediction.evaluate import provenance
from lowlight_utils.prediction.exported import is_exported, run, start_session, usual_threads
from lowlight_utils.prediction.onnx_layers import (
    LAMBDAS,
    PICTURES,
    Graph,
    add_layer,
    store_in_half,
)

TOLERANCE = 0.1  # levels; sums taken in another order differ by thousandths
HALF_TOLERANCE = 2.0  # levels, on noise, of weights in 16 bits; on photos it is a fraction of that


def export_generator(
    weights: str | os.PathLike, path: str | os.PathLike, *, half: bool = False
) -> float:
    """Write a generator as an ONNX file that takes any number of pictures, of any size.

    One that is told λ is told it by the file's second input.

    Before the file takes its name, what it computes is compared with Keras. It carries what it was
    made from, and the multiple that the pictures' sides must be.

    Parameters
    ----------
    weights : path
        The `.keras` file; either backend's will do.
    path : path
        Where to write; it must end in `.onnx`.
    half : bool
        Store the weights in 16 bits: half the file, for the way over a network. They are computed
        with in 32 all the same, as fast and in as much memory.

    Returns
    -------
    float
        The largest difference from Keras that was found, in levels of an 8-bit picture.

    Raises
    ------
    FileNotFoundError
        There is no such `.keras` file.
    ValueError
        It is damaged, or has a layer that cannot be exported, or computes something else once
        exported; or `path` has another suffix.
    """
    weights, path = Path(weights), Path(path)
    if not is_exported(path):
        raise ValueError(f"{path}: the name of an exported generator must end in .onnx")
    generator = load_generator(weights)
    stride = find_stride(generator)
    try:
        model = to_onnx(generator)
    except ValueError as error:
        raise ValueError(f"{weights}: {error}") from error
    notes = {"stride": str(stride), "made_by": json.dumps(provenance(weights))}
    if _takes_lambda(generator):
        notes["lambda_range"] = json.dumps(LAMBDA_RANGE)
    helper.set_model_props(model, notes)
    if half:
        store_in_half(model)
    content = model.SerializeToString()
    difference = _difference(generator, content, stride)
    if not difference <= (HALF_TOLERANCE if half else TOLERANCE):  # or not a number
        raise ValueError(
            f"{weights}: once exported, it differs from Keras by {difference:.2g} levels; nothing"
            " was written, please report this"
        )
    write_file(path, content)
    return difference


def to_onnx(generator: keras.Model) -> onnx.ModelProto:
    """Write a network as an ONNX model, float32[n, h, w, 3] to the same.

    Of a generator that is told λ, float32[n, 1] is the second input, "lambda".

    Raises
    ------
    ValueError
        It has a layer that cannot be exported.
    """
    graph = Graph()
    (picture, *others), (result,) = generator.inputs, generator.outputs
    given = {"picture": PICTURES} | ({"lambda": LAMBDAS} if others else {})
    # Keras keeps channels last, ONNX has them second.
    values = {picture.name: graph.add("Transpose", "picture", perm=[0, 3, 1, 2])}
    values |= {other.name: "lambda" for other in others}
    for layer in generator.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        inputs = layer.input if isinstance(layer.input, list | tuple) else [layer.input]
        values[layer.output.name] = add_layer(graph, layer, [values[x.name] for x in inputs])
    graph.add("Transpose", values[result.name], perm=[0, 2, 3, 1], name="enhanced")
    return graph.model(given, "enhanced")


def _difference(generator: keras.Model, content: bytes, stride: int) -> float:
    """Return by how many levels an exported model and Keras differ on two kinds of noise."""
    rng = np.random.default_rng(0)
    shape = (2 * stride, 3 * stride, 3)  # sides that differ: rows and columns must not be swapped
    pictures = to_network(np.stack([rng.integers(0, top, shape, np.uint8) for top in (40, 256)]))
    session = start_session(content, usual_threads())
    differences = []
    for lambda_l1 in (1.0, 300.0) if _takes_lambda(generator) else (None,):
        given: np.ndarray | list[np.ndarray] = pictures
        if lambda_l1 is not None:
            given = [pictures, np.full((len(pictures), 1), lambda_l1, np.float32)]
        by_keras = np.asarray(generator.predict_on_batch(given))
        differences.append(np.abs(run(session, given) - by_keras).max())
    return float(max(differences) * 127.5)


def _takes_lambda(generator: keras.Model) -> bool:
    return len(generator.inputs) > 1
