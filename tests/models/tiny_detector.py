"""A small real detector bundle: it looks at fixed places and names them by their mean colour, no training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from streetshop.models.folder import file_sha256, write_spec
from streetshop.models.spec import DetectorSpec, InputSpec
from tests.models.tiny_reader import COLOURS, PARTS

CLASSES: Mapping[str, str] = {"women tops": "top", "jeans": "trousers", "casual shoes": "footwear"}
"""Each class and its kind; they have the colours of the tiny reader's kinds."""
WIDTH, HEIGHT = 64, 96
"""Of the input: the tiny reader's person fits in without bars."""
ZOOM = WIDTH / 400


def tiny_detector(
    folder: Path, *, masks: bool = False, outputs: Mapping[str, Any] | None = None, **fields: Any
) -> Path:
    """A bundle that looks at the places of ``PARTS`` and at an empty corner.

    A place's score is a sigmoid of its mean colour's distance to the class's. ``masks``: of each box, the left half.
    ``outputs``: constants in place of what it finds. ``fields``: of the spec.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    folder.mkdir(parents=True, exist_ok=True)
    places = np.asarray([*PARTS.values(), (300, 100, 390, 300)], np.float32) * np.float32(ZOOM)
    scaled = (np.asarray([COLOURS[kind] for kind in CLASSES.values()], np.float32) - 127) / 128
    weights: dict[str, Any] = {
        "boxes_": places,
        "colours": scaled[None],
        "sharp": np.float32(-8),
        "shift": np.float32(3),
        "sides": np.asarray([2, 3]),
        "second": np.asarray([1]),
        "third": np.asarray([2]),
        "half": (np.arange(8) < 4).astype(np.float32)[None, None].repeat(8, 1).repeat(len(places), 0),
    }
    nodes = []
    for i, (x0, y0, x1, y1) in enumerate(places.round().astype(np.int64).tolist()):
        weights |= {f"from{i}": np.asarray([y0, x0]), f"to{i}": np.asarray([y1, x1])}
        nodes.append(helper.make_node("Slice", ["image", f"from{i}", f"to{i}", "sides"], [f"part{i}"]))
        nodes.append(helper.make_node("ReduceMean", [f"part{i}"], [f"mean{i}"], axes=[2, 3], keepdims=0))
    nodes += [
        helper.make_node("Concat", [f"mean{i}" for i in range(len(places))], ["means"], axis=0),
        helper.make_node("Unsqueeze", ["means", "second"], ["row"]),
        helper.make_node("Sub", ["row", "colours"], ["off"]),
        helper.make_node("Mul", ["off", "off"], ["squares"]),
        helper.make_node("ReduceSum", ["squares", "third"], ["far"], keepdims=0),
        helper.make_node("Mul", ["far", "sharp"], ["near"]),
        helper.make_node("Add", ["near", "shift"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], ["chances"]),
        helper.make_node("ReduceMax", ["chances"], ["scores"], axes=[1], keepdims=0),
        helper.make_node("ArgMax", ["chances"], ["labels"], axis=1, keepdims=0),
        helper.make_node("Identity", ["boxes_"], ["boxes"]),
        helper.make_node("Identity", ["half"], ["masks"]),
    ]
    for name, value in (outputs or {}).items():
        nodes = [node for node in nodes if name not in node.output]
        weights[f"{name}!"] = np.asarray(value, np.int64 if name == "labels" else np.float32)
        nodes.append(helper.make_node("Identity", [f"{name}!"], [name]))
    used = {name for node in nodes for name in node.input}
    kinds = {"boxes": TensorProto.FLOAT, "scores": TensorProto.FLOAT, "labels": TensorProto.INT64}
    shapes = {"boxes": ["n", 4], "scores": ["n"], "labels": ["n"], "masks": ["n", 8, 8]}
    if outputs:
        shapes = {name: None if name in outputs else shape for name, shape in shapes.items()}
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, HEIGHT, WIDTH])],
        [
            helper.make_tensor_value_info(name, kinds.get(name, TensorProto.FLOAT), shape)
            for name, shape in shapes.items()
            if masks or name != "masks"
        ],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items() if name in used],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(folder / "model.onnx"))
    spec = {
        "name": "tiny-detector",
        "version": "1",
        "input": InputSpec(width=WIDTH, height=HEIGHT, fit="letterbox"),
        "classes": tuple(CLASSES),
        "kinds": dict(CLASSES),
        "masks": masks,
        "thresholds": dict.fromkeys(CLASSES, 0.3),
        "on_leg": ("jeans",),
        "files": {"model.onnx": file_sha256(folder / "model.onnx")},
    }
    write_spec(folder, DetectorSpec(**(spec | fields)))
    return folder
