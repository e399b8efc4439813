"""The page, clicked through in headless Chromium against a real server."""

from __future__ import annotations

import io
from contextlib import ExitStack, suppress
from typing import Any

import pytest
from PIL import Image

from streetshop.catalog.open import create_catalog
from streetshop.catalog.store import CatalogMeta
from streetshop.core.records import Product
from streetshop.web import Settings
from streetshop.web.problems import Busy
from tests.catalog.filled import entry, square
from tests.web.browser import PHONE, WIDE, Visit
from tests.web.serving import BandReader, jpeg, png, running, street

pytestmark = pytest.mark.browser

on_phone = pytest.mark.parametrize(
    "visit", [{"viewport": PHONE, "has_touch": True, "is_mobile": True}], indirect=True, ids=["phone"]
)


def test_photo_to_marker_to_products(visit):
    page = visit.open()
    page.wait_for_selector("#samples .card")
    assert page.inner_text("#catalog-count") == "18 products"
    visit.upload(png(street("red", "blue")))
    assert visit.results()
    assert page.locator(".marker").count() == 2
    assert page.inner_text("#results-title") == "Like the top"
    boxes = [page.locator(".marker").nth(i).bounding_box() for i in range(2)]
    frame = page.locator(".picture").bounding_box()
    across = [(box["x"] + box["width"] / 2 - frame["x"]) / frame["width"] for box in boxes]
    down = [(box["y"] + box["height"] / 2 - frame["y"]) / frame["height"] for box in boxes]
    assert across == pytest.approx([0.5, 0.458], abs=0.02)
    assert down == pytest.approx([0.281, 0.687], abs=0.02)
    first = visit.results()
    page.locator(".marker").nth(1).click()
    page.wait_for_selector("#results-title:text('Like the bottom')")
    assert page.locator(".marker").nth(1).get_attribute("aria-pressed") == "true"
    assert visit.results() != first
    assert visit.complaints == []
    assert visit.went_out() == []


def test_filters_chips_and_nothing_passing(visit):
    page = visit.open()
    visit.upload(png(street()))
    visit.results()
    page.click("summary:has-text('Category')")
    page.click(".choice:has-text('dress')")
    visit.settled("[...document.querySelectorAll('#grid .card-aside')].every((e) => e.textContent.includes('Dress'))")
    assert len(visit.results()) == 6
    page.keyboard.press("Escape")
    page.click("label.switch:has-text('In stock')")
    visit.settled("document.querySelectorAll('#grid .card').length === 3")
    assert page.locator(".chip").count() == 2
    page.click("summary:has-text('Price')")
    page.fill("input[aria-label='Price from']", "5000")
    page.wait_for_selector("text=Nothing passes these filters")
    page.click("button:has-text('Clear filters')")
    visit.settled("document.querySelectorAll('#grid .card').length === 18")
    assert page.locator(".chip").count() == 0
    assert visit.complaints == []


def test_sliders_search_again_without_the_photo(visit):
    page = visit.open()
    visit.upload(png(street("red")))
    visit.results()
    uploads = sum(url.endswith("/v1/search") for url in visit.requests)
    assert page.locator("#weight-colour").is_hidden(), "presets come first"
    with page.expect_response("**/v1/search/vector") as last:
        visit.weight("style", 0)
    assert last.value.json()["weights"] == {"style": 0, "colour": 100}
    visit.settled("document.querySelector('#grid .card-title').textContent === 'Red plain'")
    assert sum(url.endswith("/v1/search") for url in visit.requests) == uploads
    assert page.locator("#weight-colour").input_value() == "100", "shares sum to 100"
    assert page.inner_text("output[for=weight-colour]") == "100 %"
    assert page.locator(".preset[aria-pressed=true]").count() == 0
    with page.expect_response("**/v1/search/vector") as last:
        visit.weight("colour", 30)
    assert last.value.json()["weights"] == {"style": 70, "colour": 30}
    with page.expect_response("**/v1/search/vector") as last:
        page.click(".preset:has-text('Balanced')")
    assert last.value.json()["weights"] == {"style": 1.0, "colour": 0.5}
    assert [page.locator(f"#weight-{name}").input_value() for name in ("style", "colour")] == ["67", "33"]
    assert visit.complaints == []


