"""Kinds of a whole feed: languages and notes."""

from __future__ import annotations

from pathlib import Path

from streetshop.feeds.kinds import KindWords, Taxonomy
from streetshop.feeds.read import read_feed
from streetshop.feeds.survey import KindSurvey
from tests.feeds.reading import products, write


def test_the_language_of_a_feed_decides_for_words_of_several(tmp_path: Path) -> None:
    rows = ["Robes;Clara", "Tassen;Lea", "Chaussures;Anna", "Vêtements femme;x", "Écharpes;y", "Chemisiers;z"]
    path = write(
        tmp_path / "feed.csv", "id;image;category;title\n" + "".join(f"{i};a.jpg;{r}\n" for i, r in enumerate(rows))
    )
    feed = read_feed(path)
    assert feed.taxonomy.spoken[0] == "fr"
    assert [p.kind for p in products(feed)] == ["dress", "", "footwear", "", "scarf", "top"]


def test_numbers_count_in_googles_column_or_where_all_are_googles(tmp_path: Path) -> None:
    path = write(
        tmp_path / "feed.csv", "id,image,google_product_category,title\na,a.jpg,2271,Aurora\nb,b.jpg,166,Silk skirt\n"
    )
    found = products(read_feed(path))
    assert [(p.kind, p.kind_source) for p in found] == [("dress", "number"), ("skirt", "title")]
    path = write(tmp_path / "own.csv", "id,image,category\na,a.jpg,2271\nb,b.jpg,17\n")
    assert products(read_feed(path))[0].kind == ""


def test_one_kind_and_the_same_category_everywhere(tmp_path: Path) -> None:
    rows = "".join(f"{i},{i}.jpg,Scarves\n" for i in range(9))
    path = write(tmp_path / "feed.csv", "id,image,category\n" + rows)
    assert {p.kind for p in products(read_feed(path))} == {"scarf"}


def test_unknown_kinds_are_counted_and_named(tmp_path: Path) -> None:
    path = write(
        tmp_path / "feed.csv", "id,image,kind,category\na,a.jpg,gadget,Skirts\nb,b.jpg,gadget,\nc,c.jpg,Hut,\n"
    )
    feed = read_feed(path)
    assert [p.kind for p in products(feed)] == ["skirt", "", "hat"]
    (note,) = feed.notes
    assert "2 rows" in note
    assert "'gadget' (2)" in note


def test_the_shops_own_kinds(tmp_path: Path) -> None:
    path = write(tmp_path / "feed.csv", "id,image,category\na,a.jpg,Verão\nb,b.jpg,Skirts\n")
    feed = read_feed(path, kinds={"verao": "top", "skirts": "shorts", "inverno": "outerwear"})
    assert [(p.kind, p.kind_source) for p in products(feed)] == [("top", "mapping"), ("shorts", "mapping")]
    assert feed.notes == ("no product has these categories of the file of kinds: 'inverno'",)


def test_folders_name_kinds(tmp_path: Path) -> None:
    for name in ("Damen/Kleider/a.jpg", "Herren/Neu/b.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    feed = read_feed(tmp_path, kinds={"neu": "hat", "alt": "bag"})
    assert [p.kind for p in products(feed)] == ["dress", "hat"]
    assert "'alt'" in feed.notes[0]


def test_long_notes_are_cut() -> None:
    survey = KindSurvey(Taxonomy({f"category {i}": "top" for i in range(9)}))
    for i in range(9):
        survey.add(KindWords(given=f"gadget {i}" + "x" * 100))
    unknown, unused = survey.notes()
    assert "and 4 more" in unknown
    assert "and 4 more" in unused
    assert len(unknown) < 500
