"""``bundle.json``: everything about a model but its weights.

A bundle is a folder with ONNX weights, ``bundle.json`` and a model card ``card.md``. Its fingerprint is the SHA-256 of
the canonical JSON of the spec (which holds the checksum of every file the vectors depend on), so that two bundles with
one fingerprint give the same vectors.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

FORMAT = 1


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InputSpec(_Strict):
    """Geometry and scaling of the network's input, (batch, channels, height, width) float32.

    ``fit``: ``letterbox`` keeps the sides' ratio and pads with ``background`` (RGB); ``stretch`` does not keep it.
    The input value is ``(pixel - mean) / std`` with pixels from 0 to 255. With ``mask_channel`` a fourth channel holds
    the garment's mask from 0 to 1.
    """

    width: Annotated[int, Field(ge=16, le=2048)]
    height: Annotated[int, Field(ge=16, le=2048)]
    fit: Literal["letterbox", "stretch"] = "letterbox"
    background: tuple[int, int, int] = (255, 255, 255)
    mean: tuple[float, float, float] = (127.0, 127.0, 127.0)
    std: tuple[float, float, float] = (128.0, 128.0, 128.0)
    mask_channel: bool = False


class BlockSpec(_Strict):
    """One block of an encoder's vector, scaled to unit length by the serving side.

    ``source``: ``output`` is the ONNX output of the same name, (batch, dim) float32; ``cielab`` is the soft histogram
    of the garment's pixels in CIELAB, computed by ``bundles.colour``.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
    dim: Annotated[int, Field(ge=2, le=4096)]
    weight: Annotated[float, Field(ge=0, le=100)] = 1.0
    source: Literal["output", "cielab"] = "output"


class EncoderSpec(_Strict):
    """``bundle.json`` of an encoder.

    ``cut``: how a garment reaches it: ``box`` crops the garment's box grown by ``margin``; ``mask`` also paints what
    is not garment with the background; ``soft`` fades it.
    ``shop_model``: the second stream of a two-stream encoder, for catalog pictures; queries use ``model``.
    """

    kind: Literal["encoder"] = "encoder"
    format: Literal[1] = 1
    name: str
    version: str
    input: InputSpec
    blocks: Annotated[tuple[BlockSpec, ...], Field(min_length=1)]
    cut: Literal["box", "mask", "soft"] = "box"
    margin: Annotated[float, Field(ge=0, le=1)] = 0.05
    model: str = "model.onnx"
    shop_model: str | None = None
    files: dict[str, str]
    """SHA-256 of every ONNX file, by name."""
    licence: str = "Apache-2.0"
    about: str = ""

    @model_validator(mode="after")
    def _check(self) -> EncoderSpec:
        names = [block.name for block in self.blocks]
        if len(set(names)) != len(names):
            raise ValueError(f"block names repeat: {names}")
        if all(block.weight == 0 for block in self.blocks):
            raise ValueError("all default block weights are zero")
        for file in (self.model, self.shop_model):
            if file is not None and file not in self.files:
                raise ValueError(f"no checksum for {file}")
        return self


class ReaderSpec(_Strict):
    """``bundle.json`` of a reader.

    ONNX outputs: ``classes`` (batch, number of classes, h, w) logits, or with ``probabilities`` what sums up to one
    over the classes; where ``keypoints`` is true, ``keypoints`` (batch, 17, h, w) heatmap logits in the order of
    ``geometry.COCO_KEYPOINTS``; where ``articles`` is true, ``articles`` (batch, number of garments, h, w), whose mean
    over an article that nobody wears is the logits of its names, in the order of ``garments``.
    ``garments`` names the classes that are garments; the first class is the background.
    ``side_step``: None for a network of fixed input; else it takes every height and width that is a multiple of it,
    and a photo is brought to about as many pixels as ``input`` has, its sides' ratio kept as nearly as that allows.
    ``calibration``: how the network's mean probability of a garment becomes its score, see ``looks.parse.Rules``;
    ``thresholds``: the least score of a sure name, by class; see ``looks.parse.Rules``.
    """

    kind: Literal["reader"] = "reader"
    format: Literal[1] = 1
    name: str
    version: str
    input: InputSpec
    side_step: Annotated[int, Field(ge=1, le=256)] | None = None
    classes: Annotated[tuple[str, ...], Field(min_length=2)]
    garments: tuple[str, ...]
    keypoints: bool = False
    probabilities: bool = False
    articles: bool = False
    calibration: tuple[float, float, float] = (1.0, 0.0, 0.0)
    thresholds: dict[str, float] = {}
    model: str = "model.onnx"
    files: dict[str, str]
    licence: str = "Apache-2.0"
    about: str = ""

    @model_validator(mode="after")
    def _check(self) -> ReaderSpec:
        unknown = set(self.garments) - set(self.classes[1:])
        if unknown:
            raise ValueError(f"garments that are no classes: {sorted(unknown)}")
        if set(self.thresholds) - set(self.garments):
            raise ValueError(f"thresholds of no garments: {sorted(set(self.thresholds) - set(self.garments))}")
        if self.model not in self.files:
            raise ValueError(f"no checksum for {self.model}")
        return self


Spec = Annotated[EncoderSpec | ReaderSpec, Field(discriminator="kind")]

_COSMETIC = ("about", "licence")


def fingerprint(spec: EncoderSpec | ReaderSpec) -> str:
    """SHA-256 hex digest of what determines the outputs: the spec without its prose and default weights."""
    content = spec.model_dump(mode="json")
    for key in _COSMETIC:
        content.pop(key)
    for block in content.get("blocks", ()):
        block.pop("weight")  # applied to queries only; changing it does not touch stored vectors
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
