"""One product outside a feed: read, encode, write."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streetshop.catalog.store import Store
from streetshop.core.errors import PhotoError, RequestInvalid
from streetshop.core.records import Product
from streetshop.indexing.shots import ShotReader
from streetshop.indexing.upload import Upload, read_upload, write_upload
from streetshop.models import Encoder
from tests.catalog.filled import filled_catalog, square


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[tuple[Store, Encoder]]:
    store, encoder = filled_catalog(tmp_path)
    yield store, encoder
    store.close()


def upload(encoder: Encoder, colour: str, source: str = "") -> tuple[Upload, np.ndarray]:
    stream = io.BytesIO()
    Image.fromarray(square(colour)).save(stream, "PNG")
    read = read_upload(ShotReader(encoder), stream.getvalue(), Product("p", category="dress"), colour, source)
    return read, encoder.encode([read.prepared], side="shop")


def test_a_new_product_and_its_pictures(shop: tuple[Store, Encoder]) -> None:
    store, encoder = shop
    read, vectors = upload(encoder, "red")
    product, new = write_upload(store, Product("new", title="Red"), [read], vectors, encoder.fingerprint)
    assert new
    assert product.shots[0].source == f"upload:{product.shots[0].sha256}"
    assert store.get(["new"]) == [product]
    assert store.vectors("new") == pytest.approx(vectors)
    assert store.thumbnail("new", 0) == read.thumbnail
    named, vectors = upload(encoder, "blue", "blue.png")
    replaced, new = write_upload(store, Product("new", title="Blue"), [named], vectors, encoder.fingerprint)
    assert (new, [shot.source for shot in replaced.shots]) == (False, ["blue.png"])


def test_without_pictures_the_stored_ones_stay(shop: tuple[Store, Encoder]) -> None:
    store, encoder = shop
    before = store.entries(["red-plain"])["red-plain"]
    none = encoder.encode([])
    product, new = write_upload(store, Product("red-plain", title="Cheaper", price=1.0), [], none, encoder.fingerprint)
    assert (new, product.price, product.shots) == (False, 1.0, before.product.shots)
    assert store.vectors("red-plain") == pytest.approx(before.vectors)
    with pytest.raises(RequestInvalid, match="needs a picture"):
        write_upload(store, Product("bare"), [], none, encoder.fingerprint)


def test_a_picture_that_is_none(shop: tuple[Store, Encoder]) -> None:
    with pytest.raises(PhotoError, match=r"pictures\[0\]"):
        read_upload(ShotReader(shop[1]), b"no picture", Product("p"), "pictures[0]")
