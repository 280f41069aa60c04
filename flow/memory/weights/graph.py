"""ONNX: a chain of Gemm (or MatMul with Add) and Relu, from the one input to the one output."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from somaforge.flow.memory.weights.dense import Dense, chain, regular
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError, ToolError

AT_START = ("Flatten", "Identity", "Reshape", "Cast")
"""Change no number of a pattern."""
AT_END = ("Relu", "Softmax", "LogSoftmax", "Identity")
"""Change no winner."""


def read(path: Path) -> tuple[Dense, ...]:
    """The layers of a graph; InputError that names the first node that is none of a chain of rectified layers."""
    try:
        import onnx
        from google.protobuf.message import DecodeError
        from onnx import numpy_helper
    except ImportError:
        raise ToolError(f"{path}: onnx is not installed; pip install 'somaforge[own]', or give .npz") from None
    try:
        graph = onnx.load(regular(path), load_external_data=False).graph
        if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in graph.initializer):
            raise InputError(f"{path}: keeps its weights in other files; export it in one")
        constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        for node in graph.node:
            if node.op_type == "Constant" and node.attribute and node.attribute[0].name == "value":
                constants[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
    except (DecodeError, OSError, ValueError, TypeError) as error:
        raise InputError(f"{path}: no ONNX model ({error}); export it again") from None
    nodes = list(_in_line(path, graph, constants))
    layers: list[Dense] = []
    rectified = True
    k = 0
    while k < len(nodes):
        node = nodes[k]
        if node.op_type in ("Gemm", "MatMul"):
            if not rectified:
                raise InputError(
                    f"{path}: node {_name(node)}: a layer behind another without Relu; a soma rectifies, so put Relu "
                    "between them"
                )
            weight, bias = _layer(path, node, constants)
            if node.op_type == "MatMul" and k + 1 < len(nodes) and nodes[k + 1].op_type == "Add":
                k += 1
                bias = _constant(path, nodes[k], constants).reshape(-1)
            layers.append(Dense(_name(node), weight, bias))
            rectified = False
        elif node.op_type == "Relu" and layers and not rectified:
            rectified = True
        elif (layers or node.op_type not in AT_START) and not (k == len(nodes) - 1 and node.op_type in AT_END):
            raise InputError(
                f"{path}: node {_name(node)} ({node.op_type}) is neither a fully connected layer (Gemm, MatMul with "
                "Add) nor Relu; only these can be programmed"
            )
        k += 1
    return chain(path, layers)


def _in_line(path: Path, graph: Any, constants: dict[str, Any]) -> Iterator[Any]:
    """The nodes from the input on; InputError where the way forks or ends early."""
    inputs = [value.name for value in graph.input if value.name not in constants]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise InputError(f"{path}: has {len(inputs)} inputs and {len(graph.output)} outputs; one of each is possible")
    at, end, left = inputs[0], graph.output[0].name, len(graph.node)
    while at != end:
        users = [node for node in graph.node if at in node.input]
        if len(users) != 1 or len(users[0].output) != 1 or left == 0:
            raise InputError(f"{path}: {at} goes to {len(users)} nodes; only a chain of layers can be programmed")
        yield users[0]
        at, left = users[0].output[0], left - 1


def _layer(path: Path, node: Any, constants: dict[str, Any]) -> tuple[Floats, Floats]:
    """Weight [inputs, outputs] and bias of a node."""
    options = {a.name: (a.f if a.name in ("alpha", "beta") else a.i) for a in node.attribute}
    if options.get("transA", 0):
        raise InputError(f"{path}: node {_name(node)}: transA is not possible; export the model again")
    if len(node.input) < 2 or node.input[1] not in constants:
        raise InputError(f"{path}: node {_name(node)}: its weights are no constant; export the trained model")
    weight = np.asarray(constants[node.input[1]], dtype=np.float64) * options.get("alpha", 1.0)
    if weight.ndim != 2:
        raise InputError(f"{path}: node {_name(node)}: its weights {weight.shape} are no matrix")
    weight = weight.T if options.get("transB", 0) else weight
    bias = np.zeros(weight.shape[1])
    if len(node.input) > 2 and node.input[2]:
        if node.input[2] not in constants:
            raise InputError(f"{path}: node {_name(node)}: its biases are no constant; export the trained model")
        bias = np.asarray(constants[node.input[2]], dtype=np.float64).reshape(-1) * options.get("beta", 1.0)
        bias = np.full(weight.shape[1], bias[0]) if len(bias) == 1 else bias
    return weight, bias


def _constant(path: Path, node: Any, constants: dict[str, Any]) -> Floats:
    found = [constants[name] for name in node.input if name in constants]
    if len(found) != 1:
        raise InputError(f"{path}: node {_name(node)}: adds no constant; only biases can be added")
    return np.asarray(found[0], dtype=np.float64)


def _name(node: Any) -> str:
    return str(node.name or node.output[0])
