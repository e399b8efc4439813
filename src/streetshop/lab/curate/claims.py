"""Review photos and tagged posts as street rows that claim products.

``reviews.csv``: ``review,product,picture`` (and ``sender``); ``posts.csv``: ``post,picture,tags`` (and ``sender``),
tags with or without ``#``, split at blanks, commas or semicolons. Pictures are paths below the manifest's root.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from streetshop.core.errors import CurateError, ManifestError
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample


@dataclass(frozen=True, slots=True)
class Claims:
    """Street rows with claims, and the refused lines with their reasons."""

    rows: tuple[Sample, ...]
    refused: tuple[str, ...]


def read_reviews(path: Path, manifest: Manifest) -> Claims:
    """A row for every review photo; it claims the reviewed product.

    Raises:
        CurateError: the file cannot be read.
    """
    rows: dict[str, tuple[str, set[str]]] = {}
    refused = []
    products = set(manifest.column("product_id")) - {""}
    for where, values in _lines(path, ("review", "product", "picture")):
        reason = _unusable(manifest, values["picture"])
        if not reason and values["product"] not in products:
            reason = f"there is no product {values['product']!r}"
        if reason:
            refused.append(f"{where}: {reason}")
            continue
        sender = values.get("sender") or f"review {values['review']}"
        rows.setdefault(values["picture"], (sender, set()))[1].add(values["product"])
    found = [_street(image, sender, {"claims": sorted(claims)}) for image, (sender, claims) in rows.items()]
    return Claims(tuple(found), tuple(refused))


def read_posts(path: Path, manifest: Manifest) -> Claims:
    """A row for every picture of a post; it claims the products whose ids are among its tags.

    Raises:
        CurateError: the file cannot be read.
    """
    by_tag = {product.casefold(): product for product in set(manifest.column("product_id")) - {""}}
    rows, refused, seen = [], [], set()
    for where, values in _lines(path, ("post", "picture", "tags")):
        reason = _unusable(manifest, values["picture"])
        if not reason and values["picture"] in seen:
            reason = "listed before"
        if reason:
            refused.append(f"{where}: {reason}")
            continue
        seen.add(values["picture"])
        tags = [tag.lstrip("#").casefold() for tag in re.split(r"[\s,;]+", values["tags"]) if tag.lstrip("#")]
        claims = sorted({by_tag[tag] for tag in tags if tag in by_tag})
        sender = values.get("sender") or f"post {values['post']}"
        rows.append(_street(values["picture"], sender, {"claims": claims, "tags": tags, "post": values["post"]}))
    return Claims(tuple(rows), tuple(refused))


def with_claims(manifest: Manifest, claims: Sequence[Claims]) -> Manifest:
    """The manifest with the street rows of reviews and posts appended."""
    rows = [row for part in claims for row in part.rows]
    added = Manifest.from_rows(rows, manifest.root)
    return Manifest(pa.concat_tables([manifest.table, added.table]), manifest.root, manifest.name, manifest.licence)


def _street(image: str, sender: str, attributes: dict[str, object]) -> Sample:
    return Sample(image, "street", attributes=attributes, group=sender)


def _unusable(manifest: Manifest, picture: str) -> str:
    try:
        Sample(picture, "street").check()
    except ManifestError as error:
        return error.what
    return "" if (manifest.root / picture).is_file() else f"there is no picture {picture!r} below {manifest.root}"


def _lines(path: Path, needed: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = set(needed) - set(reader.fieldnames or ())
            if missing:
                raise CurateError(
                    f"has no column {sorted(missing)[0]!r}", where=str(path), hint=f"It needs {','.join(needed)}"
                )
            for values in reader:
                yield (
                    f"{path.name} line {reader.line_num}",
                    {k: (v or "").strip() for k, v in values.items() if isinstance(k, str) and not isinstance(v, list)},
                )
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CurateError(f"cannot be read ({error})", where=str(path), hint="Give a CSV file in UTF-8") from None
