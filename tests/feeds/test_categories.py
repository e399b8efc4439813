"""Categories: paths, several in a cell, shelves."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetshop.feeds.categories import category_name, category_paths
from streetshop.feeds.read import read_feed
from streetshop.feeds.words import fold
from tests.feeds.reading import products, write


@pytest.mark.parametrize(
    ("value", "options", "paths"),
    [
        ("Dress", {}, ["Dress"]),
        ("Damen > Kleider", {}, ["Damen > Kleider"]),
        ("Damen &gt; Kleider", {}, ["Damen > Kleider"]),
        ("Damen » Kleider › Maxi", {}, ["Damen > Kleider > Maxi"]),
        ("Damen / Kleider", {}, ["Damen > Kleider"]),
        ("Women -> Dresses", {}, ["Women > Dresses"]),
        ("Damen|Kleider|Maxi", {}, ["Damen > Kleider > Maxi"]),
        ("A/B/C", {}, ["A > B > C"]),
        ("Tops/Shirts", {}, ["Tops/Shirts"]),
        ("Shoes/Canvas", {"slashes": True}, ["Shoes > Canvas"]),
        ("A > B | A > C", {}, ["A > B", "A > C"]),
        ("A > B; A > C", {}, ["A > B", "A > C"]),
        ("A > B\nA > C", {}, ["A > B", "A > C"]),
        ("Home > Women > Dresses > Maxi Dresses, Home > Sale", {}, ["Women > Dresses > Maxi Dresses"]),
        ("Apparel > Handbags, Wallets & Cases", {}, ["Apparel > Handbags, Wallets & Cases"]),
        ("Clothing, Clothing > Hoodies, Sale", {"is_list": True}, ["Clothing > Hoodies"]),
        ("Men\\, Women > Hats", {"is_list": True}, ["Men, Women > Hats"]),
        ("Default Category/Gear/Bags,Default Category/New In", {"slashes": True}, ["Gear > Bags"]),
        (["Women", "Dresses"], {}, ["Women", "Dresses"]),
        ('["A > B"]', {}, ["A > B"]),
        ("Women > Sale, Women > Dresses", {}, ["Women > Dresses"]),
        ("Women > Sale", {}, ["Women"]),
        ("Sale > Women > Dresses", {}, ["Women > Dresses"]),
        ("Brands > Nike > Shoes", {}, []),
        ("Nike > Shoes", {"brand": "NIKE"}, ["Shoes"]),
        ("2271", {}, []),
        ("23;45", {}, []),
        ("", {}, []),
        (None, {}, []),
        *(
            (shelf, {}, [])
            for shelf in ("Sale", "New In", "Neu", "Soldes", "Rebajas", "Saldi", "Outlet", "Wyprzedaż", "SS24")
        ),
    ],
)
def test_paths(value: object, options: dict[str, Any], paths: list[str]) -> None:
    assert [" > ".join(path) for path in category_paths(value, **options)] == paths


def test_the_narrowest_level_of_the_first_path_is_the_category() -> None:
    assert category_name(category_paths("A > B, A > C")) == "B"
    assert category_name([]) == ""


@pytest.mark.parametrize(
    ("header", "cell", "category", "kind"),
    [
        ("product_type", '"Home > Women > Dresses > Maxi Dresses, Home > Sale"', "Maxi Dresses", "dress"),
        ("Kategorien", "Damen > Röcke", "Röcke", "skirt"),
        ("google_product_category", "2271", "", "dress"),
        ("category", "2271", "", "dress"),
        ("category", "17", "", ""),
        ("categories", '"Women, Dresses"', "Dresses", "dress"),
        ("category", "New in", "", ""),
        ("breadcrumb", "Home / Men / Shoes", "Shoes", "footwear"),
    ],
)
def test_in_a_feed(tmp_path: Path, header: str, cell: str, category: str, kind: str) -> None:
    (product,) = products(read_feed(write(tmp_path / "feed.csv", f"id,image,{header}\n1,a.jpg,{cell}\n")))
    assert (product.category, product.kind) == (category, kind)


def test_numbers_are_googles_only_if_all_of_a_column_are(tmp_path: Path) -> None:
    feed = read_feed(write(tmp_path / "feed.csv", "id,image,category\n1,a.jpg,2271\n2,a.jpg,17\n"))
    assert [product.kind for product in products(feed)] == ["", ""]


def test_the_next_column_counts_where_one_is_empty_and_the_path_is_kept(tmp_path: Path) -> None:
    text = "id,image,category,product_type\n1,a.jpg,,A > Hats\n2,a.jpg,Women &gt; Tops,A > Hats\n3,a.jpg,Sale,\n"
    found = products(read_feed(write(tmp_path / "feed.csv", text)))
    assert [product.category for product in found] == ["Hats", "Tops", ""]
    assert [product.attributes.get("category_path") for product in found] == [None, "Women > Tops", "Sale"]


def test_the_words_are_folded() -> None:
    data = tomllib.loads(files("streetshop.feeds").joinpath("categories.toml").read_text(encoding="utf-8"))
    for name in ("roots", "shelves", "brands"):
        assert all(word == fold(word) for word in data[name]), name
    assert not {*data["shelves"]} & {*data["roots"]}


@given(st.text(max_size=80) | st.lists(st.text(max_size=20), max_size=4))
def test_any_value_has_paths_of_text(value: object) -> None:
    for path in category_paths(value):
        assert path
        assert all(level.strip() for level in path)
