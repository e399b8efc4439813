"""A tiny COCO data set of our own: coloured rectangles and discs on grey, with boxes and masks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from streetshop.lab.data import read_dataset
from streetshop.lab.data.manifest import Manifest

COLOURS = {"dress": (200, 30, 30), "hand bag": (30, 30, 200)}
"""A category of each colour; ids have gaps."""
IDS = {"dress": 3, "hand bag": 17}


def draw(folder: Path, counts: dict[str, int], *, side: int = 96, masks: bool = True, seed: int = 0) -> Path:
    """``counts`` pictures of each split in ``folder``, with an ``instances_SPLIT.json`` each."""
    rng = np.random.default_rng(seed)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for split, count in counts.items():
        data = {"images": [], "annotations": [], "categories": [{"id": i, "name": name} for name, i in IDS.items()]}
        for number in range(count):
            image = Image.new("RGB", (side, side * 3 // 2), (128, 128, 128))
            pen = ImageDraw.Draw(image)
            name = f"{split}{number}.png"
            data["images"].append({"id": number * 7, "file_name": name, "width": image.width, "height": image.height})
            for row, (category, colour) in enumerate(COLOURS.items()):
                w, h = rng.integers(side // 3, side // 2, 2).tolist()
                x = int(rng.integers(0, side - w))
                y = row * side * 3 // 4 + int(rng.integers(0, side * 3 // 4 - h))
                pen.rectangle((x, y, x + w - 1, y + h - 1), fill=colour)
                annotation = {
                    "id": len(data["annotations"]),
                    "image_id": number * 7,
                    "category_id": IDS[category],
                    "bbox": [x, y, w, h],
                }
                if masks:
                    annotation["segmentation"] = [[x, y, x + w, y, x + w, y + h, x, y + h]]
                data["annotations"].append(annotation)
            image.save(folder / "images" / name)
        (folder / f"instances_{split}.json").write_text(json.dumps(data))
    return folder


def manifest(folder: Path, counts: dict[str, int], **options: object) -> Manifest:
    """The manifest of :func:`draw`."""
    return read_dataset("coco", draw(folder, counts, **options)).manifest
