"""Conditional requests (RFC 9110, section 13): ``If-Match`` and ``If-None-Match`` against entity tags."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers

from streetshop.core.errors import RequestInvalid
from streetshop.core.records import Product
from streetshop.web.answers import product_etag
from streetshop.web.problems import PreconditionFailed

_TAG: Final = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')


@dataclass(frozen=True, slots=True)
class Tags:
    """The value of one of the headers.

    Attributes:
        any: it is ``*``.
        strong: its strong entity tags, with their quotes.
        weak: its weak ones, without their ``W/``.
    """

    any: bool = False
    strong: frozenset[str] = frozenset()
    weak: frozenset[str] = frozenset()

    def match(self, tag: str | None) -> bool:
        """Whether an entity tag, None for something that does not exist, is among these: a strong comparison."""
        return tag is not None and (self.any or tag in self.strong)

    def match_weakly(self, tag: str | None) -> bool:
        """The same as a weak comparison, which ``If-None-Match`` makes."""
        return self.match(tag) or (tag is not None and tag in self.weak)


@dataclass(frozen=True, slots=True)
class Condition:
    """What a write demands of the product as it is stored; None for nothing."""

    if_match: Tags | None
    if_none_match: Tags | None

    def check(self, before: Product | None) -> None:
        """Raise PreconditionFailed unless the stored product, None if there is none, is as demanded."""
        tag = product_etag(before) if before is not None else None
        if self.if_match is not None and not self.if_match.match(tag):
            what = "the product does not exist" if tag is None else "the product was changed meanwhile"
            raise PreconditionFailed(what, where="If-Match", hint="GET it again, then repeat the change with its ETag")
        if self.if_none_match is not None and self.if_none_match.match_weakly(tag):
            raise PreconditionFailed("the product exists", where="If-None-Match", hint="Use If-Match to replace it")


def condition(headers: Headers) -> Condition:
    """The condition of a write. Raises RequestInvalid: a header is neither ``*`` nor a list of entity tags."""
    return Condition(_tags(headers, "If-Match"), _tags(headers, "If-None-Match"))


def _tags(headers: Headers, name: str) -> Tags | None:
    values = headers.getlist(name)
    if not values:
        return None
    value = ", ".join(values)
    if value.strip() == "*":
        return Tags(any=True)
    found = _TAG.findall(value)
    if not found or _TAG.sub("", value).strip(", \t"):
        raise RequestInvalid(
            "neither * nor entity tags", where=name, hint='Send the ETag of an answer, with its quotes: "..."'
        )
    return Tags(strong=frozenset(t for weak, t in found if not weak), weak=frozenset(t for weak, t in found if weak))
