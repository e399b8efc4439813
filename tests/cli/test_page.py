"""``streetshop page``: one page, and all pages of a feed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from streetshop.catalog.looks import StoredLooks
from tests.catalog.filled import COLOURS, square
from tests.cli.running import call


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, shop: Path) -> Path:
    """A folder with a feed of six products of two pictures, one of which is lost, and their catalog, with no reader."""
    folder = tmp_path_factory.mktemp("pages")
    rows = ["id,title,category,image_link,additional_image_link"]
    for number, colour in enumerate(COLOURS):
        Image.fromarray(square(colour, "stripes")).save(folder / f"{colour}.png")
        rows.append(f"{number},{colour} dress,dress,{colour}.png,{colour}-back.png")
    (folder / "feed.csv").write_text("\n".join(rows))
    (folder / "bad.jpg").write_text("<html>404</html>")
    done = call("index", folder / "feed.csv", "--catalog", folder / "shop.catalog", *models(shop))
    assert done.code == 0, done.err
    return folder


def models(shop: Path) -> list[object]:
    return ["--encoder", shop / "encoder", "--reader", "none", "--threads", "1"]


def test_the_look_of_a_page_as_json(pages: Path, shop: Path) -> None:
    done = call(
        *("page", pages / "red.png", pages / "bad.jpg", pages / "lost.png", "--catalog", pages / "shop.catalog"),
        *("--product", "0", "--k", 3, "--json", *models(shop)),
    )
    assert done.code == 0, done.err
    answer = json.loads(done.out)
    assert set(answer) == {"product", "chosen", "refused", "people", "garments", "weights"}
    assert answer["product"] == {"id": "0", "source": "given", "in_catalog": True, "kind": "dress"}
    assert answer["chosen"]["path"] == str(pages / "red.png")
    assert answer["chosen"]["fallback"] == "no full shot from the front: without a reader no view is known"
    assert [each["path"] for each in answer["refused"]] == [str(pages / "bad.jpg"), str(pages / "lost.png")]
    assert all(each["reason"] for each in answer["refused"])
    (garment,) = answer["garments"]
    assert garment["hotspot"] == [0.5, 0.5]
    assert len(garment["matches"]) == 3
    assert "0" not in {match["id"] for match in garment["matches"]}


def test_the_look_of_a_page_for_people_and_its_overlay(pages: Path, shop: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "new" / "look.png"
    done = call(
        *("page", pages / "red.png", pages / "blue.png", "--catalog", pages / "shop.catalog", "--k", 2),
        *("--overlay", overlay, *models(shop)),
    )
    assert done.code == 0, done.err
    assert f"chosen: {pages / 'red.png'}" in done.out
    assert f"refused: {pages / 'blue.png'}" in done.out
    assert "recognised by its pictures" in done.out
    assert Image.open(overlay).size == (64, 64)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "no pictures are given"),
        (("red.png", "--feed", "feed.csv"), "of one page"),
        (("--feed", "feed.csv", "--product", "0"), "of one page"),
        (("red.png", "--out", "looks.jsonl"), "need --feed"),
        (("red.png", "--k", "0"), "out of range"),
        (("bad.jpg",), "bad.jpg"),
        (("red.png",) * 17, "17 pictures"),
    ],
)
def test_what_makes_no_sense_is_one_error(pages: Path, shop: Path, arguments: tuple[str, ...], told: str) -> None:
    done = call("page", *arguments, "--catalog", "shop.catalog", *models(shop), cwd=pages)
    assert done.code == 2
    assert done.out == ""
    assert told in done.err
    assert done.err.count("\n") == 1


def test_a_feed_gives_a_line_for_each_product_and_stored_looks(pages: Path, shop: Path, tmp_path: Path) -> None:
    out = tmp_path / "looks.jsonl"
    command = ("page", "--feed", pages / "feed.csv", "--catalog", pages / "shop.catalog", "--out", out, *models(shop))
    done = call(*command)
    assert done.code == 0, done.err
    assert done.out.startswith("6 looks: 6 read, 0 with renewed products, 0 unchanged; 6 stored beside")
    assert "no such file" in done.out
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["product"]["id"] for line in lines] == ["0", "1", "2", "3", "4", "5"]
    for line in lines:
        found = [match["id"] for garment in line["garments"] for match in garment["matches"]]
        assert len(found) == 5
        assert line["product"]["id"] not in found
    assert StoredLooks.beside(str(pages / "shop.catalog")).ids() == ["0", "1", "2", "3", "4", "5"]
    again = call(*command, "--json")
    assert again.code == 0, again.err
    report = json.loads(again.out)
    assert (report["looks"], report["read"], report["unchanged"], report["stored"]) == (6, 0, 6, 6)
    assert [json.loads(line) for line in out.read_text().splitlines()] == lines


def test_a_feed_without_a_look_fails(pages: Path, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "feed.csv").write_text("id,image_link\n1,lost.png\n")
    done = call("page", "--feed", tmp_path / "feed.csv", "--catalog", pages / "shop.catalog", *models(shop))
    assert done.code == 1
    assert "no picture can be read" in done.out
    assert "no product has a look" in done.err


def test_looks_of_products_that_the_catalog_lacks_are_written_and_not_stored(
    pages: Path, shop: Path, tmp_path: Path
) -> None:
    Image.fromarray(square("red", "checks")).save(tmp_path / "new.png")
    (tmp_path / "feed.csv").write_text("id,image_link\nnew,new.png\n")
    done = call(
        *("page", "--feed", tmp_path / "feed.csv", "--catalog", pages / "shop.catalog", "--out", tmp_path / "o.jsonl"),
        *models(shop),
    )
    assert done.code == 0, done.err
    assert "1 looks are not stored" in done.err
    assert json.loads((tmp_path / "o.jsonl").read_text())["product"]["in_catalog"] is False
