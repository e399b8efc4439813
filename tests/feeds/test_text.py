"""Encodings and delimiters."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from streetshop.core.errors import FeedError
from streetshop.feeds.read import read_feed
from tests.feeds.reading import products, write


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


def test_undecodable_byte_is_named_with_its_offset(tmp_path: Path) -> None:
    good = "id,image\n" + "ä,a.jpg\n" * 200_000
    offset = len(good.encode())
    path = write(tmp_path / "feed.csv", good.encode() + b"\xe4 broken,b.jpg\n")
    with pytest.raises(FeedError, match=f"byte 0xe4 at offset {offset}: this is not UTF-8") as caught:
        read_feed(path)
    assert "--encoding" in str(caught.value)
    path = write(path, b"id,image\n\xe4,a.jpg\n\x81,b.jpg\n")
    with pytest.raises(FeedError, match="byte 0x81 at offset 17: this is not UTF-8 or Windows-1252"):
        read_feed(path)
    with pytest.raises(FeedError, match="byte 0xe4 at offset 9: this is not ascii"):
        read_feed(path, encoding="ascii")
