"""One product with its pictures, outside a feed: read, encode, write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from streetshop.catalog.store import Entry, Store, check_encoder
from streetshop.core.errors import RequestInvalid
from streetshop.core.photo import Photo
from streetshop.core.records import Product, Shot
from streetshop.indexing.attributes import described
from streetshop.indexing.shots import ShotReader
from streetshop.models import Prepared


@dataclass(frozen=True, slots=True, eq=False)
class Upload:
    """A picture of a product, ready for the encoder; its shot has tags."""

    shot: Shot
    prepared: Prepared
    thumbnail: bytes


def read_upload(reader: ShotReader, data: bytes, product: Product, where: str, source: str = "") -> Upload:
    """Decode a picture and cut the product out, see ``cut_upload``.

    Args:
        reader: how.
        data: the bytes of the picture.
        product: its kind and category choose among several garments in the picture.
        where: names the picture in errors.
        source: what is remembered of where it came from; by default its hash alone.

    Raises:
        PhotoError: the picture cannot be used.
    """
    return cut_upload(reader, reader.decode(data, at_least=reader.side, where=where), product, source)


def cut_upload(reader: ShotReader, photo: Photo, product: Product, source: str = "") -> Upload:
    """Cut the product out of a decoded picture; see ``read_upload``."""
    read = reader.read(photo, product.category, product.kind)
    shot = Shot(source or f"upload:{photo.sha256}", photo.sha256, read.tags)
    return Upload(shot, read.prepared, read.thumbnail)


def write_upload(
    store: Store,
    product: Product,
    uploads: Sequence[Upload],
    vectors: NDArray[np.float32],
    fingerprint: str,
    check: Callable[[Product | None], None] = lambda before: None,
) -> tuple[Product, bool]:
    """Add or replace a product; without uploads its stored pictures stay, with their vectors.

    No write of another program comes between reading what is stored and writing.

    Args:
        store: open for writing.
        product: its shots are replaced.
        uploads: its pictures.
        vectors: (len(uploads), dim) of the pictures.
        fingerprint: of the encoder of the vectors.
        check: called with the product as it was before, None if there was none; what it raises prevents the write.

    Returns:
        The product as it is stored, and whether it is new.

    Raises:
        RequestInvalid: the product is new and has no picture.
        CatalogEncoderMismatch: a rebuild brought another encoder meanwhile.
        CatalogError: the catalog cannot be written to.
    """
    written: list[tuple[Product, bool]] = []

    def change(product_id: str, before: Entry | None) -> Entry:
        check(before.product if before else None)
        check_encoder(store.meta, fingerprint, store.url)
        entry = uploaded(product, uploads, vectors, before, fingerprint)
        written.append((entry.product, before is None))
        return entry

    store.change([product.id], change)
    return written[0]


def uploaded(
    product: Product,
    uploads: Sequence[Upload],
    vectors: NDArray[np.float32],
    before: Entry | None,
    fingerprint: str,
) -> Entry:
    """What is to be stored of a product instead of ``before``; otherwise as :func:`write_upload`."""
    entry = _entry(product, uploads, vectors, before)
    return replace(entry, product=described(entry.product, entry.vectors, fingerprint))


def _entry(product: Product, uploads: Sequence[Upload], vectors: NDArray[np.float32], before: Entry | None) -> Entry:
    if uploads:
        product = replace(product, shots=tuple(upload.shot for upload in uploads))
        return Entry(product, vectors, tuple(upload.thumbnail for upload in uploads))
    if before is None:
        raise RequestInvalid("a new product needs a picture", where="pictures", hint="Give one or more pictures")
    return replace(before, product=replace(product, shots=before.product.shots))
