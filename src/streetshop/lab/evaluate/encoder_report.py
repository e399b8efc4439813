"""What the report on an encoder holds, and its tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np
from PIL import Image

from streetshop.core.errors import UsageError
from streetshop.core.records import GarmentPicture
from streetshop.lab.core.progress import say
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.views import Form, compressed
from streetshop.lab.evaluate.encoder import Embedded, Spoil, embed, label_precision, product_hits
from streetshop.lab.evaluate.intervals import Estimate
from streetshop.models import Encoder

Numbers = dict[str, Estimate]

FORMS: Final[tuple[tuple[Form, Form], ...]] = (("box", "whole"), ("box", "mask"), ("mask", "mask"))
"""How a made pair's street view and shop view are cut: without a reader in the shop, with one there, with one on both
sides. A box on the street stands for a crop by hand."""
SHOWN: Final[tuple[Form, ...]] = ("packshot", "cutout")
"""How a single garment is shown on a shop's ground: the whole picture, and its box and mask as a reader gives them."""
LABELS: Final = ("kind", "colour", "pattern")
WORN: Final = "category P@10, worn garments"
GALLERY: Final = 5000
"""Photos of single garments beside the products in the pairs' gallery, at most: all there are."""
_SPOILT: Final = "spoilt: "
_UNTRAINED: Final = {"(a) ImageNet features": "style", "(b) CIELAB histogram": "colour"}
"""Blocks of the untrained encoder, by their columns."""


def measure(encoder: Encoder, items: Sequence[Sample], split: str, distractors: int) -> Numbers:
    """All numbers of an encoder on one split.

    Args:
        items: of all splits: shop views of every product are in the gallery, and the first so many photos of single
            garments beside them.
    """
    held = [item for item in items if item.split == split]
    single = [item for item in held if item.source == "clothing"]
    numbers: Numbers = {}
    for form in ("whole", "mask"):
        embedded = embed(encoder, [(item, form) for item in single])
        for label in LABELS:
            numbers[f"{label} P@10, {form}"] = label_precision(embedded, label)
        numbers |= _by_weight(embedded, form)
        say(f"{encoder.name}: single garments, {form}")
    for shown in SHOWN:
        embedded = embed(encoder, [(item, shown) for item in single if item.mask])
        for label in LABELS:
            numbers[f"{label} P@10, {shown}"] = label_precision(embedded, label)
        numbers |= _by_weight(embedded, shown)
    worn = embed(encoder, [(item, "mask") for item in held if item.source == "ccp"])
    numbers[WORN] = label_precision(worn, "category")
    numbers |= {f"{WORN}, {title}": label_precision(worn, "category", w) for title, w in _settings(encoder).items()}
    return numbers | pairs_numbers(encoder, items, split, distractors)


def _settings(encoder: Encoder) -> dict[str, dict[str, float]]:
    """By title: weights when a block counts alone, and when its default weight is three times as large."""
    settings: dict[str, dict[str, float]] = {}
    for block in encoder.blocks:
        settings[f"{block.name} alone"] = {other.name: float(other is block) for other in encoder.blocks}
        settings[f"{block.name} x 3"] = {block.name: 3 * block.weight}
    return settings


def _by_weight(embedded: Embedded, form: str) -> Numbers:
    """Precision under each of :func:`_settings`."""
    return {
        f"{label} P@10, {form}, {title}": label_precision(embedded, label, weights)
        for title, weights in _settings(embedded.encoder).items()
        for label in LABELS
    }


