"""``bundle.json``: everything about a model but its weights.

A bundle is a folder with ONNX weights, ``bundle.json`` and a model card ``card.md``. The fingerprint of an encoder is
the SHA-256 of the canonical JSON of its spec, which holds the checksum of every file the vectors depend on: two
encoders with one fingerprint give the same vectors.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from streetshop.core.kinds import KINDS


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InputSpec(_Strict):
    """Geometry and scaling of the network's input, (batch, channels, height, width) float32.

    The input value is ``(pixel - mean) / std`` with pixels from 0 to 255.

    Attributes:
        fit: ``letterbox`` keeps the ratio of the sides and pads with ``background``; ``stretch`` does not keep it.
        background: RGB.
        mask_channel: whether a fourth channel holds the mask of the garment, from 0 to 1.
    """

    width: Annotated[int, Field(ge=16, le=2048)]
    height: Annotated[int, Field(ge=16, le=2048)]
    fit: Literal["letterbox", "stretch"] = "letterbox"
    background: tuple[int, int, int] = (255, 255, 255)
    mean: tuple[float, float, float] = (127.0, 127.0, 127.0)
    std: tuple[float, float, float] = (128.0, 128.0, 128.0)
    mask_channel: bool = False


class BlockSpec(_Strict):
    """One block of an encoder's vector, scaled to unit length when it serves.

    Attributes:
        weight: default of a search.
        source: ``output`` is the ONNX output of the same name, (batch, dim) float32; ``cielab`` is the soft histogram
            of the garment's pixels in CIELAB, see ``models.colour``.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
    dim: Annotated[int, Field(ge=2, le=4096)]
    weight: Annotated[float, Field(ge=0, le=100)] = 1.0
    source: Literal["output", "cielab"] = "output"


class CosineScale(_Strict):
    """How likely a person calls a garment and a product alike, given the cosines of their blocks.

    A similarity is the weighted mean of the cosines. Under weights ``w`` that sum to one, its mean over random pairs of
    one kind is ``w @ mean`` and its variance ``w @ covariance @ w``. So a similarity is standardised under any weights,
    and the probability is ``sigmoid(slope * standardised + intercept)``.

    Attributes:
        mean: of each block's cosine over random pairs of a street photo's garment and a product of its kind.
        covariance: of the blocks' cosines over the same pairs.
        slope, intercept: of a logistic regression on pairs that a person judged.
    """

    mean: Annotated[tuple[FiniteFloat, ...], Field(min_length=1)]
    covariance: tuple[tuple[FiniteFloat, ...], ...]
    slope: Annotated[FiniteFloat, Field(gt=0)]
    intercept: FiniteFloat

    @model_validator(mode="after")
    def _check(self) -> CosineScale:
        matrix = np.array(self.covariance) if len({len(row) for row in self.covariance}) == 1 else np.empty(0)
        if matrix.shape != (len(self.mean), len(self.mean)):
            raise ValueError(f"the covariance of {len(self.mean)} blocks is a matrix of as many rows and columns")
        if not np.allclose(matrix, matrix.T) or np.diag(matrix).min() <= 0 or np.linalg.eigvalsh(matrix)[0] < -1e-9:
            raise ValueError("the covariance is not symmetric and positive")
        return self


