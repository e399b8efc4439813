"""Put one product into the catalog, through the same stages as a search."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from streetshop.catalog.store import Entry, Store
from streetshop.core.errors import PhotoTooLarge, RequestInvalid
from streetshop.core.records import Product, Shot
from streetshop.indexing.shots import PreparedShot, ShotReader
from streetshop.web.schemas import ProductIn
from streetshop.web.state import State


async def put_product(
    state: State, product_id: str, described: ProductIn, pictures: Sequence[bytes]
) -> tuple[Product, bool]:
    """Add or replace a product; answers it as stored, and whether it is new.

    Without pictures those that are stored stay, with their vectors. Raises RequestInvalid when there are none.
    """
    searcher = state.catalog.searcher()
    shots = ShotReader(searcher.encoder, searcher.reader)
    limit = state.settings.photo.max_bytes
    read = [
        await state.queue.decode(partial(_read, shots, data, described.category, f"pictures[{number}]", limit))
        for number, data in enumerate(pictures)
    ]
    vectors = await state.queue.encode([picture.prepared for _, picture in read], "shop") if read else None

    def write(store: Store) -> tuple[Product, bool]:
        before = store.entries([product_id]).get(product_id)
        if vectors is not None:
            product = _product(product_id, described, tuple(shot for shot, _ in read))
            entry = Entry(product, vectors, tuple(picture.thumbnail for _, picture in read))
        elif before is not None:
            entry = replace(before, product=_product(product_id, described, before.product.shots))
        else:
            raise RequestInvalid(
                "a new product needs a picture", where="pictures", hint="Send one or more files as pictures"
            )
        store.upsert([entry])
        return entry.product, before is None

    written = await state.queue.search(lambda: state.catalog.read(write))
    state.catalog.forget_facts()
    return written


def _read(shots: ShotReader, data: bytes, category: str, where: str, limit: int) -> tuple[Shot, PreparedShot]:
    if len(data) > limit:
        raise PhotoTooLarge(f"more than the limit of {limit / 2**20:.0f} MiB", where=where, hint="Send a smaller one")
    sha256 = hashlib.sha256(data).hexdigest()
    # The file's name is the sender's business; its content is what the shot is known by.
    return Shot(f"upload:{sha256}", sha256), shots.prepare(data, category, where)


def _product(product_id: str, described: ProductIn, shots: tuple[Shot, ...]) -> Product:
    attributes = {
        name: float(value) if isinstance(value, int) and not isinstance(value, bool) else value
        for name, value in described.attributes.items()
    }
    fields = described.model_dump(exclude={"id", "attributes"})
    return Product(id=product_id, **fields, attributes=attributes, shots=shots)
