"""A small real reader bundle: a class for each of a few flat colours, no training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from streetshop.models.folder import file_sha256, write_spec
from streetshop.models.spec import InputSpec, ReaderSpec

COLOURS: Mapping[str, tuple[int, int, int]] = {
    "background": (255, 255, 255),
    "skin": (230, 180, 150),
    "top": (200, 20, 20),
    "trousers": (20, 20, 200),
    "footwear": (20, 160, 20),
}
"""What each class looks like."""
BODILESS = {name: colour for name, colour in COLOURS.items() if name != "skin"}
"""Without skin, which is what red fading into white looks like."""

PARTS = {
    "skin": (150, 40, 250, 120),
    "top": (120, 120, 280, 280),
    "trousers": (130, 280, 270, 500),
    "footwear": (120, 500, 280, 530),
}


def person() -> Image.Image:
    """400 x 600, in the colours of the tiny reader's classes."""
    image = Image.new("RGB", (400, 600), COLOURS["background"])
    draw = ImageDraw.Draw(image)
    for name, (x0, y0, x1, y1) in PARTS.items():
        draw.rectangle((x0, y0, x1 - 1, y1 - 1), fill=COLOURS[name])
    return image


def tiny_reader(
    folder: Path,
    *,
    step: int | None = 8,
    fit: str = "stretch",
    keypoints: bool = True,
    probabilities: bool = False,
    articles: bool = False,
    features: bool = False,
    colours: Mapping[str, tuple[int, int, int]] = COLOURS,
    node: str = "",
) -> Path:
    """A bundle whose logits are minus the squared distance of a pixel's colour to each class's, at a quarter of the
    input's size, or what a softmax makes of them; its heatmaps, all but empty, are one where the nose's class colour
    (skin) is. With ``articles`` every article is surely a pair of trousers; with ``features`` the probabilities
    of the classes are the features too. ``node`` names the node that tells the
    classes apart by the mean colour of four by four pixels."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    folder.mkdir(parents=True, exist_ok=True)
    scaled = (np.asarray(list(colours.values()), np.float32) - 127) / 128
    # -|x - c|^2 = 2 c.x - |c|^2 - |x|^2, and the last term is the same for all classes.
    joints = np.zeros((17, len(colours), 1, 1), np.float32)
    joints[0, 1] = 1
    weights = {
        "kernel": (40 * scaled)[:, :, None, None],
        "bias": -20 * (scaled**2).sum(1),
        "joints": joints,
        "low": np.full(17, -9, np.float32),
    }
    nodes = [
        helper.make_node("AveragePool", ["image"], ["small"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Conv", ["small", "kernel", "bias"], ["logits" if probabilities else "classes"], name=node),
        helper.make_node("Softmax", ["logits" if probabilities else "classes"], ["soft"], axis=1),
        helper.make_node("Conv", ["soft", "joints", "low"], ["keypoints"]),
    ]
    if probabilities:
        nodes.append(helper.make_node("Identity", ["soft"], ["classes"]))
    outputs = {"classes": len(colours), "keypoints": 17}
    if articles:
        weights |= {"nothing": np.zeros((3, 3, 1, 1)), "trousers": np.asarray([0, 9, 0])}
        nodes.append(helper.make_node("Conv", ["small", "nothing", "trousers"], ["articles"]))
        outputs["articles"] = 3
    if features:
        nodes.append(helper.make_node("Identity", ["soft"], ["features"]))
        outputs["features"] = len(colours)
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", c, "u", "v"]) for name, c in outputs.items()],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(folder / "model.onnx"))
    spec = ReaderSpec(
        name="tiny-reader",
        version="1",
        input=InputSpec(width=64, height=96, fit=fit),
        side_step=step,
        classes=tuple(colours),
        garments=("top", "trousers", "footwear"),
        keypoints=keypoints,
        probabilities=probabilities,
        articles=articles,
        features=len(colours) if features else 0,
        files={"model.onnx": file_sha256(folder / "model.onnx")},
    )
    write_spec(folder, spec)
    return folder
