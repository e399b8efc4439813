"""The values that cross package boundaries: products and shots, looks and garments, matches. All are frozen."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import RecordError
from streetshop.core.geometry import Box, Keypoint, Mask
from streetshop.core.kinds import KINDS

Vector: TypeAlias = NDArray[np.float32]
"""(dim,) float32: the concatenation of an encoder's blocks, each of unit length."""

AttributeValue: TypeAlias = str | float | bool
"""What a feed's further columns hold. Integers become floats."""

FieldType: TypeAlias = Literal["text", "number", "boolean"]
"""What a filter may do with a field."""

MAX_ID_LENGTH = 256


def check_product_id(value: str) -> str:
    """Return a product id as it is stored: in Unicode's composed form (NFC), without white space around it.

    Composed and decomposed spellings of an accent become one id. Ids are never used as file names.

    Raises:
        RecordError: it is no text, is empty, has more than 256 characters, or holds control or invisible characters.
    """
    if not isinstance(value, str):
        raise RecordError(f"product id {value!r} is no text", hint="Write it in quotes")
    text = unicodedata.normalize("NFC", value).strip()
    if not text:
        raise RecordError("a product id is empty", hint="Give every product an id")
    if len(text) > MAX_ID_LENGTH:
        raise RecordError(f"product id of {len(text)} characters", hint=f"At most {MAX_ID_LENGTH} are allowed")
    if any(unicodedata.category(c) in ("Cc", "Cs", "Cf") for c in text):
        raise RecordError(f"product id {text!r} holds control or invisible characters", hint="Remove them")
    return text


Tags: TypeAlias = Mapping[str, Mapping[str, float]]
"""What the models see in a picture of a product: values by name (``kind``, ``colour``), each with its probability, or
its share of the product's pixels for colours."""

KindSource: TypeAlias = Literal["", "column", "mapping", "number", "category", "title", "picture"]
"""Where the kind of a product comes from: a column of the feed, the shop's mapping file, the number or words of its
category, its title, or its pictures. Empty when the kind is unknown."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture of a product.

    Attributes:
        source: path or URL of the picture, as the feed gave it.
        sha256: hex digest of the picture's bytes; empty until it was read.
        tags: what the models see in it; None until they looked.
    """

    source: str
    sha256: str = ""
    tags: Tags | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """The value of an attribute as the models see it in a product's pictures.

    Attributes:
        value: a word of the attribute's vocabulary, such as ``striped``.
        probability: that it is right, 0 to 1.

    Raises:
        RecordError: the value is no text or empty, or the probability is not from 0 to 1.
    """

    value: str
    probability: float

    def __post_init__(self) -> None:
        if not isinstance(self.value, str) or not self.value.strip():
            raise RecordError(f"predicted value {self.value!r:.80}", hint="It is text, and not empty")
        if not _is_number(self.probability) or not 0 <= self.probability <= 1:
            raise RecordError(f"probability {self.probability!r:.80}", hint="It is a number from 0 to 1")


MAX_REMARK_VALUE = 80
"""Characters of a value that a remark quotes, at most."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A value of a feed that a product goes without, or that is used in another way than it stands there.

    Attributes:
        column: of the feed.
        value: as it stands there, cut to ``MAX_REMARK_VALUE`` characters.
        reason: what is wrong with it and what to do, in one line.
    """

    column: str
    value: str
    reason: str

    def __post_init__(self) -> None:
        if not all(isinstance(text, str) for text in (self.column, self.value, self.reason)):
            raise RecordError(f"a remark of {self.column!r:.80}", hint="Column, value and reason are text")
        if len(self.value) > MAX_REMARK_VALUE:
            object.__setattr__(self, "value", self.value[: MAX_REMARK_VALUE - 3] + "...")

    def __str__(self) -> str:
        return f"{self.column} {self.value!r}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Product:
    """What a shop sells, as its feed describes it.

    Attributes:
        id: unique in its catalog; checked by :func:`check_product_id`.
        price: in ``currency``, not negative; None when unknown.
        in_stock: None when unknown.
        attributes: every further column of the feed, by its lower-case name.
        shots: its pictures; the first is the main one.
        kind: one of ``streetshop.core.kinds.KINDS``; empty when unknown.
        kind_source: where the kind comes from.
        kind_probability: that the kind is right, 0 to 1.
        design: products of one design differ in size or colour only; empty when the product is the only one.
        predicted: attributes that the feed lacks, by name (see ``streetshop.core.attributes``).
        remarks: what of its row in the feed was not understood.

    Raises:
        RecordError: the id is not valid, a field is of another type, or a number is not finite or the price negative.
    """

    id: str
    title: str = ""
    category: str = ""
    brand: str = ""
    price: float | None = None
    currency: str = ""
    url: str = ""
    in_stock: bool | None = None
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    shots: tuple[Shot, ...] = ()
    kind: str = ""
    kind_source: KindSource = ""
    kind_probability: float = 0.0
    design: str = ""
    predicted: Mapping[str, Prediction] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", check_product_id(self.id))
        for name in ("title", "category", "brand", "currency", "url", "design"):
            if not isinstance(getattr(self, name), str):
                raise self._error(name, getattr(self, name), "It is text")
        if self.kind and self.kind not in KINDS:
            raise self._error("kind", self.kind, f"Kinds are {', '.join(KINDS)}")
        if self.price is not None and (not _is_number(self.price) or self.price < 0):
            raise self._error("price", self.price, "A price is a number >= 0, or None")
        if self.in_stock is not None and not isinstance(self.in_stock, bool):
            raise self._error("in_stock", self.in_stock, "It is True, False or None")
        if not isinstance(self.attributes, Mapping):
            raise self._error("attributes", self.attributes, "They are a mapping of names to values")
        for key, value in self.attributes.items():
            if not isinstance(key, str) or not (isinstance(value, str | bool) or _is_number(value)):
                raise self._error(
                    f"attribute {key!r}", value, "Its name is text; it is text, a finite number or a boolean"
                )

    def _error(self, field_name: str, value: object, hint: str) -> RecordError:
        return RecordError(f"{field_name} is {value!r:.80}", where=f"product {self.id!r}", hint=hint)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


