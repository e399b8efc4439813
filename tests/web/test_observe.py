"""Log lines: one per request, nothing private; a bug is logged and not shown."""

from __future__ import annotations

import logging
import re
import time

from tests.web.serving import KEY, png, running, street


def test_logs_hold_no_key_no_image_and_one_line_a_request(server, caplog):
    photo = png(street())
    with caplog.at_level(logging.DEBUG, logger="streetshop"), server.client() as client:
        client.post("/v1/search", files={"photo": ("private-name.jpg", photo)}, data={"filter": "price < 3"})
        client.delete("/v1/products/nope%0Anext", headers={"Authorization": f"Bearer {KEY}"})
        client.delete("/v1/products/nope", headers={"X-API-Key": "wrong-key-but-still-secret"})
        client.get("/v1/catalog?secret=query")

    def access_lines() -> list[str]:
        return [record.getMessage() for record in caplog.records if record.name == "streetshop.web.access"]

    # The server writes a request's line after its answer has left: the last one may come a moment later.
    end = time.monotonic() + 10
    while len(access_lines()) < 4 and time.monotonic() < end:
        time.sleep(0.02)
    lines = access_lines()
    assert len(lines) == 4
    assert re.fullmatch(r"[0-9a-f]{12} POST /v1/search 200 [\d.]+ ms \d+ B", lines[0])
    assert "nope%0Anext" in lines[1]
    for record in caplog.records:
        text = record.getMessage()
        assert "\n" not in text
        for secret in (KEY, "wrong-key", "private-name", "secret=query", "price < 3", "PNG"):
            assert secret not in text


def test_a_bug_shows_nothing_to_the_client_and_all_to_the_log(shop, caplog, monkeypatch):
    with running(*shop) as up, up.client() as client:
        monkeypatch.setattr(up.state.catalog, "facts", lambda: 1 / 0)
        answer = client.get("/v1/catalog")
        assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
        assert "division" not in answer.text
        request_id = answer.json()["instance"].split(":")[-1]
        assert request_id == answer.headers["x-request-id"]
        assert client.get("/healthz").status_code == 200
    assert any(request_id in record.getMessage() and record.exc_info for record in caplog.records)
