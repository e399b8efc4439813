"""Looks that were made in advance: as rows of the store, and as answers from the products of the present catalog."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from streetshop.catalog.filters import fold
from streetshop.catalog.looks import LookRow, StoredLooks
from streetshop.catalog.store import Store
from streetshop.core.errors import LookMissing, ProductMissing
from streetshop.core.geometry import Box
from streetshop.core.records import Garment, Match, Product
from streetshop.search.pages import OwnProduct, PageAnswer, PageGarment, PageShot, is_variant

_FORMAT: Final = 1
_MAKE: Final = "Make it: streetshop page --feed FEED --catalog CATALOG"


def made_of(product: Product, fingerprint: str) -> str:
    """Hash of all that the look of a product depends on: its pictures, kind and design, and the encoder.

    A new price or title leaves a look as it is, since answers take them from the catalog.
    """
    parts = [_FORMAT, fingerprint, [shot.sha256 for shot in product.shots], product.kind, fold(product.design)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def look_row(answer: PageAnswer, product: Product, fingerprint: str, reader: str | None, matched: str) -> LookRow:
    """The row of a look.

    Args:
        answer: of the page of ``product``.
        product: as the catalog has it.
        fingerprint: of the encoder.
        reader: name of the reader.
        matched: see :class:`LookRow`.
    """
    reading = {
        "reader": reader,
        "shots": [_listed_shot(shot) for shot in answer.shots],
        "chosen": answer.chosen,
        "fallback": answer.fallback,
        "persons": [box.corners for box in answer.persons],
        "weights": dict(answer.weights),
        "garments": [
            {
                "category": each.garment.category,
                "score": each.garment.score,
                "box": each.garment.box.corners,
                "hotspot": each.garment.hotspot,
                "person": each.garment.person,
                "kinds": dict(each.garment.kinds),
                "primary": each.primary,
            }
            for each in answer.garments
        ],
    }
    matches = [
        {"kinds": dict(each.kinds), "matches": [_listed_match(match) for match in each.matches]}
        for each in answer.garments
    ]
    vectors = np.stack([each.vector for each in answer.garments]) if answer.garments else np.empty(0)
    return LookRow(
        product.id,
        made_of(product, fingerprint),
        json.dumps(reading, separators=(",", ":")),
        np.asarray(vectors, "<f4").tobytes(),
        matched,
        json.dumps(matches, separators=(",", ":")),
    )


def is_current(row: LookRow, product: Product, fingerprint: str) -> bool:
    """Whether a stored look is of the product as it is now."""
    return row.made_of == made_of(product, fingerprint)


def is_of_pictures(row: LookRow, pictures: Sequence[str], reader: str | None) -> bool:
    """Whether a stored look was read from these pictures, given by their SHA-256, with this reader."""
    reading = json.loads(row.reading)
    return reading["reader"] == reader and [shot[1] for shot in reading["shots"]] == list(pictures)


def answer_of(row: LookRow, product: Product, store: Store) -> PageAnswer:
    """The answer of a row, with the products that the catalog has now.

    Products that are gone, whose picture is another one now, or that have become variants of the page's own are left
    out.
    """
    reading = json.loads(row.reading)
    listed = json.loads(row.matches)
    ids = {each["id"] for garment in listed for each in garment["matches"]}
    products = {each.id: each for each in store.get(sorted(ids)) if each is not None}
    members = _variants(store, products)
    vectors = np.frombuffer(row.vectors, "<f4").reshape(len(reading["garments"]), -1) if listed else ()
    garments = []
    for garment, found, vector in zip(reading["garments"], listed, vectors, strict=True):
        matches = [
            _match(each, products[each["id"]], members.get(each["id"], ()))
            for each in found["matches"]
            if each["id"] in products and _is_sound(each, products[each["id"]], product)
        ]
        garments.append(
            PageGarment(
                Garment(
                    garment["category"],
                    garment["score"],
                    Box(*garment["box"]),
                    (garment["hotspot"][0], garment["hotspot"][1]),
                    None,
                    garment["person"],
                    garment["kinds"],
                ),
                np.asarray(vector),
                garment["primary"],
                found["kinds"],
                tuple(matches),
            )
        )
    return PageAnswer(
        tuple(PageShot(*shot) for shot in reading["shots"]),
        reading["chosen"],
        reading["fallback"],
        OwnProduct("given", product.id, product, product.kind),
        tuple(Box(*corners) for corners in reading["persons"]),
        tuple(garments),
        reading["weights"],
    )


def stored_look(store: Store, product_id: str) -> PageAnswer:
    """The look of a product that was made in advance; its pictures are called ``shots[N]``.

    Raises:
        ProductMissing: there is no such product.
        LookMissing: no look was made of it, or its pictures, its kind or its design changed since.
    """
    (product,) = store.get([product_id])
    if product is None:
        raise ProductMissing(f"there is no product {product_id!r}", hint="Check the id")
    row = StoredLooks.beside(store.url).get(product.id)
    if row is None:
        raise LookMissing(f"no look of product {product.id!r} was made", hint=_MAKE)
    if not is_current(row, product, store.meta.fingerprint):
        raise LookMissing(f"product {product.id!r} changed since its look was made", hint=_MAKE)
    answer = answer_of(row, product, store)
    at = {shot.sha256: number for number, shot in enumerate(product.shots)}
    names = {shot.name: f"shots[{at[shot.sha256]}]" for shot in answer.shots if shot.sha256 in at}
    shots = []
    for shot in answer.shots:
        reason = shot.reason
        for name, shown in names.items():  # a reason may name another picture
            reason = reason.replace(name, shown)
        shots.append(replace(shot, name=names.get(shot.name, "a picture that the catalog lacks"), reason=reason))
    return replace(answer, shots=tuple(shots))


def _listed_shot(shot: PageShot) -> list[Any]:
    return [shot.name, shot.sha256, shot.width, shot.height, shot.view, shot.full_shot, shot.reason]


def _listed_match(match: Match) -> dict[str, Any]:
    shots = match.product.shots
    return {
        "id": match.product.id,
        "shot": match.shot,
        "sha256": shots[match.shot].sha256 if match.shot < len(shots) else "",
        "similarity": round(match.similarity, 6),
        "score": match.score,
        "blocks": {name: round(cosine, 6) for name, cosine in match.blocks.items()},
    }


def _match(listed: Mapping[str, Any], product: Product, variants: Sequence[Product]) -> Match:
    others = tuple(each for each in variants if each.id != product.id)
    return Match(product, listed["similarity"], listed["shot"], listed["blocks"], others, score=listed["score"])


def _is_sound(listed: Mapping[str, Any], product: Product, own: Product) -> bool:
    """Whether a match is still of the picture that was compared, and no variant of the page's own product."""
    shots = product.shots
    same = listed["shot"] < len(shots) and shots[listed["shot"]].sha256 == listed["sha256"]
    return same and not is_variant(product, own)


def _variants(store: Store, products: Mapping[str, Product]) -> dict[str, tuple[Product, ...]]:
    """The products of each one's design, by id."""
    members = store.variants(list(products))
    missing = sorted({id for ids in members.values() for id in ids} - set(products))
    known = {**products, **{each.id: each for each in store.get(missing) if each is not None}}
    return {id: tuple(known[other] for other in ids if other in known) for id, ids in members.items()}
