"""Small trees of XML elements, made by a parser to which a document type declares nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat  # see Tree

MAX_DEPTH: Final = 64
"""Elements inside each other, at most."""


@dataclass(slots=True)
class Element:
    """An element.

    Attributes:
        name: with its prefix.
        attributes: by name.
        text: of the element itself, without that of its children.
        children: the elements in it.
    """

    name: str
    attributes: Mapping[str, str]
    text: str = ""
    children: list[Element] = field(default_factory=list)


class Tree:
    """Parses text to elements.

    Declared entities are remembered, not expanded: what refers to one is malformed. No other file is read, by expat's
    default. Deeper elements than ``MAX_DEPTH`` are not kept.

    Args:
        started: called with the name and the attributes of each element.
        ended: called with each element that ends. What it holds is then dropped, so that a large file takes little
            memory.

    Attributes:
        root: the outermost element.
        declares: whether an entity is declared.
        too_deep: whether elements were left out.
    """

    def __init__(
        self,
        started: Callable[[str, Mapping[str, str]], None] | None = None,
        ended: Callable[[Element], None] | None = None,
    ) -> None:
        self.root: Element | None = None
        self.declares = False
        self.too_deep = False
        self._started, self._ended = started, ended
        self._open: list[Element] = []
        self._below = 0
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.EntityDeclHandler = self._declare

    def feed(self, text: str, *, last: bool) -> None:
        """Parse a piece of the text. Raises ExpatError."""
        if not self.declares:
            self._parser.Parse(text.encode("utf-8", "replace"), last)

    def _declare(self, *_: object) -> None:
        self.declares = True
        raise expat.ExpatError("an entity is declared")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self._below or len(self._open) == MAX_DEPTH:
            self._below += 1
            self.too_deep = True
            return
        element = Element(name, attributes)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)
        if self._started:
            self._started(name, attributes)

    def _text(self, text: str) -> None:
        if self._open and not self._below:
            self._open[-1].text += text

    def _end(self, _: str) -> None:
        if self._below:
            self._below -= 1
            return
        element = self._open.pop()
        if self._ended:
            self._ended(element)
            # Only the number of children counts from here on.
            element.children = [Element(child.name, {}) for child in element.children[:3]] if self._open else []


def local_name(name: str) -> str:
    """A name without its prefix."""
    return name.rpartition(":")[2]
