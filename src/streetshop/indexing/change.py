"""Change stored products by what they are: read, edit and write in one commit, without embedding anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

from streetshop.catalog.store import Entry, Store, check_entries
from streetshop.core.errors import ProductMissing, StreetshopError
from streetshop.core.records import Product
from streetshop.indexing.attributes import described

Edit: TypeAlias = Callable[[Entry | None], Entry | None]
"""Called with the stored entry of a product, None if there is none; returns what is to be stored, None for nothing.

It is called while the store is locked, so it should be quick. A :class:`StreetshopError` leaves the product as it is.
"""

Outcome: TypeAlias = Entry | StreetshopError | None
"""What is stored of a product after an edit, or the error that prevented it."""


def change_products(store: Store, edits: Mapping[str, Edit]) -> dict[str, Outcome]:
    """Edit several products in one commit; the error of one does not keep the others from being written.

    Args:
        store: open for writing.
        edits: by the id of the product.

    Raises:
        CatalogError: nothing was written.
    """
    outcomes: dict[str, Outcome] = {}

    def change(product_id: str, before: Entry | None) -> Entry | None:
        try:
            after = edits[product_id](before)
            if after is not None and after is not before:
                check_entries([after], store.meta.blocks)
            outcomes[product_id] = after
            return after
        except StreetshopError as error:
            outcomes[product_id] = error
            return before

    store.change(edits, change)
    return outcomes


def product_edit(
    store: Store, product_id: str, edit: Callable[[Product], Product], check: Callable[[Product | None], None]
) -> Edit:
    """An edit of the fields of a product that exists; its pictures and vectors stay.

    What the models see in its pictures is judged again, since it depends on the kind and on what the feed says.

    Args:
        store: holds the product.
        product_id: names it in errors.
        edit: returns the changed product.
        check: called with the product as it is stored, None if there is none; what it raises prevents the change.
    """

    def change(before: Entry | None) -> Entry:
        check(before.product if before else None)
        if before is None:
            raise ProductMissing(f"there is no product {product_id!r}", hint="Check the id")
        product = replace(edit(before.product), shots=before.product.shots)
        return replace(before, product=described(product, before.vectors, store.meta.fingerprint))

    return change


def deletion(product_id: str, check: Callable[[Product | None], None]) -> Edit:
    """An edit that removes a product; arguments as for :func:`product_edit`."""

    def change(before: Entry | None) -> None:
        check(before.product if before else None)
        if before is None:
            raise ProductMissing(f"there is no product {product_id!r}", hint="Check the id")

    return change