def test_a_box_drawn_with_the_mouse_is_searched(visit):
    page = visit.open()
    visit.upload(png(street("red", "blue")))
    visit.results()
    visit.weight("style", 0)
    frame = page.locator(".picture").bounding_box()
    at = lambda x, y: (frame["x"] + frame["width"] * x / 240, frame["y"] + frame["height"] * y / 320)  # noqa: E731
    page.mouse.move(*at(62, 172))
    page.mouse.down()
    page.mouse.move(*at(100, 220))
    page.mouse.move(*at(158, 268))
    page.mouse.up()
    page.wait_for_selector("#results-title:text('Like what is in your box')")
    assert visit.results()[0] == "Blue plain"
    assert page.locator(".piece").all_inner_texts()[-1] == "Your box"
    with page.expect_response("**/v1/search"):
        corner = page.locator(".handle.se").bounding_box()
        page.mouse.move(corner["x"] + 16, corner["y"] + 16)
        page.mouse.down()
        page.mouse.move(corner["x"] - 10, corner["y"] - 30, steps=4)
        page.mouse.up()
    assert visit.complaints == []


def test_a_weight_changed_just_before_a_box_does_not_lose_the_box(visit):
    """The box's search takes longer than the page waits after a slider."""
    page = visit.open()
    visit.upload(png(street("red", "blue")))
    visit.results()
    page.evaluate("""() => {
        const real = fetch;
        window.fetch = async (path, options) => {
            if (path === '/v1/search') await new Promise((done) => setTimeout(done, 700));
            options?.signal?.throwIfAborted();
            return real(path, options);
        };
    }""")
    frame = page.locator(".picture").bounding_box()
    visit.weight("style", 0)
    page.mouse.move(frame["x"] + frame["width"] * 0.26, frame["y"] + frame["height"] * 0.54)
    page.mouse.down()
    page.mouse.move(frame["x"] + frame["width"] * 0.66, frame["y"] + frame["height"] * 0.84, steps=3)
    page.mouse.up()
    page.wait_for_selector("#results-title:text('Like what is in your box')")
    assert visit.results()[0] == "Blue plain"
    assert visit.complaints == []


def test_product_similar_history_and_back(visit):
    page = visit.open()
    visit.upload(png(street("red")))
    titles = visit.results()
    page.click("#grid .card:first-child a")
    page.wait_for_selector("#product[open]")
    assert page.inner_text("#product-title") == titles[0]
    assert page.locator(".alike").count() == 1
    assert page.locator(".alike .bar").first.is_hidden()
    page.click(".alike summary")
    assert page.locator(".alike .bar").count() == 2
    assert sum(int(share.removesuffix(" %")) for share in page.locator(".alike .share").all_inner_texts()) in (
        99,
        100,
        101,
    )
    assert page.inner_text(".alike .both").startswith("Colours of both: red")
    page.wait_for_selector(".similar .card:not(.skeleton)")
    assert titles[0] not in page.locator(".similar .card-title").all_inner_texts()
    assert page.locator("#product-back").is_hidden()
    other = page.locator(".similar .card a").first.inner_text()
    page.click(".similar .card:first-child a")
    page.wait_for_selector(f"#product-title:text-is('{other}')")
    page.click("#product-back")
    page.wait_for_selector(f"#product-title:text-is('{titles[0]}')")
    page.go_forward()
    page.wait_for_selector(f"#product-title:text-is('{other}')")
    page.click("#product-close")
    page.wait_for_selector("#product", state="hidden")
    assert "#" not in page.url
    assert visit.results() == titles
    assert page.evaluate("document.activeElement.textContent") == titles[0]
    assert visit.complaints == []


def test_a_products_address_can_be_opened_and_an_unknown_one_says_so(visit):
    page = visit.open("/#/product/red-plain")
    page.wait_for_selector("#product-title:text-is('Red plain')")
    page.wait_for_selector(".similar .card:not(.skeleton)")
    page.keyboard.press("Escape")
    page.wait_for_selector("#product", state="hidden")
    page.goto("about:blank")
    visit.open("/#/product/no%2Fsuch")
    page.wait_for_selector("#product .notice:has-text('no longer there')")