class EncoderSpec(_Strict):
    """``bundle.json`` of an encoder.

    Attributes:
        blocks: of the vector, in order.
        cut: ``box`` crops the garment's box grown by ``margin``; ``mask`` also paints what is not garment with the
            background; ``soft`` fades it.
        margin: as a share of the box's sides.
        shop_model: the second stream of a two-stream encoder, for catalog pictures; queries use ``model``.
        files: SHA-256 of every ONNX file, by name.
        calibration: makes probabilities of similarities; None for an encoder that nobody calibrated.
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
    calibration: CosineScale | None = None
    licence: str = "Apache-2.0"
    about: str = ""

    @model_validator(mode="after")
    def _check(self) -> EncoderSpec:
        names = [block.name for block in self.blocks]
        if len(set(names)) != len(names):
            raise ValueError(f"block names repeat: {names}")
        if all(block.weight == 0 for block in self.blocks):
            raise ValueError("all default block weights are zero")
        if self.calibration is not None and len(self.calibration.mean) != len(names):
            raise ValueError(f"calibration of {len(self.calibration.mean)} blocks, the encoder has {len(names)}")
        for file in (self.model, self.shop_model):
            if file is not None and file not in self.files:
                raise ValueError(f"no checksum for {file}")
        return self


class ClassRules(_Strict):
    """Classes of a reader that are treated alike when regions become garments.

    Attributes:
        body: classes of the body; a region that shows them is a person.
        several: garments of which a person may wear several, such as bags. Of any other class, all parts on a person
            are one garment, such as a pair of shoes.
        upper: clothes of the upper half of the body.
        lower: clothes of the lower half. A person wears one of them in one place. Clothes of both halves are in both.
        on_leg: garments whose hotspot lies on a leg.
        least_share: smallest garment, as a share of the person's pixels, by class.
        least_share_else: of the other classes.
    """

    body: tuple[str, ...]
    several: tuple[str, ...]
    upper: tuple[str, ...]
    lower: tuple[str, ...]
    on_leg: tuple[str, ...]
    least_share: Mapping[str, Annotated[float, Field(ge=0, le=1)]]
    least_share_else: Annotated[float, Field(ge=0, le=1)]

    def names(self) -> set[str]:
        """Return every class that is named."""
        return {*self.body, *self.several, *self.upper, *self.lower, *self.on_leg, *self.least_share}

    def least(self, name: str) -> float:
        """Return the smallest garment of a class, as a share of the person's pixels."""
        return self.least_share.get(name, self.least_share_else)

    def is_clothing(self, name: str) -> bool:
        """Return whether a class is clothing of the upper or lower half."""
        return name in self.upper or name in self.lower

    def same_half(self, one: str, other: str) -> bool:
        """Return whether two classes are clothes of the same half."""
        return any(one in half and other in half for half in (self.upper, self.lower))


DEFAULT_CLASS_RULES: Final = ClassRules(
    body=("skin", "hair"),
    several=("bag", "accessory"),
    upper=("top", "outerwear", "dress"),
    lower=("trousers", "shorts", "skirt", "dress"),
    on_leg=("trousers", "shorts", "skirt", "legwear"),
    least_share={"footwear": 0.002, "hat": 0.003, "bag": 0.004, "scarf": 0.004, "legwear": 0.004, "accessory": 0.0008},
    least_share_else=0.012,
)
"""For readers whose bundle has no ``rules``. Names that are no classes of the reader are without effect."""


