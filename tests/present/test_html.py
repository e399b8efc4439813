"""Templates: what is put in is escaped, undefined names are errors, a page fetches nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import UndefinedError

from streetshop.present.html import cell, data_uri, render, web_url, write_page


def test_values_are_escaped_and_nothing_may_be_fetched() -> None:
    page = render("page.html", title='<b title="x">')
    assert page.startswith("<!doctype html>")
    assert "<h1>&lt;b title=&#34;x&#34;&gt;</h1>" in page
    assert "default-src 'none'" in page


def test_an_undefined_name_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="title"):
        render("page.html")


def test_a_page_is_written_in_one_step(tmp_path: Path) -> None:
    write_page(tmp_path / "new" / "page.html", "page.html", title="half a \ud800 pair")
    assert "half a ? pair" in (tmp_path / "new" / "page.html").read_text(encoding="utf-8")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["page.html"]


def test_cells_and_addresses() -> None:
    assert [cell(v) for v in (0.12345, 7, ["a", 2], None, "x")] == ["0.123", "7", "a, 2", "", "x"]
    assert data_uri(b"abc") == "data:image/jpeg;base64,YWJj"


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://shop.example/a?b=1", "https://shop.example/a?b=1"),
        (" HTTP://shop.example ", "HTTP://shop.example"),
        ("javascript:alert(1)", None),
        ("https://", None),
        ("https://[half", None),
        ("/relative", None),
        ("", None),
    ],
)
def test_only_http_and_https_become_links(url: str, kept: str | None) -> None:
    assert web_url(url) == kept
