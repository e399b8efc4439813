"""Values of a product by its element."""

from __future__ import annotations

import pytest

from streetshop.feeds.values import Values
from streetshop.feeds.xml import parse_element
from streetshop.feeds.xml_rows import row_values
from streetshop.feeds.xml_tree import Element


def values(text: str, **prefixes: str) -> Values:
    element = parse_element(f"<item>{text}</item>")
    assert isinstance(element, Element)
    return row_values(element, prefixes, {"7": "Women > Dresses"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<id>1</id>", {"id": "1"}),
        ("<tag>a</tag><tag>b</tag><tag>c</tag>", {"tag": ["a", "b", "c"]}),
        ("<price currency='EUR'>3</price>", {"price": "3 EUR"}),
        ("<price currency='EUR'>on request</price>", {"price": "on request"}),
        ("<photo src='a.jpg'/>", {"photo": "a.jpg"}),
        ("<media:content url='a.jpg' type='image/jpeg'/>", {"additional_image_link": "a.jpg"}),
        ("<enclosure url='a.mp4' type='video/mp4'/>", {}),
        ("<param name='Size'>44</param><param name='Fit'>slim</param>", {"Size": "44", "Fit": "slim"}),
        ("<PARAM><PARAM_NAME>Size</PARAM_NAME><VAL>44</VAL></PARAM>", {"Size": "44"}),
        ("<images><image>a</image><image>b</image></images>", {"images": ["a", "b"]}),
        ("<images><image>a</image></images>", {"images": "a"}),
        (
            "<g:shipping><g:country>DE</g:country><g:price>1</g:price></g:shipping>",
            {"shipping": {"country": "DE", "price": "1"}},
        ),
        ("<title>a</title><g:title>b</g:title>", {"title": "b"}),
        ("<g:title>b</g:title><dc:title>a</dc:title>", {"title": "b", "dc_title": "a"}),
        (
            "<categoryId>7</categoryId><name>N</name><vendor>V</vendor>",
            {"category": "Women > Dresses", "title": "N", "brand": "V"},
        ),
        ("<empty/>", {"empty": ""}),
    ],
)
def test_children(text: str, expected: Values) -> None:
    assert values(text) == expected


def test_another_prefix_of_google() -> None:
    assert values("<ns:id>2</ns:id><id>1</id>", ns="http://base.google.com/ns/1.0") == {"id": "2"}
