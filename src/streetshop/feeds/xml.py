"""XML feeds: RSS and Atom with Google's names, YML, and any other file of one element per product.

Only the text of one product at a time is parsed, by a parser that knows no document type: entities cannot be declared,
nothing outside the file is read, and what is malformed in one product refuses that product alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.entities import html5
from pathlib import Path
from typing import Final
from xml.parsers import expat  # a document type declares nothing here, see _Tree

from streetshop.core.errors import FeedError, RowRefused
from streetshop.feeds.json import BoundedText
from streetshop.feeds.text import MAX_LINE, read_pieces, unreadable_part
from streetshop.feeds.values import MAX_COLUMNS, MAX_NAME, Values
from streetshop.feeds.xml_rows import row_values
from streetshop.feeds.xml_tree import MAX_DEPTH, Element, Tree, local_name

_HEAD: Final = 16 * 2**20
"""Characters in which the first product ends."""
_ROWS: Final = frozenset(
    {
        *("item", "entry", "offer", "product", "shopitem", "article", "artikel", "produkt", "producto", "produit"),
        *("prodotto", "produto", "row", "record", "prod", "o"),
    }
)
"""Names of elements that hold a product, in small letters."""


class XmlRecords:
    """The products of an XML file, counted from 1.

    Args:
        path: the file.
        encoding: of its text.

    Raises:
        FeedError: it declares entities, is no XML, or has no elements that repeat.
    """

    kind = "XML"
    typed = False

    def __init__(self, path: Path, encoding: str) -> None:
        self.path, self.encoding = path, encoding
        self._head = _Head(path, encoding)

    def header(self) -> None:
        """The columns are only known after reading every row."""

    def count(self) -> None:
        """The rows are only counted by reading them."""

    def __iter__(self) -> Iterator[tuple[int, Values | RowRefused]]:
        elements = _Elements(self._head.name)
        number = 0
        for number, text in enumerate(elements.read(read_pieces(self.path, self.encoding)), start=1):
            yield number, self._row(text)
        if elements.inside or not elements.end.rstrip().endswith(">") or f"</{self._head.root}" not in elements.end:
            what = f"the file ends early, after {number} products"
            raise FeedError(what, where=str(self.path), hint="Send or export it again")

    def _row(self, text: str | None) -> Values | RowRefused:
        if text is None:
            return RowRefused(f"more than {MAX_LINE} characters", hint="Write one product an element")
        if refused := unreadable_part(text, self.encoding):
            return refused
        try:
            element = parse_element(text)
        except _Malformed as error:
            return RowRefused(f"no XML ({error})", hint="Write & as &amp;, < as &lt;, and close every element")
        if isinstance(element, RowRefused):
            return element
        values = row_values(element, self._head.prefixes, self._head.categories)
        if len(values) > MAX_COLUMNS:
            return RowRefused(f"{len(values)} columns", hint=f"At most {MAX_COLUMNS} are read")
        if any(len(name) > MAX_NAME for name in values):
            return RowRefused(f"an element's name has more than {MAX_NAME} characters", hint="Shorten it")
        return values


class _Malformed(ValueError):
    """The text is no XML."""


_CDATA: Final = re.compile(r"(<!\[CDATA\[.*?\]\]>)", re.DOTALL)
_BARE: Final = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)(?:(\w{1,32});)?")
_CONTROLS: Final = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def parse_element(text: str) -> Element | RowRefused:
    """Parse the text of one element.

    Entities of HTML and a bare ``&``, which shops write, are read as they are meant.

    Raises:
        ValueError: it is no XML.
    """
    text = _CONTROLS.sub(" ", text)
    try:
        return _parsed(text)
    except _Malformed:
        return _parsed(_repaired(text))


def _repaired(text: str) -> str:
    def entity(match: re.Match[str]) -> str:
        known = html5.get(f"{match[1]};") if match[1] else None
        return "".join(f"&#{ord(character)};" for character in known) if known else f"&amp;{match[0][1:]}"

    parts = _CDATA.split(text)
    return "".join(part if part.startswith("<![CDATA[") else _BARE.sub(entity, part) for part in parts)


def _parsed(text: str) -> Element | RowRefused:
    tree = Tree()
    try:
        tree.feed(text, last=True)
    except expat.ExpatError as error:
        raise _Malformed(str(error)) from None
    if tree.too_deep:
        return RowRefused(f"more than {MAX_DEPTH} elements inside each other", hint="Write fewer")
    if tree.root is None:
        raise _Malformed("no element")
    return tree.root


@dataclass
class _Head:
    """What stands before the first product of a file, and the name of the products' elements.

    Attributes:
        name: of the elements, with its prefix.
        root: name of the outermost element.
        prefixes: the names of namespaces.
        categories: paths of categories by their ids, as YML lists them.
    """

    path: Path
    encoding: str
    name: str = ""
    root: str = ""
    prefixes: dict[str, str] = field(default_factory=dict)
    categories: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        finder = _Finder()
        tree = Tree(finder.started, finder.ended)
        length = 0
        try:
            for piece in read_pieces(self.path, self.encoding):
                clean = _BARE.sub("&amp;", _CONTROLS.sub(" ", piece.replace("\0", " ")))
                tree.feed(clean.encode("utf-8", "replace").decode(), last=False)
                length += len(piece)
                if finder.name or length > _HEAD:
                    break
            else:
                if not finder.name:
                    tree.feed("", last=True)
        except expat.ExpatError as error:
            if not (finder.name or finder.seen or tree.declares):
                raise self._error(f"this is no XML ({error})") from None
        if tree.declares:
            raise self._error("it declares entities, which are not read", "Export it without a document type")
        self.name = finder.name or finder.best()
        self.root, self.prefixes, self.categories = finder.root, finder.prefixes, finder.categories()
        if self.root.lower() == "html":
            raise self._error("this is a page in HTML", "Give the address or the file of the feed itself")
        if not self.name:
            raise self._error("no elements that could be products", "Give RSS, Atom, YML, or one element per product")

    def _error(self, what: str, hint: str = "Export it again") -> FeedError:
        return FeedError(what, where=str(self.path), hint=hint)


class _Finder:
    """Finds the elements that hold products: of a known name, or the first that repeat and have elements in them."""

    def __init__(self) -> None:
        self.name = ""
        self.root = ""
        self.seen: dict[str, int] = {}
        self.prefixes: dict[str, str] = {}
        self._open: list[str] = []
        self._categories: dict[str, tuple[str, str]] = {}

    def started(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""
        self.root = self.root or name
        self._open.append(name)
        for key, value in attributes.items():
            if key.startswith("xmlns:"):
                self.prefixes.setdefault(key[6:], value)

    def ended(self, element: Element) -> None:
        """An element ends."""
        self._open.pop()
        if not self._open or self.name:
            return
        name = local_name(element.name).lower()
        if name == "category" and "id" in element.attributes and element.text.strip():
            parent = element.attributes.get("parentId", element.attributes.get("parent_id", ""))
            self._categories[element.attributes["id"]] = (element.text.strip(), parent)
        if len(element.children) + len(element.attributes) < 2 or any(
            local_name(above).lower() in _ROWS for above in self._open[1:]
        ):
            return
        path = "/".join((*self._open, element.name))
        self.seen[path] = self.seen.get(path, 0) + 1
        if (name in _ROWS and element.children) or (self.seen[path] > 1 and len(element.children) > 1):
            self.name = element.name

    def best(self) -> str:
        """The name of the only element that could be a product; the root itself if there is none."""
        outer = min(self.seen, key=lambda path: path.count("/"), default="")
        return outer.rpartition("/")[2] if outer else self.root if local_name(self.root).lower() in _ROWS else ""

    def categories(self) -> dict[str, str]:
        """The paths of categories, as ``Women > Dresses``."""
        paths = {}
        for number, (name, parent) in self._categories.items():
            names, above = [name], {number}
            while parent in self._categories and parent not in above:
                above.add(parent)
                name, parent = self._categories[parent]
                names.append(name)
            paths[number] = " > ".join(reversed(names))
        return paths


class _Elements:
    """Cuts the text of each element of a name out of a file.

    Args:
        name: of the elements, with its prefix.

    Attributes:
        inside: whether an element is open.
        end: the last characters that were read.
    """

    def __init__(self, name: str) -> None:
        self._token = re.compile(rf"<!\[CDATA\[|<!--|<(?P<close>/?){re.escape(name)}(?=[\s/>])")
        self._held = len(name) + 12
        self._depth = 0
        self._item = BoundedText()
        self.end = ""

    @property
    def inside(self) -> bool:
        return self._depth > 0

    def read(self, pieces: Iterator[str]) -> Iterator[str | None]:
        """The texts of the elements; None for one that is too long."""
        rest = until = ""
        for piece in pieces:
            text, at = rest + piece, 0
            while True:
                if until:
                    found = text.find(until, at)
                    stop = found + len(until) if found >= 0 else max(len(text) - len(until), at)
                    self._take(text[at:stop])
                    at = stop
                    if found < 0:
                        break
                    until = ""
                match = self._token.search(text, at)
                if match is None:
                    opened = text.rfind("<", max(at, len(text) - self._held))
                    stop = opened if opened >= 0 else len(text)
                    self._take(text[at:stop])
                    at = stop
                    break
                self._take(text[at : match.start()])
                at = match.start()
                if match[0].startswith("<!"):
                    until = "]]>" if match[0] == "<![CDATA[" else "-->"
                    continue
                close = text.find(">", match.end())
                if close < 0 and len(text) - at < MAX_LINE:
                    break
                tag = text[at : close + 1 if close >= 0 else len(text)]
                at += len(tag)
                if found_item := self._tag(tag, closes=bool(match["close"])):
                    yield found_item[0]
            rest = text[at:]
            self.end = (self.end + piece)[-1000:]

    def _take(self, text: str) -> None:
        if self._depth:
            self._item.add(text)

    def _tag(self, tag: str, *, closes: bool) -> tuple[str | None] | None:
        """Take a tag of the name; the element that ends with it."""
        if closes:
            if not self._depth:
                return None
            self._item.add(tag)
            self._depth -= 1
            return None if self._depth else (self._item.taken(),)
        if tag.endswith("/>"):
            self._take(tag)
            return None if self._depth else (tag,)
        self._depth += 1
        self._item.add(tag)
        return None
