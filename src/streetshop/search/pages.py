"""The pictures of a product page in, similar products for every garment of its look out (method 3).

Three stages, as in a search: :func:`read_picture` for each picture; :func:`prepare_page` chooses the picture that is
shown and says which garments the encoder has to see; :func:`match_page` finds the page's own product and the products
for every garment.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from streetshop.catalog.filters import fold
from streetshop.catalog.store import Hit, Store
from streetshop.core.errors import RequestInvalid
from streetshop.core.geometry import Box
from streetshop.core.photo import Photo
from streetshop.core.records import Garment, Match, Product, Vector
from streetshop.looks import garment_picture, read_look
from streetshop.looks.pages import (
    Choice,
    PagePicture,
    are_related,
    choose_picture,
    garment_area,
    is_of_kind,
    wearable,
)
from streetshop.models import Encoder, Prepared
from streetshop.search.groups import kind_of, within_group
from streetshop.search.kinds import AGREEMENT, likely_kinds
from streetshop.search.match import nearest
from streetshop.search.request import SearchRequest
from streetshop.search.searcher import Searcher
from streetshop.search.weights import weigh

MAX_PICTURES: Final = 16
"""The most pictures of one page."""
PAGE_FIXED: Final = ("kinds", "variants", "offset", "text", "explain")
"""Options of a search that a page does not have."""
_SAME_PRODUCT: Final = 0.99
"""Least cosine of a garment and a stored shot of one kind for the page to be that product's."""
_SEEN: Final = 0.05
"""Least probability of the product's kind for a garment to be the product."""
_ALIKE: Final = 0.5
"""Least similarity to the product for a garment of a related kind to be the product."""
_TRIED: Final = 8
"""Shots that are looked at when the page's product is recognised."""
_SPARE: Final = 8
"""Products beyond those asked for, since some may be the page's own product."""

OwnSource: TypeAlias = Literal["given", "recognised", "unknown"]


@dataclass(frozen=True, slots=True, eq=False)
class ReadPicture:
    """A picture of a page with the garments that were cut from it.

    Attributes:
        picture: with its look.
        garments: those of the look that are garments.
        prepared: of the garments, as the encoder takes them.
    """

    picture: PagePicture
    garments: tuple[Garment, ...] = ()
    prepared: tuple[Prepared, ...] = ()

    def named(self, name: str) -> ReadPicture:
        """The same picture under another name."""
        return replace(self, picture=replace(self.picture, name=name))


