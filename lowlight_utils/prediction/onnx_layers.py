"""The generator's layers, written as ONNX operations.

Known are the layers that `unet_generator` builds with. Each has a function here that adds it to a
`Graph`, where features are float32[n, c, h, w], as ONNX wants them.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import onnx
from keras import Layer
from onnx import TensorProto, helper, numpy_helper

import lowlight_utils
from lowlight_utils.models.blocks import TAPS
from lowlight_utils.models.film import BLACK, LAMBDA_RANGE

OPSET = 17  # of 2022: every onnxruntime that this project's Pythons can install has it
IR_VERSION = 8  # the layout of the file that belongs to it
MANY = 256  # numbers from which on it is worth while to store them in 16 bits
PICTURES: list[str | int | None] = ["n", "h", "w", 3]  # a letter stands for a size left open
LAMBDAS = ["n", 1]

Numbers = float | np.ndarray


class Graph:
    """An ONNX graph in the making; values are known by their names."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def add(
        self, kind: str, *inputs: str | Numbers, name: str | None = None, **attributes: Any
    ) -> str:
        """Add an operation on values, by their names, and on numbers; return its output's name.

        Numbers become float32, but whole ones in an array stay whole: those are sizes.
        """
        output = name or f"{kind}_{len(self._nodes)}"
        names = [value if isinstance(value, str) else self._constant(value) for value in inputs]
        self._nodes.append(helper.make_node(kind, names, [output], name=output, **attributes))
        return output

    def _constant(self, number: Numbers) -> str:
        name = f"constant_{len(self._constants)}"
        whole = isinstance(number, np.ndarray) and number.dtype == np.int64
        array = np.array(number, np.int64 if whole else np.float32, order="C")
        self._constants.append(numpy_helper.from_array(array, name))
        return name

    def model(self, given: dict[str, list], result: str) -> onnx.ModelProto:
        """Make a checked model of the operations that lead from `given` to `result`.

        Parameters
        ----------
        given : dict of str to list
            The inputs' names and shapes.
        result : str
        """
        graph = helper.make_graph(
            self._nodes,
            "generator",
            [helper.make_tensor_value_info(x, TensorProto.FLOAT, given[x]) for x in given],
            [helper.make_tensor_value_info(result, TensorProto.FLOAT, PICTURES)],
            self._constants,
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="lowlight_utils",
            producer_version=lowlight_utils.__version__,
        )
        onnx.checker.check_model(model)
        return model


