"""The occasion of a product, by words of its feed."""

from __future__ import annotations

import csv
import tomllib
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetshop.core.records import AttributeValue, Product
from streetshop.feeds.kinds import Taxonomy, named, spoken_languages
from streetshop.feeds.occasions import OCCASIONS, occasion_of


def titles() -> list[dict[str, str]]:
    """Titles in the manner of shops, with the kind and the occasion that a person gives each."""
    with Path(__file__).with_name("titles.tsv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def told(title: str, kind: str = "top", **attributes: AttributeValue) -> str | None:
    found = occasion_of(Product("p", title=title, kind=kind, attributes=attributes))
    return found[0] if found else None


def test_kinds_and_occasions_of_titles() -> None:
    count: Counter[str] = Counter()
    for language in {row["language"] for row in titles()}:
        rows = [row for row in titles() if row["language"] == language]
        spoken, sure = spoken_languages(row["title"] for row in rows)
        for row in rows:
            product = named(Product("p", title=row["title"]), (), Taxonomy(spoken=spoken, sure=sure))
            found = occasion_of(product)
            count["kinds"] += bool(product.kind)
            count["right kinds"] += product.kind == row["kind"] != ""
            count["occasions"] += found is not None
            count["right occasions"] += found is not None and found[0] == row["occasion"]
            count["wanted"] += bool(row["occasion"])
    assert count["right kinds"] / count["kinds"] > 0.97
    assert count["right occasions"] / count["occasions"] > 0.95
    assert count["right occasions"] / count["wanted"] > 0.9


def test_every_occasion_has_a_rule() -> None:
    data = tomllib.loads(files("streetshop.feeds").joinpath("occasions.toml").read_text(encoding="utf-8"))
    assert set(data["occasion"]) == set(OCCASIONS)
    for name, rule in data["occasion"].items():
        for word in rule["words"]:
            kind = rule.get("kinds", ["top"])[0]
            assert told(word.removesuffix("*"), kind) in (name, None), word


@pytest.mark.parametrize(
    ("title", "occasion"),
    [
        ("Seamless yoga top", "workout"),
        ("Tuxedo blazer", "formal"),
        ("Cotton hoodie for the gym", "workout"),
        ("Beach wedding dress", None),
        ("Wool scarf", None),
        ("", None),
    ],
)
def test_one_occasion_or_none(title: str, occasion: str | None) -> None:
    assert told(title) == occasion


def test_the_words_of_some_attributes_count() -> None:
    assert told("Dress", "dress", material="sequins") == "party"
    assert told("Dress", "dress", tags="summer, beach") == "beach"
    assert told("Dress", "dress", sku="beach") is None


def test_what_the_feed_says_stays() -> None:
    assert told("Yoga top", occasion="casual") is None
    assert told("Yoga mat", kind="") is None


@given(st.text(max_size=200), st.text(max_size=50))
def test_any_text(title: str, material: str) -> None:
    assert told(title, material=material) in (None, *OCCASIONS)
