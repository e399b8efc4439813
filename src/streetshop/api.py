"""The Python API: what ``import streetshop`` offers.

Examples:
    >>> import streetshop
    >>> catalog = streetshop.open("shop.catalog")  # doctest: +SKIP
    >>> answer = catalog.search("photo.jpg", k=12, where="price < 50", weights={"colour": 3})  # doctest: +SKIP
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeAlias, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streetshop.catalog.open import open_catalog
from streetshop.catalog.store import Store
from streetshop.core.errors import PhotoError, PhotoFormatUnsupported, ProductMissing, RequestInvalid, UsageError
from streetshop.core.geometry import Box
from streetshop.core.photo import Photo, read_picture_bytes
from streetshop.core.records import Product, Vector
from streetshop.feeds.kinds import named
from streetshop.feeds.mapping import read_mapping
from streetshop.feeds.read import read_feed
from streetshop.indexing.embed import default_scaling
from streetshop.indexing.fetch import Fetcher
from streetshop.indexing.index import IndexOptions, IndexReport, index_feed
from streetshop.indexing.ingest import IngestProgress
from streetshop.indexing.shots import ShotReader
from streetshop.indexing.upload import read_upload, write_upload
from streetshop.looks import NO_READER, PHOTO_SIDE, Reader, load_reader, read_look
from streetshop.models import Encoder, load_encoder
from streetshop.present.json import catalog_json
from streetshop.present.pages import PageLook
from streetshop.present.results import Matches, PhotoAnswer, PhotoLook
from streetshop.search import Searcher, SearchRequest
from streetshop.search.match import find, nearest
from streetshop.search.pages import (
    PAGE_FIXED,
    ReadPicture,
    check_pictures,
    match_page,
    prepare_page,
    read_picture,
    unread_picture,
)
from streetshop.search.request import check_flag, check_vector, check_whole
from streetshop.search.stored_looks import stored_look
from streetshop.search.together import check_photos
from streetshop.search.weights import Weights

Picture: TypeAlias = str | Path | bytes | Image.Image | NDArray[np.uint8] | Photo
"""A path, the bytes of a file, a Pillow image, an (h, w, 3) uint8 RGB array, or a decoded photo."""

_CHUNK: Final = 8


def open(
    catalog: str | Path,
    *,
    encoder: str | Path | None = None,
    reader: str | Path | None = None,
    threads: int | None = None,
) -> Catalog:
    """Open a catalog with the models that read photos for it.

    Args:
        catalog: its folder.
        encoder: folder of an encoder bundle; by default the packaged one.
        reader: folder of a reader bundle, or "none" to take every photo as one garment; by default the packaged one.
        threads: of the models; by default one per core.

    Raises:
        CatalogMissing: there is no catalog; :func:`index` makes one.
        CatalogEncoderMismatch: its vectors are of another encoder.
    """
    store = open_catalog(os.fspath(catalog))
    try:
        return Catalog(Searcher(store, _encoder(encoder, threads), _reader(reader, threads)))
    except BaseException:
        store.close()
        raise


def look(picture: Picture, *, reader: str | Path | None = None) -> PhotoLook:
    """Read a photo: its garments, persons and keypoints.

    Raises:
        PhotoError: the photo cannot be used.
    """
    photo, name = _photo(picture)
    return PhotoLook(read_look(photo, _reader(reader, None)), photo, name)


def index(
    feed: str | Path,
    catalog: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    image_template: str | None = None,
    kinds: str | Path | None = None,
    fetch: bool = False,
    delete_missing: bool = False,
    rebuild: bool = False,
    encoder: str | Path | None = None,
    reader: str | Path | None = None,
    threads: int | None = None,
    progress: Callable[[IngestProgress], None] | None = None,
) -> IndexReport:
    """Put a shop's products into a catalog, which is made if there is none.

    What the catalog holds already is not embedded again. Rows that cannot be used are listed in the report's
    ``refused_file``.

    Args:
        feed: folder of pictures, or a CSV, TSV, JSON lines, JSON or Parquet file.
        catalog: folder of the catalog.
        columns: which column of the feed holds a field, as in ``{"category": "label"}``.
        image_template: a picture's path, with {} for the image column, as in "images/{}.jpg".
        kinds: file of the shop's own kinds, see :func:`streetshop.feeds.mapping.read_mapping`.
        fetch: fetch pictures from http and https addresses.
        delete_missing: afterwards remove products that the feed does not have.
        rebuild: embed all pictures again, then swap: for a catalog of another encoder.
        encoder: folder of an encoder bundle; by default the packaged one.
        reader: folder of a reader bundle, or "none"; by default the packaged one.
        threads: that compute at once; by default one per core.
        progress: called now and then with how far it has come.

    Raises:
        FeedError: the feed cannot be read.
        CatalogError: the catalog cannot be written to, or is of another encoder.
    """
    mapping = read_mapping(kinds) if kinds is not None else None
    source = read_feed(Path(feed), columns=dict(columns or {}), image_template=image_template, kinds=mapping)
    options = IndexOptions(
        fetcher=Fetcher() if fetch else None, delete_missing=delete_missing, rebuild=rebuild, threads=threads
    )
    # One thread a model: several pictures are worked on at a time.
    models = _encoder(encoder, 1), _reader(reader, 1)
    return index_feed(source, os.fspath(catalog), *models, options, progress=progress or (lambda _: None))


def embed(
    pictures: Picture | Iterable[Picture],
    *,
    weights: Weights | None = None,
    raw: bool = False,
    encoder: str | Path | None = None,
    reader: str | Path | None = None,
) -> NDArray[np.float32]:
    """Vectors of pictures, for uses outside a catalog: of each picture the main garment.

    Args:
        pictures: one picture or several.
        weights: a preset, or those of some blocks; the others keep their defaults.
        raw: leave every block at unit length instead of weighting it.
        encoder: folder of an encoder bundle; by default the packaged one.
        reader: folder of a reader bundle, or "none"; by default the packaged one.

    Returns:
        (number of pictures, dim) float32. The dot product of two weighted vectors is the similarity of a search.

    Raises:
        PhotoError: a picture cannot be used.
        WeightsError: a weight makes no sense.
        UsageError: weights are given with ``raw``.
    """
    if raw and weights:
        raise UsageError("raw leaves no room for weights", hint="Give one of the two")
    model = _encoder(encoder, None)
    shots = ShotReader(model, _reader(reader, None))
    scaling = np.float32(1) if raw else default_scaling(model.blocks, weights)
    waiting, vectors = [], [np.empty((0, model.dim), np.float32)]
    for number, picture in enumerate(_several(pictures)):
        photo, _ = _photo(picture, f"pictures[{number}]")
        waiting.append(shots.cut(photo, ""))
        if len(waiting) == _CHUNK:
            vectors.append(model.encode(waiting))
            waiting = []
    return np.concatenate([*vectors, model.encode(waiting)]) * scaling


class FeedOptions(TypedDict, total=False):
    """Options of :meth:`Catalog.index`; see :func:`index`."""

    columns: Mapping[str, str]
    image_template: str
    kinds: str | Path
    fetch: bool
    delete_missing: bool
    rebuild: bool
    threads: int
    progress: Callable[[IngestProgress], None]


class SearchOptions(TypedDict, total=False):
    """Options of every search.

    Attributes:
        k: products per garment, 12 by default.
        where: a filter, such as "category = dress and price < 50".
        weights: how much blocks count: a preset, such as "same colour", or numbers, such as {"colour": 3}; the other
            blocks keep their defaults.
        kinds: "auto" (the garment's own, the default), "any", or names such as ["dress", "skirt"]. Products of unknown
            kind are searched too.
        variants: every product is a result, not every design.
        offset: number of results to skip, for the next page.
        text: words, such as "linen"; products that have all of them come first.
        diverse: how much the results are to differ from each other, 0 (the default) to 1.
        explain: every match says what its similarity rests on, see :class:`streetshop.core.records.Explanation`.
        min_score: least score of a result, 0 to 1.
    """

    k: int
    where: str | None
    weights: Weights | None
    kinds: str | Sequence[str] | None
    variants: bool
    offset: int
    text: str | None
    diverse: float
    explain: bool
    min_score: float


class Catalog:
    """An open catalog; made by :func:`open`. Use it as a context manager, or call :meth:`close`.

    ``len(catalog)`` counts its products, ``catalog[id]`` gets one, iterating gives the ids.
    """

    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher
        self._store: Store = searcher.store

    @property
    def url(self) -> str:
        """Where it is."""
        return self._store.url

    def search(
        self,
        picture: Picture | Iterable[Picture],
        *,
        one_garment: bool = False,
        garment: int | None = None,
        boxes: Iterable[Box | Sequence[float]] = (),
        without: str | None = None,
        **options: Unpack[SearchOptions],
    ) -> PhotoAnswer:
        """Search with a photo: the nearest products of every garment in it.

        Args:
            picture: the photo; with ``one_garment`` 2 to 8 photos.
            one_garment: all photos show one garment, which is searched for once, by the mean of its vectors. The answer
                has one element; its ``views`` say what was taken from each photo.
            garment: search for this garment only, counted from 0; of several photos that of the first.
            boxes: search for what is in these boxes instead: (x0, y0, x1, y1) in pixels of the upright photo.
            without: id of a product to leave out.
            options: how many products, which, and how they are ranked, see :class:`SearchOptions`.

        Raises:
            PhotoError: the photo cannot be used.
            FilterError: the filter cannot be parsed or names an unknown field.
            WeightsError: a weight makes no sense.
            RequestInvalid: another value is out of range; or of several photos one has no garment, or they show
                different ones.
        """
        if isinstance(boxes, Box | str) or not isinstance(boxes, Iterable):
            raise RequestInvalid(f"boxes are {boxes!r:.80}", where="boxes", hint="Give a list of boxes")
        corners = [box if isinstance(box, Box) else Box.from_sequence(box) for box in boxes]
        asked = self._request(options, garment=garment, boxes=corners, without=without)
        if not check_flag("one_garment", one_garment):
            photo, name = _photo(_one(picture))
            return PhotoAnswer(self._searcher.search(photo, asked), photo, name, self._store.thumbnail)
        given = [*_several(picture)]
        check_photos(len(given), boxed=bool(asked.boxes))
        photos, names = zip(*(_photo(each, f"photo {n}") for n, each in enumerate(given, 1)), strict=True)
        answer = self._searcher.search_together(photos, asked, names)
        return PhotoAnswer(answer, photos[0], ", ".join(names), self._store.thumbnail)

    def heatmap(
        self,
        picture: Picture,
        product_id: str,
        *,
        shot: int = 0,
        garment: int | None = None,
        box: Box | Sequence[float] | None = None,
        weights: Weights | None = None,
    ) -> bytes:
        """A PNG of a garment, redder where covering it lowers the similarity to a product more.

        Fifty pictures are encoded, so it takes as long as a search for fifty garments.

        Args:
            picture: the photo that was searched with.
            product_id: of a match.
            shot: of the match.
            garment: of the photo, counted from 0; by default the first.
            box: in place of a garment: (x0, y0, x1, y1) in pixels of the upright photo.
            weights: of the search.

        Raises:
            PhotoError: the photo cannot be used.
            ProductMissing: there is no such product.
            RequestInvalid: the product has no such shot, or the photo no such garment.
        """
        corners = [] if box is None else [box if isinstance(box, Box) else Box.from_sequence(box)]
        asked = self._request({"weights": weights}, garment=garment, boxes=corners)
        covered = self._searcher.cover(_photo(picture)[0], asked)
        vectors = self._searcher.encoder.encode(covered.prepared)
        return self._searcher.heatmap(covered, vectors, product_id, asked, shot)

    def page(
        self, pictures: Picture | Iterable[Picture], *, product: str | None = None, **options: Unpack[SearchOptions]
    ) -> PageLook:
        """The look of a product page: its best full shot from the front, and products like each garment in it.

        Pictures that cannot be used are listed in ``refused``, each with its reason.

        Args:
            pictures: of one product page, at most 16.
            product: id of the product that the page sells. It is left out of all matches, with its variants, and the
                garment that it is counts as primary. Without it the product is recognised by its pictures, if the
                catalog has it.
            options: of the search for every garment; of :class:`SearchOptions` all but ``kinds``, ``variants``,
                ``offset``, ``text`` and ``explain``.

        Raises:
            PhotoError: no picture can be read.
            RequestInvalid: there are no pictures or more than 16, or an option is out of range.
        """
        for name in PAGE_FIXED:
            if name in options:
                raise UsageError(f"a page has no option {name}", hint="Leave it out")
        asked = self._request(options)
        given = list(_several(pictures))
        check_pictures(len(given))
        read: list[ReadPicture] = []
        refused: list[PhotoError] = []
        for number, picture in enumerate(given):
            name = str(picture) if isinstance(picture, str | Path) else f"pictures[{number}]"
            try:
                read.append(read_picture(self._searcher, _photo(picture, name)[0], name))
            except PhotoError as error:
                refused.append(error)
                read.append(unread_picture(name, error.what))
        if len(refused) == len(given):
            raise refused[0]
        prepared = prepare_page(self._store, read, product)
        vectors = self._searcher.encoder.encode(prepared.prepared, side="shop")
        return PageLook(match_page(self._searcher, prepared, vectors, asked))

    def look(self, product_id: str) -> PageLook:
        """The look of a product's page that `streetshop page --feed` made.

        Raises:
            ProductMissing: there is no such product.
            LookMissing: no look was made of it, or its pictures changed since.
        """
        return PageLook(stored_look(self._store, product_id))

    def search_vector(self, vector: Vector, **options: Unpack[SearchOptions]) -> Matches:
        """The products nearest to a vector of this catalog's encoder, as :func:`embed` gives it with ``raw=True``.

        Products of all kinds, unless ``kinds`` says which.
        """
        asked = self._request(options)
        vector = check_vector(vector, self._searcher.encoder.blocks, "Give a vector of this catalog's encoder")
        return Matches(nearest(self._store, vector, asked), asked.weights, self._store.thumbnail)

    def similar(self, product_id: str, *, shot: int = 0, **options: Unpack[SearchOptions]) -> Matches:
        """The products nearest to a shot of a product, of its kind, without those of its design.

        Raises:
            ProductMissing: there is no such product.
            RequestInvalid: it has no such shot, or an option is out of range.
        """
        asked = self._request(options)
        return Matches(self._searcher.similar(product_id, asked, shot), asked.weights, self._store.thumbnail)

    def find(self, words: str, **options: Unpack[SearchOptions]) -> Matches:
        """The products that have the words of a text in title, category, brand, kind or attributes.

        Those with more of the words come first, then those of higher BM25. Products of all kinds, unless ``kinds`` says
        which.

        Raises:
            RequestInvalid: there are no words, more than 500 characters, or an option is out of range.
        """
        if options.get("text"):
            raise RequestInvalid("words are given twice", where="text", hint="Leave text out")
        options["text"] = words
        asked = self._request(options)
        return Matches(find(self._store, asked), asked.weights, self._store.thumbnail)

    def get(self, product_id: str) -> Product | None:
        """A product, None if there is none with that id."""
        return self._store.get([product_id])[0]

    def thumbnail(self, product_id: str, shot: int = 0) -> bytes | None:
        """The JPEG kept of a product's picture, None if none was kept. Raises ProductMissing."""
        return self._store.thumbnail(product_id, check_whole("shot", shot))

    def upsert(self, product: Product | Mapping[str, Any], pictures: Picture | Iterable[Picture] = ()) -> Product:
        """Add a product, or replace the one with its id; it is searchable at once.

        Args:
            product: a record, or its fields: ``{"id": "4711", "title": "Linen shirt", "price": 59.9}``.
            pictures: the first is the main one. Without any, the stored ones stay.

        Returns:
            The product as it is stored.

        Raises:
            PhotoError: a picture cannot be used.
            RecordError: a field makes no sense.
            RequestInvalid: a new product has no picture.
            CatalogLocked: another process is writing.
        """
        described = product if isinstance(product, Product) else _product(product)
        encoder = self._searcher.encoder
        reader = ShotReader(encoder, self._searcher.reader)
        uploads = [
            read_upload(reader, data, described, source or f"pictures[{number}]", source)
            for number, (data, source) in enumerate(map(_file, _several(pictures)))
        ]
        vectors = encoder.encode([upload.prepared for upload in uploads], side="shop")
        return write_upload(self._store, described, uploads, vectors, encoder.fingerprint)[0]

    def delete(self, *product_ids: str) -> int:
        """Remove products; returns how many were there.

        Raises:
            UsageError: an id is no text.
            CatalogLocked: another process is writing.
        """
        for product_id in product_ids:
            if not isinstance(product_id, str):
                raise UsageError(f"{product_id!r:.80} is no product id", hint="Give ids, or a list as delete(*ids)")
        return self._store.delete(product_ids)

    def index(self, feed: str | Path, **options: Unpack[FeedOptions]) -> IndexReport:
        """Put a feed's products into this catalog, with its own encoder and reader; options as in :func:`index`."""
        searcher = self._searcher
        reader = getattr(searcher.reader, "folder", NO_READER)
        return index(feed, self.url, encoder=searcher.encoder.folder, reader=reader, **options)

    def info(self) -> dict[str, Any]:
        """Figures, encoder, reader, blocks, and the fields that a filter may name: `streetshop catalog info --json`."""
        return catalog_json(self._store)

    def close(self) -> None:
        """Release locks. Reading stays possible: an answer fetches its thumbnails when it is displayed."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return self._store.count()

    def __iter__(self) -> Iterator[str]:
        return iter(self._store.ids())

    def __contains__(self, product_id: object) -> bool:
        return isinstance(product_id, str) and self.get(product_id) is not None

    def __getitem__(self, product_id: str) -> Product:
        product = self.get(product_id)
        if product is None:
            raise ProductMissing(f"there is no product {product_id!r}", where=self.url, hint="Check the id")
        return product

    def __repr__(self) -> str:
        return f"<Catalog {self.url}: {len(self)} products, encoder {self._store.meta.encoder}>"

    def _request(self, options: SearchOptions, **about: Any) -> SearchRequest:
        unknown = set(options) - set(SearchOptions.__annotations__)
        if unknown:
            raise UsageError(
                f"a search has no option {', '.join(sorted(unknown))}",
                hint=f"Its options are {', '.join(SearchOptions.__annotations__)}",
            )
        encoder = self._searcher.encoder
        calibration = encoder.spec.calibration
        return SearchRequest.check(self._store, encoder.blocks, **options, **about, calibration=calibration)


def _photo(picture: Picture, name: str = "photo") -> tuple[Photo, str]:
    """A picture decoded, and its name for captions: ``name`` if it is no file."""
    if isinstance(picture, Photo):
        return picture, name
    if isinstance(picture, bytes):
        return Photo.from_bytes(picture, at_least=PHOTO_SIDE, where=name), name
    if isinstance(picture, Image.Image):
        return Photo.from_image(picture), name
    if isinstance(picture, np.ndarray):
        return Photo.from_array(picture), name
    if isinstance(picture, str | Path):
        return Photo.from_path(Path(picture), at_least=PHOTO_SIDE), Path(picture).name
    raise _no_picture(picture, name)


def _one(picture: Picture | Iterable[Picture]) -> Picture:
    if isinstance(picture, list | tuple):
        raise RequestInvalid(
            f"{len(picture)} photos are given",
            where="picture",
            hint="Give one; or, if all show one garment, also one_garment=True",
        )
    return picture  # type: ignore[return-value]  # what else is no picture is refused by _photo


def _no_picture(value: object, name: str) -> PhotoFormatUnsupported:
    hint = "Give a path, bytes, a Pillow image or an RGB array"
    return PhotoFormatUnsupported(f"a {type(value).__name__} is no picture", where=name, hint=hint)


def _file(picture: Picture) -> tuple[bytes, str]:
    """A picture as the bytes of a file, and the path it came from."""
    if isinstance(picture, bytes):
        return picture, ""
    if isinstance(picture, str | Path):
        return read_picture_bytes(Path(picture)), str(picture)
    stream = io.BytesIO()
    _photo(picture)[0].image().save(stream, "PNG")
    return stream.getvalue(), ""


def _several(pictures: Picture | Iterable[Picture]) -> Iterable[Picture]:
    if isinstance(pictures, str | Path | bytes | Image.Image | np.ndarray | Photo):
        return [pictures]
    if not isinstance(pictures, Iterable) or isinstance(pictures, io.IOBase | bytearray | memoryview):
        raise _no_picture(pictures, "pictures")
    return pictures


def _product(content: Mapping[str, Any]) -> Product:
    if not isinstance(content, Mapping):
        raise UsageError(f"{content!r:.80} is no product", hint="Give a Product or a mapping of its fields")
    names = [field.name for field in fields(Product) if field.name != "shots"]
    unknown = set(content) - set(names)
    if unknown or "id" not in content:
        what = f"a product has no field {', '.join(sorted(map(str, unknown)))}" if unknown else "the product has no id"
        raise UsageError(what, hint=f"Its fields are {', '.join(names)}; further values go into attributes")
    return named(Product(**content))


@cache
def _encoder(folder: str | Path | None, threads: int | None) -> Encoder:
    return load_encoder(None if folder is None else Path(folder), threads=threads)


@cache
def _reader(folder: str | Path | None, threads: int | None) -> Reader:
    return load_reader(folder, threads=threads)