class ReaderSpec(_Strict):
    """``bundle.json`` of a reader.

    ONNX outputs, all float32:

    - ``classes`` (batch, number of classes, h, w): logits, or with ``probabilities`` values that sum to one over the
      classes.
    - with ``keypoints``: ``keypoints`` (batch, 17, h, w) heatmap logits in the order of ``geometry.COCO_KEYPOINTS``.
    - with ``articles``: ``articles`` (batch, number of garments, h, w), whose mean over an article that nobody wears is
      the logits of its category, in the order of ``garments``.
    - with ``features``: ``features`` (batch, features, h, w), a map of the backbone for heads in bundles of their own.

    Attributes:
        side_step: None for a network of fixed input. Else it takes every height and width that is a multiple of
            ``side_step``; a photo is brought to about as many pixels as ``input`` has, at about the ratio of its sides.
        classes: names; the first is the background.
        garments: the classes that are garments.
        calibration: makes a score of the mean probability of a garment, see ``looks.rules.Rules.score``.
        thresholds: least score of a sure category, by class.
        rules: how classes become garments; None for :data:`DEFAULT_CLASS_RULES`.
        files: SHA-256 of every ONNX file, by name.
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
    features: Annotated[int, Field(ge=0, le=8192)] = 0
    calibration: tuple[float, float, float] = (1.0, 0.0, 0.0)
    thresholds: dict[str, float] = {}
    rules: ClassRules | None = None
    model: str = "model.onnx"
    files: dict[str, str]
    licence: str = "Apache-2.0"
    about: str = ""

    @model_validator(mode="after")
    def _check(self) -> ReaderSpec:
        for key, names, known in (
            ("garments that are no classes", set(self.garments), set(self.classes[1:])),
            ("thresholds of no garments", set(self.thresholds), set(self.garments)),
            ("rules for no classes", self.rules.names() if self.rules else set(), set(self.classes[1:])),
        ):
            if names - known:
                raise ValueError(f"{key}: {sorted(names - known)}")
        if self.model not in self.files:
            raise ValueError(f"no checksum for {self.model}")
        return self


class DetectorSpec(_Strict):
    """``bundle.json`` of a detector: a reader that finds a box for each garment and sees neither persons nor keypoints.

    The network takes one photo, (1, 3, height, width). ONNX outputs, for the n things that it finds:

    - ``boxes`` (n, 4) float32: x0, y0, x1, y1 in pixels of the input.
    - ``scores`` (n,) float32: from 0 to 1, before ``calibration``.
    - ``labels`` (n,) int64: index in ``classes``.
    - with ``masks``: ``masks`` (n, h, w) float32, the probability that a point of the box is garment.

    Attributes:
        classes: names of articles; there is no background among them.
        kinds: the kind of each class; classes that are of no kind are left out.
        masks: whether there are masks.
        calibration: slope and offset that make a probability of a score:
            ``sigmoid(slope * logit(score) + offset)`` (Platt scaling).
        thresholds: least probability from which a garment is reported, by class.
        on_leg: classes whose hotspot lies on a leg.
        files: SHA-256 of every ONNX file, by name.
    """

    kind: Literal["detector"] = "detector"
    format: Literal[1] = 1
    name: str
    version: str
    input: InputSpec
    classes: Annotated[tuple[str, ...], Field(min_length=1)]
    kinds: dict[str, str] = {}
    masks: bool = False
    calibration: tuple[FiniteFloat, FiniteFloat] = (1.0, 0.0)
    thresholds: dict[str, Annotated[float, Field(ge=0, le=1)]] = {}
    on_leg: tuple[str, ...] = ()
    model: str = "model.onnx"
    files: dict[str, str]
    licence: str = "Apache-2.0"
    about: str = ""

    @model_validator(mode="after")
    def _check(self) -> DetectorSpec:
        if len(set(self.classes)) != len(self.classes):
            raise ValueError(f"class names repeat: {list(self.classes)}")
        for key, names, known in (
            ("kinds of no classes", set(self.kinds), set(self.classes)),
            ("kinds that are none", set(self.kinds.values()), set(KINDS)),
            ("thresholds of no classes", set(self.thresholds), set(self.classes)),
            ("hotspots of no classes", set(self.on_leg), set(self.classes)),
        ):
            if names - known:
                raise ValueError(f"{key}: {sorted(names - known)}")
        if self.model not in self.files:
            raise ValueError(f"no checksum for {self.model}")
        return self


class HeadSpec(_Strict):
    """One attribute.

    Attributes:
        values: in the order of the weights.
        shown: values that are ever predicted: those of sufficient precision on held-back senders.
        least_probability: below it nothing is predicted.
        least_share: least share of the garment's pixels that were counted for a colour; None for other attributes.
        kinds: of products that have the attribute; empty for all.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,31}$")]
    values: Annotated[tuple[str, ...], Field(min_length=2)]
    shown: tuple[str, ...]
    least_probability: Annotated[float, Field(ge=0, le=1)]
    least_share: Annotated[float, Field(ge=0, le=1)] | None = None
    kinds: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> HeadSpec:
        if set(self.shown) - set(self.values):
            raise ValueError(f"shown values that are none: {sorted(set(self.shown) - set(self.values))}")
        return self


