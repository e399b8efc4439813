"""The picture that shows where a garment and a product are alike."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.browser import Visit
from tests.web.serving import png, street

pytestmark = pytest.mark.browser


def first_product(visit: Visit) -> Any:
    page = visit.open()
    visit.upload(png(street("red")))
    visit.results()
    page.click("#grid .card:first-child a")
    page.wait_for_selector("#product[open]")
    page.click(".alike summary")
    return page


def test_where_the_two_are_alike_is_drawn_on_demand(visit: Visit) -> None:
    page = first_product(visit)
    assert [url for url in visit.requests if url.endswith("/heatmap")] == []
    page.click(".where button")
    page.wait_for_selector(".where img")
    visit.settled("document.querySelector('.where img').naturalWidth > 16")
    assert len([url for url in visit.requests if url.endswith("/heatmap")]) == 1
    assert "redder" in page.get_attribute(".where img", "alt").lower()
    assert visit.complaints == []


def test_a_failure_is_said_and_the_button_stays(visit: Visit) -> None:
    page = first_product(visit)
    page.route("**/v1/search/heatmap", lambda route: route.abort())
    page.click(".where button")
    page.wait_for_selector(".where [role=alert]")
    assert page.inner_text(".where button") == "Show where"
    assert page.is_enabled(".where button")
