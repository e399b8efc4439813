"""Kinds on the page: what is searched, what the shop does not sell, and how to widen."""

from __future__ import annotations

import pytest

from tests.web.browser import PHONE, Visit
from tests.web.kinds_shop import three_bands
from tests.web.serving import BandReader, png, running

pytestmark = pytest.mark.browser

ON_PHONE = {"viewport": PHONE, "has_touch": True, "is_mobile": True}


def pick(page, name: str) -> None:
    """Choose a garment of the photo."""
    page.click(f".piece:has-text('{name}')")
    page.wait_for_selector(f"#results-title:text('Like the {name.lower()}')")


def test_the_searched_kinds_are_said_and_sent_back(kinds_visit):
    page = kinds_visit.open()
    kinds_visit.upload(png(three_bands()))
    kinds_visit.results()
    assert page.inner_text(".kinds summary") == "Searching tops"
    pick(page, "Bottom")
    assert page.inner_text(".kinds summary") == "Searching skirts or dresses"
    before = kinds_visit.results()
    assert len(before) == 6
    assert "Sheet-White" in before, "a product of unknown kind takes part"
    with page.expect_request("**/v1/search/vector") as sent:
        kinds_visit.weight("colour", 80)
    assert sent.value.post_data_json["searched"] == {"skirt": 0.5, "dress": 0.4}
    kinds_visit.settled("document.getElementById('grid').getAttribute('aria-busy') === 'false'")
    assert sorted(kinds_visit.results()) == sorted(before)
    assert page.locator("#others").is_hidden()
    assert kinds_visit.complaints == []


def test_a_search_is_widened_narrowed_and_put_back(kinds_visit):
    page = kinds_visit.open()
    kinds_visit.upload(png(three_bands()))
    kinds_visit.results()
    pick(page, "Bottom")
    page.click(".kinds summary")
    page.click(".kinds .choice:has-text('Any kind')")
    page.wait_for_selector(".kinds summary:has-text('Searching all kinds')")
    kinds_visit.settled("document.querySelectorAll('#grid .card').length === 24")
    page.click(".kinds summary")
    page.click(".kinds .choice:has-text('Bags')")
    kinds_visit.settled("document.querySelectorAll('#grid .card').length === 3")
    assert page.inner_text(".kinds summary") == "Searching bags"
    pick(page, "Top")
    assert page.inner_text(".kinds summary") == "Searching tops", "each garment has kinds of its own"
    pick(page, "Bottom")
    assert page.inner_text(".kinds summary") == "Searching bags"
    page.click(".kinds summary")
    page.click(".kinds .choice:has-text('Its own: skirts or dresses')")
    kinds_visit.settled("document.querySelectorAll('#grid .card').length === 6")
    assert kinds_visit.complaints == []


def test_a_kind_that_is_not_sold_is_said_and_others_stand_apart(kinds_visit):
    page = kinds_visit.open()
    kinds_visit.upload(png(three_bands()))
    kinds_visit.results()
    page.click(".piece:has-text('Shoes')")
    page.wait_for_selector(".notice:has-text('This shop sells no hats')")
    assert page.locator("#grid .card").count() == 0
    assert page.inner_text("#others-title") == "The nearest products of other kinds"
    assert page.locator("#others-grid .card").count() == 6
    assert page.locator("#others .tag.best").count() == 0
    assert page.inner_text("#live") == "This shop sells no hats"
    page.click("#others-grid .card:first-child a")
    page.wait_for_selector("#product[open] .alike")
    page.keyboard.press("Escape")
    page.click("button:has-text('Search all kinds')")
    kinds_visit.results()
    assert page.locator("#others").is_hidden()
    assert page.locator("#grid .tag.best").count() == 1
    assert kinds_visit.complaints == []


def test_the_first_garment_with_products_is_shown_first(browser, kinds_shop):
    """The reader is surest of a hat, which the shop does not sell."""
    reader = BandReader({"top": {"hat": 0.9}, "bottom": {"skirt": 0.9}})
    context = browser.new_context(viewport=PHONE, reduced_motion="reduce")
    with running(*kinds_shop, reader=reader) as up:
        visit = Visit(context.new_page(), up)
        page = visit.open()
        visit.upload(png(three_bands()))
        assert "Skirt-Blue" in visit.results() or "Skirt-Red" in visit.results()
        assert page.inner_text("#results-title") == "Like the bottom"
        assert page.get_attribute(".piece >> nth=1", "aria-pressed") == "true"
    context.close()


def test_a_filter_that_leaves_nothing_of_the_kind(kinds_visit):
    page = kinds_visit.open()
    kinds_visit.upload(png(three_bands()))
    kinds_visit.results()
    pick(page, "Bottom")
    page.click("summary:has-text('Price')")
    page.fill("input[aria-label='Price from']", "50")
    page.wait_for_selector(".notice:has-text('No skirts or dresses pass these filters')")
    assert page.locator("#others-grid .card").count() == 6
    page.keyboard.press("Escape")
    page.click("button:has-text('Clear filters')")
    kinds_visit.settled("document.querySelectorAll('#grid .card').length === 6")


def test_the_kinds_are_chosen_by_keyboard(kinds_visit):
    page = kinds_visit.open()
    kinds_visit.upload(png(three_bands()))
    kinds_visit.results()
    page.focus(".kinds summary")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    with page.expect_request("**/v1/search/vector") as sent:
        page.keyboard.press("ArrowDown")
    assert sent.value.post_data_json["kinds"] == []
    page.wait_for_selector(".kinds summary:has-text('Searching all kinds')")
    page.focus(".kinds summary")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert not page.evaluate("document.querySelector('.kinds').open")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


@pytest.mark.parametrize("kinds_visit", [ON_PHONE, {"viewport": {"width": 320, "height": 640}}], indirect=True)
def test_a_phone_shows_the_first_products_and_scrolls_one_way(kinds_visit):
    page = kinds_visit.open()
    width = page.viewport_size["width"]
    kinds_visit.upload(png(three_bands()))
    kinds_visit.results()
    for name in ("Top", "Bottom", "Shoes"):
        page.click(f".piece:has-text('{name}')")
        page.wait_for_selector(f"#results-title:text('Like the {name.lower()}')")
        kinds_visit.settled("document.getElementById('grid').getAttribute('aria-busy') === 'false'")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        page.click(".kinds summary")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        panel = page.locator(".kinds .panel").bounding_box()
        assert panel["x"] >= 0
        assert panel["x"] + panel["width"] <= width
        page.keyboard.press("Escape")
    if width == PHONE["width"]:
        page.click(".piece:has-text('Top')")
        page.evaluate("scrollTo(0, 0)")
        assert page.locator("#grid .card").first.bounding_box()["y"] < PHONE["height"] - 60
