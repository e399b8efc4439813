"""Several photos of one garment on the page."""

from __future__ import annotations

import numpy as np
import pytest

from tests.web.browser import PHONE, WIDE
from tests.web.serving import jpeg, png, street

pytestmark = pytest.mark.browser

both = pytest.mark.parametrize(
    "visit",
    [{"viewport": WIDE}, {"viewport": PHONE, "has_touch": True, "is_mobile": True}],
    indirect=True,
    ids=["wide", "phone"],
)


def file(pixels: np.ndarray | bytes, name: str = "other.png") -> dict[str, object]:
    data = pixels if isinstance(pixels, bytes) else png(pixels)
    return {"name": name, "mimeType": "image/png", "buffer": data}


@both
def test_photos_are_added_and_taken_away(visit):
    page = visit.open()
    visit.upload(png(street("red", "blue")))
    first = visit.results()
    page.locator(".marker").nth(1).click()
    page.wait_for_selector("#results-title:text('Like the bottom')")
    alone = visit.results()
    with page.expect_file_chooser() as chooser, page.expect_response("**/v1/search") as answer:
        page.click("#add-photo")
        chooser.value.set_files([file(street("blue", "green")), file(street("black", "blue"))])
    (garment,) = answer.value.json()["garments"]
    assert [view["garment"] for view in garment["views"]] == [1, 0, 1]
    page.wait_for_selector(".view >> nth=1")
    assert page.inner_text("#live") != ""
    assert page.inner_text("#results-title") == "Like the bottom"
    assert page.evaluate("document.documentElement.scrollWidth") == page.viewport_size["width"]
    assert visit.results()[0].startswith("Blue")
    with page.expect_response("**/v1/search") as answer:
        page.click("[aria-label='Remove photo 3']")
    assert len(answer.value.json()["garments"][0]["views"]) == 2
    visit.settled("document.querySelectorAll('.view').length === 1")
    with page.expect_response("**/v1/search/vector"):
        page.click("[aria-label='Remove photo 2']")
    visit.settled("document.querySelectorAll('.view').length === 0")
    visit.settled("document.getElementById('grid').getAttribute('aria-busy') === 'false'")
    assert visit.results() == alone
    page.locator(".marker").nth(0).click()
    page.wait_for_selector("#results-title:text('Like the top')")
    assert visit.results() == first
    assert visit.complaints == []


def test_a_photo_that_cannot_be_used_leaves_the_products(visit):
    page = visit.open()
    visit.upload(png(street("red", "blue")))
    shown = visit.results()
    for bad, message in (
        (file(np.full((200, 200, 3), 190, np.uint8)), "No garment was found in photo 2"),
        (file(jpeg(street(scale=3))[:9000]), "Photo 2: the file ends early"),
        (file(b""), "Choose another photo"),
    ):
        page.set_input_files("#another", [bad])
        page.wait_for_selector(f".notice.error:has-text('{message}')")
        assert visit.results() == shown
        assert page.locator(".view").count() == 0
    page.set_input_files("#another", [file(street("red"), f"{i}.png") for i in range(9)])
    page.wait_for_selector(".notice.error:has-text('at most 8 photos')")
    with page.expect_response("**/v1/search"):
        page.set_input_files("#another", [file(street("red", "green"))])
    page.wait_for_selector(".view")
    assert page.locator(".notice").count() == 0


def test_a_box_drawn_by_hand_takes_no_further_photos(visit):
    page = visit.open()
    visit.upload(png(street("red", "blue")))
    visit.results()
    assert page.locator("#add-photo").is_visible()
    page.focus("#draw")
    page.keyboard.press("Enter")
    with page.expect_response("**/v1/search"):
        page.keyboard.press("Enter")
    page.wait_for_selector("#results-title:text('Like what is in your box')")
    assert page.locator("#add-photo").is_hidden()
