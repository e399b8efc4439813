"""A small shop on disk for tests: drawn pictures and a feed."""

from __future__ import annotations

import csv
import random
from pathlib import Path

from PIL import Image, ImageDraw


def draw_picture(path: Path, seed: int, size: tuple[int, int] = (90, 120), **save: object) -> Path:
    """A garment-like shape in colours that depend on ``seed``; no two seeds give the same file."""
    rng = random.Random(seed)
    image = Image.new("RGB", size, tuple(rng.randrange(180, 256) for _ in range(3)))
    pen = ImageDraw.Draw(image)
    colour = tuple(rng.randrange(256) for _ in range(3))
    width, height = size
    left, top = rng.randrange(width // 4), rng.randrange(height // 4)
    pen.rectangle((left, top, width - left - 1, height - top - 1), fill=colour)
    for i in range(rng.randrange(1, 6)):
        pen.line((0, i * 11 + seed % 7, width, i * 17), fill=tuple(rng.randrange(256) for _ in range(3)), width=3)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **save)
    return path


def write_shop(folder: Path, products: int, name: str = "feed.csv") -> Path:
    """``products`` rows with a picture each, and a feed that names them."""
    rows = []
    for i in range(products):
        draw_picture(folder / "images" / f"{i}.png", i)
        rows.append({"id": f"p{i}", "title": f"Product {i}", "category": "dress" if i % 2 else "shirt", "price": i})
    return write_feed(folder / name, [{**row, "image": f"images/{row['id'][1:]}.png"} for row in rows])


def write_feed(path: Path, rows: list[dict[str, object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
