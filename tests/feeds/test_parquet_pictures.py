"""Pictures inside Parquet files."""

from __future__ import annotations

import random
import threading
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from streetshop.core.errors import PhotoMissing, RowRefused
from streetshop.feeds.parquet_pictures import ParquetPictures
from streetshop.feeds.read import read_feed
from tests.core.pictures.hostile import noise, saved
from tests.feeds.reading import products, refusals

PICTURES = [saved(noise(20 + i, 24), "PNG") for i in range(70)]
STRUCT = pa.struct({"bytes": pa.binary(), "path": pa.string()})


def written(path: Path, column: Any, rows: int = 70) -> Path:
    pq.write_table(pa.table({"id": [str(i) for i in range(rows)], "image": column}), path, row_group_size=25)
    return path


def read(path: Path) -> list[bytes | str]:
    pictures = ParquetPictures(path.parent)
    return [pictures.read(product.shots[0].source) for product in products(read_feed(path))]


@pytest.mark.parametrize("name", ["shop.parquet", "my shop, 100%|new.parquet"])
def test_hugging_face(tmp_path: Path, name: str) -> None:
    rows = [{"bytes": picture, "path": f"{i}.png"} for i, picture in enumerate(PICTURES)]
    assert read(written(tmp_path / name, pa.array(rows, STRUCT))) == PICTURES


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary()])
def test_plain_bytes(tmp_path: Path, kind: pa.DataType) -> None:
    assert read(written(tmp_path / "shop.parquet", pa.array(PICTURES, kind))) == PICTURES


def test_lists_of_pictures(tmp_path: Path) -> None:
    rows = [[{"bytes": PICTURES[i], "path": "a"}, {"bytes": PICTURES[0], "path": "b"}] for i in range(70)]
    path = written(tmp_path / "shop.parquet", pa.array(rows, pa.list_(STRUCT)))
    pictures = ParquetPictures(tmp_path)
    for i, product in enumerate(products(read_feed(path))):
        assert [pictures.read(shot.source) for shot in product.shots] == [PICTURES[i], PICTURES[0]]


def test_rows_without_a_picture_and_with_its_path_alone(tmp_path: Path) -> None:
    rows = [None, {"bytes": None, "path": "a.png"}, {"bytes": PICTURES[0], "path": None}]
    path = written(tmp_path / "shop.parquet", pa.array(rows, STRUCT), 3)
    feed = read_feed(path)
    assert [refusal.reason.partition(".")[0] for refusal in refusals(feed)] == ["no picture"]
    pictures = ParquetPictures(tmp_path)
    assert [pictures.read(product.shots[0].source) for product in products(feed)] == ["a.png", PICTURES[0]]


def test_any_order_and_several_threads(tmp_path: Path) -> None:
    path = written(tmp_path / "shop.parquet", pa.array(PICTURES))
    sources = [product.shots[0].source for product in products(read_feed(path))]
    order = random.Random(0).sample(range(70), 70)
    pictures = ParquetPictures(tmp_path)
    found: dict[int, bytes | str] = {}

    def some(numbers: list[int]) -> None:
        found.update({number: pictures.read(sources[number]) for number in numbers})

    threads = [threading.Thread(target=some, args=(order[start::3],)) for start in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[number] for number in range(70)] == PICTURES


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("parquet:", RowRefused),
        ("parquet:shop.parquet", RowRefused),
        ("parquet:shop.parquet?column=image&row=x", RowRefused),
        ("parquet:../shop.parquet?column=image&row=1", RowRefused),
        ("parquet:%2e%2e%2fshop.parquet?column=image&row=1", RowRefused),
        ("parquet:shop.parquet?column=image&row=99", PhotoMissing),
        ("parquet:shop.parquet?column=other&row=1", PhotoMissing),
        ("parquet:other.parquet?column=image&row=1", PhotoMissing),
        ("parquet:shop.parquet?column=image&row=1&item=7", PhotoMissing),
    ],
)
def test_sources_that_name_none(tmp_path: Path, source: str, error: type[Exception]) -> None:
    written(tmp_path / "shop.parquet", pa.array(PICTURES))
    with pytest.raises(error):
        ParquetPictures(tmp_path).read(source)