@dataclass(frozen=True, slots=True)
class Garment:
    """One article in a photo, worn or lying.

    Attributes:
        category: a class of the reader; ``"garment"`` without a reader.
        score: calibrated probability that it is there and is of that category; 1.0 without a reader.
        box: in pixels of the upright photo.
        hotspot: (x, y) in pixels of the upright photo, where a marker belongs; always on the garment.
        mask: a raster of any resolution stretched over ``box``, see ``geometry.paint_mask``; None when unknown.
        person: index into :attr:`Look.persons`, or None.
        kinds: calibrated probability of each kind that it may be; empty when nothing named it.
    """

    category: str
    score: float
    box: Box
    hotspot: tuple[float, float]
    mask: Mask | None = None
    person: int | None = None
    kinds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Block:
    """A named part of every vector, of unit length.

    Attributes:
        name: of the block.
        dim: its length.
        weight: its default weight in a search.
    """

    name: str
    dim: int
    weight: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class GarmentPicture:
    """What an encoder sees of a garment: the part of the photo around its box.

    Attributes:
        pixels: (h, w, 3) uint8 RGB.
        mask: (h, w) float32 from 0 to 1, the probability that a pixel is garment; None when unknown.
    """

    pixels: NDArray[np.uint8]
    mask: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """One person.

    Attributes:
        box: in pixels of the upright photo.
        keypoints: the 17 of ``geometry.COCO_KEYPOINTS``, visibility 0 where unknown; empty from a reader without them.
        full_shot: whether both eyes and both ankles are visible; None when nothing tells.
        view: front, back, left or right, where the person faces in the photo, or detail; None when unknown.
        full_shot_probability: 0 to 1; None where a rule on the keypoints decided.
        view_probabilities: of each view; they sum to 1. Empty where a rule on the keypoints decided.
    """

    box: Box
    keypoints: tuple[Keypoint, ...] = ()
    full_shot: bool | None = None
    view: str | None = None
    full_shot_probability: float | None = None
    view_probabilities: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Look:
    """What was read in a photo.

    Attributes:
        width, height: of the upright photo in pixels.
        garments: by falling score.
        persons: from the largest.
        reader: ``name version`` of the reader bundle; None when the photo was taken whole, as one garment.
        full_shot: whether both eyes and both ankles of the largest person are visible; None without a reader.
        view: of the largest person: front, back, left, right or detail; detail too when the photo shows part of a
            garment and no person; None when unknown, and for a whole garment that nobody wears.
        full_shot_probability: 0 to 1; None where a rule on the keypoints decided.
        view_probabilities: of each view; they sum to 1. Empty where a rule decided.
    """

    width: int
    height: int
    garments: tuple[Garment, ...]
    persons: tuple[Person, ...] = ()
    reader: str | None = None
    full_shot: bool | None = None
    view: str | None = None
    full_shot_probability: float | None = None
    view_probabilities: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a similarity rests on.

    Attributes:
        shares: of each block in the similarity; they sum to 1.
        colours: that both garments have, with their shares of the agreement in colour, by falling share; empty without
            a colour block.
    """

    shares: Mapping[str, float]
    colours: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Match:
    """A product that answers a query.

    Attributes:
        product: without vectors.
        similarity: weighted mean of the blocks' cosines, -1 to 1; higher is more similar.
        shot: index into ``product.shots`` of the most similar shot.
        blocks: cosine of each block, by name.
        variants: the other products of its design.
        words: those of the searched text that it has.
        explanation: what the similarity rests on; None unless asked for.
        score: probability that a person calls the two alike, 0 to 1; None when the encoder is not calibrated.
    """

    product: Product
    similarity: float
    shot: int
    blocks: Mapping[str, float] = field(default_factory=dict)
    variants: tuple[Product, ...] = ()
    words: tuple[str, ...] = ()
    explanation: Explanation | None = None
    score: float | None = None
