"""Headers for picture servers, pauses, and Retry-After."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from streetshop.core.errors import UsageError
from streetshop.indexing.manners import FetchHeader, HostTurns, headers_for, parse_headers, retry_after


def test_headers_are_read(tmp_path: Path) -> None:
    (tmp_path / "headers").write_text(
        "# for the shop\npictures.example Authorization: Bearer a:b\n\nX-One: 1\n", encoding="utf-8"
    )
    assert parse_headers(["Referer: https://shop.example/x", f"@{tmp_path / 'headers'}"]) == (
        FetchHeader("", "Referer", "https://shop.example/x"),
        FetchHeader("pictures.example", "Authorization", "Bearer a:b"),
        FetchHeader("", "X-One", "1"),
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Referer", "--fetch-header 'Referer'"),
        ("a b c: d", "--fetch-header 'a b c'"),
        ("Host: x", "cannot be set"),
        ("If-None-Match: x", "cannot be set"),
        ("Cookie: secret", "needs the host"),
        ("X: a\r\nY: b", "--fetch-header 'X'"),
        ("@missing", "cannot be read"),
    ],
)
def test_others_are_refused_without_their_values(text: str, reason: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_headers([text])
    assert reason in str(caught.value)
    assert "secret" not in str(caught.value)


def test_headers_go_to_the_hosts_of_the_feed_and_secrets_to_their_own() -> None:
    headers = parse_headers(["X: 1", "a.example Authorization: t"])
    assert headers_for(headers, "a.example", "a.example") == {"X": "1", "Authorization": "t"}
    assert headers_for(headers, "b.example", "b.example") == {"X": "1"}
    assert headers_for(headers, "b.example", "a.example") == {}
    assert headers_for(headers, "a.example", "b.example") == {"Authorization": "t"}


def test_retry_after_is_a_number_or_a_date() -> None:
    assert retry_after("7", 1) == 7
    assert retry_after(None, 1) == 1
    assert retry_after("soon", 2) == 2
    assert retry_after("99999999999999999999", 2) == 2
    later = retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True), 1)
    assert 50 < later <= 60
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT", 1) == 0


def test_a_host_is_asked_so_often_and_not_while_it_is_busy() -> None:
    turns = HostTurns(4, 50)
    start = time.monotonic()
    for _ in range(6):
        turns.wait()
    assert time.monotonic() - start >= 0.1
    turns.hold_off(0.2)
    turns.wait()
    assert time.monotonic() - start >= 0.3
