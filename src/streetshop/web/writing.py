"""Write, change or delete one product of the catalog, through the decoder and the encoder of the searches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from streetshop.catalog.store import Entry, Store
from streetshop.core.errors import ProductMissing, RequestInvalid, StreetshopError
from streetshop.core.photo import Photo
from streetshop.core.records import AttributeValue, Product
from streetshop.feeds.kinds import named
from streetshop.indexing.change import Edit, change_products, deletion, product_edit
from streetshop.indexing.shots import ShotReader
from streetshop.indexing.upload import Upload, cut_upload, write_upload
from streetshop.search import Searcher
from streetshop.web.conditions import Condition
from streetshop.web.lanes import Patience
from streetshop.web.schemas import ProductIn, ProductPatch
from streetshop.web.settings import MAX_ATTRIBUTES
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
    product = product_of(product_id, described)

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


def product_of(product_id: str, described: ProductIn) -> Product:
    """The product that a request describes, with its kind by words."""
    fields = described.model_dump(exclude={"id", "attributes"})
    return named(Product(id=product_id, **fields, attributes=_attributes(described.attributes)))


def patched(product: Product, patch: ProductPatch) -> Product:
    """A product after a JSON merge patch (RFC 7396). Raises RequestInvalid: it would have too many attributes.

    Its kind is found by words again if its title, category or kind changes, unless it was given.
    """
    given = patch.model_fields_set - {"id"}
    changes = {name: getattr(patch, name) for name in given - {"attributes"}}
    empty = {name: "" for name, value in changes.items() if value is None and name not in ("price", "in_stock")}
    product = replace(product, **{**changes, **empty})
    if "attributes" in given:
        product = replace(product, attributes=_merged(product.attributes, patch.attributes))
    if "kind" in given or (given & {"title", "category"} and product.kind_source != "column"):
        kind = product.kind if "kind" in given else ""
        product = named(replace(product, kind=kind, kind_source="", kind_probability=0.0))
    return product


def _merged(
    before: Mapping[str, AttributeValue], patch: Mapping[str, AttributeValue | None] | None
) -> dict[str, AttributeValue]:
    if patch is None:
        return {}
    merged = {name: value for name, value in {**before, **patch}.items() if value is not None}
    if len(merged) > max(MAX_ATTRIBUTES, len(before)):
        raise RequestInvalid(
            f"the product would have {len(merged)} attributes",
            where="attributes",
            hint=f"At most {MAX_ATTRIBUTES}; null removes one",
        )
    return _attributes(merged)


def _attributes(values: Mapping[str, AttributeValue]) -> dict[str, AttributeValue]:
    return {
        name: float(value) if isinstance(value, int) and not isinstance(value, bool) else value
        for name, value in values.items()
    }


async def patch_product(
    state: State, product_id: str, patch: ProductPatch, condition: Condition, patience: Patience
) -> Product:
    """Change fields of a product; nothing is embedded.

    Raises:
        ProductMissing: there is no such product.
        PreconditionFailed: the stored product is not as the request demands.
    """

    def change(store: Store) -> Edit:
        return product_edit(store, product_id, lambda product: patched(product, patch), condition.check)

    entry = await _edit_product(state, product_id, change, patience)
    if entry is None:
        raise ProductMissing(f"there is no product {product_id!r}", hint="Check the id")
    return entry.product


async def delete_product(state: State, product_id: str, condition: Condition, patience: Patience) -> None:
    """Remove a product. Raises ProductMissing, and PreconditionFailed: it is not as the request demands."""
    await _edit_product(state, product_id, lambda store: deletion(product_id, condition.check), patience)


async def _edit_product(
    state: State, product_id: str, edit: Callable[[Store], Edit], patience: Patience
) -> Entry | None:
    store = state.catalog.store()
    outcomes = await state.queue.write(lambda: change_products(store, {product_id: edit(store)}), patience)
    state.catalog.forget_facts()
    outcome = outcomes[product_id]
    if isinstance(outcome, StreetshopError):
        raise outcome
    return outcome
