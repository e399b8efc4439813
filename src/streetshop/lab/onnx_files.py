"""Edit ONNX files after export."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

_WORTHWHILE = 64
"""Tensors with fewer numbers stay in single precision: nothing would be saved."""


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