def pairs_numbers(encoder: Encoder, items: Sequence[Sample], split: str, distractors: int) -> Numbers:
    """What of :func:`measure` is about made pairs: recall by default weights and under each of :func:`_settings`, and
    what spoilt queries do to it. The gallery goes through the shop's stream where an encoder has two.
    """
    pairs = [item for item in items if item.source == "pair"]
    street = [item for item in pairs if item.domain == "street" and item.split == split]
    # One picture a product, so that the rank of a picture is the rank of a product.
    shop = [item for item in pairs if item.domain == "shop" and item.image.endswith("-0.jpg")]
    others = [item for item in items if item.source == "clothing"][:distractors]
    kept = (*shop, *others)
    gallery = {form: embed(encoder, [(item, form) for item in kept], side="shop") for form in ("whole", "mask")}
    say(f"{encoder.name}: a gallery of {len(kept)} pictures")
    numbers: Numbers = {}
    settings = _settings(encoder)
    asked: dict[str, Embedded] = {}
    for query, shown in FORMS:
        asked[query] = asked.get(query) or embed(encoder, [(item, query) for item in street])
        for k in (1, 10):
            numbers[f"pairs R@{k}, {query} to {shown}"] = product_hits(asked[query], gallery[shown], k)
            for title, weights in settings.items():
                hits = product_hits(asked[query], gallery[shown], k, weights)
                numbers[f"pairs R@{k}, {query} to {shown}, {title}"] = hits
    for name, spoil in SPOILS.items():
        spoilt = embed(encoder, [(item, "mask") for item in street], spoil)
        for k in (1, 10):
            numbers[f"{_SPOILT}{name}, R@{k}"] = product_hits(spoilt, gallery["mask"], k)
        cosine = (spoilt.weighted() * asked["mask"].weighted()).sum(axis=1)
        numbers[f"{_SPOILT}{name}, cosine"] = Estimate(float(cosine.mean()), float(cosine.min()), 1.0, len(cosine))
    return numbers


def _jpeg(picture: GarmentPicture) -> GarmentPicture:
    return GarmentPicture(compressed(picture.pixels, 30), picture.mask)


def _transformed(picture: GarmentPicture, change: Callable[[Image.Image, Any], Image.Image]) -> GarmentPicture:
    pixels = np.asarray(change(Image.fromarray(picture.pixels), (255, 255, 255)))
    if picture.mask is None:
        return GarmentPicture(pixels)
    mask = change(Image.fromarray((picture.mask * 255).astype(np.uint8)), 0)
    return GarmentPicture(pixels, np.divide(np.asarray(mask), 255, dtype=np.float32))


def _half(picture: GarmentPicture) -> GarmentPicture:
    return _transformed(picture, lambda i, _: i.resize((max(i.width // 2, 1), max(i.height // 2, 1))))


def _turned(picture: GarmentPicture) -> GarmentPicture:
    return _transformed(picture, lambda i, ground: i.rotate(8, Image.Resampling.BILINEAR, fillcolor=ground))


SPOILS: Final[Mapping[str, Spoil]] = {"JPEG quality 30": _jpeg, "half size": _half, "turned by 8 degrees": _turned}


def as_values(numbers: Numbers) -> dict[str, dict[str, float]]:
    """For JSON."""
    return {name: asdict(value) for name, value in numbers.items()}


def table(rows: Sequence[str], columns: Mapping[str, Numbers]) -> str:
    """A Markdown table of some numbers, one column an encoder."""
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for row in rows:
        cells = [str(numbers[row]) if row in numbers else "" for numbers in columns.values()]
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def columns_of(encoders: Sequence[Encoder], measured: Sequence[Numbers]) -> dict[str, Numbers]:
    """Numbers by the encoder's name, and by its folder as well where two are called the same."""
    names = [encoder.name for encoder in encoders]
    titles = [n if names.count(n) == 1 else f"{n} ({e.folder})" for n, e in zip(names, encoders, strict=True)]
    return dict(zip(titles, measured, strict=True))


def check_untrained(encoder: Encoder) -> None:
    """Raises :class:`UsageError` when the encoder has other blocks than the starting encoder's."""
    names = {block.name for block in encoder.blocks}
    if names != set(_UNTRAINED.values()):
        raise UsageError(
            f"has the blocks {', '.join(sorted(names))}; those of the untrained encoder are style and colour",
            where=str(encoder.folder),
            hint="Give what `streetshop lab starting-encoder` wrote",
        )


def baselines(numbers: Numbers) -> dict[str, Numbers]:
    """Columns of what the blocks of the untrained encoder reach, each alone, from all that was measured of it."""
    return {
        title: {row: numbers[f"{row}, {block} alone"] for row in headline(numbers)}
        for title, block in _UNTRAINED.items()
    }


def headline(numbers: Numbers) -> list[str]:
    """The names of the rows that are told first: no single blocks, nothing spoilt."""
    return [name for name in numbers if not name.startswith(_SPOILT) and " alone" not in name and " x 3" not in name]
