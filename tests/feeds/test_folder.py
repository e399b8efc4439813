"""Folders of pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.core.records import Shot
from streetshop.feeds.read import read_feed
from tests.core.pictures.hostile import noise, saved
from tests.feeds.reading import products, refusals


def test_folder_of_pictures(tmp_path: Path) -> None:
    for name in ("top.jpg", "dress/b.PNG", "dress/a.jpeg", "shoes/flat/c.webp", "notes.txt", ".hidden.jpg", "old.zip"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "dress" / "a.webp").touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    feed = read_feed(tmp_path)
    assert [(p.id, p.category, p.shots[0].source) for p in products(feed)] == [
        ("dress/a", "dress", "dress/a.jpeg"),  # and a.webp: one name, one product
        ("dress/b", "dress", "dress/b.PNG"),
        ("shoes/flat/c", "flat", "shoes/flat/c.webp"),
        ("top", "", "top.jpg"),
    ]
    assert {r.image: r.reason.split(".")[0] for r in refusals(feed)} == {
        "loop": "a link to a folder is not followed",
        "old.zip": "an archive that is not read",
    }
    assert products(feed)[0].shots == (Shot("dress/a.jpeg"), Shot("dress/a.webp"))
    assert feed.rows == 7


def write(root: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(saved(noise(20 + number, 20), "PNG"))
    return root


def test_content_decides_where_the_suffix_does_not(tmp_path: Path) -> None:
    write(tmp_path, "81iZlv3bjpL", "a.jpe", "b.jfif", "c.jpg?v=123", "d.JPG!large", "e.gif", "f.v2.png")
    for name in ("notes.txt", "data.json", "Thumbs.db", "README"):
        (tmp_path / name).write_text("text")
    feed = read_feed(tmp_path)
    assert [product.id for product in products(feed)] == ["81iZlv3bjpL", "a", "b", "c", "d.JPG!large", "e", "f.v2"]
    assert refusals(feed) == []
    (note,) = [note for note in feed.notes if "no pictures" in note]
    assert note.startswith("4 files are no pictures")
    assert "1 .txt" in note


@pytest.mark.parametrize(
    "names",
    [
        ("sku1/front.jpg", "sku1/back.jpg", "sku2/front.jpg", "sku2/back.jpg", "sku3/front.jpg"),
        ("Women/sku1/1.jpg", "Women/sku1/2.jpg", "Men/sku2/1.jpg", "Men/sku2/2.jpg"),
        ("sku1/sku1_a.jpg", "sku1/sku1_b.jpg", "sku2/sku2_c.jpg", "sku2/sku2_d.jpg"),
    ],
)
def test_a_folder_for_each_product_is_found(tmp_path: Path, names: tuple[str, ...]) -> None:
    feed = read_feed(write(tmp_path, *names))
    found = products(feed)
    assert {product.title for product in found} == {name.split("/")[-2] for name in names}
    assert sum(len(product.shots) for product in found) == len(names)
    assert any("--no-product-folders" in note for note in feed.notes)
    assert feed.rows == len(found)
    assert len(products(read_feed(tmp_path, product_folders=False))) == len(names)


@pytest.mark.parametrize(
    "names",
    [
        ("dresses/1.jpg", "dresses/2.jpg", "shoes/1.jpg", "shoes/2.jpg"),
        ("a/x.jpg", "a/y.jpg", "b/z.jpg", "b/w.jpg"),
        ("a/1.jpg", "b/1.jpg", "1.jpg"),
        ("a/1.jpg", "a/2.jpg"),
    ],
)
def test_categories_are_no_products_unless_said(tmp_path: Path, names: tuple[str, ...]) -> None:
    assert len(products(read_feed(write(tmp_path, *names)))) == len(names)
    folders = {name.rpartition("/")[0] or name for name in names}
    assert len(products(read_feed(tmp_path, product_folders=True))) == len(folders)


def test_a_folder_of_too_many_pictures_is_refused(tmp_path: Path) -> None:
    for number in range(65):
        (tmp_path / "sku" / f"{number}.jpg").parent.mkdir(exist_ok=True)
        (tmp_path / "sku" / f"{number}.jpg").touch()
    (refusal,) = refusals(read_feed(tmp_path, product_folders=True))
    assert "65 pictures in a folder" in refusal.reason
