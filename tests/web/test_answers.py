"""Responses as JSON, and the addresses of pictures."""

from __future__ import annotations

import json

import pytest

from streetshop.core.records import Product, Shot
from streetshop.web.answers import image_path, image_version, is_current, json_response, product_path

PRODUCT = Product("ä/b c", shots=(Shot("a.jpg", "0123456789abcdef" * 4),))


def test_addresses_are_percent_encoded_and_hold_the_picture_s_hash() -> None:
    assert product_path(PRODUCT.id) == "/v1/products/%C3%A4%2Fb%20c"
    assert image_version(PRODUCT, 0) == "0123456789abcdef"
    assert image_path(PRODUCT, 0) == "/v1/products/%C3%A4%2Fb%20c/image/0?v=0123456789abcdef"
    assert image_path(PRODUCT, 1) is None
    assert image_path(PRODUCT, -1) is None


def test_json_is_utf_8_and_never_nan() -> None:
    response = json_response({"name": "Größe \ud800"}, 201, {"X-A": "b"})
    assert (response.status_code, response.headers["x-a"]) == (201, "b")
    assert json.loads(response.body) == {"name": "Größe ?"}
    with pytest.raises(ValueError, match="Out of range"):
        json_response({"score": float("nan")})


@pytest.mark.parametrize(
    ("header", "current"),
    [
        ("", False),
        ('"abc"', True),
        ('W/"abc"', True),
        ('"x", W/"abc" ,"y"', True),
        ("*", True),
        ("abc", False),
        ('"abcd"', False),
        ('"x"abc"', False),
        ('x"abc"', False),
        ('"', False),
    ],
)
def test_a_copy_is_current_only_under_its_whole_etag(header: str, current: bool) -> None:
    assert is_current(header, '"abc"') is current
