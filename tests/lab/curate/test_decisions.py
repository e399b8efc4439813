"""Decisions: a file that people edit, and the page that writes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from streetshop.core.errors import CurateError
from streetshop.lab.curate.decisions import Decisions
from streetshop.lab.curate.page import Card, create_page
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample
from tests.web.browser import FLAGS, chromium

HEAD = "# streetshop decisions: clusters of abc\n"


def test_what_is_decided_is_in_the_file_at_once_and_can_be_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "clusters.csv"
    decisions = Decisions.read(path, "clusters", "abc")
    decisions.decide("c-001", "drop")
    decisions.decide("c-002", "keep")
    decisions.decide("c-001", "keep")
    assert path.read_text() == HEAD + "id,verdict\nc-002,keep\nc-001,keep\n"
    assert decisions.undo() == "c-001"
    assert Decisions.read(path, "clusters", "abc").verdicts == {"c-002": "keep", "c-001": "drop"}
    assert [decisions.undo(), decisions.undo(), decisions.undo()] == ["c-002", "c-001", None]
    assert Decisions.read(path, "clusters", "abc").verdicts == {}


def test_a_file_written_by_hand_is_read_with_blanks_comments_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("\ufeff" + HEAD + "id,verdict\n\n# parcels\n c-003 , drop \nc-004,keep\nc-004,keep\n")
    assert Decisions.read(path, "clusters", "abc", {"c-003", "c-004"}).verdicts == {"c-003": "drop", "c-004": "keep"}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "does not begin like a decisions file"),
        ("c-001,drop\n", "Begin it with: # streetshop decisions: clusters of abc"),
        ("# streetshop decisions: clusters of other\n", "about clusters of other, not about clusters of abc"),
        ("# streetshop decisions: pictures of abc\n", "about pictures of abc, not about clusters of abc"),
        (HEAD + "c-001\n", "line 2: 'c-001' is no decision"),
        (HEAD + "id,verdict\nc-001,away\n", "line 3: verdict 'away'. Use keep or drop"),
        (HEAD + "c-001,keep,but why\n", "is no decision"),
        (HEAD + "c-999,keep\n", "there is no 'c-999' among the clusters"),
        (HEAD + "c-001,keep\nc-001,drop\n", "line 3: 'c-001' is decided twice"),
    ],
)
def test_a_bad_file_says_where_and_is_not_touched(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "d.csv"
    path.write_text(text)
    with pytest.raises(CurateError) as caught:
        Decisions.read(path, "clusters", "abc", {"c-001"})
    assert what in str(caught.value)
    assert path.read_text() == text


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CurateError, match="UTF-8"):
        Decisions.read(tmp_path / "d.csv", "clusters", "abc")


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1), st.sampled_from(["keep", "drop"])
    )
)
def test_whatever_the_ids_are_they_come_back(
    tmp_path_factory: pytest.TempPathFactory, verdicts: dict[str, str]
) -> None:
    verdicts = {id: v for id, v in verdicts.items() if not id.startswith("#") and id != "id"}
    path = tmp_path_factory.mktemp("d") / "d.csv"
    Decisions(path, "clusters", "abc", dict(verdicts)).write()
    assert Decisions.read(path, "clusters", "abc").verdicts == verdicts


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
