"""The look of a product's page, with a marker on each garment, in the product's dialog."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streetshop.catalog.looks import LOOKS_FILE
from streetshop.models import Encoder
from tests.web.browser import PHONE, WIDE, Visit
from tests.web.page_shop import PageReader, store_look
from tests.web.serving import running

pytestmark = pytest.mark.browser


@pytest.fixture
def look_visit(
    browser: Any, own_shop: tuple[Path, Encoder], request: pytest.FixtureRequest
) -> Iterator[tuple[Visit, Path]]:
    """A visit to a shop whose product ``outfit`` has a stored look, and the catalog's folder."""
    store_look(*own_shop)
    context = browser.new_context(reduced_motion="reduce", **getattr(request, "param", {"viewport": WIDE}))
    context.set_default_timeout(20_000)
    with running(*own_shop, reader=PageReader()) as up:
        yield Visit(context.new_page(), up), own_shop[0]
    context.close()


both = pytest.mark.parametrize(
    "look_visit",
    [{"viewport": WIDE}, {"viewport": PHONE, "has_touch": True, "is_mobile": True}],
    indirect=True,
    ids=["wide", "phone"],
)


@both
def test_a_marker_opens_products_like_its_garment(look_visit: tuple[Visit, Path]) -> None:
    visit, _ = look_visit
    page = visit.open("/#/product/outfit")
    page.wait_for_selector(".look .card")
    answer = page.evaluate("fetch('/v1/products/outfit/look').then((answer) => answer.json())")
    for number, garment in enumerate(answer["garments"]):
        marker = page.locator(".look .marker").nth(number)
        frame = page.locator(".look-picture").bounding_box()
        box = marker.bounding_box()
        at = ((box["x"] + box["width"] / 2 - frame["x"]) / frame["width"], (box["y"] + box["height"] / 2 - frame["y"]))
        assert at[0] == pytest.approx(garment["hotspot"][0], abs=0.02)
        assert at[1] / frame["height"] == pytest.approx(garment["hotspot"][1], abs=0.02)
        assert min(box["width"], box["height"]) >= 44
        marker.click()
        assert marker.get_attribute("aria-pressed") == "true"
        titles = page.locator(".look .card-title").all_inner_texts()
        assert titles == [match["title"] or match["category"] for match in garment["matches"]]
        what = "this product" if garment["primary"] else f"the {garment['category']}"
        assert page.inner_text("#look-of") == f"Like {what}"
        assert page.inner_text("#live").endswith(f"{len(titles)} products")
    assert page.locator(".look [aria-pressed=true]").count() == 2, "the marker and the name of its garment"
    assert page.evaluate("document.documentElement.scrollWidth") == page.viewport_size["width"]
    assert visit.complaints == []


def test_the_keyboard_chooses_a_garment_and_opens_a_product(look_visit: tuple[Visit, Path]) -> None:
    visit, _ = look_visit
    page = visit.open("/#/product/outfit")
    page.wait_for_selector(".look .card")
    page.locator(".look .marker").last.focus()
    page.keyboard.press("Enter")
    assert page.locator(".look .marker").last.get_attribute("aria-pressed") == "true"
    title = page.locator(".look .card a").first.inner_text()
    page.locator(".look .card a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(f"#product-title:text('{title}')")
    page.go_back()
    page.wait_for_selector("#product-title:text('Outfit')")
    page.wait_for_selector(".look .card")


def test_products_without_a_look_have_none(look_visit: tuple[Visit, Path]) -> None:
    visit, _ = look_visit
    page = visit.open("/#/product/red-plain")
    page.wait_for_selector(".similar .card:not(.skeleton)")
    assert page.locator(".look").count() == 0


def test_a_shop_without_looks_is_not_asked_for_any(visit: Visit) -> None:
    page = visit.open("/#/product/red-plain")
    page.wait_for_selector(".similar .card:not(.skeleton)")
    assert [url for url in visit.requests if url.endswith("/look")] == []
    assert visit.complaints == []


def test_damaged_looks_leave_the_product_as_it_is(look_visit: tuple[Visit, Path]) -> None:
    visit, folder = look_visit
    page = visit.open()
    page.wait_for_selector("#samples .card")
    (folder / LOOKS_FILE).write_bytes(b"damaged" * 500)
    page.evaluate("location.hash = '#/product/outfit'")
    page.wait_for_selector(".similar .card:not(.skeleton)")
    assert page.locator(".look").count() == 0
    assert page.locator("#product .notice").count() == 0
