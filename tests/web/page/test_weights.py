"""Presets on the page: chips first, sliders behind "More"."""

from __future__ import annotations

import pytest

from tests.web.browser import PHONE
from tests.web.serving import png, street

pytestmark = pytest.mark.browser

phone = pytest.mark.parametrize(
    "visit", [{"viewport": PHONE, "has_touch": True, "is_mobile": True}], indirect=True, ids=["phone"]
)


def test_a_preset_is_searched_by_its_name(visit):
    page = visit.open()
    visit.upload(png(street("red", "blue")))
    visit.results()
    assert page.locator(".preset[aria-pressed=true]").all_inner_texts() == ["Balanced"]
    with page.expect_request("**/v1/search/vector") as sent, page.expect_response("**/v1/search/vector") as answer:
        page.click(".preset:has-text('Same colour')")
    assert sent.value.post_data_json["weights"] == "same colour"
    assert answer.value.json()["weights"] == {"style": 0.6, "colour": 0.9}
    assert page.locator(".preset[aria-pressed=true]").all_inner_texts() == ["Same colour"]
    page.click(".more-weights summary")
    assert [page.locator(f"#weight-{name}").input_value() for name in ("style", "colour")] == ["40", "60"]
    with page.expect_response("**/v1/search") as answer:
        visit.upload(png(street("green")))
    assert answer.value.json()["weights"] == {"style": 0.6, "colour": 0.9}
    assert visit.results()
    with page.expect_request("**/similar?*") as sent:
        page.locator("#grid .card a").first.click()
    assert "weights=same+colour" in sent.value.url
    assert visit.complaints == []


def test_presets_that_say_the_same_are_offered_once(visit):
    """The encoder of this shop has no pattern block."""
    page = visit.open()
    visit.upload(png(street()))
    visit.results()
    assert page.locator(".preset").all_inner_texts() == ["Balanced", "Same item", "Same colour", "Same cut"]


@phone
def test_presets_on_a_phone_are_above_the_products(visit):
    page = visit.open()
    visit.upload(png(street("red", "blue")))
    visit.results()
    fits = "document.documentElement.scrollWidth === 390"
    assert page.evaluate(fits)
    chips = [page.locator(".preset").nth(i).bounding_box() for i in range(page.locator(".preset").count())]
    assert all(chip["height"] >= 40 for chip in chips)
    assert len({chip["y"] for chip in chips}) == 1, "one row, which scrolls"
    assert chips[0]["y"] < page.locator("#grid").bounding_box()["y"]
    with page.expect_response("**/v1/search/vector") as answer:
        page.tap(".preset:has-text('Same colour')")
    assert answer.value.json()["weights"] == {"style": 0.6, "colour": 0.9}
    page.tap("#refine-open")
    page.tap("#refine .more-weights summary")
    assert page.locator("#weight-colour").input_value() == "60"
    assert page.evaluate(fits)
    assert visit.complaints == []
