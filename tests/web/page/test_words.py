"""Words beside the photo."""

from __future__ import annotations

import pytest

from tests.web.kinds_shop import three_bands
from tests.web.serving import png

pytestmark = pytest.mark.browser


def test_products_with_the_words_come_first_until_they_are_removed(kinds_visit):
    page = kinds_visit.open()
    kinds_visit.upload(png(three_bands()))
    kinds_visit.results()
    page.click(".piece:has-text('Bottom')")
    page.wait_for_selector("#results-title:text('Like the bottom')")
    before = kinds_visit.results()
    assert before[0] != "Skirt-Green"
    uploads = sum(url.endswith("/v1/search") for url in kinds_visit.requests)
    with page.expect_request("**/v1/search/vector") as sent:
        page.fill("#words", "  Green ")
        page.keyboard.press("Enter")
    assert sent.value.post_data_json["text"] == "Green"
    kinds_visit.settled("document.querySelector('#grid .card-title').textContent === 'Skirt-Green'")
    assert page.locator("#grid .card-words").all_inner_texts() == ["With Green"]
    assert sorted(kinds_visit.results()) == sorted(before), "the others follow"
    assert sum(url.endswith("/v1/search") for url in kinds_visit.requests) == uploads
    with page.expect_response("**/v1/search") as other:
        kinds_visit.upload(png(three_bands()[:300]))
    assert other.value.ok, "the words are kept for the next photo"
    kinds_visit.results()
    page.click(".chip[aria-label='Remove the words Green']")
    kinds_visit.settled("document.querySelectorAll('#grid .card-words').length === 0")
    assert page.input_value("#words") == ""
    assert page.get_attribute("#words", "maxlength") == "500"
    assert kinds_visit.complaints == []