@dataclass(frozen=True, slots=True)
class OwnProduct:
    """The product that a page sells.

    Attributes:
        source: ``given`` by the caller, ``recognised`` in the catalog by its pictures, or ``unknown``.
        id: of the product; empty when unknown.
        product: as the catalog has it; None when it does not.
        kind: of the product; of an unknown one the kind that most of the page shows.
    """

    source: OwnSource
    id: str = ""
    product: Product | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """A page whose pictures were read and chosen from.

    Attributes:
        pictures: in the order of the page.
        choice: which picture is shown.
        own: the product of the page, if the caller said which.
        shown: the garments of the chosen picture.
        others: the largest garment of each other picture, to find out what the page sells; empty if the catalog has
            the product that the caller named.
        alone: for each of these, whether nobody wears it and nothing else is seen: a packshot, or a detail.
        prepared: of ``shown``, then of ``others``.
    """

    pictures: tuple[PagePicture, ...]
    choice: Choice
    own: OwnProduct
    shown: tuple[Garment, ...]
    others: tuple[Garment, ...]
    alone: tuple[bool, ...]
    prepared: tuple[Prepared, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PageGarment:
    """A garment of the look and the products like it.

    Attributes:
        garment: in the chosen picture.
        vector: (dim,) of the garment.
        primary: whether it is the product of the page.
        kinds: that were searched, with their probabilities; empty when all were.
        matches: nearest first; never the product of the page or a variant of it.
    """

    garment: Garment
    vector: Vector
    primary: bool
    kinds: Mapping[str, float]
    matches: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class PageShot:
    """What an answer says of a picture of the page.

    Attributes:
        name: path, address or file name.
        sha256: of its bytes; empty if it could not be read.
        width, height: of the upright picture in pixels; 0 if it could not be read.
        view, full_shot: as in ``Look``.
        reason: why it is not shown; empty for the one that is.
    """

    name: str
    sha256: str
    width: int
    height: int
    view: str | None
    full_shot: bool | None
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class PageAnswer:
    """The look of a product page.

    Attributes:
        shots: the pictures of the page.
        chosen: index of the picture that is shown; None if no picture shows anything to wear.
        fallback: why the chosen picture is no full shot from the front; empty if it is one.
        own: the product of the page.
        persons: boxes of the persons in the chosen picture, in pixels, from the largest; ``Garment.person`` is an index
            into them.
        garments: of the chosen picture, person after person, the primary one first.
        weights: of every block, as used.
    """

    shots: tuple[PageShot, ...]
    chosen: int | None
    fallback: str
    own: OwnProduct
    persons: tuple[Box, ...]
    garments: tuple[PageGarment, ...]
    weights: Mapping[str, float]


def check_pictures(count: int) -> None:
    """Raise RequestInvalid unless a page has one to ``MAX_PICTURES`` pictures."""
    if not count:
        raise RequestInvalid("the page has no pictures", where="pictures", hint="Give the pictures of a product page")
    if count > MAX_PICTURES:
        raise RequestInvalid(f"{count} pictures are given", where="pictures", hint=f"A page has at most {MAX_PICTURES}")


def read_picture(searcher: Searcher, photo: Photo, name: str, max_garments: int | None = None) -> ReadPicture:
    """Read a picture of a page and cut its garments out.

    Args:
        searcher: its reader and encoder are used.
        photo: decoded to at least ``PHOTO_SIDE`` (``streetshop.looks``).
        name: of the picture, for the answer.
        max_garments: take only the first ones of the look; None for all.
    """
    look = read_look(photo, searcher.reader)
    garments = wearable(look)[:max_garments]
    encoder = searcher.encoder
    prepared = tuple(
        encoder.prepare(garment_picture(photo, garment, encoder.spec), kind_of(garment, None)) for garment in garments
    )
    return ReadPicture(PagePicture.of(photo, look, name), garments, prepared)


def unread_picture(name: str, why: str, sha256: str = "") -> ReadPicture:
    """A picture that cannot be read; the others of the page are used."""
    return ReadPicture(PagePicture(name, sha256, unread=why))


def prepare_page(store: Store, read: Sequence[ReadPicture], product: str | None = None) -> Page:
    """Choose the picture that is shown, and what the encoder has to see.

    Args:
        store: the catalog.
        read: the pictures of the page.
        product: id of the product that the page sells; None when the caller does not know it.
    """
    own = OwnProduct("unknown")
    if product is not None:
        (found,) = store.get([product])
        own = OwnProduct("given", product, found, found.kind if found else "")
    pictures = tuple(each.picture for each in read)
    choice = choose_picture(pictures, own.kind)
    shown: tuple[Garment, ...] = ()
    prepared: list[Prepared] = []
    others: list[Garment] = []
    alone: list[bool] = []
    if choice.index is not None:
        shown = read[choice.index].garments
        prepared += read[choice.index].prepared
        if own.product is None:
            for index, each in enumerate(read):
                if index != choice.index and index not in choice.copies and each.garments:
                    largest = max(range(len(each.garments)), key=lambda i: garment_area(each.garments[i]))
                    others.append(each.garments[largest])
                    look = each.picture.look
                    alone.append(look is not None and not look.persons and len(each.garments) == 1)
                    prepared.append(each.prepared[largest])
    return Page(pictures, choice, own, shown, tuple(others), tuple(alone), tuple(prepared))


def match_page(searcher: Searcher, page: Page, vectors: NDArray[np.float32], request: SearchRequest) -> PageAnswer:
    """Find the product of the page and the products like each garment.

    Args:
        searcher: the catalog.
        page: from :func:`prepare_page`.
        vectors: (n, dim) of ``page.prepared``, encoded as pictures of a shop.
        request: how many products, which, and how the blocks count.
    """
    own = page.own
    seen = [picture.sha256 for picture in page.pictures if picture.sha256]
    if own.product is None and len(vectors):
        own = _recognised(searcher.store, (*page.shown, *page.others), vectors, seen, own)
        if own.product is None:
            own = replace(own, kind=_commonest(page))
    if own.product is not None:
        primary = _most_like(searcher.store, own, page.shown, vectors, request)
    else:
        primary = _most_shown(page, vectors, own.kind, request, searcher.store)
    look = page.pictures[page.choice.index].look if page.choice.index is not None else None
    shots = tuple(
        PageShot(
            picture.name,
            picture.sha256,
            picture.look.width if picture.look else 0,
            picture.look.height if picture.look else 0,
            picture.look.view if picture.look else None,
            picture.look.full_shot if picture.look else None,
            page.choice.reasons.get(index, ""),
        )
        for index, picture in enumerate(page.pictures)
    )
    bare = PageAnswer(
        shots,
        page.choice.index,
        page.choice.fallback,
        own,
        tuple(person.box for person in look.persons) if look else (),
        tuple(
            PageGarment(garment, vector, index == primary, {}, ())
            for index, (garment, vector) in enumerate(zip(page.shown, vectors, strict=False))
        ),
        request.weights,
    )
    return with_matches(searcher, bare, request)


def with_matches(searcher: Searcher, answer: PageAnswer, request: SearchRequest) -> PageAnswer:
    """The answer with the products of the present catalog, whatever it had before."""
    seen = frozenset(shot.sha256 for shot in answer.shots if shot.sha256)
    found = []
    for each in answer.garments:
        asked, kinds = _asked(searcher.encoder, each, answer.own, request)
        matches = _similar(searcher.store, each.vector, asked, kinds, answer.own, seen)
        found.append(replace(each, kinds=kinds, matches=matches))
    order = sorted(range(len(found)), key=lambda i: (_person(found[i]), not found[i].primary, i))
    return replace(answer, garments=tuple(found[i] for i in order), weights=request.weights)


def _asked(
    encoder: Encoder, each: PageGarment, own: OwnProduct, request: SearchRequest
) -> tuple[SearchRequest, Mapping[str, float]]:
    """The search for a garment, and its kinds: of the page's own product the kind that the catalog says."""
    kind = kind_of(each.garment, None)
    kinds: Mapping[str, float] = likely_kinds(each.garment.kinds)
    if each.primary and own.product is not None and own.kind and encoder.group_of(own.kind) == encoder.group_of(kind):
        kinds = {own.kind: 1.0}
    if not encoder.grouped:
        return request, kinds
    request, kinds = within_group(encoder, request, kinds, kind)
    return request, kinds if request.kinds is None else dict.fromkeys(request.kinds, 1.0)


def is_variant(product: Product, own: Product, seen: frozenset[str] = frozenset()) -> bool:
    """Whether a product is the page's own or another size or colour of it.

    Products of one design are, and products of one kind that share a picture.

    Args:
        product: of the catalog.
        own: the product of the page.
        seen: SHA-256 of further pictures of the page.
    """
    if product.id == own.id or (own.design and fold(product.design) == fold(own.design)):
        return True
    pictures = seen | {shot.sha256 for shot in own.shots if shot.sha256}
    return product.kind == own.kind and any(shot.sha256 in pictures for shot in product.shots)


def _similar(
    store: Store,
    vector: Vector,
    request: SearchRequest,
    kinds: Mapping[str, float],
    own: OwnProduct,
    seen: frozenset[str],
) -> tuple[Match, ...]:
    """The ``request.k`` nearest products that are not the page's own."""
    asked = replace(request, without=own.id or None, k=request.k + _SPARE)
    while True:
        found = nearest(store, vector, asked, kinds)
        kept = [m for m in found if own.product is None or not is_variant(m.product, own.product, seen)]
        if len(kept) >= request.k or len(found) < asked.k:
            return tuple(kept[: request.k])
        asked = replace(asked, k=asked.k * 4)


def _recognised(
    store: Store, garments: Sequence[Garment], vectors: NDArray[np.float32], seen: Sequence[str], own: OwnProduct
) -> OwnProduct:
    """The product of the catalog whose pictures the page shows.

    A stored shot that is nearly identical to a garment is a vote for its product, if the page has the very file or the
    garment may be of the product's kind; the very file counts twice. The product with most votes is the page's own; of
    several the one whose garments cover most.
    """
    weights = {block.name: block.weight for block in store.meta.blocks}
    votes: Counter[str] = Counter()
    covered: defaultdict[str, float] = defaultdict(float)
    found: dict[str, Product] = {}
    blocks = store.meta.blocks
    for garment, vector in zip(garments, vectors, strict=True):
        hits = store.search(weigh(vector, blocks, weights), _TRIED)
        near = [hit for hit in hits if float(hit.vector @ vector) / len(blocks) >= _SAME_PRODUCT]
        products = {p.id: p for p in store.get(list(dict.fromkeys(hit.product_id for hit in near))) if p}
        for hit in _best_of_each(near):
            product = products.get(hit.product_id)
            if product is None:
                continue
            same_file = product.shots[hit.shot].sha256 in seen
            if not same_file and not is_of_kind(garment, product.kind):
                continue
            found[product.id] = product
            votes[product.id] += 2 if same_file else 1
            covered[product.id] += garment_area(garment)
    if not votes:
        return own
    best = min(votes, key=lambda id: (-votes[id], -covered[id], id))
    return OwnProduct("recognised", best, found[best], found[best].kind)


def _best_of_each(hits: Sequence[Hit]) -> list[Hit]:
    """The first hit of each product."""
    return list({hit.product_id: hit for hit in reversed(hits)}.values())


def _commonest(page: Page) -> str:
    """The kind that the pictures of a page show most: the largest mean share of what is worn.

    A packshot and a detail show the product alone, so they count most.
    """
    shares: defaultdict[str, float] = defaultdict(float)
    for index, picture in enumerate(page.pictures):
        if picture.look is None or index in page.choice.copies:
            continue
        garments = [garment for garment in wearable(picture.look) if not garment.person]
        total = sum(garment_area(garment) for garment in garments)
        for garment in garments:
            shares[garment.category] += garment_area(garment) / total
    return min(shares, key=lambda kind: (-shares[kind], kind), default="")


def _most_like(
    store: Store, own: OwnProduct, garments: Sequence[Garment], vectors: NDArray[np.float32], request: SearchRequest
) -> int | None:
    """Index of the garment that is a product of the catalog; None if none seems to be.

    Of the garments that may be of its kind, the one most similar to its pictures; if there is none, the most similar of
    a related kind, if it is similar enough. Where nothing is known of its kind, the most similar of all.
    """
    if own.product is None:
        return None
    similar = _similarities(store, store.vectors(own.product.id), vectors[: len(garments)], request)
    chances = [g.kinds.get(own.kind, 1.0 if g.category == own.kind or not own.kind else 0.0) for g in garments]
    fitting = [i for i, chance in enumerate(chances) if chance >= _SEEN]
    if not fitting:
        related = [are_related(garment.category, own.kind) for garment in garments]
        fitting = [i for i, each in enumerate(related) if each and similar[i] >= _ALIKE]
    return max(fitting, key=lambda i: similar[i] + AGREEMENT * float(np.log(max(chances[i], _SEEN))), default=None)


def _most_shown(
    page: Page, vectors: NDArray[np.float32], kind: str, request: SearchRequest, store: Store
) -> int | None:
    """Index of the garment that an unknown product most probably is; None without garments.

    The one most similar to what the packshots and details of the page show; without any, the largest of the kind that
    most of the page shows.
    """
    count = len(page.shown)
    if not count:
        return None
    alone = [vector for vector, each in zip(vectors[count:], page.alone, strict=True) if each]
    if alone:
        return int(np.argmax(_similarities(store, np.stack(alone), vectors[:count], request)))
    fitting = [i for i, garment in enumerate(page.shown) if is_of_kind(garment, kind)] or list(range(count))
    return max(fitting, key=lambda i: garment_area(page.shown[i]))


def _similarities(
    store: Store, stored: NDArray[np.float32], vectors: NDArray[np.float32], request: SearchRequest
) -> NDArray[np.float32]:
    """(n,) largest similarity of each vector to any of some others."""
    weighted = weigh(stored, store.meta.blocks, request.weights)
    best: NDArray[np.float32] = (vectors @ weighted.T).max(axis=1) / np.float32(sum(request.weights.values()))
    return best


def _person(found: PageGarment) -> float:
    return math.inf if found.garment.person is None else found.garment.person
