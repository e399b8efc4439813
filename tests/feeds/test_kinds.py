"""The kind of a product by its feed's words."""

from __future__ import annotations

import csv
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streetshop.core.kinds import KINDS
from streetshop.core.records import Product
from streetshop.feeds.kinds import TAXONOMY, KindWords, Taxonomy, last_words, mapping_key, named, spoken_languages
from streetshop.feeds.words import LANGUAGES


def labelled() -> list[dict[str, str]]:
    """Names of categories of real shops, with the kind that a person gives each; none for several kinds or none."""
    with Path(__file__).with_name("categories.tsv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def kind(*categories: str, title: str = "", taxonomy: Taxonomy = TAXONOMY) -> str:
    return taxonomy.find(KindWords(categories=categories, title=title)).kind


@pytest.mark.parametrize("language", LANGUAGES)
def test_precision_and_coverage_of_a_shop_in_one_language(language: str) -> None:
    rows = [row for row in labelled() if row["language"] == language]
    spoken, sure = spoken_languages(row["category"] for row in rows)
    assert (spoken[0], sure) == (language, True)
    count: Counter[str] = Counter()
    for row in rows:
        found = kind(row["category"], taxonomy=Taxonomy(spoken=spoken, sure=sure))
        count["articles"] += bool(row["kind"])
        count["found"] += bool(found)
        count["right"] += bool(found) and found == row["kind"]
    assert count["right"] / count["found"] > 0.97
    assert count["right"] / count["articles"] > 0.96


def test_without_a_known_language() -> None:
    rows = labelled()
    found = [(kind(row["category"]), row["kind"]) for row in rows]
    right = sum(a == b != "" for a, b in found)
    assert right / sum(bool(a) for a, _ in found) > 0.98
    assert right / sum(bool(b) for _, b in found) > 0.94


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("dress shirt", "top"),
        ("shirt dress", "dress"),
        ("Sommerkleid", "dress"),
        ("Lederjacke", "outerwear"),
        ("spijkerbroek", "trousers"),
        ("Handschuhe", "accessory"),
        ("Skihandschuhe", "accessory"),
        ("Hosenträger", "accessory"),
        ("Hosentraeger", "accessory"),
        ("Strumpfhose", "legwear"),
        ("Badehose", "shorts"),
        ("jupe-culotte", "skirt"),
        ("chaussettes", "legwear"),
        ("camisa de dormir", "dress"),
        ("T shirts", "top"),
        ("t-shirt", "top"),
        ("shoe care", ""),
        ("bag charm", ""),
        ("hat box", ""),
        ("phone case", ""),
        ("dress form", ""),
        ("skirting", ""),
        ("Schuhschrank", ""),
        ("Bettwäsche", ""),
        ("Kleiderbügel", ""),
        ("robe de chambre", ""),
        ("garden chairs", ""),
        ("Women", ""),
        ("Damen > Bekleidung", ""),
        ("Sale", ""),
        ("", ""),
        ("4711", ""),
        ("N/A", ""),
        ("Apparel > Dresses > Maxi", "dress"),
        ("Shoes > Shoe Care > Brushes", ""),
        ("Women > Underwear & Socks > Underwear", ""),
        ("Women/Dresses", "dress"),
        ("Dresses & Skirts", ""),
        ("Jackets & Coats > Down", "outerwear"),
        ("Kleid mit Gürtel", "dress"),
        ("Dresses with belt", "dress"),
    ],
)
def test_words_of_a_category(category: str, expected: str) -> None:
    assert kind(category) == expected


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Linen shirt in navy, with pocket", "top"),
        ("Cap sleeve dress", "dress"),
        ("Robe longue à fleurs avec ceinture", "dress"),
        ("Herren Lederjacke mit Kapuze, schwarz", "outerwear"),
        ("Zapatillas de running para mujer", "footwear"),
        ("Borsa a tracolla in pelle", "bag"),
        ("Sukienka maxi z paskiem", "dress"),
        ("Gift card", ""),
        ("Aurora 501", ""),
    ],
)
def test_words_of_a_title(title: str, expected: str) -> None:
    assert kind(title=title) == expected


def test_the_other_words_of_a_product_tell_the_language() -> None:
    assert kind("Robes") == ""
    assert kind("Robes", title="Robe longue à fleurs pour femme") == "dress"
    assert kind("Robes", title="Women's cotton robe with belt") == ""
    assert kind("Tassen", title="Leren handtas voor dames") == "bag"
    assert kind("Tassen", taxonomy=Taxonomy(spoken=("de",), sure=True)) == ""
    assert kind("Tassen", taxonomy=Taxonomy(spoken=("nl", "de"), sure=True)) == "bag"


def test_the_order_of_sources() -> None:
    shop = Taxonomy({mapping_key("Moda >  Verão"): "top"})
    everything = KindWords("Dress", ("moda > verao", "shoes"), "Red silk skirt", ("187",))
    assert shop.find(everything).source == "column"
    assert (found := shop.find(KindWords("", *everything_but_given(everything)))).kind == "top"
    assert found.source == "mapping"
    assert (found := TAXONOMY.find(KindWords("", *everything_but_given(everything)))).kind == "footwear"
    assert found.source == "number"
    assert TAXONOMY.find(KindWords("", ("summer", "bags"), "Red silk skirt")).source == "category"
    assert (found := TAXONOMY.find(KindWords("", ("sale",), "Red silk skirt"))).kind == "skirt"
    assert found.source == "title"
    assert 0 < found.probability < 1


def everything_but_given(words: KindWords) -> tuple[tuple[str, ...], str, tuple[str, ...]]:
    return words.categories, words.title, words.numbers


def test_a_column_of_kinds_in_any_language() -> None:
    assert TAXONOMY.given_kind(" Footwear ") == "footwear"
    assert TAXONOMY.given_kind("Schuhe") == "footwear"
    assert TAXONOMY.given_kind("gadget") == ""
    assert TAXONOMY.find(KindWords("gadget", ("Skirts",))).source == "category"


def test_a_category_of_no_kind_is_not_overruled_by_the_title() -> None:
    assert kind("Shoe care", title="Boot") == ""
    assert kind("Dresses & Skirts", title="Silk skirt") == "skirt"


def test_a_kind_that_is_given_stays() -> None:
    assert named(Product("p", category="shirt", kind="bag")).kind_source == "column"
    pictured = Product("p", category="shirt", kind="bag", kind_source="picture", kind_probability=0.8)
    assert named(pictured) == pictured
    assert named(Product("p", title="Linen shirt")).kind == "top"


def test_last_words() -> None:
    assert last_words("Maxi Dresses") == ["maxi", "dress"]


WORDS = st.sampled_from([row["category"] for row in labelled()] + [">", "&", "for", "mit", "-", "et", "12"])
TEXTS = st.one_of(st.text(max_size=80), st.lists(WORDS, max_size=4).map(" ".join))


@settings(max_examples=300, deadline=None)
@given(TEXTS, TEXTS)
def test_any_text_has_one_kind_or_none_however_it_is_written(category: str, title: str) -> None:
    found = kind(category, title=title)
    assert found in ("", *KINDS)
    for form in ("NFC", "NFD"):
        again = kind(unicodedata.normalize(form, category), title=unicodedata.normalize(form, title))
        assert again == found
    product = named(Product("p", category=category, title=title))
    assert named(product) == product


def test_the_shops_languages() -> None:
    assert spoken_languages([]) == (LANGUAGES, False)
    assert spoken_languages(["Damen Kleider", "Herren Schuhe", "Kinder Bekleidung mit Gürtel", "Röcke"])[0] == ("de",)
