"""Measure an encoder bundle on held-out photos and senders of the public data sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from PIL import Image

from streetshop.core.errors import UsageError
from streetshop.core.records import GarmentPicture
from streetshop.lab.core.progress import say
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.views import Form, compressed
from streetshop.lab.evaluate.encoder import Degrade, Embedded, embed, label_precision, product_hits
from streetshop.lab.evaluate.intervals import Estimate
from streetshop.lab.evaluate.report import Section, section_of
from streetshop.models import Encoder

Numbers = dict[str, Estimate]

FORMS: Final[tuple[tuple[Form, Form], ...]] = (("box", "whole"), ("box", "mask"), ("mask", "mask"))
"""Forms of a made pair's street view and shop view: without a reader in the shop, with one there, with one on both
sides. A box on the street is a crop by hand."""
SHOWN: Final[tuple[Form, ...]] = ("packshot", "cutout")
"""Forms of a single garment on a shop's plain ground: the whole picture, and a reader's box and mask of it."""
LABELS: Final = ("kind", "colour", "pattern")
DEPTH: Final = 10
"""Neighbours of which the precision is measured."""
WORN: Final = f"category P@{DEPTH}, worn garments"
GALLERY: Final = 5000
"""Largest number of photos of single garments beside the products in the pairs' gallery; more than there are."""
_PREFIX: Final = "degraded: "
PROTOCOL: Final = (
    "`whole`: the whole photo; `box`: the garment's box; `mask`: its box and an imperfect mask; `packshot`: cut out "
    "and put on a shop's plain ground, the whole picture; `cutout`: the box of that and an imperfect mask. Kind, "
    "colour and pattern: precision among the ten nearest garments of other senders or photos. Pairs are made from "
    "one photo; their gallery holds a shop view of every product and the photos of single garments. 95 % bootstrap "
    "intervals over photos or senders."
)
_UNTRAINED: Final = {"(a) ImageNet features": "style", "(b) CIELAB histogram": "colour"}
"""By title of a column, a block of the untrained encoder."""


def measure(encoder: Encoder, items: Sequence[Sample], split: str, distractors: int) -> Numbers:
    """All numbers of an encoder on one split.

    Args:
        encoder: a bundle.
        items: of all splits: the gallery of pairs holds a shop view of every product.
        split: of the queries.
        distractors: photos of single garments in the gallery of pairs.
    """
    held = [item for item in items if item.split == split]
    single = [item for item in held if item.source == "clothing"]
    worn_ones = [item for item in held if item.source == "ccp"]
    for what, found in (("single garments", single), ("worn garments", worn_ones)):
        if len(found) <= DEPTH:
            say(f"{len(found)} {what} of the split {split}: P@{DEPTH} counts what is missing of {DEPTH} as misses")
    numbers: Numbers = {}
    for form in ("whole", "mask"):
        embedded = embed(encoder, [(item, form) for item in single])
        for label in LABELS:
            numbers[f"{label} P@{DEPTH}, {form}"] = label_precision(embedded, label, k=DEPTH)
        numbers |= _by_weight(embedded, form)
        say(f"{encoder.name}: single garments, {form}")
    for shown in SHOWN:
        embedded = embed(encoder, [(item, shown) for item in single if item.mask])
        for label in LABELS:
            numbers[f"{label} P@{DEPTH}, {shown}"] = label_precision(embedded, label, k=DEPTH)
        numbers |= _by_weight(embedded, shown)
    worn = embed(encoder, [(item, "mask") for item in worn_ones])
    numbers[WORN] = label_precision(worn, "category", k=DEPTH)
    numbers |= {
        f"{WORN}, {title}": label_precision(worn, "category", w, k=DEPTH)
        for title, w in block_settings(encoder).items()
    }
    return numbers | pairs_numbers(encoder, items, split, distractors)


def block_settings(encoder: Encoder) -> dict[str, dict[str, float]]:
    """By title: the weights of each block alone, and with each block's default weight tripled."""
    settings: dict[str, dict[str, float]] = {}
    for block in encoder.blocks:
        settings[f"{block.name} alone"] = {other.name: float(other is block) for other in encoder.blocks}
        settings[f"{block.name} x 3"] = {block.name: 3 * block.weight}
    return settings


