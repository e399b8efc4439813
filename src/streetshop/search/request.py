"""What a search asks for, checked once, whoever asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Final

import numpy as np

from streetshop.catalog.filters import Filter, parse_filter
from streetshop.catalog.store import Store, split_blocks
from streetshop.core.errors import RequestInvalid, VectorError
from streetshop.core.geometry import Box
from streetshop.core.records import Block, Vector
from streetshop.models.spec import CosineScale
from streetshop.search.closeness import Scale
from streetshop.search.diversity import check_diverse
from streetshop.search.kinds import parse_kinds
from streetshop.search.numbers import parse_number
from streetshop.search.text import parse_text
from streetshop.search.weights import Weights, check_weights

DEFAULT_K: Final = 12
MAX_K: Final = 200
"""The most products that a search answers per garment."""
MAX_OFFSET: Final = 2_000
"""The most results that can be skipped."""
MAX_BOXES: Final = 16
"""The most boxes that are searched for in one photo."""


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A search that has passed all checks; made by :meth:`check`.

    Attributes:
        k: products per garment.
        where: condition that products must pass; None for all products.
        weights: of every block.
        garment: index of the one garment to search for; None for all of the photo.
        boxes: what to search for instead of garments, in pixels of the upright photo.
        without: id of a product to leave out, for a search with its own picture.
        kinds: that products must be of, or of unknown kind; None for the kind that each garment probably is, empty for
            all.
        variants: every product is a result; otherwise every design.
        offset: number of results to skip, for the next page.
        text: words; products that have all of them come first.
        diverse: how much the results are to differ from each other, 0 to 1.
        explain: every match says what its similarity rests on.
        min_score: least score of a result, 0 to 1.
        scale: makes scores of similarities under these weights; None when the encoder is not calibrated.
        unknown_kinds: products of unknown kind are searched beside those of ``kinds``.
    """

    k: int
    where: Filter | None
    weights: Mapping[str, float]
    garment: int | None = None
    boxes: tuple[Box, ...] = ()
    without: str | None = None
    kinds: tuple[str, ...] | None = None
    variants: bool = False
    offset: int = 0
    text: tuple[str, ...] = ()
    diverse: float = 0.0
    explain: bool = False
    min_score: float = 0.0
    scale: Scale | None = None
    unknown_kinds: bool = True

    def is_close(self, closeness: float) -> bool:
        """Whether a similarity, with what is added for kinds, has the least score that is asked for."""
        return self.scale is None or self.scale.score(closeness) >= self.min_score

    @classmethod
    def check(
        cls,
        store: Store,
        blocks: Sequence[Block],
        *,
        k: int = DEFAULT_K,
        where: str | Filter | None = None,
        weights: Weights | None = None,
        garment: int | None = None,
        boxes: Sequence[Box] = (),
        without: str | None = None,
        kinds: str | Iterable[str] | None = None,
        variants: bool = False,
        offset: int = 0,
        text: str | None = None,
        diverse: float = 0.0,
        explain: bool = False,
        min_score: float = 0.0,
        calibration: CosineScale | None = None,
        max_k: int = MAX_K,
    ) -> SearchRequest:
        """Check a search against the catalog that is to answer it.

        Args:
            store: the catalog that is searched; a filter may name its fields.
            blocks: of the encoder, with their default weights.
            k: products per garment, 1 to ``max_k``.
            where: a filter as text, or parsed.
            weights: a preset, or those of some blocks; the others keep their defaults.
            garment: index of the one garment to search for.
            boxes: at most ``MAX_BOXES``, in pixels of the upright photo.
            without: id of a product to leave out.
            kinds: ``auto`` or None, ``any``, or names of kinds; see :func:`streetshop.search.kinds.parse_kinds`.
            variants: every product is a result of its own, not every design.
            offset: number of results to skip, at most ``MAX_OFFSET``.
            text: words; see :func:`streetshop.search.text.parse_text`.
            diverse: how much the results are to differ from each other, 0 to 1.
            explain: every match says what its similarity rests on.
            min_score: least score of a result, 0 to 1; above 0 only with a calibration.
            calibration: of the encoder.
            max_k: the caller's limit.

        Raises:
            RequestInvalid: ``k`` or the number of boxes is out of range, a garment and boxes are given, or a value has
                another type.
            FilterError: the filter cannot be parsed, or names a field that the catalog does not have.
            WeightsError: see :func:`streetshop.search.weights.check_weights`.
        """
        k = check_whole("k", k)
        if not 1 <= k <= max_k:
            raise RequestInvalid(f"{k} is out of range", where="k", hint=f"Ask for 1 to {max_k} products")
        if len(boxes) > MAX_BOXES:
            raise RequestInvalid(f"{len(boxes)} boxes are given", where="box", hint=f"At most {MAX_BOXES} are searched")
        if boxes and garment is not None:
            raise RequestInvalid("both a garment and a box were given", hint="Give one of them")
        if garment is not None:
            garment = check_whole("garment", garment)
        if isinstance(where, str):
            where = parse_filter(where, store.fields())
        elif not isinstance(where, Filter | None):
            raise RequestInvalid(f"the filter is {where!r:.80}", where="where", hint='Give text, as in "price < 50"')
        offset = check_whole("offset", offset)
        if not 0 <= offset <= MAX_OFFSET:
            raise RequestInvalid(f"offset is {offset}", where="offset", hint=f"Give 0 to {MAX_OFFSET}")
        weights = check_weights(weights, blocks)
        return cls(
            k,
            where,
            weights,
            garment,
            tuple(boxes),
            without,
            _kinds(kinds),
            check_flag("variants", variants),
            offset,
            parse_text(text),
            check_diverse(diverse),
            check_flag("explain", explain),
            _min_score(min_score, calibrated=calibration is not None),
            None if calibration is None else Scale.of(calibration, blocks, weights),
        )