def store_in_half(model: onnx.ModelProto) -> None:
    """Store the weights of a float32 model in 16 bits; they are cast back when it is loaded."""
    casts = []
    for constant in model.graph.initializer:
        values = numpy_helper.to_array(constant)
        if values.dtype == np.float32 and values.size >= MANY:
            name = constant.name
            constant.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
            casts.append(helper.make_node("Cast", [constant.name], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def add_layer(graph: Graph, layer: Layer, inputs: list[str]) -> str:
    """Add one Keras layer; return the name of its output.

    Raises
    ------
    ValueError
        It is of a kind that has no function here, or has settings that the function cannot write.
    """
    kind = type(layer).__name__
    if kind not in LAYERS:
        raise ValueError(
            f"the layer {layer.name} is a {kind}, which cannot be exported; {', '.join(LAYERS)} can"
        )
    return LAYERS[kind](graph, layer, *inputs)


def _require(layer: Layer, **settings: object) -> None:
    config = layer.get_config()
    for name, needed in settings.items():
        value = config[name]
        if (tuple(value) if isinstance(value, list) else value) != needed:
            raise ValueError(f"the layer {layer.name} cannot be exported with {name}={value!r}")


def _convolution(graph: Graph, layer: Layer, x: str) -> str:
    _require(layer, activation="linear", dilation_rate=(1, 1), groups=1)
    padding = "SAME_UPPER" if layer.padding == "same" else "VALID"
    return _add_conv(graph, x, layer, auto_pad=padding)


def _reflect_convolution(graph: Graph, layer: Layer, x: str) -> str:
    _require(layer, activation="linear", dilation_rate=(1, 1), groups=1, padding="same")
    beyond = [(size - 1) // 2 for size in layer.kernel_size]
    padded = _pad(graph, x, beyond, "reflect")
    return _add_conv(graph, padded, layer)


def _add_conv(graph: Graph, x: str, layer: Layer, **padding: str) -> str:
    kernel, *bias = _weights(layer)
    channels = kernel.shape[1]
    if channels > 4 and channels % 4:
        # Empty channels up to a multiple of 4: ONNX Runtime Web 1.30 computes something else of
        # others on graphics processors (its issue 29651).
        empty = -channels % 4
        x = graph.add("Pad", x, np.array([0, 0, 0, 0, 0, empty, 0, 0]))
        kernel = np.pad(kernel, ((0, 0), (0, empty), (0, 0), (0, 0)))
    return graph.add("Conv", x, kernel, *bias, strides=tuple(layer.strides), **padding)


def _resize_convolution(graph: Graph, layer: Layer, x: str) -> str:
    _require(layer, activation="linear")
    kernel, *bias = layer.get_weights()
    inner, outer = kernel.shape[2:]
    # The file holds the kernel of nine taps; its sums, nearly twice as many numbers, are made when
    # it is loaded. [out * in, 9] times [9, 16], where 16 is the kind of output pixel and the tap.
    taps = TAPS.reshape(16, 9).T.astype(np.float32)
    sums = graph.add("MatMul", kernel.transpose(3, 2, 0, 1).reshape(-1, 9), taps)
    sums = graph.add("Reshape", sums, np.array([outer, inner, 2, 2, 4]))
    sums = graph.add("Transpose", sums, perm=[4, 0, 1, 2, 3])
    sums = graph.add("Reshape", sums, np.array([4 * outer, inner, 2, 2]))
    padded = _pad(graph, x, (1, 1), "edge" if layer.beyond == "reflect" else "constant")
    parts = graph.add("Conv", padded, sums, *(np.tile(values, 4) for values in bias))
    woven = graph.add("DepthToSpace", parts, blocksize=2)
    first, last, axes = np.array([[1, 1], [-1, -1], [2, 3]])
    return graph.add("Slice", woven, first, last, axes)


def _pad(graph: Graph, x: str, beyond: Iterable[int], mode: str) -> str:
    return graph.add("Pad", x, np.array([0, 0, *beyond, 0, 0, *beyond]), mode=mode)


def _transposed_convolution(graph: Graph, layer: Layer, x: str) -> str:
    _require(layer, activation="linear", padding="same", kernel_size=(4, 4), strides=(2, 2))
    kernel, *bias = _weights(layer)
    return graph.add("ConvTranspose", x, kernel, *bias, strides=[2, 2], pads=[1, 1, 1, 1])


def _weights(layer: Layer) -> list[np.ndarray]:
    # To [out, in, height, width]; of a transposed convolution, [in, out, height, width].
    kernel, *bias = layer.get_weights()
    return [kernel.astype(np.float32).transpose(3, 2, 0, 1), *bias]


def _batch_norm(graph: Graph, layer: Layer, x: str) -> str:
    _require(layer, axis=-1, center=True, scale=True)
    return graph.add("BatchNormalization", x, *layer.get_weights(), epsilon=layer.epsilon)


def _group_norm(graph: Graph, layer: Layer, x: str) -> str:
    _require(layer, axis=-1, center=True, scale=True)
    gamma, beta = layer.get_weights()
    if layer.groups == len(gamma):
        return graph.add("InstanceNormalization", x, gamma, beta, epsilon=layer.epsilon)
    # The channels of a group, laid out as if they were one.
    ones, zeros = np.ones(layer.groups), np.zeros(layer.groups)
    groups = graph.add("Reshape", x, np.array([0, layer.groups, -1]))
    normed = graph.add("InstanceNormalization", groups, ones, zeros, epsilon=layer.epsilon)
    normed = graph.add("Reshape", normed, graph.add("Shape", x))
    scaled = graph.add("Mul", normed, gamma.reshape(-1, 1, 1))
    return graph.add("Add", scaled, beta.reshape(-1, 1, 1))


def _leaky_relu(graph: Graph, layer: Layer, x: str) -> str:
    return graph.add("LeakyRelu", x, alpha=layer.negative_slope)


def _relu(graph: Graph, layer: Layer, x: str) -> str:
    _require(layer, max_value=None, negative_slope=0.0, threshold=0.0)
    return graph.add("Relu", x)


def _tanh(graph: Graph, layer: Layer, x: str) -> str:
    _require(layer, activation="tanh")
    return graph.add("Tanh", x)


def _dense(graph: Graph, layer: Layer, x: str) -> str:
    activation = layer.get_config()["activation"]
    if activation not in ("linear", "relu"):
        raise ValueError(f"the layer {layer.name} cannot be exported with {activation=}")
    y = _weighted_sum(graph, layer, x)
    return graph.add("Relu", y) if activation == "relu" else y


def _weighted_sum(graph: Graph, layer: Layer, x: str) -> str:
    kernel, *bias = layer.get_weights()
    return graph.add("Gemm", x, kernel, *bias)


def _log_lambda(graph: Graph, layer: Layer, x: str) -> str:
    least, most = LAMBDA_RANGE
    position = graph.add("Log", graph.add("Div", graph.add("Clip", x, least, most), least))
    return graph.add("Sub", graph.add("Mul", position, 2 / math.log(most / least)), 1)


def _log_level(graph: Graph, layer: Layer, x: str) -> str:
    u = graph.add("Clip", graph.add("Mul", graph.add("Add", x, 1), 0.5), BLACK, 1)
    levels = _mean(graph, graph.add("Log", u)), graph.add("Log", _mean(graph, u))
    both = graph.add("Flatten", graph.add("Concat", *levels, axis=1))
    return graph.add("Sub", 1, graph.add("Mul", both, 2 / math.log(BLACK)))


def _mean(graph: Graph, x: str) -> str:
    # An axis after the other: a single sum of a million numbers loses digits where it is plain.
    for axis in (3, 2, 1):
        x = graph.add("ReduceMean", x, axes=[axis])
    return x


def _film(graph: Graph, layer: Layer, x: str, code: str) -> str:
    both = _weighted_sum(graph, layer.to_scale_and_shift, code)
    both = graph.add("Unsqueeze", both, np.array([2, 3]))
    scale, shift = (
        graph.add("Slice", both, *np.array([[first], [last], [1]]))
        for first, last in _halves(layer.to_scale_and_shift.units)
    )
    return graph.add("Add", graph.add("Mul", x, graph.add("Add", scale, 1)), shift)


def _halves(count: int) -> tuple[tuple[int, int], tuple[int, int]]:
    return (0, count // 2), (count // 2, count)


def _concatenate(graph: Graph, layer: Layer, *xs: str) -> str:
    _require(layer, axis=-1)
    return graph.add("Concat", *xs, axis=1)


def _auto_exposure(graph: Graph, layer: Layer, x: str) -> str:
    u = graph.add("Clip", graph.add("Mul", graph.add("Add", x, 1), 0.5), 0.5 / 255, 1)
    mean = graph.add("Clip", _mean(graph, u), 0.5 / 255, 0.98)
    gamma = graph.add("Div", np.log(layer.target), graph.add("Log", mean))
    if not layer.darkens:
        gamma = graph.add("Min", gamma, 1)
    exposed = graph.add("Exp", graph.add("Mul", graph.add("Log", u), gamma))
    return graph.add("Sub", graph.add("Mul", exposed, 2), 1)


def _add_correction(graph: Graph, layer: Layer, base: str, correction: str) -> str:
    return graph.add("Clip", graph.add("Add", base, correction), -1, 1)


LAYERS: dict[str, Callable] = {
    "Conv2D": _convolution,
    "ReflectConv2D": _reflect_convolution,
    "Conv2DTranspose": _transposed_convolution,
    "ResizeConv2D": _resize_convolution,
    "BatchNormalization": _batch_norm,
    "GroupNormalization": _group_norm,
    "LeakyReLU": _leaky_relu,
    "ReLU": _relu,
    "Activation": _tanh,
    "Dropout": lambda graph, layer, x: x,  # does nothing in prediction
    "Concatenate": _concatenate,
    "AutoExposure": _auto_exposure,
    "AddCorrection": _add_correction,
    "Dense": _dense,
    "LogLambda": _log_lambda,
    "LogLevel": _log_level,
    "FiLM": _film,
}
"""A layer's class -> function of the graph, the layer and its inputs that adds the layer."""
