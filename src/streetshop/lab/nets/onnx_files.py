"""Write networks as ONNX files, and edit these files."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from torch import Tensor, nn

from streetshop.lab.nets.backbones import pad_by_number

_WORTHWHILE = 64
"""Tensors with fewer numbers stay in single precision: nothing would be saved."""


def write_onnx(
    model: nn.Module,
    path: Path,
    image: Tensor,
    outputs: Sequence[str],
    *,
    any_size: bool = False,
    axes: Mapping[str, Mapping[int, str]] | None = None,
) -> None:
    """Write a network that maps ``image`` to named outputs.

    Args:
        model: the network; it stays as it is.
        path: of the ONNX file.
        image: (n, c, h, w) example of the input. Its batch size is not fixed.
        outputs: names of the outputs, in order.
        any_size: whether height and width vary too; they must then be multiples of 32.
        axes: names of the axes that vary, by input and output, in place of that of the batch.
    """
    height, width = image.shape[2:]
    # "Same" convolutions pad by fixed numbers if every map that is halved has even sides.
    padded = pad_by_number(model) if height % 32 == width % 32 == 0 else model
    if axes is None:
        sides = {name: {2: f"{name}_h", 3: f"{name}_w"} if any_size else {} for name in ("image", *outputs)}
        axes = {name: {0: "n", **sides[name]} for name in sides}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            padded.eval(),
            (image,),
            str(path),
            input_names=["image"],
            output_names=list(outputs),
            dynamic_axes={name: dict(varying) for name, varying in axes.items()},
            opset_version=17,
            dynamo=False,  # the dynamo exporter keeps batch norms that this one folds into the convolutions
        )
    fold_pads(path)


def store_halved(path: Path) -> None:
    """Rewrite the model so that its weights lie in half precision on disk and are widened when it is loaded.

    The network still computes in single precision (onnxruntime folds the casts once, at start), so only the rounding of
    the weights to 11 bits is lost, and the file is half as large.
    """
    model = onnx.load(str(path))
    graph = model.graph
    kept, casts = [], []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        halved = values.astype(np.float16) if values.dtype == np.float32 and values.size >= _WORTHWHILE else None
        if halved is None or not np.isfinite(halved).all():
            kept.append(tensor)
            continue
        kept.append(numpy_helper.from_array(halved, f"{tensor.name}/half"))
        casts.append(helper.make_node("Cast", [f"{tensor.name}/half"], [tensor.name], to=TensorProto.FLOAT))
    del graph.initializer[:]
    graph.initializer.extend(kept)
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def fold_pads(path: Path) -> int:
    """Rewrite the model so that convolutions pad by themselves where a node of constant zeros did; returns how many.

    PyTorch can only pad both sides of a convolution alike, ONNX can do otherwise: timm's "same" convolutions become one
    node, and the maps between need not be brought into another order in memory.
    """
    model = onnx.load(str(path))
    graph = model.graph
    makers = {name: node for node in graph.node for name in node.output}
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    folded = 0
    for node in list(graph.node):
        convolutions = readers.get(node.output[0], [])
        if node.op_type != "Pad" or [c.op_type for c in convolutions] != ["Conv"]:
            continue
        mode = {a.name: a.s for a in node.attribute}.get("mode", b"constant")
        sides = _constant(node.input[1], graph, makers)
        filling = _constant(node.input[2], graph, makers) if len(node.input) > 2 and node.input[2] else np.zeros(())
        if mode != b"constant" or sides is None or filling is None or filling.any():
            continue
        before, after = np.split(sides.astype(int), 2)
        if before[:2].any() or after[:2].any():
            continue
        (convolution,) = convolutions
        pads = next((a for a in convolution.attribute if a.name == "pads"), None)
        if pads is None:
            pads = convolution.attribute.add()
            pads.CopyFrom(helper.make_attribute("pads", [0] * (2 * (len(before) - 2))))
        pads.ints[:] = [int(had + more) for had, more in zip(pads.ints, [*before[2:], *after[2:]], strict=True)]
        convolution.input[0] = node.input[0]
        graph.node.remove(node)
        folded += 1
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return folded


def _constant(name: str, graph: onnx.GraphProto, makers: dict[str, onnx.NodeProto]) -> np.ndarray | None:
    """The value of a tensor that depends on nothing that is put in; None of another."""
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    if name in tensors:
        return numpy_helper.to_array(tensors[name])
    needed: list[onnx.NodeProto] = []
    waiting = [name]
    while waiting:
        asked = waiting.pop()
        if asked in tensors or not asked:
            continue
        if asked not in makers:
            return None
        node = makers[asked]
        needed = [node, *(other for other in needed if other is not node)]
        waiting += node.input
    result = helper.make_tensor_value_info(name, TensorProto.INT64, None)
    small = helper.make_graph(
        needed, "constant", [], [result], [t for t in graph.initializer if t.name in _read(needed)]
    )
    (value,) = ReferenceEvaluator(helper.make_model(small)).run(None, {})
    return np.asarray(value)


def _read(nodes: list[onnx.NodeProto]) -> set[str]:
    return {name for node in nodes for name in node.input}
