"""Paths of pictures made of values."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.core.errors import FeedError, RowRefused
from streetshop.feeds.read import read_feed
from streetshop.feeds.template import PictureTemplate
from tests.feeds.reading import products, write

ROW = {"sku": "AB-12", "empty": ""}


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("images/{}.jpg", "images/0111565001.jpg"),
        ("images/{:.3}/{}.jpg", "images/011/0111565001.jpg"),
        ("{[0:2]}/{[2:4]}/{[-3:]}.jpg", "01/11/001.jpg"),
        ("{:0>12}.png", "000111565001.png".rjust(12, "0") + ".png"),
        ("{sku}/{}", "AB-12/0111565001"),
        ("{{x}}/{sku:.2}.jpg", "{x}/AB.jpg"),
    ],
)
def test_paths(template: str, path: str) -> None:
    found = PictureTemplate.parse(template, "feed", lambda name: name).path("0111565001", ROW.__getitem__)
    assert found == (path if ">12" not in template else "000111565001.png")


@pytest.mark.parametrize(
    "template", ["plain.jpg", "{", "{0.__class__}", "{:d}", "{!r}", "{[a:b]}", "{:{}}", "{[0]}", "{:999999999}"]
)
def test_others_are_refused(template: str) -> None:
    with pytest.raises(FeedError, match="image template"):
        PictureTemplate.parse(template, "feed", lambda name: name)


def test_an_empty_value_refuses_the_row() -> None:
    with pytest.raises(RowRefused, match="empty"):
        PictureTemplate.parse("{empty}.jpg", "feed", lambda name: name).path("x", ROW.__getitem__)


def test_columns_by_name_and_ids_as_pictures(tmp_path: Path) -> None:
    feed = write(tmp_path / "articles.csv", "article_id,prod_name\n0111565001,Stockings\n")
    for template in ("images/{Article ID:.3}/{article_id}.jpg", "images/{:.3}/{}.jpg"):
        (product,) = products(read_feed(feed, columns={"id": "article_id"}, image_template=template))
        assert [shot.source for shot in product.shots] == ["images/011/0111565001.jpg"]
    with pytest.raises(FeedError, match="names 'sku'"):
        read_feed(feed, columns={"id": "article_id"}, image_template="{sku}.jpg")
