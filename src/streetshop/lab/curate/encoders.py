"""Encoders of the curation: an encoder bundle, or a pretrained backbone with mean pooling."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import VectorError
from streetshop.core.records import GarmentPicture
from streetshop.models.encoder import Encoder
from streetshop.models.load import load_encoder
from streetshop.models.preprocessing import fit_picture, network_input
from streetshop.models.spec import BlockSpec, EncoderSpec, InputSpec

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class EncoderChoice:
    """Settings of an encoder; plain values, so that they can be sent to other machines.

    Attributes:
        bundle: folder of an encoder bundle; None for a backbone.
        backbone: name of a backbone (``efficientnet_lite0`` or any timm name).
        weights: of the backbone: ``imagenet``, ``none`` or a file.
        size: side of the backbone's input in pixels.
        threads: of the network.
    """

    bundle: str | None = None
    backbone: str = "efficientnet_lite0"
    weights: str = "imagenet"
    size: int = 224
    threads: int = 1

    def open(self) -> FeatureEncoder:
        """Load the encoder. Raises :class:`BundleError` or :class:`UsageError` when it cannot be loaded."""
        return BundleFeatures(self) if self.bundle is not None else BackboneFeatures(self)


class FeatureEncoder(Protocol):
    """An encoder of garment pictures.

    Attributes:
        name: for display.
        fingerprint: equal for encoders with equal features.
        dim: length of a feature.
        spec: how a garment is cut out and scaled.
    """

    name: str
    fingerprint: str
    dim: int
    spec: EncoderSpec

    def encode(self, pictures: Sequence[GarmentPicture]) -> Vectors:
        """(n, dim) float32 features of unit length."""
        ...


class BundleFeatures:
    """The vectors of a bundle, each block scaled by the root of its default weight: cosines are those of a search."""

    def __init__(self, choice: EncoderChoice) -> None:
        self._encoder: Encoder = load_encoder(Path(choice.bundle or ""), threads=choice.threads)
        self.name = self._encoder.name
        self.fingerprint = self._encoder.fingerprint
        self.dim = self._encoder.dim
        self.spec = self._encoder.spec
        weights = np.array([block.weight for block in self._encoder.blocks])
        sizes = [block.dim for block in self._encoder.blocks]
        self._scale = np.repeat(np.sqrt(weights / weights.sum()), sizes).astype(np.float32)

    def encode(self, pictures: Sequence[GarmentPicture]) -> Vectors:
        """(n, dim) float32 features of unit length."""
        return self._encoder.encode([self._encoder.prepare(picture) for picture in pictures]) * self._scale


class BackboneFeatures:
    """Mean-pooled features of a backbone, of unit length."""

    def __init__(self, choice: EncoderChoice) -> None:
        import torch

        from streetshop.lab.nets.backbones import build_backbone

        torch.set_num_threads(choice.threads)
        backbone = build_backbone(choice.backbone, weights=choice.weights, size=(choice.size, choice.size)).eval()
        self._backbone = backbone.to(memory_format=torch.channels_last)
        self.name = f"{choice.backbone}, {choice.weights} weights, {choice.size} px"
        self.dim = backbone.channels
        self.spec = EncoderSpec(
            name=choice.backbone,
            version="backbone",
            input=InputSpec(width=choice.size, height=choice.size, mean=backbone.scale.mean, std=backbone.scale.std),
            blocks=(BlockSpec(name="features", dim=self.dim),),
            files={"model.onnx": ""},
        )
        digest = hashlib.sha256(f"{choice.backbone} {self.spec.input.model_dump_json()}".encode())
        for name, value in backbone.state_dict().items():
            digest.update(name.encode() + value.numpy().tobytes())
        self.fingerprint = digest.hexdigest()

    def encode(self, pictures: Sequence[GarmentPicture]) -> Vectors:
        """(n, dim) float32 features of unit length. Raises :class:`VectorError` for a zero or infinite one."""
        import torch

        pixels = network_input([fit_picture(picture, self.spec.input) for picture in pictures], self.spec.input)
        with torch.inference_mode():
            tensor = torch.from_numpy(pixels).contiguous(memory_format=torch.channels_last)
            pooled = self._backbone(tensor).mean((2, 3)).numpy()
        norm = np.linalg.norm(pooled, axis=1, keepdims=True)
        if not np.isfinite(norm).all() or (norm < 1e-12).any():
            raise VectorError("the backbone returned a zero or infinite feature", hint="Check its weights")
        return np.asarray(pooled / norm, np.float32)
