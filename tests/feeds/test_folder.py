"""Folders of pictures."""

from __future__ import annotations

from pathlib import Path

from streetshop.core.records import Shot
from streetshop.feeds.read import read_feed
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