def _kinds(kinds: object) -> tuple[str, ...] | None:
    if kinds is None:
        return None
    values: list[Any] = [kinds] if isinstance(kinds, str) or not isinstance(kinds, Iterable) else list(kinds)
    if not all(isinstance(value, str) for value in values):
        raise RequestInvalid(f"kinds are {kinds!r:.80}", where="kinds", hint="Give auto, any, or names of kinds")
    return parse_kinds(values) if values else ()


def _min_score(value: object, *, calibrated: bool) -> float:
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) <= 1:
        raise RequestInvalid(f"min_score is {value!r:.80}", where="min_score", hint="Give a number from 0 to 1")
    least = float(value)
    if least > 0 and not calibrated:
        raise RequestInvalid(
            "the encoder gives no scores: its bundle has no calibration",
            where="min_score",
            hint="Leave min_score out, or calibrate the encoder with `streetshop lab calibrate`",
        )
    return least


def check_flag(name: str, value: object) -> bool:
    """A value that must be true or false. Raises RequestInvalid; ``name`` is for the message."""
    if not isinstance(value, bool):
        raise RequestInvalid(f"{name} is {value!r:.80}", where=name, hint="Give True or False")
    return value


def check_whole(name: str, value: object) -> int:
    """A value that must be a whole number, as an int. Raises RequestInvalid; ``name`` is for the message."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise RequestInvalid(f"{value!r:.80} is no whole number", where=name, hint="Give one")
    return int(value)


def parse_box(text: str) -> Box:
    """A box from ``x0,y0,x1,y1``, in pixels of the upright photo. Raises RequestInvalid or GeometryError."""
    try:
        numbers = [parse_number(part) for part in text.strip(" []()").split(",")]
    except ValueError:
        raise RequestInvalid(
            f"box is {text[:80]!r}", where="box", hint="Give x0,y0,x1,y1 in pixels of the upright photo"
        ) from None
    return Box.from_sequence(numbers)


def check_vector(vector: Vector, blocks: Sequence[Block], hint: str = "") -> Vector:
    """A copy of a vector from outside, every block brought to unit length.

    Raises:
        VectorError: a wrong length, NaN, infinity, or a block whose length is close to zero or infinity.
    """
    dim = sum(block.dim for block in blocks)
    try:
        with np.errstate(over="ignore"):  # infinity is refused
            checked = np.array(vector, np.float32)
    except (TypeError, ValueError):
        raise VectorError(f"{type(vector).__name__} is no vector of numbers", where="vector", hint=hint) from None
    if checked.shape != (dim,) or not np.isfinite(checked).all():
        raise VectorError(f"the vector needs {dim} finite numbers", where="vector", hint=hint)
    for name, part in split_blocks(checked, blocks).items():
        norm = float(np.linalg.norm(part.astype(np.float64)))
        if not 1e-6 < norm < 1e6:
            raise VectorError(f"its block {name} has length {norm:g}", where="vector", hint=hint)
        part /= norm
    return checked
