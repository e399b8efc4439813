"""Write or delete one product of the catalog, through the decoder and the encoder of the searches."""

from __future__ import annotations

from collections.abc import Sequence

from streetshop.catalog.store import Entry
from streetshop.core.errors import ProductMissing
from streetshop.core.photo import Photo
from streetshop.core.records import Product
from streetshop.feeds.kinds import named
from streetshop.indexing.shots import ShotReader
from streetshop.indexing.upload import Upload, cut_upload, write_upload
from streetshop.search import Searcher
from streetshop.web.conditions import Condition
from streetshop.web.lanes import Patience
from streetshop.web.schemas import ProductIn
from streetshop.web.state import State


async def put_product(
    state: State,
    product_id: str,
    described: ProductIn,
    pictures: Sequence[bytes],
    condition: Condition,
    patience: Patience,
) -> tuple[Product, bool]:
    """Add or replace a product; returns it as stored, and whether it is new.

    Without pictures the stored ones stay, with their vectors.

    Raises:
        PreconditionFailed: the stored product is not as the request demands.
        RequestInvalid: the product is new and has no picture.
    """
    searcher = state.catalog.searcher()
    encoder = searcher.encoder
    reader = ShotReader(encoder, searcher.reader)
    product = _product(product_id, described)

    def cut(photo: Photo) -> Upload:
        return cut_upload(reader, photo, product)  # the file name is private to the sender

    uploads = [
        await state.queue.look(data, cut, patience, side=reader.side, where=f"pictures[{number}]")
        for number, data in enumerate(pictures)
    ]
    vectors = await state.queue.encode([upload.prepared for upload in uploads], patience, "shop")

    def write(searcher: Searcher) -> tuple[Product, bool]:
        return write_upload(searcher.store, product, uploads, vectors, encoder.fingerprint, condition.check)

    written = await state.queue.write(lambda: state.catalog.read(write), patience)
    state.catalog.forget_facts()
    return written


def _product(product_id: str, described: ProductIn) -> Product:
    attributes = {
        name: float(value) if isinstance(value, int) and not isinstance(value, bool) else value
        for name, value in described.attributes.items()
    }
    return named(Product(id=product_id, **described.model_dump(exclude={"id", "attributes"}), attributes=attributes))


async def delete_product(state: State, product_id: str, condition: Condition, patience: Patience) -> None:
    """Remove a product. Raises ProductMissing, and PreconditionFailed: it is not as the request demands."""
    store = state.catalog.store()

    def change(product_id: str, before: Entry | None) -> None:
        condition.check(before.product if before else None)
        if before is None:
            raise ProductMissing(f"there is no product {product_id!r}", hint="Check the id")

    await state.queue.write(lambda: store.change([product_id], change), patience)
    state.catalog.forget_facts()
