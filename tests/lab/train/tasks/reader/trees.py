"""A Clothing Co-Parsing and a Clothing dataset of drawings, small enough to train on in a second."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streetshop.lab.train.public import PublicSets
from streetshop.lab.train.reader_recipe import ReaderRecipe

NAMES = ("null", "skin", "hair", "shirt", "jeans", "shoes")
COLOURS = ((210, 215, 220), (230, 180, 150), (60, 40, 20), (200, 30, 30), (30, 40, 160), (20, 20, 20))

RECIPE = """kind: reader
name: tiny
input: {height: 64, width: 64}
model: {backbone: {weights: none}, channels: 16}
stages:
  - name: first
    photos: 8
    height: 64
    width: 64
    batch: 4
    rate: {backbone: 1.0e-4, head: 1.0e-3}
    optimiser: {kind: adamw, weight_decay: 0.01, clip: 5}
    schedule: {kind: cosine, warm_up: 30}
    frozen: 3
  - {name: articles, fit: articles}
  - {name: balance, fit: balance}
"""
"""Of a reader that trains on them in a moment."""


def tiny_recipe(photos: int = 8, detail: int = 0, shares: dict[str, float] | None = None) -> ReaderRecipe:
    """Two stages with gradients and none without."""
    stage = {
        "photos": photos,
        "height": 64,
        "width": 64,
        "batch": 4,
        "rate": {"backbone": 1e-4, "head": 1e-3},
        "schedule": {"kind": "cosine", "warm_up": 30},
        "frozen": 3,
        "shares": shares or {"labelled": 0.6, "tagged": 0.2, "single": 0.2},
        "composites": 0.5,
    }
    return ReaderRecipe.model_validate(
        {
            "kind": "reader",
            "name": "r",
            "model": {"backbone": {"weights": "none"}, "channels": 16, "detail": detail},
            "workers": 2,
            "ema": 0.5,
            "stages": [{"name": "first", **stage}, {"name": "second", **stage}],
        }
    )


def public(folder: Path) -> PublicSets:
    """Both sets, and the cache with what the teacher would have made of them."""
    sets = PublicSets(folder / "data", folder / "cache")
    clothing(sets.clothing, sets.cutouts, count=60, scale=4)
    ccp(sets.ccp, scale=4)
    shutil.copy(sets.ccp / "keypoints.json", sets.cache)
    sets.clothing_keypoints.write_text("{}")
    return sets


def labels_of(seed: int) -> NDArray[np.uint8]:
    """(96, 64) label ids of one standing person, a little to the left or right."""
    x = 22 + int(np.random.default_rng(seed).integers(-8, 9))
    labels = np.zeros((96, 64), np.uint8)
    labels[8:12, x + 6 : x + 14] = 2
    labels[12:20, x + 6 : x + 14] = 1
    labels[20:46, x : x + 20] = 3
    labels[46:84, x + 1 : x + 9] = labels[46:84, x + 11 : x + 19] = 4
    labels[84:90, x : x + 9] = labels[84:90, x + 11 : x + 20] = 5
    return labels


def ccp(root: Path, labelled: int = 24, tagged: int = 4, scale: int = 1) -> Path:
    """``labelled`` photos with pixel labels, ``tagged`` with tags, and ``keypoints.json`` of them all."""
    from scipy.io import savemat

    names = np.empty((1, len(NAMES)), dtype=object)
    names[0] = NAMES
    for folder in ("photos", "annotations/pixel-level", "annotations/image-level"):
        (root / folder).mkdir(parents=True)
    savemat(root / "label_list.mat", {"label_list": names})
    points = {}
    for number in range(1, labelled + tagged + 1):
        stem, labels = f"{number:04}", labels_of(number).repeat(scale, axis=0).repeat(scale, axis=1)
        noise = np.random.default_rng(number).normal(0, 6, (*labels.shape, 3))
        pixels = np.clip(np.asarray(COLOURS)[labels] + noise, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(root / "photos" / f"{stem}.jpg", quality=95)
        ys, xs = np.nonzero(labels == 1)
        size = {"width": labels.shape[1], "height": labels.shape[0]}
        points[f"{stem}.jpg"] = {**size, "points": [[xs.mean(), ys.mean(), 2]] + [[0, 0, 0]] * 16}
        if number <= labelled:
            savemat(root / "annotations" / "pixel-level" / f"{stem}.mat", {"groundtruth": labels})
        else:
            tags = np.arange(len(NAMES), dtype=np.uint8)[None]
            savemat(root / "annotations" / "image-level" / f"{stem}.mat", {"tags": tags})
    (root / "keypoints.json").write_text(json.dumps(points))
    return root


def clothing(root: Path, cutouts: Path, count: int = 6, scale: int = 1) -> Path:
    """Green shirts and black shoes lying on a floor, each with its cut-out; and one picture without."""
    (root / "images").mkdir(parents=True)
    cutouts.mkdir(parents=True)
    rows = ["image,sender_id,label,kids"]
    for i in range(count):
        mask = np.zeros((60, 40), np.uint8)
        mask[15:45, 8:32] = 255
        mask = mask.repeat(scale, axis=0).repeat(scale, axis=1)
        garment = ((40, 120, 60), (20, 20, 20), (90, 90, 90))[i % 3]
        pixels = np.where(mask[..., None] > 0, garment, (190, 170, 140)).astype(np.uint8)
        Image.fromarray(pixels).save(root / "images" / f"{i}.jpg")
        Image.fromarray(mask).save(cutouts / f"{i}.png")
        rows.append(f"{i},{i},{('Shirt', 'Shoes', 'Not sure')[i % 3]},False")
    rows.append("missing,1,Shirt,False")
    (root / "images.csv").write_text("\n".join(rows) + "\n")
    return root
