"""Draws the contact sheets of docs/images/studio: packshots, product pages, street photos and their ground truth.

python benchmarks/studio_sheets.py docs/images/studio
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from streetshop.studio import CATEGORIES, SHOTS, decode_mask, make_catalog
from streetshop.studio.framing import Picture
from streetshop.studio.outfit import Wardrobe
from streetshop.studio.products import FAMILY
from streetshop.studio.shots import draw_shot
from streetshop.studio.street import draw_street_photo

SEED, PRODUCTS = 1, 1200
_LIMBS = (
    (5, 7), (7, 9), (6, 8), (8, 10), (11, 13), (13, 15), (12, 14), (14, 16),
    (5, 6), (11, 12), (5, 11), (6, 12), (0, 1), (0, 2), (1, 3), (2, 4),
)  # fmt: skip


def sheet(pictures: Sequence[Image.Image], width: int, height: int, most: int = 99) -> Image.Image:
    """Rows of pictures of one height; a row holds up to ``width`` pixels or ``most`` pictures."""
    rows: list[list[Image.Image]] = [[]]
    for picture in pictures:
        scaled = picture.resize((round(picture.width * height / picture.height), height), Image.Resampling.LANCZOS)
        if sum(p.width + 4 for p in rows[-1]) + scaled.width > width or len(rows[-1]) == most:
            rows.append([])
        rows[-1].append(scaled)
    canvas = Image.new("RGB", (width, len(rows) * (height + 4)), "white")
    for y, row in enumerate(rows):
        x = 0
        for picture in row:
            canvas.paste(picture, (x, y * (height + 4)))
            x += picture.width + 4
    return canvas


def truth_of(picture: Picture) -> Image.Image:
    """The picture with masks in colour, boxes and keypoints; visible keypoints are filled, hidden ones are rings."""
    truth = picture.truth
    pixels = picture.pixels.astype(np.float32)
    palette = np.array(
        [(230, 60, 60), (60, 160, 240), (80, 200, 90), (240, 190, 40), (190, 90, 220), (40, 210, 200), (250, 130, 40)]
    )
    for number, garment in enumerate(truth.garments):
        mask = decode_mask(garment.mask, truth.height, truth.width)
        pixels[mask] = pixels[mask] * 0.45 + palette[number % len(palette)] * 0.55
    image = Image.fromarray(pixels.astype(np.uint8))
    pen = ImageDraw.Draw(image)
    for number, garment in enumerate(truth.garments):
        pen.rectangle(list(garment.box), outline=tuple(palette[number % len(palette)].tolist()))
    for person in truth.persons:
        pen.rectangle(list(person.box), outline=(255, 255, 255))
        points = person.keypoints
        for a, b in _LIMBS:
            if points[a][2] and points[b][2]:
                pen.line([*points[a][:2], *points[b][:2]], fill=(255, 255, 255), width=2)
        for x, y, visibility in points:
            if visibility:
                spot = [x - 3, y - 3, x + 3, y + 3]
                pen.ellipse(
                    spot,
                    fill=(255, 255, 0) if visibility == 2 else None,
                    outline=(0, 0, 0) if visibility == 2 else (255, 60, 60),
                    width=1,
                )
    return image


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    catalog = make_catalog(PRODUCTS, SEED)
    wardrobe = Wardrobe(catalog, SEED)

    def shot(product: int, name: str) -> Image.Image:
        return Image.fromarray(draw_shot(catalog[product], name, wardrobe, SEED, 512).pixels)

    def save(name: str, pictures: Sequence[Image.Image], width: int, height: int, most: int = 99) -> None:
        sheet(pictures, width, height, most).save(out / f"{name}.webp", quality=72, method=6)

    firsts = [p.number for p in catalog if not p.differs]
    by_kind = {name: [n for n in firsts if catalog[n].category == name] for name in CATEGORIES}
    save(
        "packshots",
        [shot(n, "packshot") for k in range(3) for name in CATEGORIES for n in by_kind[name][k : k + 1]],
        1500,
        170,
    )
    families = [by_kind[name][1] for name in ("dresses", "jackets", "hand bags", "sports shoes", "t-shirts", "jeans")]
    save("siblings", [shot(n + k, "packshot") for n in families for k in range(FAMILY)], 1240, 150, FAMILY)
    pages = [by_kind[name][0] for name in ("dresses", "jackets", "jeans", "hand bags")]
    save("pages", [shot(n, s) for n in pages for s in SHOTS], 1310, 250)
    photos = [draw_street_photo(n, wardrobe, SEED, 512) for n in range(28)]
    save("street", [Image.fromarray(p.pixels) for p in photos], 1500, 300)
    save("truth", [truth_of(p) for p in photos[:8]], 1500, 420)


if __name__ == "__main__":
    main()
