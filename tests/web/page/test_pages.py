"""The next page of products, below those shown."""

from __future__ import annotations

import pytest

from tests.web.kinds_shop import TOPS, three_bands
from tests.web.serving import png

pytestmark = pytest.mark.browser


def test_pages_are_added_until_there_are_no_more_products(kinds_visit):
    page = kinds_visit.open()
    kinds_visit.upload(png(three_bands()))
    first = kinds_visit.results()
    assert len(first) == 24
    assert page.inner_text("#results-note") == "The nearest 24 products"
    page.locator("#more").scroll_into_view_if_needed()
    place = page.evaluate("scrollY")
    with page.expect_request("**/v1/search/vector") as sent:
        page.click("#more")
    assert (sent.value.post_data_json["offset"], sent.value.post_data_json["searched"]) == (24, {"top": 0.9})
    kinds_visit.settled("document.querySelectorAll('#grid .card').length === 48")
    assert kinds_visit.results()[:24] == first
    assert abs(page.evaluate("scrollY") - place) < 2
    assert page.evaluate("document.activeElement.matches('#grid .card:nth-child(25) a')")
    assert page.inner_text("#live") == "24 more products, 48 in all"
    page.click("#more")
    page.wait_for_selector("#more", state="hidden")
    everything = kinds_visit.results()
    assert len(everything) == len(set(everything)) == TOPS + 2, "the tops, the design and the product of unknown kind"
    assert page.inner_text("#results-note") == f"{TOPS + 2} products, nearest first"
    kinds_visit.weight("colour", 80)
    kinds_visit.settled("document.querySelectorAll('#grid .card').length === 24")
    assert page.locator("#more").is_visible()
    assert kinds_visit.complaints == []


def test_a_page_that_fails_leaves_what_is_shown(kinds_visit):
    page = kinds_visit.open()
    kinds_visit.upload(png(three_bands()))
    kinds_visit.results()
    page.context.set_offline(True)
    page.click("#more")
    page.wait_for_selector("#more-message .notice.error:has-text('does not answer')")
    assert len(kinds_visit.results()) == 24
    page.context.set_offline(False)
    page.click("#more-message button:has-text('Try again')")
    kinds_visit.settled("document.querySelectorAll('#grid .card').length === 48")
    assert page.locator("#more-message .notice").count() == 0
