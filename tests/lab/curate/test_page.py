"""The labelling page."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from streetshop.lab.curate.decisions import Decisions
from streetshop.lab.curate.page import Card, create_page
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample
from tests.web.browser import FLAGS, chromium


@pytest.fixture
def page(tmp_path: Path) -> TestClient:
    for number in range(3):
        Image.new("RGB", (300, 200), (60 * number, 90, 30)).save(tmp_path / f"{number}.png")
    manifest = Manifest.from_rows([Sample(f"{number}.png", "shop") for number in range(3)], tmp_path)
    decisions = Decisions.read(tmp_path / "d.csv", "pictures", "abc")
    cards = [Card(str(number), f"{number}.png", "", (number,)) for number in range(2)]
    return TestClient(create_page("Noise?", cards, manifest, decisions), base_url="http://127.0.0.1:8765")


def test_the_page_decides_and_takes_back(page: TestClient, tmp_path: Path) -> None:
    assert page.get("/cards").json()["verdicts"] == ["clean", "noise"]
    assert page.post("/decide", json={"id": "1", "verdict": "noise"}).json() == {"id": "1", "verdict": "noise"}
    assert (tmp_path / "d.csv").read_text().endswith("1,noise\n")
    assert [card["verdict"] for card in page.get("/cards").json()["cards"]] == [None, "noise"]
    assert page.post("/undo", json={}).json() == {"id": "1", "verdict": None}
    assert page.post("/undo", json={}).json()["id"] is None


def test_the_page_shows_only_what_is_on_its_cards(page: TestClient) -> None:
    assert page.get("/picture/1").headers["content-type"] == "image/jpeg"
    assert page.get("/picture/2").status_code == 404  # in the manifest, on no card
    assert page.get("/page/..%2f..%2fpage.py").status_code == 404
    for path in ("/", "/page/page.js", "/page/page.css"):
        answer = page.get(path)
        assert answer.status_code == 200
        assert "script-src 'self'" in answer.headers["content-security-policy"]


def test_nonsense_is_refused_and_changes_nothing(page: TestClient, tmp_path: Path) -> None:
    assert page.post("/decide", json={"id": "7", "verdict": "noise"}).status_code == 404
    assert page.post("/decide", json={"id": "1", "verdict": "away"}).status_code == 422
    assert page.post("/decide", content="id=1&verdict=noise").status_code == 422
    assert not (tmp_path / "d.csv").exists()


@pytest.mark.parametrize("headers", [{"host": "evil.example"}, {"origin": "http://evil.example"}, {"origin": "null"}])
def test_other_pages_can_neither_read_nor_decide(page: TestClient, tmp_path: Path, headers: dict[str, str]) -> None:
    assert page.get("/cards", headers=headers).status_code == 403
    assert page.post("/decide", json={"id": "1", "verdict": "noise"}, headers=headers).status_code == 403
    assert not (tmp_path / "d.csv").exists()


@pytest.mark.browser
def test_keys_k_d_and_u(page: TestClient, tmp_path: Path) -> None:
    """In a browser: decide both cards, take the second back."""
    import threading

    sync_api = pytest.importorskip("playwright.sync_api")
    from streetshop.web.server import bind, make_server, url_of

    listener = bind("127.0.0.1", 0)
    server = make_server(page.app, listener)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        with sync_api.sync_playwright() as playwright:
            try:
                browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
            except sync_api.Error as error:
                pytest.skip(f"no Chromium: {error}")
            tab = browser.new_page()
            errors: list[str] = []
            tab.on("pageerror", lambda error: errors.append(str(error)))
            tab.goto(url_of(listener))
            tab.get_by_text("0 of 2 decided").wait_for()
            tab.keyboard.press("d")
            tab.get_by_text("1 of 2 decided").wait_for()
            tab.keyboard.press("k")
            tab.get_by_text("That was the last one.").wait_for()
            assert (tmp_path / "d.csv").read_text().endswith("0,noise\n1,clean\n")
            tab.keyboard.press("u")
            tab.get_by_text("2. 1.png").wait_for()
            browser.close()
        assert (tmp_path / "d.csv").read_text().endswith("0,noise\n")
        assert not errors
    finally:
        server.should_exit = True
        thread.join(20)
