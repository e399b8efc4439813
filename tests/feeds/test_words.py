"""Languages: what their words and phrases name."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from importlib.resources import files

import pytest

from streetshop.core.kinds import KINDS
from streetshop.feeds.words import LANGUAGES, MIXED, NOTHING, fold, known_words, languages, split_words


def test_folding() -> None:
    assert fold("ÉCHARPE Łódź Straße T-Shirt") == "echarpe lodz strasse tshirt"
    assert split_words(fold("2 pairs of BH's, 100 %")) == ["pairs", "of", "bh"]
    assert len(fold("x" * 100_000)) == 400


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_word_of_the_files_names_its_kind(name: str) -> None:
    language = languages()[name]
    data = tomllib.loads(files("streetshop.feeds").joinpath(f"languages/{name}.toml").read_text(encoding="utf-8"))
    groups = defaultdict(set)
    for group, words in data["kinds"].items():
        assert group in (*KINDS, NOTHING, "ignored")
        assert len(words) == len(set(words)), group
        for word in words:
            groups[fold(word)].add(group)
            assert language.category(word) == ("" if group == "ignored" else group), word
    assert not {word: kinds for word, kinds in groups.items() if len(kinds) > 1}


@pytest.mark.parametrize(
    ("name", "text", "meaning"),
    [
        ("en", "dresses & skirts", MIXED),
        ("en", "shoe polish", NOTHING),
        ("en", "novelties", ""),
        ("de", "Röcke und Kleider", MIXED),
        ("fr", "robe chemise", "dress"),
        ("fr", "sacs à dos", "bag"),
        ("it", "abiti e gonne", MIXED),
        ("nl", "zomerjurken", "dress"),
        ("pl", "torba na buty", "bag"),
        ("es", "falda pantalón", "skirt"),
        ("pt", "meias-calças", "legwear"),
    ],
)
def test_the_noun_names_a_text(name: str, text: str, meaning: str) -> None:
    assert languages()[name].category(text) == meaning


def test_a_title_ends_before_its_properties() -> None:
    assert languages()["en"].title("Dress with belt") == "dress"
    assert languages()["en"].title("Blue dress, belt included") == "dress"
    assert languages()["en"].category("dress, belt") == MIXED
    assert languages()["de"].title("Kleid mit Gürtel - Rot") == "dress"


def test_words_that_tell_a_language() -> None:
    assert list(known_words("Damen 123 xyzzy")) == [("de",)]
    assert "en" in next(known_words("jeans"))