def _by_weight(embedded: Embedded, form: str) -> Numbers:
    """Precision under each of :func:`block_settings`."""
    return {
        f"{label} P@{DEPTH}, {form}, {title}": label_precision(embedded, label, weights, k=DEPTH)
        for title, weights in block_settings(embedded.encoder).items()
        for label in LABELS
    }


def pairs_numbers(encoder: Encoder, items: Sequence[Sample], split: str, distractors: int) -> Numbers:
    """The part of :func:`measure` about made pairs.

    Recall by default weights and under each of :func:`block_settings`, and by default weights with degraded queries.
    The gallery passes through the shop stream of a two-stream encoder.
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
    settings = block_settings(encoder)
    asked: dict[str, Embedded] = {}
    for query, shown in FORMS:
        asked[query] = asked.get(query) or embed(encoder, [(item, query) for item in street])
        for k in (1, 10):
            numbers[f"pairs R@{k}, {query} to {shown}"] = product_hits(asked[query], gallery[shown], k)
            for title, weights in settings.items():
                hits = product_hits(asked[query], gallery[shown], k, weights)
                numbers[f"pairs R@{k}, {query} to {shown}, {title}"] = hits
    for name, degrade in DEGRADED.items():
        degraded = embed(encoder, [(item, "mask") for item in street], degrade)
        for k in (1, 10):
            numbers[f"{_PREFIX}{name}, R@{k}"] = product_hits(degraded, gallery["mask"], k)
        cosine = (degraded.weighted() * asked["mask"].weighted()).sum(axis=1)
        if len(cosine):
            numbers[f"{_PREFIX}{name}, cosine"] = Estimate(float(cosine.mean()), float(cosine.min()), 1.0, len(cosine))
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


DEGRADED: Final[Mapping[str, Degrade]] = {"JPEG quality 30": _jpeg, "half size": _half, "turned by 8 degrees": _turned}


def sections(columns: Mapping[str, Numbers]) -> tuple[Section, ...]:
    """The tables of a report: headline figures, then those under other weights and with degraded queries.

    Args:
        columns: by title; the first one's numbers are all shown.
    """
    first = next(iter(columns.values()))
    shown = headline(first)
    degraded = [name for name in first if name.startswith(_PREFIX)]
    other = [name for name in first if name not in (*shown, *degraded)]
    return (
        section_of("Held-out photos and senders", columns, shown, about=PROTOCOL),
        section_of("Other weights", columns, other, about="The same, by one block alone or tripled.", detail=True),
        section_of("Degraded queries", columns, degraded, about="Pairs, mask to mask.", detail=True),
    )


def columns_of(encoders: Sequence[Encoder], measured: Sequence[Numbers]) -> dict[str, Numbers]:
    """Numbers by the encoder's name, with its folder where two have the same name."""
    names = [encoder.name for encoder in encoders]
    titles = [n if names.count(n) == 1 else f"{n} ({e.folder})" for n, e in zip(names, encoders, strict=True)]
    return dict(zip(titles, measured, strict=True))


def check_untrained(encoder: Encoder) -> None:
    """Check that an encoder has the blocks of the untrained one.

    Raises:
        UsageError: it has others.
    """
    names = {block.name for block in encoder.blocks}
    if names != set(_UNTRAINED.values()):
        raise UsageError(
            f"has the blocks {', '.join(sorted(names))}; those of the untrained encoder are style and colour",
            where=str(encoder.folder),
            hint="Give the bundle of a run of the recipe `untrained`",
        )


def baselines(numbers: Numbers) -> dict[str, Numbers]:
    """Columns for each block of the untrained encoder alone, from all numbers of it."""
    return {
        title: {row: numbers[f"{row}, {block} alone"] for row in headline(numbers)}
        for title, block in _UNTRAINED.items()
    }


def headline(numbers: Numbers) -> list[str]:
    """Names of the headline rows: default weights and pictures as they are."""
    return [name for name in numbers if not name.startswith(_PREFIX) and " alone" not in name and " x 3" not in name]
