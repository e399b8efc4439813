"""Drawn product pages: is the front chosen, is the page's own garment primary, is it ever among the matches?

    streetshop studio catalog --out drawn --products 48 --family 1 --seed 74 --size 640
    streetshop index drawn/feed.csv --catalog drawn.catalog
    python benchmarks/page_choice.py drawn drawn.catalog [--packshot] [--json]

Each page is read three times: with the product's id, without it, and as a page whose product the catalog does not have
(its own entry is ignored). The primary garment is right when its box and that of the true mask of the product have an
IoU of 0.4. Without ``--packshot`` a page is front, back, left, right and detail, as in method 3.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

from streetshop.catalog.open import open_catalog
from streetshop.core.geometry import Box
from streetshop.core.photo import Photo
from streetshop.core.records import Product
from streetshop.looks import PHOTO_SIDE, load_reader
from streetshop.models import load_encoder
from streetshop.search import Searcher, SearchRequest
from streetshop.search.pages import PageAnswer, ReadPicture, is_variant, match_page, prepare_page, read_picture
from streetshop.studio.files import read_truth

LEAST_IOU = 0.4
MODES = ("given", "recognised", "not in the catalog")


class Without:
    """A catalog that hides one product."""

    def __init__(self, store: object, hidden: str) -> None:
        self._store, self._hidden = store, hidden

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def get(self, ids: list[str]) -> list[Product | None]:
        """Products, None for the hidden one."""
        found: list[Product | None] = self._store.get(ids)  # type: ignore[attr-defined]
        return [None if product is not None and product.id == self._hidden else product for product in found]


def answered(
    searcher: Searcher, read: list[ReadPicture], own: Product, mode: str, request: SearchRequest
) -> PageAnswer:
    """The look of a page in one of the modes."""
    asked = Searcher(searcher.store, searcher.encoder, searcher.reader)
    if mode == "not in the catalog":
        asked.store = Without(searcher.store, own.id)  # type: ignore[assignment]
    page = prepare_page(asked.store, read, own.id if mode == "given" else None)
    return match_page(asked, page, searcher.encoder.encode(page.prepared, side="shop"), request)


def judged(answer: PageAnswer, own: Product, root: Path) -> str:
    """What the primary garment is: right, wrong, or none."""
    if answer.chosen is None:
        return "no picture"
    truth = read_truth(root, answer.shots[answer.chosen].name)
    boxes = [Box(*garment.box) for garment in truth.garments if garment.product_id == own.id]
    primary = [each.garment.box for each in answer.garments if each.primary]
    if not primary:
        return "none, though it is seen" if boxes else "rightly none"
    return "right" if boxes and primary[0].iou(boxes[0]) >= LEAST_IOU else "wrong"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("studio", type=Path)
    parser.add_argument("catalog")
    parser.add_argument("--packshot", action="store_true", help="pages have a packshot too")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    store = open_catalog(asked.catalog)
    searcher = Searcher(store, load_encoder(), load_reader())
    request = SearchRequest.check(store, searcher.encoder.blocks, k=20)
    counts: Counter[str] = Counter()
    for own in store.get(list(store.ids())):
        if own is None:
            continue
        names = [shot.source for shot in own.shots if asked.packshot or "packshot" not in shot.source]
        photos = [Photo.from_path(asked.studio / name, at_least=PHOTO_SIDE) for name in names]
        read = [read_picture(searcher, photo, name) for photo, name in zip(photos, names, strict=True)]
        counts["pages"] += 1
        for mode in MODES:
            answer = answered(searcher, read, own, mode, request)
            counts[f"{mode}: primary {judged(answer, own, asked.studio)}"] += 1
            if mode == "given":
                counts["front chosen"] += answer.chosen is not None and "-front" in answer.shots[answer.chosen].name
            if mode == "recognised":
                counts["recognised"] += answer.own.id == own.id
            if mode != "not in the catalog":
                matches = [match.product for each in answer.garments for match in each.matches]
                counts["own product or variant among the matches"] += any(is_variant(each, own) for each in matches)
    store.close()
    if asked.json:
        print(json.dumps(counts))
        return
    for name in sorted(counts):
        print(f"{counts[name]:6}  {name}")


if __name__ == "__main__":
    main()
