"""The look of a product page as JSON, in words, and as what ``Catalog.page`` gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, overload

from streetshop.present.json import Link, match_json
from streetshop.search.pages import PageAnswer, PageGarment, PageShot

_OF_A_MATCH: Final = ("id", "score", "closeness", "similarity", "shot")


def page_json(answer: PageAnswer, link: Link | None = None) -> dict[str, Any]:
    """The look of a page.

    Boxes are ``[x0, y0, x1, y1]`` in pixels of the chosen picture, hotspots ``[x, y]`` in fractions of its width and
    height.

    Args:
        answer: what is shown.
        link: addresses of pictures on a server, see :func:`streetshop.present.json.product_json`.
    """
    own = answer.own
    shot = None if answer.chosen is None else answer.shots[answer.chosen]
    return {
        "product": {
            "id": own.id or None,
            "source": own.source,
            "in_catalog": own.product is not None,
            "kind": own.kind or None,
        },
        "chosen": None
        if shot is None
        else {
            **_picture(answer, answer.chosen or 0, own_link(answer, link)),
            "view": shot.view,
            "full_shot": shot.full_shot,
            "width": shot.width,
            "height": shot.height,
            "fallback": answer.fallback or None,
        },
        "refused": [
            {**_picture(answer, index, own_link(answer, link)), "reason": each.reason}
            for index, each in enumerate(answer.shots)
            if each.reason
        ],
        "people": [
            {
                "box": [round(value, 2) for value in box.corners],
                "garments": [i for i, each in enumerate(answer.garments) if each.garment.person == number],
            }
            for number, box in enumerate(answer.persons)
        ],
        "garments": [_garment_json(each, shot, link) for each in answer.garments] if shot else [],
        "weights": dict(answer.weights),
    }


def look_line(answer: PageAnswer) -> dict[str, Any]:
    """The look of a page for a file of many: as :func:`page_json`, but of each match only what finds it."""
    content = page_json(answer)
    for garment in content["garments"]:
        garment["matches"] = [{name: match[name] for name in _OF_A_MATCH} for match in garment["matches"]]
    return content


def own_link(answer: PageAnswer, link: Link | None) -> Mapping[str, str | None]:
    """Addresses of the stored pictures of the page's own product, by their SHA-256; empty without a server."""
    product = answer.own.product
    if link is None or product is None:
        return {}
    return {shot.sha256: link(product, number) for number, shot in enumerate(product.shots)}


def _picture(answer: PageAnswer, index: int, links: Mapping[str, str | None]) -> dict[str, Any]:
    shot = answer.shots[index]
    image = links.get(shot.sha256)
    return {"path": shot.name, "index": index, **({"image": image} if image else {})}


def _garment_json(each: PageGarment, shot: PageShot, link: Link | None) -> dict[str, Any]:
    garment = each.garment
    x, y = garment.hotspot
    return {
        "category": garment.category,
        "primary": each.primary,
        "score": round(garment.score, 4),
        "kinds": {name: round(p, 4) for name, p in garment.kinds.items() if p >= 0.01},
        "box": [round(value, 2) for value in garment.box.corners],
        "hotspot": [round(x / shot.width, 4), round(y / shot.height, 4)],
        "person": garment.person,
        "searched": {kind: round(p, 4) for kind, p in each.kinds.items()},
        "matches": [match_json(match, link) for match in each.matches],
    }


def own_text(answer: PageAnswer, asked: str | None = None) -> str:
    """What is known of the page's own product, in a line.

    Args:
        answer: of the page.
        asked: the id that the caller gave.
    """
    own = answer.own
    if own.source == "given" and own.product is not None:
        known = f"product {own.id}"
    elif own.source == "recognised":
        known = f"product {own.id}, recognised by its pictures"
    else:
        known = f"not in the catalog; most of its pictures show {own.kind or 'nothing that is known'}"
    missing = f"{asked} is not in the catalog; " if asked is not None and asked != own.id else ""
    known = f"product {own.id} is {known}" if own.source == "given" and own.product is None else known
    lack = "" if any(each.primary for each in answer.garments) else ", which the chosen picture does not show"
    return f"{missing}{known}{lack}"


@dataclass(frozen=True, eq=False, repr=False)
class PageLook(Sequence[PageGarment]):
    """The look of a product page; a sequence of its garments, each with its products.

    Attributes:
        answer: the pictures with the reasons for each, the page's own product, and the garments.
    """

    answer: PageAnswer

    @overload
    def __getitem__(self, index: int) -> PageGarment: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[PageGarment, ...]: ...
    def __getitem__(self, index: int | slice) -> PageGarment | tuple[PageGarment, ...]:
        return self.answer.garments[index]

    def __len__(self) -> int:
        return len(self.answer.garments)

    def __repr__(self) -> str:
        shown = [f"{each.garment.category}{' (primary)' if each.primary else ''}" for each in self]
        picture = "no picture" if self.chosen is None else self.chosen.name
        return f"<PageLook from {picture}: {', '.join(shown) or 'no garments'}>"

    @property
    def chosen(self) -> PageShot | None:
        """The picture that is shown; None if no picture shows anything to wear."""
        return None if self.answer.chosen is None else self.answer.shots[self.answer.chosen]

    @property
    def refused(self) -> tuple[PageShot, ...]:
        """The other pictures, each with its ``reason``."""
        return tuple(shot for shot in self.answer.shots if shot.reason)

    def to_dict(self) -> dict[str, Any]:
        """As `streetshop page --json` and the HTTP API."""
        return page_json(self.answer)
