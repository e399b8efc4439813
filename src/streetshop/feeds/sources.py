"""The pictures that a value of a feed names: paths and addresses, alone or in lists of many forms."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from streetshop.core.errors import RowRefused
from streetshop.core.pictures.formats import PICTURE_SUFFIXES

_MAX_DEPTH: Final = 12
"""Lists and objects inside each other, at most."""
_NOTHING: Final = frozenset({"no_selection", "null", "none", "nan", "n/a", "-", "false", "undefined", "[]", "{}"})
"""What exports write where there is no picture."""
_ADDRESS: Final = re.compile(r"(https?:)?//[^/\s]+\.[^/\s]|https?:/", re.IGNORECASE)
_ENTITY: Final = re.compile(r"&(amp|quot|apos|lt|gt|#38|#x26|#34|#39);", re.IGNORECASE)
_ENTITIES: Final = {"amp": "&", "#38": "&", "#x26": "&", "quot": '"', "#34": '"', "apos": "'", "#39": "'"}
_QUOTED: Final = re.compile(r"""\s*,?\s*(?:u?(['"])(?P<text>(?:\\.|(?!\1)[^\\])*)\1|None|null|nan)""", re.DOTALL)
_AROUND: Final = "[]\"'"
_INVISIBLE: Final = "\ufeff\u200b\u00a0 \t\r\n"

_NESTED: Final = (
    "edges",
    "nodes",
    "node",
    "data",
    "attributes",
    "items",
    "image",
    "images",
    "picture",
    "preview",
    "file",
)
"""Keys that hold the picture's own object."""
_LARGEST: Final = ("original", "full", "zoom", "large", "big", "1280")
"""Parts of other keys that name the largest picture: ``url_fullxfull``, ``imageOriginalUrl``."""
_SOURCES: Final = (
    *("hires", "zoom", "urlzoom", "original", "originalsrc", "originsrc", "full", "fullsize", "xlarge", "large", "big"),
    *("src", "url", "href", "contenturl", "imageurl", "imagelink", "secureurl", "link", "source", "transformedsrc"),
    *("urlstandard", "standard", "main", "default", "medium", "path", "file", "filename", "imagefile", "uri", "value"),
    *("thumb", "thumbnail", "small"),
)
"""Keys that hold the address of a picture, the largest picture first."""


def sources(value: object) -> Iterator[str]:
    """Paths or addresses of pictures, in order.

    A list may be a list of JSON or Parquet, the text of one in JSON or Python, or text with a separator: a bar or a
    line break always separates, a semicolon, a comma and blanks do if every piece looks like a picture. Objects as
    shops' APIs give them (``{"src": ...}``, ``{"edges": [...]}``) are searched for the address of their picture.

    Raises:
        RowRefused: an object without an address, or bytes.
    """
    yield from _found(value, 0)


def _found(value: object, depth: int) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        raise RowRefused("pictures in lists of lists", hint="Give their paths or addresses")
    if isinstance(value, str):
        yield from _in_text(value, depth)
    elif isinstance(value, Mapping):
        yield from _in_object(value, depth)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _found(item, depth + 1)
    elif isinstance(value, bytes):
        raise RowRefused("bytes that are no picture in a format that is read", hint="Give paths or addresses")
    elif value is not None and value == value and not isinstance(value, bool):
        yield str(int(value) if isinstance(value, float) and value.is_integer() else value)


def _in_text(text: str, depth: int) -> Iterator[str]:
    text = text.strip(_INVISIBLE)
    if text[:1] in ("[", "{") and (value := _literal(text)) is not None:
        yield from _found(value, depth + 1)
        return
    if "://" in text or "//" in text[:3]:
        text = _ENTITY.sub(lambda entity: _ENTITIES.get(entity[1].lower(), entity[0]), text)
    for piece in _pieces(text):
        if (source := _cleaned(piece)) and source.lower() not in _NOTHING:
            yield source


def _literal(text: str) -> Any:
    """The list or object of a text in JSON or Python; None if it is neither."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, (list, dict)):
        return value
    if text[0] == "[" and text[-1] == "]":
        texts, at = [], 0
        inside = text[1:-1].rstrip(" ,\r\n\t")
        while at < len(inside) and (match := _QUOTED.match(inside, at)):
            at = match.end()
            if match["text"] is not None:
                texts.append(re.sub(r"\\(.)", r"\1", match["text"]))
        if at == len(inside):
            return texts
    return None


def _pieces(text: str) -> Sequence[str]:
    for sign in ("|", "\n"):
        if sign in text:
            return [piece for part in text.split(sign) for piece in _pieces(part.strip(_INVISIBLE))]
    for sign in (";", ","):
        pieces = [piece for piece in text.split(sign) if piece.strip(_INVISIBLE)]
        if sign in text and _all_pictures(pieces):
            return pieces
    blank = text.split()
    if len(blank) > 1 and all(_ADDRESS.match(piece) for piece in blank):
        return blank
    return [text]


def _all_pictures(pieces: Sequence[str]) -> bool:
    """Whether all pieces are addresses, or all file names; the pieces of one address with a comma are neither."""
    bare = [piece.strip(_INVISIBLE + "\"'") for piece in pieces]
    addresses = [bool(_ADDRESS.match(piece)) for piece in bare]
    if any(addresses):
        return all(addresses)
    return bool(bare) and all(_suffix(piece) in PICTURE_SUFFIXES for piece in bare)


def _suffix(name: str) -> str:
    return f".{name.lower().partition('?')[0].rpartition('.')[2]}"


def _cleaned(text: str) -> str:
    """A path or address without quotes around it, with a scheme, and blanks in an address encoded.

    A path keeps control characters, and is refused for them where files are opened.
    """
    text = text.strip(_INVISIBLE)
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip(_INVISIBLE)
    if text[:1] in _AROUND or text[-1:] in _AROUND:  # a piece of a list that was cut: ["https://shop.example/1.jpg"
        inside = text.strip(_AROUND + _INVISIBLE)
        if _ADDRESS.match(inside) and "[" not in inside:
            text = inside
    start = text[:9].lower()
    if start.startswith(("http:", "https:")) or start.startswith("//"):
        text = text.partition(" ! ")[0]  # WooCommerce writes "address ! alt : text ! title : text"
        text = text.replace("\\/", "/").replace("\\", "/").strip(_INVISIBLE)
        if text.startswith("//") and _ADDRESS.match(text):
            text = f"https:{text}"
        text = re.sub(r"[\s\u00a0]", lambda blank: "%20" if blank[0] in " \u00a0" else "", text)
    elif start.startswith("www."):
        text = "https://" + text.replace(" ", "%20")
    return text


def _in_object(value: Mapping[Any, Any], depth: int) -> Iterator[str]:
    if not value:
        return
    keys = {re.sub(r"[\W_]", "", str(key)).lower(): key for key in value}
    if value.get(keys.get("disabled")) is True or "video" in str(value.get(keys.get("mediatype"), "")).lower():
        return
    for name in (*_SOURCES, *_NESTED):
        inside = value.get(keys[name]) if name in keys else None
        if isinstance(inside, str) and inside.strip():
            yield from _in_text(inside, depth + 1)
            return
        if isinstance(inside, (Mapping, list, tuple)) and inside:
            yield from _found(inside, depth + 1)
            return
    addresses = [name for name in keys if isinstance(inside := value[keys[name]], str) and _ADDRESS.match(inside)]
    if addresses := [name for name in addresses if "page" not in name and "product" not in name]:
        best = next((name for name in addresses if any(word in name for word in _LARGEST)), addresses[0])
        yield from _in_text(value[keys[best]], depth + 1)
        return
    if all(key.isdigit() for key in keys):  # {"0": ..., "1": ...}
        yield from _found(list(value.values()), depth + 1)
        return
    if not any(value.values()):
        return
    names = ", ".join(map(str, list(value)[:8]))[:200]
    raise RowRefused(
        f"pictures inside a feed with the fields {names} are not read", hint="Give their paths or addresses"
    )
