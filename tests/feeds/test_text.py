"""Encodings and delimiters, and bytes that fit no encoding."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from streetshop.core.errors import FeedError
from streetshop.feeds.read import read_feed
from tests.feeds.reading import products, refusals, write


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_delimiter_and_encoding_are_found(tmp_path: Path, delimiter: str, encoding: str) -> None:
    rows = [["id", "title", "image"], ["ä1", "Kleid – größe, weiß", "bild.jpg"]]
    with (tmp_path / "feed.csv").open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    (product,) = products(read_feed(tmp_path / "feed.csv"))
    assert (product.id, product.title) == ("ä1", "Kleid – größe, weiß")


def test_named_encoding(tmp_path: Path) -> None:
    path = write(tmp_path / "feed.csv", "id,title,image\n1,赤いドレス,a.jpg\n".encode("shift_jis"))
    assert products(read_feed(path, encoding="shift_jis"))[0].title == "赤いドレス"


def test_a_byte_that_fits_no_encoding_is_named_with_its_offset(tmp_path: Path) -> None:
    path = write(tmp_path / "feed.csv", b"id,image\n\xe4,a.jpg\n\x81,b.jpg\n")
    with pytest.raises(FeedError, match="byte 0x81 at offset 17: this is not UTF-8 or Windows-1252") as caught:
        read_feed(path)
    assert "--encoding" in str(caught.value)
    with pytest.raises(FeedError, match="byte 0xe4 at offset 9: this is not ascii"):
        read_feed(path, encoding="ascii")


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".json", ".xml"])
@pytest.mark.parametrize("bad", [b"\xe4", b"\xc3", b"\xed\xa0\x80", b"\0"])
@pytest.mark.parametrize("before", [0, 300_000])
def test_a_bad_byte_loses_its_row_alone(tmp_path: Path, suffix: str, bad: bytes, before: int) -> None:
    titles = ["grün süß größer " + "x" * before, "BAD", "weiß"]
    rows = [{"id": str(i), "title": title, "image": "a.jpg"} for i, title in enumerate(titles)]
    text = {
        ".csv": "id,title,image\n" + "".join(f"{r['id']},{r['title']},a.jpg\n" for r in rows),
        ".tsv": "id\ttitle\timage\n" + "".join(f"{r['id']}\t{r['title']}\ta.jpg\n" for r in rows),
        ".jsonl": "\n".join(json.dumps(r, ensure_ascii=False) for r in rows),
        ".json": json.dumps(rows, ensure_ascii=False),
        ".xml": "<rss>"
        + "".join(
            f"<item><id>{r['id']}</id><title>{r['title'][:60000]}</title><image>a.jpg</image></item>" for r in rows
        )
        + "</rss>",
    }[suffix]
    if suffix != ".xml":
        text = text.replace("x" * before, "x" * min(before, 60_000)) + " " * before
    feed = read_feed(write(tmp_path / f"feed{suffix}", text.encode().replace(b"BAD", b"caf" + bad)))
    assert [product.id for product in products(feed)] == ["0", "2"]
    (refusal,) = refusals(feed)
    assert "caf" in refusal.reason or "zero byte" in refusal.reason


def test_as_many_wrong_as_right_letters_are_windows_1252(tmp_path: Path) -> None:
    text = "id,title,image\n" + "".join(f"{i},Größe süß,a.jpg\n" for i in range(50))
    (first, *_) = products(read_feed(write(tmp_path / "feed.csv", text.encode("cp1252"))))
    assert first.title == "Größe süß"
