"""Where the products of a JSON document are: the array that an answer of a shop's API wraps in objects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_NAMES: Final = frozenset(
    {
        *("products", "items", "data", "results", "entries", "resources", "hits", "edges", "nodes", "catalog", "feed"),
        *("rows", "records", "list", "articles", "listings", "objects", "documents", "docs", "collection", "result"),
        *("response", "produkte", "artikel", "productos", "produits", "prodotti", "produtos", "produkty"),
    }
)
"""Names of arrays of products, in small letters."""
_IDS: Final = frozenset({"id", "sku", "product_id", "productid"})
_PICTURES: Final = frozenset(
    {"image", "images", "image_link", "imagelink", "image_url", "imageurl", "picture", "pictures"}
)
_TOKEN: Final = re.compile(r'\s*(?:(?P<text>"(?:[^"\\\n]|\\.)*+")|(?P<sign>[\[\]{}:,])|(?P<other>[^\s"\[\]{}:,]++))')


def find_array(head: str, *, sure: bool) -> int | None:
    """Where the array of products begins in an object of which ``head`` is the beginning.

    Args:
        head: the text.
        sure: whether the object spans lines, so that an array of any name will do if it is no product itself.

    Returns:
        The position of its bracket; 0 if there is none, None if the object is malformed.
    """
    own: set[str] = set()
    other = 0
    try:
        for depth, name, array in _members(head):
            if depth == 1:
                own.add(name)
                other = other or array
            if own & _IDS and own & _PICTURES:
                return 0  # it is a product itself
            if array and name in _NAMES:
                return array
    except ValueError:
        return None
    return other if sure else 0


def _members(head: str) -> Iterator[tuple[int, str, int]]:
    """Depth and name of each value of the object and of objects in it; of an array of objects also where it begins.

    What arrays hold is left out. Raises ValueError if the text is not the beginning of an object.
    """
    brackets: list[str] = []
    before, name, at = ",", "", 0
    while match := _TOKEN.match(head, at):
        at, sign = match.end(), match["sign"]
        in_object = bool(brackets) and "[" not in brackets
        if in_object and before in ("{", ","):
            if match["text"] is None and sign != "}":
                raise ValueError("no name")
            name = (match["text"] or "")[1:-1].lower()
        elif in_object and before == ":":
            opens = sign == "[" and head[at : at + 1000].lstrip()[:1] == "{"
            yield len(brackets), name, match.start("sign") if opens else 0
        if sign in ("{", "["):
            brackets.append(sign)
        elif sign in ("}", "]") and (not brackets or brackets.pop() != {"}": "{", "]": "["}[sign]):
            raise ValueError("a bracket closes nothing")
        if not brackets:
            return
        before = sign or "value"
    if len(head) - at > 1000 or "\n" in head[at:].strip():
        raise ValueError("a text that does not end")
