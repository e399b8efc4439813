"""Write one product to the catalog, through the decoder and the encoder of the searches."""

from __future__ import annotations

from collections.abc import Sequence

from streetshop.core.photo import Photo
from streetshop.core.records import Product
from streetshop.feeds.kinds import named
from streetshop.indexing.shots import ShotReader
from streetshop.indexing.upload import Upload, cut_upload, write_upload
from streetshop.search import Searcher
from streetshop.web.lanes import Patience
from streetshop.web.schemas import ProductIn
from streetshop.web.state import State


async def put_product(
    state: State, product_id: str, described: ProductIn, pictures: Sequence[bytes], patience: Patience
) -> tuple[Product, bool]:
    """Add or replace a product; returns it as stored, and whether it is new.

    Without pictures the stored ones stay, with their vectors. Raises RequestInvalid if there are none.
    """
    searcher = state.catalog.searcher()
    reader = ShotReader(searcher.encoder, searcher.reader)
    product = _product(product_id, described)

    def cut(photo: Photo) -> Upload:
        return cut_upload(reader, photo, product)  # the file name is private to the sender

    uploads = [
        await state.queue.look(data, cut, patience, side=reader.side, where=f"pictures[{number}]")
        for number, data in enumerate(pictures)
    ]
    vectors = await state.queue.encode([upload.prepared for upload in uploads], patience, "shop")

    def write(searcher: Searcher) -> tuple[Product, bool]:
        return write_upload(searcher.store, product, uploads, vectors)

    written = await state.queue.write(lambda: state.catalog.read(write), patience)
    state.catalog.forget_facts()
    return written


def _product(product_id: str, described: ProductIn) -> Product:
    attributes = {
        name: float(value) if isinstance(value, int) and not isinstance(value, bool) else value
        for name, value in described.attributes.items()
    }
    return named(Product(id=product_id, **described.model_dump(exclude={"id", "attributes"}), attributes=attributes))