def test_keyboard_only(visit):
    # Playwright does not wait until Chromium hands over its file choosers: asked for at the key, it may be too late.
    visit.page.on("filechooser", lambda chooser: None)
    page = visit.open()
    page.wait_for_selector("#samples .card")

    def tab_to(selector: str, most: int = 60) -> None:
        for _ in range(most):
            page.keyboard.press("Tab")
            if page.evaluate("(s) => document.activeElement.matches(s)", selector):
                return
        raise AssertionError(f"Tab never reached {selector}")

    tab_to("#choose")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files({"name": "p.png", "mimeType": "image/png", "buffer": png(street("red", "blue"))})
    visit.results()
    page.evaluate("document.activeElement.blur()")
    tab_to(".marker[data-index='1']")
    page.keyboard.press("Enter")
    page.wait_for_selector("#results-title:text('Like the bottom')")
    tab_to("#draw")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.classList.contains('box')")
    for key in ("ArrowUp", "ArrowUp", "Shift+ArrowRight", "Shift+ArrowDown"):
        page.keyboard.press(key)
    with page.expect_response("**/v1/search"):
        page.keyboard.press("Enter")
    page.wait_for_selector("#results-title:text('Like what is in your box')")
    visit.results()
    tab_to(".preset")
    tab_to(".more-weights summary")
    page.keyboard.press("Enter")
    tab_to("#weight-style")
    with page.expect_response("**/v1/search/vector"):
        page.keyboard.press("ArrowLeft")
    tab_to("summary")
    page.keyboard.press("Enter")
    tab_to(".choice input")
    with page.expect_response("**/v1/search/vector"):
        page.keyboard.press("Space")
    page.wait_for_selector(".chip")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    visit.results()
    tab_to("#grid .card a")
    assert page.evaluate("getComputedStyle(document.activeElement, '::after').outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.wait_for_selector("#product[open]")
    page.keyboard.press("Escape")
    page.wait_for_selector("#product", state="hidden")
    assert page.evaluate("document.activeElement.matches('#grid .card a')")
    assert visit.complaints == []


def test_everything_has_a_name_for_screen_readers(visit):
    page = visit.open()
    visit.upload(png(street()))
    visit.results()
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('button, a, input, summary')].filter((e) => {
          if (e.closest('[aria-hidden=true]') || e.matches('[aria-hidden=true]') || !e.checkVisibility()) return false;
          const label = e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.[0]?.textContent.trim();
          return !label;
        }).map((e) => e.outerHTML)"""
    )
    assert nameless == []
    assert page.locator("#live").get_attribute("aria-live") == "polite"
    assert "Like the top" in page.inner_text("#live")
    assert page.locator("h1, h2, h3").count() > 3
    assert page.get_attribute("html", "lang") == "en"


READABLE = [
    *((text, ground) for text in ("ink", "soft") for ground in ("paper", "card", "sunk", "accent-wash")),
    *(("accent", ground) for ground in ("paper", "card")),
    ("accent-ink", "accent"),
    ("paper", "ink"),
    ("good", "paper"),
]
"""Text and grounds that meet on the page, by their names in base.css."""


def contrast(a: list[float], b: list[float]) -> float:
    """WCAG contrast ratio of two sRGB colours."""

    def luminance(colour: list[float]) -> float:
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (c / 255 for c in colour)]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted([luminance(a), luminance(b)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(browser, server, scheme):
    context = browser.new_context(viewport=WIDE, color_scheme=scheme)
    page = context.new_page()
    page.goto(server.url)
    colours = page.evaluate(
        """(names) => names.map((name) => {
          const probe = document.body.appendChild(document.createElement('i'));
          probe.style.color = `var(--${name})`;
          return getComputedStyle(probe).color.match(/[0-9.]+/g).slice(0, 3).map(Number);
        })""",
        sorted({name for pair in READABLE for name in pair}),
    )
    context.close()
    by_name = dict(zip(sorted({name for pair in READABLE for name in pair}), colours, strict=True))
    ratios = {pair: contrast(by_name[pair[0]], by_name[pair[1]]) for pair in READABLE}
    assert {pair: ratio for pair, ratio in ratios.items() if ratio < 4.5} == {}


@on_phone
def test_phone_has_no_sideways_scroll_in_any_state(visit):
    page = visit.open()

    def fits() -> None:
        assert page.evaluate("document.documentElement.scrollWidth") == 390

    page.wait_for_selector("#samples .card")
    fits()
    assert page.locator("#take").is_visible()
    assert page.get_attribute("#camera", "capture") == "environment"
    visit.upload(png(street("red", "blue")))
    visit.results()
    fits()
    page.tap("#refine-open")
    page.wait_for_selector("#refine[open] .more-weights")
    fits()
    page.tap("#refine summary:has-text('Category')")
    page.tap("#refine .choice:has-text('skirt')")
    visit.settled("document.getElementById('refine-done').textContent === 'Show 6 products'")
    page.tap("#refine-done")
    assert page.inner_text("#refine-count") == "1"
    fits()
    page.tap("#grid .card:first-child a")
    page.wait_for_selector(".similar .card:not(.skeleton)")
    fits()
    small = page.evaluate(
        """() => [...document.querySelectorAll('#product button, #product .button')].filter((e) => e.checkVisibility())
          .map((e) => e.getBoundingClientRect()).filter((r) => r.width < 40 || r.height < 40).length"""
    )
    assert small == 0
    assert visit.complaints == []


def test_bad_photos_and_recovery(visit):
    page = visit.open()
    page.wait_for_selector("#samples .card")
    visit.upload(b"<html>no photo</html>", "fake.jpg", "image/jpeg")
    page.wait_for_selector(".notice.error:has-text('not a photo we can read')")
    assert page.locator("#stage").is_hidden()
    assert page.get_attribute(".notice.error", "role") == "alert"
    visit.upload(jpeg(street(scale=3))[:9000], "cut.jpg", "image/jpeg")
    page.wait_for_selector(".notice.error:has-text('incomplete')")
    visit.upload(b"", "empty.jpg", "image/jpeg")
    page.wait_for_selector(".notice.error:has-text('That file is empty')")
    visit.upload(png(street()))
    assert visit.results()
    assert page.locator(".notice").count() == 0
    assert page.locator("#stage").is_visible()


def test_server_down_too_busy_and_back(browser, shop):
    context = browser.new_context(viewport=WIDE, reduced_motion="reduce")
    with running(*shop, reader=BandReader(), settings=Settings(read_queue=64)) as up:
        visit = Visit(context.new_page(), up)
        page = visit.open()
        visit.upload(png(street()))
        visit.results()
        context.set_offline(True)
        visit.weight("style", 20)
        page.wait_for_selector(".notice.error:has-text('does not answer')")
        context.set_offline(False)
        page.click("button:has-text('Try again')")
        assert visit.results()
        with ExitStack() as places:
            while up.state.queue.reads.admitted:  # the page has its answer a moment before the lane is empty
                page.wait_for_timeout(5)
            with suppress(Busy):  # on a slow machine fewer already make the wait too long
                for _ in range(64):
                    places.enter_context(up.state.queue.reads.slot())
            visit.weight("style", 40)
            page.wait_for_selector(".notice.error:has-text('Many people')")
            page.wait_for_selector("text=Your turn comes in")
        assert visit.results()  # it asks again by itself
    visit.weight("style", 60)
    page.wait_for_selector(".notice.error:has-text('does not answer')")
    context.close()


def test_a_huge_sideways_phone_photo_is_turned_and_made_smaller_before_it_is_sent(visit):
    page = visit.open()
    stored = Image.fromarray(street("red", "blue", scale=10)).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "SECRET-CAMERA"
    stream = io.BytesIO()
    stored.save(stream, "JPEG", exif=exif, quality=95)
    page.wait_for_selector("#samples .card")
    with page.expect_response("**/v1/search") as found:
        visit.upload(stream.getvalue(), "IMG_1.jpg", "image/jpeg")
    assert found.value.json()["photo"] == {"width": 1200, "height": 1600}
    assert [garment["category"] for garment in found.value.json()["garments"]] == ["top", "bottom"]
    visit.results()
    assert page.evaluate(
        "[document.querySelector('.photo').naturalWidth, document.querySelector('.photo').naturalHeight]"
    ) == [1200, 1600]
    assert b"SECRET-CAMERA" not in (found.value.request.post_data_buffer or b"")


def test_drop_and_paste(visit):
    page = visit.open()
    page.wait_for_selector("#samples .card")
    give = """([event, bytes]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([new Uint8Array(bytes)], 'p.png', { type: 'image/png' }));
      const made = event === 'paste' ? new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true })
        : new DragEvent(event, { dataTransfer: transfer, bubbles: true, cancelable: true });
      document.body.dispatchEvent(made);
    }"""
    photo = list(png(street("red", "blue")))
    page.evaluate(give, ["dragenter", photo])
    assert page.locator("#dropping").is_visible()
    with page.expect_response("**/v1/search"):
        page.evaluate(give, ["drop", photo])
    assert page.locator("#dropping").is_hidden()
    visit.results()
    with page.expect_response("**/v1/search"):
        page.evaluate(give, ["paste", list(png(street("green", "black")))])
    assert visit.results()
    assert visit.complaints == []


def test_a_new_search_gives_up_the_one_before(visit):
    page = visit.open()
    visit.upload(png(street("red")))
    visit.results()
    failed: list[str] = []
    page.on("requestfailed", lambda request: failed.append(request.url))

    def slowly(route: Any) -> None:
        if "slow" not in failed_once:
            failed_once.append("slow")
            return  # never answered: only giving it up ends it
        route.continue_()

    failed_once: list[str] = []
    page.route("**/v1/search/vector", slowly)
    visit.weight("style", 0)
    page.wait_for_timeout(500)
    visit.weight("colour", 95)
    visit.settled("document.getElementById('grid').getAttribute('aria-busy') === 'false'")
    assert len(failed) == 1
    assert visit.results()[0] == "Red plain"


def test_hostile_products_are_text(browser, shop, tmp_path):
    encoder = shop[1]
    evil = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
    store = create_catalog(str(tmp_path / "evil"), CatalogMeta(encoder.name, encoder.fingerprint, encoder.blocks))
    products = [
        Product(f"{evil}{i}", title=evil, category=evil, brand=f"{evil}{i}", currency=evil, price=5.0 + i, url=url,
                attributes={"note": evil})
        for i, url in enumerate(["javascript:window.hacked=1", "https://shop.example/ok", "data:text/html,x"])
    ]  # fmt: skip
    store.upsert([entry(encoder, product, [square("red", shift=i)]) for i, product in enumerate(products)])
    store.close()
    context = browser.new_context(viewport=WIDE, reduced_motion="reduce")
    with running(tmp_path / "evil", encoder) as up:
        visit = Visit(context.new_page(), up)
        page = visit.open()
        visit.upload(png(square("red", side=200)))
        assert visit.results() == [evil] * 3
        page.click("summary:has-text('Brand')")
        page.click("#filters-home .choice >> nth=0")
        page.wait_for_selector(".chip")
        visit.settled("document.querySelectorAll('#grid .card').length === 1")
        page.keyboard.press("Escape")
        page.click(".chip")
        visit.settled("document.querySelectorAll('#grid .card').length === 3")
        links = []
        for i in range(3):
            page.click(f"#grid .card:nth-child({i + 1}) a")
            page.wait_for_selector(".similar .card:not(.skeleton)")
            links += page.locator("#product a[target=_blank]").evaluate_all("(all) => all.map((a) => [a.href, a.rel])")
            page.keyboard.press("Escape")
            page.wait_for_selector("#product", state="hidden")
        assert links == [["https://shop.example/ok", "noopener noreferrer nofollow"]]
        assert page.evaluate("window.hacked") is None
        assert page.locator("main script, main img[onerror]").count() == 0
        assert visit.complaints == []
        assert visit.went_out() == []
    context.close()


def test_the_policy_blocks_what_it_should(visit):
    page = visit.open()
    page.wait_for_selector("#samples .card")
    blocked = page.evaluate(
        """async () => {
          const seen = [];
          document.addEventListener('securitypolicyviolation', (event) => seen.push(event.effectiveDirective));
          const script = document.createElement('script');
          try {
            script.textContent = 'window.inline = 1';
            document.body.append(script);
          } catch { seen.push('trusted types'); }
          try { await fetch('https://elsewhere.example/'); } catch { /* what is wanted */ }
          const image = new Image(); image.src = 'https://elsewhere.example/x.png';
          await new Promise((resolve) => setTimeout(resolve, 300));
          return [seen, window.inline];
        }"""
    )
    assert {"connect-src", "img-src"} <= set(blocked[0])
    assert blocked[1] is None
