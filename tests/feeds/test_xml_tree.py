"""Trees of elements."""

from __future__ import annotations

from xml.parsers.expat import ExpatError

import pytest

from streetshop.feeds.xml_tree import MAX_DEPTH, Element, Tree, local_name


def test_elements_with_their_own_text() -> None:
    tree = Tree()
    for piece in ("<a x='1'>one<b>two", "</b>three", "<c/></a>"):
        tree.feed(piece, last=False)
    tree.feed("", last=True)
    assert tree.root is not None
    assert (tree.root.name, tree.root.text, tree.root.attributes) == ("a", "onethree", {"x": "1"})
    assert [(child.name, child.text) for child in tree.root.children] == [("b", "two"), ("c", "")]


def test_deep_elements_are_left_out() -> None:
    tree = Tree()
    tree.feed("<a>" * 100_000 + "</a>" * 100_000, last=True)
    assert tree.too_deep
    element, depth = tree.root, 0
    while element is not None:
        element, depth = (element.children[0] if element.children else None), depth + 1
    assert depth == MAX_DEPTH


def test_a_declared_entity_ends_it() -> None:
    tree = Tree()
    with pytest.raises(ExpatError):
        tree.feed("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", last=True)
    assert tree.declares


def test_a_listener_keeps_no_large_tree() -> None:
    ended: list[Element] = []
    tree = Tree(lambda name, attributes: None, ended.append)
    tree.feed("<a>" + "<b><c/><c/><c/><c/></b>" * 50 + "</a>", last=True)
    assert len(ended) == 251
    assert tree.root is not None
    assert tree.root.children == []


def test_local_names() -> None:
    assert (local_name("g:id"), local_name("id")) == ("id", "id")
