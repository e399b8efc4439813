"""A shop on disk for trials: pictures, two feeds, two encoders, a catalog of the first feed, and a snapshot of it."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from streetshop.catalog.open import open_catalog
from streetshop.feeds.read import FeedRow, read_feed
from streetshop.indexing.index import IndexOptions, index_feed
from streetshop.looks import WholePhotoReader
from streetshop.models import load_encoder
from tests.catalog.shop import draw_picture, write_feed
from tests.models.tiny import tiny_encoder

STORES: Final[dict[str, Callable[[Path, str], str]]] = {"lancedb": lambda folder, name: str(folder / f"{name}.catalog")}
"""Each store's address of a catalog with a name, in a folder. Another store gets a row here, and all trials."""

PICTURES: Final = 30
PRODUCTS: Final = 24

State: TypeAlias = dict[str, tuple[str, tuple[str, ...]]]
"""Of each product its title and the SHA-256 of its pictures."""
Picture: TypeAlias = tuple[NDArray[np.float32], bytes]
"""The vector of a picture and its thumbnail."""


@dataclass(frozen=True)
class Shop:
    """Addresses in the folder of a shop."""

    folder: Path
    store: str = "lancedb"

    @property
    def encoder(self) -> Path:
        """The encoder of the catalog."""
        return self.folder / "encoder"

    @property
    def other_encoder(self) -> Path:
        """The encoder of a rebuild."""
        return self.folder / "other-encoder"

    @property
    def before(self) -> Path:
        """The feed that is in the catalog."""
        return self.folder / "before.csv"

    @property
    def after(self) -> Path:
        """The same with products added, changed and removed."""
        return self.folder / "after.csv"

    @property
    def catalog(self) -> str:
        """The catalog."""
        return STORES[self.store](self.folder, "shop")

    @property
    def new(self) -> str:
        """A catalog that is not there yet."""
        return STORES[self.store](self.folder, "new")

    @property
    def kept(self) -> Path:
        """A snapshot of the catalog."""
        return self.folder / "kept"

    @property
    def copy(self) -> Path:
        """Where the next snapshot goes."""
        return self.folder / "copy"

    def picture(self, number: int) -> Path:
        """One of the pictures."""
        return self.folder / "images" / f"{number}.png"

    def copy_to(self, folder: Path) -> Shop:
        """The same shop in another folder, emptied first."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder, folder, symlinks=True)
        return Shop(folder, self.store)

    @cached_property
    def pictures(self) -> Mapping[str, Mapping[str, Picture]]:
        """Of each encoder's fingerprint, what a catalog must hold of a picture, by the picture's SHA-256."""
        found = {}
        for bundle in (self.encoder, self.other_encoder):
            url = STORES[self.store](self.folder / "pictures", bundle.name)
            with closing(open_catalog(url)) as store:
                entries = store.entries(list(store.ids())).values()
                found[store.meta.fingerprint] = {
                    e.product.shots[0].sha256: (e.vectors[0], e.thumbnails[0]) for e in entries
                }
        return found


def make_shop(folder: Path, store: str = "lancedb") -> Shop:
    """Draw a shop, index it and make a snapshot."""
    shop = Shop(folder, store)
    for number in range(PICTURES):
        draw_picture(shop.picture(number), number)
    tiny_encoder(shop.encoder)
    tiny_encoder(shop.other_encoder, seed=1, dim=48, version="2")
    write_feed(shop.before, [_row(number, number) for number in range(PRODUCTS)])
    # A third stays as it was; of the others the title or the picture changes, two go and four come.
    changed = [_row(n, n + (n % 3 == 1), "new" if n % 3 == 2 else "") for n in range(2, PRODUCTS + 4)]
    write_feed(shop.after, changed)
    (folder / "pictures").mkdir()
    write_feed(folder / "pictures.csv", [_row(number, number) for number in range(PICTURES)])
    for bundle in (shop.encoder, shop.other_encoder):
        _index(folder / "pictures.csv", STORES[store](folder / "pictures", bundle.name), bundle)
    _index(shop.before, shop.catalog, shop.encoder)
    with closing(open_catalog(shop.catalog, write=True)) as opened:
        opened.delete(["p0"])  # a tombstone, and then the product again: optimize has something to do
        _index(shop.before, shop.catalog, shop.encoder)
        opened.snapshot(shop.kept)
    return shop


def state_of_feed(shop: Shop, feed: Path) -> State:
    """What a catalog holds when the feed is indexed."""
    products = (row.product for row in read_feed(feed) if isinstance(row, FeedRow))
    return {p.id: (p.title, tuple(file_sha256(shop.folder / shot.source) for shot in p.shots)) for p in products}


def file_sha256(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _row(product: int, picture: int, title: str = "") -> dict[str, object]:
    row = {"id": f"p{product}", "title": f"{title} Product {product}".strip(), "category": "dress", "price": product}
    return {**row, "image": f"images/{picture}.png"}


def _index(feed: Path, url: str, bundle: Path) -> None:
    options = IndexOptions(optimize=False, threads=1, allow_outside=True)
    index_feed(read_feed(feed), url, load_encoder(bundle, threads=1), WholePhotoReader(), options)