class AttributesSpec(_Strict):
    """``bundle.json`` of attribute heads: logistic regressions on the vectors of one encoder.

    Attributes:
        encoder: fingerprint of the encoder.
        dim: length of its vectors.
        weights: JSON file with the ``weights``, (values, dim), and ``bias``, (values,), of each head by its name.
        files: SHA-256 of the weights, by name.
    """

    kind: Literal["attributes"] = "attributes"
    format: Literal[1] = 1
    name: str
    version: str
    encoder: str
    dim: Annotated[int, Field(ge=1, le=65536)]
    heads: Annotated[tuple[HeadSpec, ...], Field(min_length=1)]
    weights: str = "heads.json"
    files: dict[str, str]
    licence: str = "Apache-2.0"
    about: str = ""

    @model_validator(mode="after")
    def _check(self) -> AttributesSpec:
        names = [head.name for head in self.heads]
        if len(set(names)) != len(names):
            raise ValueError(f"head names repeat: {names}")
        if self.weights not in self.files:
            raise ValueError(f"no checksum for {self.weights}")
        return self


GroupName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]


class GroupsSpec(_Strict):
    """``bundle.json`` of a folder with an encoder for each group of kinds (method 3), each a bundle in a folder below.

    Attributes:
        groups: kinds of garments by the name of their group, which is its folder; no kind is in two groups.
        fallback: group of garments of any other kind, and of unknown ones.
    """

    kind: Literal["encoder-groups"] = "encoder-groups"
    format: Literal[1] = 1
    name: str
    version: str
    groups: Annotated[Mapping[GroupName, tuple[str, ...]], Field(min_length=1)]
    fallback: str
    licence: str = "Apache-2.0"
    about: str = ""

    @model_validator(mode="after")
    def _check(self) -> GroupsSpec:
        kinds = [kind for listed in self.groups.values() for kind in listed]
        if len(set(kinds)) != len(kinds):
            raise ValueError(f"kinds are in two groups: {sorted({kind for kind in kinds if kinds.count(kind) > 1})}")
        if self.fallback not in self.groups:
            raise ValueError(f"the fallback {self.fallback!r} is no group")
        return self


class FramingSpec(_Strict):
    """``bundle.json`` of a framing head: how a photo shows a person, by a linear layer on the features of one reader.

    Attributes:
        reader: SHA-256 of the reader's network.
        rows, columns: cells of a person's box over which the reader's features are averaged.
        channels: of the reader's features.
        weights: JSON file with the ``weights`` and ``bias`` of each answer of ``models.framing.ANSWERS``.
        files: SHA-256 of the weights, by name.
    """

    kind: Literal["framing"] = "framing"
    format: Literal[1] = 1
    name: str
    version: str
    reader: str
    rows: Annotated[int, Field(ge=1, le=16)]
    columns: Annotated[int, Field(ge=1, le=16)]
    channels: Annotated[int, Field(ge=1, le=8192)]
    weights: str = "head.json"
    files: dict[str, str]
    licence: str = "Apache-2.0"
    about: str = ""

    @model_validator(mode="after")
    def _check(self) -> FramingSpec:
        if self.weights not in self.files:
            raise ValueError(f"no checksum for {self.weights}")
        return self


Spec = Annotated[
    EncoderSpec | ReaderSpec | DetectorSpec | AttributesSpec | GroupsSpec | FramingSpec, Field(discriminator="kind")
]


def fingerprint(spec: EncoderSpec) -> str:
    """Return the SHA-256 hex digest of what determines the vectors: the spec without prose, weights, calibration."""
    # weights and calibration act on queries only, not on stored vectors
    content = spec.model_dump(mode="json", exclude={"about", "licence", "calibration"})
    for block in content["blocks"]:
        block.pop("weight")
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
