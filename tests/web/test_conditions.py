"""``If-Match`` and ``If-None-Match`` of writes."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from streetshop.core.errors import RequestInvalid
from streetshop.core.records import Product, Shot
from streetshop.web.answers import product_etag
from streetshop.web.conditions import condition
from streetshop.web.problems import PreconditionFailed

STORED = Product("a", title="A", shots=(Shot("a.jpg", "1" * 64),))
TAG = product_etag(STORED)


def holds(before: Product | None, *headers: tuple[str, str]) -> bool:
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    try:
        condition(Headers(raw=raw)).check(before)
    except PreconditionFailed:
        return False
    return True


@pytest.mark.parametrize(
    ("name", "value", "stored", "missing"),
    [
        ("If-Match", "*", True, False),
        ("If-Match", TAG, True, False),
        ("If-Match", f'"other" , {TAG},', True, False),
        ("If-Match", '"other"', False, False),
        ("If-Match", f"W/{TAG}", False, False),
        ("If-None-Match", "*", False, True),
        ("If-None-Match", TAG, False, True),
        ("If-None-Match", f"W/{TAG}", False, True),
        ("If-None-Match", '"other"', True, True),
        ("If-None-Match", '"a,b", "c"', True, True),
    ],
)
def test_conditions_as_in_rfc_9110(name: str, value: str, stored: bool, missing: bool) -> None:
    assert (holds(STORED, (name, value)), holds(None, (name, value))) == (stored, missing)


def test_both_headers_and_repeated_ones_count() -> None:
    assert holds(STORED)
    assert holds(None)
    assert holds(STORED, ("If-Match", '"other"'), ("If-Match", TAG))
    assert not holds(STORED, ("If-Match", TAG), ("If-None-Match", "*"))


@pytest.mark.parametrize("value", ["", " ", "abc", TAG[:-1], f"{TAG} abc", "**", "*, *", f"*, {TAG}", "W/abc", ","])
def test_what_is_no_entity_tag_is_refused(value: str) -> None:
    for name in ("If-Match", "If-None-Match"):
        with pytest.raises(RequestInvalid, match=name):
            holds(STORED, (name, value))


@given(st.text(st.characters(max_codepoint=255)))
def test_any_header_is_read_or_refused(value: str) -> None:
    with suppress(RequestInvalid):
        assert holds(None, ("If-Match", value)) is False


def test_an_etag_changes_with_every_field_and_picture() -> None:
    others = [
        Product("b", title="A", shots=STORED.shots),
        Product("a", title="B", shots=STORED.shots),
        Product("a", title="A", price=1.0, shots=STORED.shots),
        Product("a", title="A", attributes={"x": "1"}, shots=STORED.shots),
        Product("a", title="A", shots=(Shot("a.jpg", "2" * 64),)),
        Product("a", title="A", shots=STORED.shots * 2),
    ]
    assert len({TAG, *(product_etag(other) for other in others)}) == 7
