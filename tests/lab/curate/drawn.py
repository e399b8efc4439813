"""Drawn pictures of a small shop: garments of several products, and size tables filed under them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample

SIDE = 96
CATEGORIES = ("shirt", "trousers", "dress", "hat")


def garment(category: str, number: int, shot: int) -> Image.Image:
    """A garment of a product: its colour and stripes follow from the number, its place from the shot."""
    rng = np.random.default_rng([CATEGORIES.index(category), number])
    cloth = tuple(int(v) for v in rng.integers(20, 220, 3))
    stripe = tuple(int(v) for v in rng.integers(20, 220, 3))
    step = int(rng.integers(5, 12))
    outline = {
        "shirt": [(10, 20), (30, 10), (60, 10), (80, 20), (74, 36), (64, 32), (64, 80), (26, 80), (26, 32), (16, 36)],
        "trousers": [(28, 8), (62, 8), (70, 86), (50, 86), (45, 36), (40, 86), (20, 86)],
        "dress": [(34, 8), (56, 8), (58, 36), (76, 84), (14, 84), (32, 36)],
        "hat": [(8, 60), (26, 54), (30, 28), (60, 28), (64, 54), (82, 60), (82, 68), (8, 68)],
    }[category]
    sheet = Image.new("RGB", (SIDE, SIDE), cloth)
    draw = ImageDraw.Draw(sheet)
    for x in range(0, SIDE, step):
        draw.line([(x, 0), (x, SIDE)], fill=stripe, width=2)
    mask = Image.new("L", (SIDE, SIDE), 0)
    ImageDraw.Draw(mask).polygon(outline, fill=255)
    ground = Image.new("RGB", (SIDE, SIDE), (246, 246 - 6 * shot, 240))
    shift = (2 * shot, shot)
    ground.paste(sheet, shift, mask)
    return ground


def size_table(seed: int) -> Image.Image:
    """What shops put between pictures of garments."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (SIDE, SIDE), (250, 250, 250))
    draw = ImageDraw.Draw(image)
    for line in range(8, SIDE, 12):
        draw.line([(4, line), (92, line)], fill=(90, 90, 90))
        draw.text((8, line), " ".join(str(v) for v in rng.integers(30, 99, 4)), fill=(30, 30, 30), font_size=9)
    for column in range(4, SIDE, 22):
        draw.line([(column, 8), (column, 92)], fill=(90, 90, 90))
    return image


def shop_pictures(root: Path, *, products: int = 10, shots: int = 3, tables: int = 16) -> Manifest:
    """``products`` of each category with ``shots`` pictures each, and size tables filed under random products."""
    (root / "shop").mkdir(parents=True, exist_ok=True)
    rows = []
    for category in CATEGORIES:
        for number in range(products):
            for shot in range(shots):
                image = f"shop/{category}-{number}-{shot}.png"
                garment(category, number, shot).save(root / image)
                rows.append(Sample(image, "shop", f"{category}-{number}", category, group=f"{category}-{number}"))
    rng = np.random.default_rng(5)
    for table in range(tables):
        image = f"shop/table-{table}.png"
        size_table(table).save(root / image)
        category, number = CATEGORIES[rng.integers(4)], rng.integers(products)
        rows.append(Sample(image, "shop", f"{category}-{number}", category, group=f"{category}-{number}"))
    return Manifest.from_rows(rows, root, name="shop", licence="drawn")


def blobs(*sizes: int, spread: float = 0.05, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(len(sizes)), sizes)
    points = np.eye(16, dtype=np.float32)[truth] + spread * rng.standard_normal((len(truth), 16)).astype(np.float32)
    return points / np.linalg.norm(points, axis=1, keepdims=True), truth


def unit(n: int, dims: int = 16, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((n, dims)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
