"""Designs on the page: one card, a list of variants in it."""

from __future__ import annotations

import pytest

from tests.web.kinds_shop import three_bands
from tests.web.serving import png

pytestmark = pytest.mark.browser

CARD = "#grid .card:has(select)"


def test_a_card_shows_the_design_and_any_of_its_variants(kinds_visit):
    page = kinds_visit.open()
    kinds_visit.upload(png(three_bands()))
    kinds_visit.results()
    card = page.locator(CARD)
    assert card.count() == 1
    assert card.locator(".card-spread").inner_text() == "2 colours · 3 sizes"
    assert card.locator(".card-price").inner_text() == "€20.00 – €25.00"
    options = card.locator("option").all_inner_texts()
    # Whether it can be bought is said beside the name, and is no part of it.
    assert options == ["Red, S", "Red, M", "Red, L (sold out)", "Blue, M"], "the colour asked for first, sizes by size"
    picture = card.locator("img").get_attribute("src")
    card.locator("select").select_option(label="Blue, M")
    assert card.locator(".card-price").inner_text() == "€25.00"
    assert card.locator("a").get_attribute("href") == "#/product/shirt-blue-m"
    assert card.locator("img").get_attribute("src") != picture
    assert card.locator(".tag:has-text('Sold out')").count() == 0
    card.locator("select").select_option(label="Red, L (sold out)")
    assert card.locator(".tag:has-text('Sold out')").count() == 1
    assert card.locator("select").get_attribute("aria-label") == "Choose colour and size"
    assert kinds_visit.complaints == []


def test_a_variant_opens_and_others_take_its_place(kinds_visit):
    page = kinds_visit.open()
    kinds_visit.upload(png(three_bands()))
    kinds_visit.results()
    page.locator(f"{CARD} select").select_option(label="Blue, M")
    page.click(f"{CARD} a")
    page.wait_for_selector("#product-title:text-is('Shirt-Blue-M')")
    assert page.inner_text("#product .product-price") == "€25.00"
    picker = page.locator("#product .product-text select")
    assert picker.locator("option").count() == 4
    assert picker.locator("option:checked").inner_text() == "Blue, M"
    picker.select_option(label="Red, L (sold out)")
    page.wait_for_selector("#product-title:text-is('Shirt-Red-L')")
    assert page.url.endswith("#/product/shirt-red-l")
    assert page.inner_text("#product .stock") == "Sold out"
    kinds_visit.settled("document.activeElement.matches('#product select')")
    page.keyboard.press("Escape")
    page.wait_for_selector("#product", state="hidden")
    assert "#" not in page.url
    assert kinds_visit.complaints == []
