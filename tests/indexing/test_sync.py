"""A catalog in step with a shop: first import, changes, deletions, failures, against stubs of the APIs."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from streetshop.catalog.open import create_catalog
from streetshop.catalog.store import CatalogMeta, Store
from streetshop.core.errors import SyncError
from streetshop.core.records import Product
from streetshop.feeds.read import Feed
from streetshop.feeds.refused import Refusal
from streetshop.feeds.shops.product import Shop
from streetshop.feeds.shops.shopify import Shopify
from streetshop.feeds.shops.woocommerce import WooCommerce
from streetshop.indexing.fetch import Fetcher, FetchLimits
from streetshop.indexing.index import IndexOptions, index_feed
from streetshop.indexing.ingest import IngestReport
from streetshop.indexing.sync import ShopSync, SyncReport
from streetshop.indexing.sync_state import SyncState
from streetshop.models import Encoder
from tests.catalog.filled import entry, square
from tests.feeds.shops.stubs import KEY, SECRET, TOKEN, Stub, StubShopify, StubWooCommerce, reply

OTHER = "other"


def own_machine() -> Fetcher:
    """Fetches from this machine, where the stubs are, however busy it is."""
    return Fetcher(FetchLimits(connect_s=60, read_s=60, total_s=120), policy=lambda address: None)


def picture(colour: str, shift: int = 0) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(square(colour, "stripes", shift=shift)).save(stream, "PNG")
    return stream.getvalue()


@dataclass
class Synced:
    """A shop, a catalog with a product of another feed, and a way to synchronise them."""

    stub: Stub
    store: Store
    encoder: Encoder
    fetcher: Fetcher

    @property
    def shop(self) -> Shop:
        if isinstance(self.stub, StubShopify):
            return Shopify(self.stub.url, TOKEN, pause=0.01)
        return WooCommerce(self.stub.url, KEY, SECRET, pause=0.01)

    @property
    def state(self) -> SyncState:
        return SyncState(Path(self.store.url), self.shop.name)

    def sync(self, stop: threading.Event | None = None) -> ShopSync:
        options = IndexOptions(fetcher=self.fetcher, same_addresses=True, optimize=False, threads=1)

        def index(feed: Feed, refuse: Callable[[Refusal], None]) -> IngestReport:
            return index_feed(feed, self.store.url, self.encoder, options=options, refuse=refuse, stop=stop).ingest

        return ShopSync(self.shop, self.store, self.state, index, stop=stop)

    def run(self, **options) -> SyncReport:  # type: ignore[no-untyped-def]
        self.stub.requests.clear()
        self.stub.fetched.clear()
        return self.sync().run(**options)

    def add(self, number: int, colour: str = "red", **fields: object) -> None:
        path = f"/pictures/{number}.png"
        self.stub.pictures[path] = picture(colour, number)
        self.stub.add(number, path, **fields)  # type: ignore[attr-defined]

    def change(self, number: int, month: int, **fields: object) -> None:
        moment = "updatedAt" if isinstance(self.stub, StubShopify) else "date_modified_gmt"
        text = f"2026-{month:02}-01T00:00:00" + ("Z" if isinstance(self.stub, StubShopify) else "")
        self.stub.products[number] |= {moment: text, **fields}

    def own(self) -> set[str]:
        """Ids in the catalog without those that were there before."""
        return set(self.store.ids()) - {OTHER}


@pytest.fixture(params=["shopify", "woocommerce"])
def synced(request: pytest.FixtureRequest, tmp_path: Path, encoder: Encoder) -> Iterator[Synced]:
    stub = StubShopify() if request.param == "shopify" else StubWooCommerce()
    store = create_catalog(
        str(tmp_path / "shop.catalog"), CatalogMeta(encoder.name, encoder.fingerprint, encoder.blocks)
    )
    store.upsert([entry(encoder, Product(OTHER, title="Of another feed"), [square("green")])])
    fetcher = own_machine()
    with stub.running():
        yield Synced(stub, store, encoder, fetcher)
    fetcher.close()
    store.close()


def test_first_all_then_changes_then_what_is_gone(synced: Synced) -> None:
    for number in range(1, 6):
        synced.add(number)
    report = synced.run()
    assert (report.read, report.added, report.embedded, report.since) == (5, 5, 5, "2026-01-01T00:00:00Z")
    assert synced.own() == {"1", "2", "3", "4", "5"}
    (product,) = synced.store.get(["3"])
    assert product is not None
    assert product.kind in ("dress", "top")
    assert product.currency == "EUR"
    report = synced.run()
    assert (report.added, report.updated, report.unchanged, report.deleted) == (0, 0, 5, 0), "read again: the overlap"
    assert synced.stub.fetched == []
    title = "title" if isinstance(synced.stub, StubShopify) else "name"
    synced.change(2, 3, **{title: "Changed"})
    synced.add(6, "blue")
    synced.change(6, 2)
    del synced.stub.products[4]
    report = synced.run()
    assert (report.added, report.updated, report.deleted, report.since) == (1, 1, 1, "2026-03-01T00:00:00Z")
    assert synced.stub.fetched == ["/pictures/6.png"], "a changed title costs no picture"
    assert synced.own() == {"1", "2", "3", "5", "6"}
    assert synced.store.get(["2"])[0].title == "Changed"  # type: ignore[union-attr]
    report = synced.run()
    assert report.read == 1, "only what changed since"
    assert synced.store.count() == 1 + 5, "other products of the catalog stay"
    assert synced.run(full=True).read == 5


def test_what_is_not_for_sale_any_more_leaves_and_comes_back(synced: Synced) -> None:
    synced.add(1)
    synced.add(2)
    synced.run()
    hidden = {"status": "DRAFT"} if isinstance(synced.stub, StubShopify) else {"status": "draft"}
    synced.change(1, 2, **hidden)
    report = synced.run()
    assert (report.deleted, dict(report.left_out)) == (1, {"draft": 1})
    assert synced.own() == {"2"}
    shown = {"status": "ACTIVE"} if isinstance(synced.stub, StubShopify) else {"status": "publish"}
    synced.change(1, 3, **shown)
    assert synced.run().added == 1
    assert synced.own() == {"1", "2"}


def test_variants_come_and_go(synced: Synced) -> None:
    def sized(*sizes: int) -> dict[str, object]:
        if isinstance(synced.stub, StubShopify):
            nodes = [synced.stub.variant(10 + size, Size=f"S{size}") for size in sizes]
            return {"variants": {"pageInfo": {"hasNextPage": False}, "nodes": nodes}}
        option = [[{"name": "Size", "option": f"S{size}"}] for size in sizes]
        variations = [
            {"id": 10 + size, "price": "5", "stock_status": "instock", "attributes": each}
            for size, each in zip(sizes, option, strict=True)
        ]
        return {"type": "variable", "variations": list(sizes), "their variations": variations}

    synced.add(1, **sized(1, 2, 3))
    report = synced.run()
    assert (report.read, report.added, report.embedded) == (1, 3, 1), "one picture for all sizes"
    assert synced.own() == {"11", "12", "13"}
    assert synced.store.variants(["11"]) == {"11": ("11", "12", "13")}
    synced.change(1, 2, **sized(2, 4))
    report = synced.run()
    assert (report.added, report.deleted) == (1, 2)
    assert synced.own() == {"12", "14"}
    del synced.stub.products[1]
    synced.add(9)
    assert synced.run().deleted == 2
    assert synced.own() == {"9"}


def test_a_picture_that_could_not_be_fetched_is_tried_again(synced: Synced) -> None:
    synced.add(1)
    synced.add(2)
    data = synced.stub.pictures.pop("/pictures/2.png")
    report = synced.run()
    assert (report.added, report.refused, report.again) == (1, 1, 1)
    synced.change(1, 9)
    assert synced.run().again == 1, "still missing, and read though it did not change"
    synced.stub.pictures["/pictures/2.png"] = data
    assert synced.run().added == 1
    assert synced.own() == {"1", "2"}
    assert synced.run().read == 1, "not again"


def test_what_was_removed_from_the_catalog_comes_back(synced: Synced) -> None:
    synced.add(1)
    synced.add(2)
    synced.change(2, 9)
    synced.run()
    synced.store.delete(["1"])
    assert synced.run().added == 1
    assert synced.own() == {"1", "2"}


def test_a_shop_that_seems_empty_deletes_nothing(synced: Synced) -> None:
    for number in range(1, 31):
        synced.add(number)
    synced.run()
    products, synced.stub.products = synced.stub.products, {}
    report = synced.run()
    assert (report.deleted, len(synced.own())) == (0, 30)
    assert "lists no products" in report.notes[0]
    synced.stub.products = {number: products[number] for number in range(1, 6)}
    report = synced.run()
    assert (report.deleted, len(synced.own())) == (0, 30)
    assert "25 of 30 known products" in report.notes[0]
    assert synced.run(max_deleted=1).deleted == 25


def test_a_shop_that_fails_midway_loses_nothing(synced: Synced) -> None:
    for number in range(1, 4):
        synced.add(number)
    synced.stub.failures = [reply({"message": "expired"}, 401)]
    with pytest.raises(SyncError, match="refused the key"):
        synced.sync().run()
    assert (synced.own(), synced.state.read().since) == (set(), "")
    synced.stub.failures = [reply({}, 429, Retry_After="0"), None, reply({}, 500)]
    assert synced.run().added == 3


def test_an_interrupted_run_is_resumed(synced: Synced) -> None:
    synced.add(1)
    stop = threading.Event()
    stop.set()
    with pytest.raises(SyncError, match=r"interrupted|stopped"):
        synced.sync(stop).run()
    assert synced.state.read().since == ""
    assert synced.run().added == 1


def test_products_that_are_due(synced: Synced) -> None:
    synced.add(1)
    synced.add(2)
    synced.run()
    title = "title" if isinstance(synced.stub, StubShopify) else "name"
    synced.stub.products[1][title] = "Due"
    synced.stub.products[2][title] = "Not due"
    del synced.stub.products[2]
    synced.state.add_due(["1", "2", "7"])
    report = synced.sync().run_due()
    assert (report.read, report.updated, report.deleted) == (1, 1, 1)
    assert synced.store.get(["1"])[0].title == "Due"  # type: ignore[union-attr]
    assert (synced.own(), synced.state.due()) == ({"1"}, {})


def test_changes_of_one_product_are_read_in_the_language_of_the_shop(synced: Synced) -> None:
    column = "productType" if isinstance(synced.stub, StubShopify) else "categories"

    def called(name: str) -> dict[str, object]:
        words = name if column == "productType" else [{"name": name}]
        return {column: words, "category": None, "title": "Clara", "name": "Clara"}

    for number, name in enumerate(("Vêtements", "Chaussures", "Chemises femme", "Jupes", "Robes", "Écharpes"), start=1):
        synced.add(number, **called(name))
    synced.run()
    assert synced.state.read().languages[0] == "fr"
    synced.add(9, **called("Robes"))
    synced.change(9, 5)
    synced.run()
    assert synced.store.get(["9"])[0].kind == "dress"  # type: ignore[union-attr]
