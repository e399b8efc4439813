"""Small real ONNX bundles for tests: no training, no download, milliseconds to load."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from streetshop.models.colour import COLOUR_DIM
from streetshop.models.folder import file_sha256, read_spec, write_spec
from streetshop.models.spec import BlockSpec, CosineScale, EncoderSpec, GroupsSpec, InputSpec

SCALE = CosineScale(mean=(0.2, 0.3), covariance=((0.04, 0.01), (0.01, 0.09)), slope=2.0, intercept=-4.0)
"""Of the blocks of :func:`tiny_encoder`."""


def tiny_encoder(folder: Path, *, seed: int = 0, dim: int = 32, side: int = 32, version: str = "1") -> Path:
    """A real encoder bundle: one random convolution, mean pooling over a 4 x 4 grid, one random projection.

    Like pictures get like style vectors; colour is the ordinary CIELAB block. ``seed`` changes the fingerprint.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    weights = {
        "kernel": rng.normal(size=(8, 3, 5, 5)).astype(np.float32) / 8,
        "projection": rng.normal(size=(8 * 16, dim)).astype(np.float32) / 10,
        "shape": np.asarray([-1, 8 * 16], np.int64),
    }
    pool = side // 2 // 4
    nodes = [
        helper.make_node("Conv", ["image", "kernel"], ["c"], pads=[2, 2, 2, 2], strides=[2, 2]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("AveragePool", ["r"], ["p"], kernel_shape=[pool, pool], strides=[pool, pool]),
        helper.make_node("Reshape", ["p", "shape"], ["f"]),
        helper.make_node("MatMul", ["f", "projection"], ["style"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, side, side])],
        [helper.make_tensor_value_info("style", TensorProto.FLOAT, ["n", dim])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(folder / "model.onnx"))
    spec = EncoderSpec(
        name="tiny",
        version=version,
        input=InputSpec(width=side, height=side, fit="stretch"),
        blocks=(
            BlockSpec(name="style", dim=dim),
            BlockSpec(name="colour", dim=COLOUR_DIM, weight=0.5, source="cielab"),
        ),
        files={"model.onnx": file_sha256(folder / "model.onnx")},
    )
    write_spec(folder, spec)
    return folder


def calibrated_encoder(folder: Path) -> Path:
    """A bundle as :func:`tiny_encoder` writes it, with scores."""
    tiny_encoder(folder)
    write_spec(folder, read_spec(folder).model_copy(update={"calibration": SCALE}))
    return folder


def two_streams(folder: Path) -> Path:
    """A bundle whose streets are encoded by ``tiny_encoder`` with seed 0 and whose shop pictures with seed 1."""
    tiny_encoder(folder, seed=1)
    (folder / "model.onnx").rename(folder / "shop.onnx")
    tiny_encoder(folder, seed=0)
    spec = read_spec(folder)
    files = {name: file_sha256(folder / name) for name in ("model.onnx", "shop.onnx")}
    write_spec(folder, spec.model_copy(update={"shop_model": "shop.onnx", "files": files}))
    return folder


def tiny_groups(
    folder: Path, *, seed: int = 1, upper: tuple[str, ...] = ("top", "dress"), fallback: str = "upper"
) -> Path:
    """Two such encoders, one for the upper and one for the lower half of the body."""
    tiny_encoder(folder / "upper", seed=seed)
    tiny_encoder(folder / "lower", seed=seed + 1)
    groups = {"upper": upper, "lower": ("skirt", "trousers")}
    write_spec(folder, GroupsSpec(name="two groups", version="1", groups=groups, fallback=fallback))
    return folder
