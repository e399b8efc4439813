"""Pictures in cells: lists of many forms, addresses as shops write them, objects of APIs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streetshop.core.errors import RowRefused
from streetshop.feeds.sources import sources


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('["img/a.png", "img/b.png"]', ["img/a.png", "img/b.png"]),
        ("['a.png', \"b's.png\"]", ["a.png", "b's.png"]),
        ("['a.png' 'b.png'\n 'c.png']", ["a.png", "b.png", "c.png"]),
        ("[u'a.png', None]", ["a.png"]),
        ("[]", []),
        ('[{"src": "a.png"}]', ["a.png"]),
        ('{"0": "a.png", "1": "b.png"}', ["a.png", "b.png"]),
        ("a.jpg;b.jpeg", ["a.jpg", "b.jpeg"]),
        ("a.jpg, b.png,", ["a.jpg", "b.png"]),
        ("a.jpg\nb.jpg\r\n c.jpg", ["a.jpg", "b.jpg", "c.jpg"]),
        ("x|y", ["x", "y"]),
        ("red,dress.jpg", ["red,dress.jpg"]),
        ("red;dress.jpg", ["red;dress.jpg"]),
        ("red dress.jpg", ["red dress.jpg"]),
        ("[draft] a.jpg", ["[draft] a.jpg"]),
        ("https://x.example/w_3,h_4/a.jpg", ["https://x.example/w_3,h_4/a.jpg"]),
        ("https://x.example/1, https://x.example/2", ["https://x.example/1", "https://x.example/2"]),
        ("https://x.example/1 https://x.example/2", ["https://x.example/1", "https://x.example/2"]),
        ("https://x.example/a.jpg;https://x.example/b.jpg", ["https://x.example/a.jpg", "https://x.example/b.jpg"]),
        ("https://x.example/?a=1&amp;b=2;https://x.example/3", ["https://x.example/?a=1&b=2", "https://x.example/3"]),
        ("https://x.example/?a=1&copy=2", ["https://x.example/?a=1&copy=2"]),
        ("https://x.example/red dress.jpg", ["https://x.example/red%20dress.jpg"]),
        ("https://x.example/a%20b.jpg", ["https://x.example/a%20b.jpg"]),
        ("//x.example/a.jpg", ["https://x.example/a.jpg"]),
        ("//x.example/a.jpg,//x.example/b.jpg", ["https://x.example/a.jpg", "https://x.example/b.jpg"]),
        ("https:\\/\\/x.example\\/a.jpg", ["https://x.example/a.jpg"]),
        ('"https://x.example/a.jpg"', ["https://x.example/a.jpg"]),
        ("\ufeffhttps://x.example/a.jpg\u00a0", ["https://x.example/a.jpg"]),
        ("www.x.example/a b.jpg", ["https://www.x.example/a%20b.jpg"]),
        ("https://x.example/a.jpg ! alt : A ! title : B | https://x.example/b.jpg ! alt : ", None),
        ("no_selection", []),
        ("NULL", []),
        ("  ", []),
        ("a&amp;b.jpg", ["a&amp;b.jpg"]),
        ('["https://x.example/a.jpg"', ["https://x.example/a.jpg"]),
        ('"https://x.example/b.jpg"]', ["https://x.example/b.jpg"]),
        ("https://x.example/?size[]=1", ["https://x.example/?size[]=1"]),
    ],
)
def test_text(text: str, found: list[str] | None) -> None:
    assert list(sources(text)) == (["https://x.example/a.jpg", "https://x.example/b.jpg"] if found is None else found)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (["a", " b ", None, ""], ["a", "b"]),
        (3.0, ["3"]),
        (12, ["12"]),
        (None, []),
        (float("nan"), []),
        ({"id": 8, "position": 1, "src": "https://x.example/a.png?v=1"}, ["https://x.example/a.png?v=1"]),
        ({"edges": [{"node": {"url": "a"}}, {"node": {"originalSrc": "b"}}]}, ["a", "b"]),
        ({"data": {"attributes": {"url": "/a.jpg", "name": "x"}}}, ["/a.jpg"]),
        ([{"thumb": "t", "large": "l", "hi_res": None}, {"thumb": "t", "large": "l2", "hi_res": "h"}], ["l", "h"]),
        ({"hi_res": ["a", "b"], "thumb": ["c", "d"]}, ["a", "b"]),
        ([{"file": "/a/b.jpg", "disabled": True}, {"file": "/c.jpg", "disabled": False}], ["/c.jpg"]),
        ([{"media_type": "external-video", "file": "v"}, {"preview": {"image": {"url": "p"}}}], ["p"]),
        ({"alt": None, "src": None}, []),
        ({}, []),
    ],
)
def test_objects_and_lists(value: object, found: list[str]) -> None:
    assert list(sources(value)) == found


def test_objects_without_a_picture_are_refused() -> None:
    with pytest.raises(RowRefused, match="the fields alt, width"):
        list(sources([{"alt": "x", "width": 3}]))
    with pytest.raises(RowRefused, match="bytes"):
        list(sources(b"GIF"))
    deep: object = "a"
    for _ in range(50):
        deep = [deep]
    with pytest.raises(RowRefused, match="lists of lists"):
        list(sources(deep))


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["src", "edges", "node", "x"]), inner, max_size=3)
    ),
    max_leaves=20,
)


@settings(max_examples=200)
@given(_JSON | st.text(st.sampled_from("[]{}'\"\\,;| /:.ahtps\n&"), max_size=40))
def test_any_value_gives_texts_or_is_refused(value: object) -> None:
    try:
        found = list(sources(value))
    except RowRefused:
        return
    assert all(isinstance(source, str) and source for source in found)


@given(st.lists(st.from_regex(r"[a-z]{1,8}\.(jpg|png)", fullmatch=True), min_size=2, max_size=6))
def test_lists_are_found_in_each_form(names: list[str]) -> None:
    for text in (str(names), "|".join(names), ";".join(names), ", ".join(names), "\n".join(names)):
        assert list(sources(text)) == names
