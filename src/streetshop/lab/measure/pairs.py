"""Measure encoders on real pictures of the same product, among packshots of the Clothing dataset."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import DatasetError, StreetshopError
from streetshop.core.files import output_file
from streetshop.core.photo import Photo
from streetshop.core.records import Garment
from streetshop.indexing.embed import default_scaling
from streetshop.indexing.kinds import product_garment
from streetshop.lab.core.progress import Progress, say
from streetshop.lab.data.garments import clothing_samples
from streetshop.lab.data.packshots import make_packshots, with_ground
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.sets import clothing as clothing_set
from streetshop.lab.data.splits import Split
from streetshop.lab.evaluate.encoder import Embedded, label_precision
from streetshop.lab.evaluate.encoder_report import DEPTH, LABELS, Numbers, block_settings, columns_of, headline
from streetshop.lab.evaluate.pairs import Ranks, left_out_ranks, street_ranks
from streetshop.lab.evaluate.report import Dataset, Report, Section, fingerprint_files, section_of
from streetshop.lab.measure.public import measured_on, report_of
from streetshop.lab.train.public import PublicSets
from streetshop.looks import PHOTO_SIDE, Reader, WholePhotoReader, garment_picture, load_reader, read_look
from streetshop.models import Encoder, load_encoder

Vectors = NDArray[np.float32]
Choose = Callable[[Photo], tuple[Photo, Sequence[Garment]]]
_SHARD: Final = 128
_COLUMNS: Final = {"image", "product", "domain"}
PAIRS: Final = (
    "Queries: street pictures; each garment that the reader finds is searched, the best rank counts. Gallery: the shop "
    "pictures and {others} packshots of the Clothing dataset, cut out by the reader, none filtered by kind. The shop "
    "pictures get white ground around them first, so that they are framed as the packshots are; the last row counts "
    "what tells them apart all the same. 95 % bootstrap intervals over products."
)
LEFT_OUT: Final = (
    "Each picture is searched among the others and {others} packshots of the Clothing dataset, all cut out by the "
    "reader. 95 % bootstrap intervals over products."
)
LABELLED: Final = (
    "Precision among the ten nearest garments of other senders, all senders in the gallery. `photos`: as they are, "
    "through the reader; `packshots`: made of them, whole; `cut-outs`: packshots through the reader. 95 % bootstrap "
    "intervals over senders."
)


@dataclass(frozen=True)
class Collection:
    """Pictures of the same products.

    Attributes:
        name: of its folder.
        images: files.
        products: what each shows.
        domains: ``street`` or ``shop`` each; empty where the table does not say.
    """

    name: str
    images: tuple[Path, ...]
    products: tuple[str, ...]
    domains: tuple[str, ...]

    def of(self, domain: str) -> list[int]:
        """Places of the pictures of a domain."""
        return [at for at, found in enumerate(self.domains) if found == domain]


def read_collection(folder: Path) -> Collection:
    """Pictures named by the one CSV table in a folder: columns ``image``, ``product`` and, for pairs, ``domain``.

    Raises:
        DatasetError: there is not one table, a column is missing or unknown, a picture is missing, a domain is neither
            ``street`` nor ``shop``, or nothing can be searched: a street picture without a shop picture of its
            product, or without domains a product with a single picture.
    """
    tables = sorted(folder.glob("*.csv"))
    if len(tables) != 1:
        raise DatasetError(
            f"holds {len(tables)} CSV tables, not one", where=str(folder), hint="Name the pictures in one table"
        )
    (table,) = tables
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = set(rows[0]) if rows else set()
    if not {"image", "product"} <= columns or columns - _COLUMNS:
        raise DatasetError(
            f"has the columns {', '.join(sorted(map(str, columns))) or 'of no row'}",
            where=str(table),
            hint="Use image, product and, for pairs, domain",
        )
    for number, row in enumerate(rows, start=2):
        wrong = None
        if not row["product"]:
            wrong = "names no product"
        elif not row["image"] or not (folder / row["image"]).is_file():
            wrong = f"names the picture {row['image']!r}, which is missing"
        elif "domain" in columns and row["domain"] not in ("street", "shop"):
            wrong = f"has the domain {row['domain']!r}; use street or shop"
        if wrong:
            raise DatasetError(f"line {number} {wrong}", where=str(table))
    found = Collection(
        folder.resolve().name,
        tuple(folder / row["image"] for row in rows),
        tuple(row["product"] for row in rows),
        tuple(row["domain"] for row in rows) if "domain" in columns else (),
    )
    _check_matches(found, table)
    return found


def _check_matches(found: Collection, table: Path) -> None:
    if found.domains:
        sold = {found.products[at] for at in found.of("shop")}
        asked = [found.products[at] for at in found.of("street")]
        lonely = [product for product in asked if product not in sold]
        if lonely or not asked:
            what = f"product {lonely[0]!r} has no shop picture" if lonely else "no picture has the domain street"
            raise DatasetError(what, where=str(table))
        return
    lonely = [product for product in found.products if found.products.count(product) < 2]
    if lonely:
        raise DatasetError(
            f"product {lonely[0]!r} has a single picture", where=str(table), hint="Give two, or a column domain"
        )


class Cut:
    """Cuts garments out of photos as search and indexing do, and encodes them by several encoders."""

    def __init__(self, encoders: Sequence[Encoder], reader: Reader, threads: int) -> None:
        self.encoders, self.reader, self.threads = encoders, reader, threads

    def worn(self, photo: Photo) -> tuple[Photo, Sequence[Garment]]:
        """All garments of a street photo."""
        return photo, read_look(photo, self.reader).garments

    def sold(self, photo: Photo) -> tuple[Photo, Sequence[Garment]]:
        """The garment that a shop picture shows."""
        return photo, [product_garment(read_look(photo, self.reader), "")]

    def framed(self, photo: Photo) -> tuple[Photo, Sequence[Garment]]:
        """As :meth:`sold`, with ground around the picture."""
        return self.sold(with_ground(photo))

    def encode(self, pictures: Sequence[Path], choose: Choose) -> list[list[Vectors]]:
        """For each encoder and picture, the vectors of the garments; none where the picture cannot be read."""

        def one(path: Path) -> tuple[Photo, Sequence[Garment]] | None:
            try:
                return choose(Photo.from_path(path, at_least=PHOTO_SIDE))
            except StreetshopError as error:
                say(str(error))
                return None

        with ThreadPoolExecutor(self.threads) as pool:
            chosen = list(pool.map(one, pictures))
        return [[self._encode(encoder, found) for found in chosen] for encoder in self.encoders]

    @staticmethod
    def _encode(encoder: Encoder, found: tuple[Photo, Sequence[Garment]] | None) -> Vectors:
        if found is None:
            return encoder.encode([])
        photo, garments = found
        return encoder.encode([encoder.prepare(garment_picture(photo, g, encoder.spec)) for g in garments])


def sold_vectors(
    pictures: Mapping[Path, Sample], cut: Cut, folder: Path, what: str
) -> list[tuple[list[Sample], Vectors]]:
    """Vectors of shop pictures by each encoder, and what they show; a later call resumes from ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = list(pictures)
    parts: list[list[Vectors]] = [[] for _ in cut.encoders]
    with Progress(what, len(paths)) as progress:
        for start in range(0, len(paths), _SHARD):
            shard = paths[start : start + _SHARD]
            files = [folder / f"{_digest(shard, encoder, cut.reader)}.npz" for encoder in cut.encoders]
            missing = [at for at, file in enumerate(files) if not file.is_file()]
            if missing:
                part = Cut([cut.encoders[at] for at in missing], cut.reader, cut.threads)
                for at, vectors in zip(missing, part.encode(shard, part.sold), strict=True):
                    _store(files[at], vectors, cut.encoders[at].dim)
            for at, file in enumerate(files):
                with np.load(file) as stored:
                    parts[at].append(stored["vectors"])
            progress.advance(len(shard))
    results = []
    for rows in parts:
        joined = np.concatenate(rows)
        there = np.flatnonzero(np.isfinite(joined).all(axis=1))
        results.append(([pictures[paths[at]] for at in there], joined[there]))
    return results


def _store(file: Path, vectors: Sequence[Vectors], dim: int) -> None:
    rows = [found[0] if len(found) else np.full(dim, np.nan, np.float32) for found in vectors]
    with output_file(file) as partial, partial.open("wb") as stream:
        np.savez(stream, vectors=np.stack(rows))


def _digest(shard: Sequence[Path], encoder: Encoder, reader: Reader) -> str:
    parts = [encoder.fingerprint, str(reader.name), *(f"{path.name} {path.stat().st_size}" for path in shard)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


def measure_pairs(
    bundles: Sequence[Path],
    collections: Sequence[Path],
    data: Path,
    *,
    cache: Path,
    split: Split = "val",
    reader: Path | None = None,
    threads: int = 2,
) -> Report:
    """Measure encoders on collections of real pictures, and on labels of the Clothing dataset's senders.

    Args:
        bundles: of encoders; the report is the first one's.
        collections: folders, see :func:`read_collection`.
        data: the folder that holds the Clothing dataset as ``clothing``.
        cache: folder of the teacher's cut-outs, packshots and vectors, all made where they are missing.
        split: of the senders whose garments ask for labels.
        reader: bundle that cuts garments out; None for the packaged one.
        threads: of the processor.

    Raises:
        DatasetError: a collection or the data set cannot be used.
        RunError: cut-outs cannot be made.
    """
    read = [read_collection(folder) for folder in collections]
    sets = PublicSets(data, cache)
    sets.check_clothing()
    sets.label(keypoints=False, clothing=True)
    encoders = [load_encoder(folder, threads=threads) for folder in bundles]
    looker = load_reader(reader, threads=1)
    cut, whole = Cut(encoders, looker, threads), Cut(encoders, WholePhotoReader(), threads)
    items = clothing_samples(sets.clothing, sets.cutouts)
    packshots = make_packshots(items, cache / "packshots", threads=threads)
    photos = {item.root / item.image: item for item in items}
    vectors = cache / "vectors"
    sold = sold_vectors(packshots, cut, vectors, "cut-outs of packshots")
    catalogs = {
        "photos": sold_vectors(photos, cut, vectors, "photos"),
        "packshots": sold_vectors(packshots, whole, vectors, "packshots"),
        "cut-outs": sold,
    }
    sections: list[Section] = []
    for collection in read:
        numbers = [
            _collection_numbers(collection, Cut([encoder], looker, threads), others)
            for encoder, (_, others) in zip(encoders, sold, strict=True)
        ]
        about = (PAIRS if collection.domains else LEFT_OUT).format(others=len(sold[0][1]))
        sections += _tables(f"Pictures of {collection.name}", encoders, numbers, about)
    labels = [
        _label_numbers(encoder, {name: each[at] for name, each in catalogs.items()}, split)
        for at, encoder in enumerate(encoders)
    ]
    sections += _tables(f"Labels, {split} senders", encoders, labels, LABELLED)
    used = [
        Dataset(
            name=collection.name,
            use=f"measured on {len(collection.images)} pictures of {len(set(collection.products))} products",
            fingerprint=fingerprint_files(collection.images),
        )
        for collection in read
    ]
    used.append(
        Dataset(
            name="Clothing dataset",
            use=f"gallery, and labels of {split} senders: {len(photos)} photos",
            licence=clothing_set.LICENCE,
            fingerprint=fingerprint_files(photos),
        )
    )
    return measured_on(report_of(bundles[0]), used, "On real pictures of the same products.", sections)


def _collection_numbers(collection: Collection, cut: Cut, others: Vectors) -> Numbers:
    """Of one encoder: by default weights, and with each of its blocks alone or tripled."""
    (encoder,) = cut.encoders
    if collection.domains:
        street, shop = collection.of("street"), collection.of("shop")
        (asked,) = cut.encode([collection.images[at] for at in street], cut.worn)
        (shown,) = cut.encode([collection.images[at] for at in shop], cut.framed)
    else:
        (shown,) = cut.encode(collection.images, cut.sold)
        street = shop = list(range(len(collection.images)))
        asked = shown
    products = collection.products

    def ranks(weights: Mapping[str, float] | None) -> Ranks:
        scale = default_scaling(encoder.blocks, weights)
        gallery = np.concatenate(shown) * scale
        if not collection.domains:
            return left_out_ranks(gallery, products, others * scale)
        return street_ranks(
            [found * scale for found in asked],
            [products[at] for at in street],
            gallery,
            [products[at] for at in shop],
            others * scale,
        )

    numbers: Numbers = {}
    for title, weights in {"": None, **block_settings(encoder)}.items():
        for name, value in ranks(weights).numbers().items():
            numbers[f"{name}, {title}" if title else name] = value
    return numbers


def _label_numbers(encoder: Encoder, catalogs: Mapping[str, tuple[list[Sample], Vectors]], split: str) -> Numbers:
    """Of one encoder: by default weights, and with each of its blocks alone or tripled."""
    numbers: Numbers = {}
    for catalog, (items, vectors) in catalogs.items():
        embedded = Embedded(items, vectors, encoder)
        asking = embedded.column("split") == split
        for title, weights in {"": None, **block_settings(encoder)}.items():
            for label in LABELS:
                name = f"{label} P@{DEPTH}, {catalog}"
                estimate = label_precision(embedded, label, weights, k=DEPTH, asking=asking)
                numbers[f"{name}, {title}" if title else name] = estimate
    return numbers


def _tables(title: str, encoders: Sequence[Encoder], numbers: Sequence[Numbers], about: str) -> list[Section]:
    """By default weights, and by other weights."""
    columns = columns_of(encoders, numbers)
    shown = headline(numbers[0])
    every = dict.fromkeys(name for one in numbers for name in one)
    other = [name for name in every if name not in shown]
    return [
        section_of(title, columns, shown, about=about),
        section_of(f"{title}: other weights", columns, other, about="By one block alone or tripled.", detail=True),
    ]
