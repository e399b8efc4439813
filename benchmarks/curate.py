"""How well curation finds what was planted, and what that does to training.

    python benchmarks/curate.py planted CLOTHING_FOLDER [--work FOLDER] [--photos 600]
    python benchmarks/curate.py pairs [--work FOLDER] [--products 150]

``planted``: photographs of the Clothing dataset, each taken as a product; 30 % of the pictures are drawn size tables,
parcels, text and landscapes filed under those products, and every fifth photo has a copy. A person's labels are played
by the truth. ``pairs``: packshots and street photos of the studio, 30 % of the claims drawn by lot, 30 % noise; and
an encoder trained on what is left.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from curate_pictures import COPIES, NOISE, copy_of, draw_noise
from PIL import Image

CLOTHING = ("Dress", "Hat", "Longsleeve", "Outwear", "Pants", "Shirt", "Shoes", "Shorts", "Skirt", "T-Shirt")


# --- planted noise and copies -------------------------------------------------------------------------------------


def plant(clothing: Path, work: Path, photos: int) -> tuple[Any, np.ndarray, np.ndarray]:
    """The manifest; (rows,) kind of noise or ``""``; (rows,) number of the original photo, -1 for noise."""
    from streetshop.lab.data import read_dataset
    from streetshop.lab.data.manifest import Manifest
    from streetshop.lab.data.sample import Sample

    rng = np.random.default_rng(0)
    source = read_dataset("clothing", clothing).manifest
    usable = np.flatnonzero(np.isin(source.column("category"), CLOTHING))
    chosen = np.sort(rng.choice(usable, min(photos, len(usable)), replace=False))
    (work / "images").mkdir(parents=True, exist_ok=True)
    rows, kinds, origins = [], [], []

    def add(name: str, data: bytes, category: str, product: int, kind: str, origin: int) -> None:
        (work / "images" / name).write_bytes(data)
        rows.append(Sample(f"images/{name}", "shop", f"p{product}", category, group=f"p{product}"))
        kinds.append(kind)
        origins.append(origin)

    entries = [source.row(int(i)) for i in chosen]
    for number, entry in enumerate(entries):
        data = (source.root / entry.image).read_bytes()
        add(f"photo-{number}.jpg", data, entry.category, number, "", number)
        if number % 5 == 0:
            copied = copy_of(Image.open(source.root / entry.image), COPIES[number // 5 % 5], number)
            add(f"copy-{number}.jpg", copied, entry.category, number, "", number)
    for number in range(round(len(rows) * 0.3 / 0.7)):
        kind, product = NOISE[number % 4], int(rng.integers(len(entries)))
        path = work / "images" / "noise.jpg"
        draw_noise(kind, number).save(path, quality=88)
        add(f"noise-{number}.jpg", path.read_bytes(), entries[product].category, product, kind, -1)
    return Manifest.from_rows(rows, work, name="planted", licence="CC0 and drawn"), np.array(kinds), np.array(origins)


def planted(clothing: Path, work: Path, photos: int) -> dict[str, Any]:
    from streetshop.lab.curate import Curation
    from streetshop.lab.curate.clusters import decisions_path, labels_of, run_clusters
    from streetshop.lab.curate.encoders import EncoderChoice
    from streetshop.lab.curate.features import Features, reduced, run_features
    from streetshop.lab.curate.noise import balanced_sample, read_labels, run_noise

    manifest, kinds, origins = plant(clothing, work, photos)
    truth = kinds != ""
    curation = Curation.create(work / "curation", manifest)
    started = time.process_time()
    run_features(curation, EncoderChoice(), cache=work / "cache", report=_progress)
    copies = sum("copy-" in image for image in manifest.column("image"))
    result: dict[str, Any] = {"rows": len(manifest), "noise": int(truth.sum()), "copies": copies}
    result["features_cpu_s"] = round(time.process_time() - started, 1)
    for algorithm in ("kmeans", "hdbscan"):
        for file in (curation.folder / "clusters").glob("*"):
            file.unlink()
        decisions_path(curation).unlink(missing_ok=True)
        started = time.process_time()
        summary = run_clusters(curation, algorithm=algorithm, accept_suggested=True, drop_last=True)
        result[f"clusters suggested, {algorithm}"] = {
            **_found(np.isin(np.arange(len(manifest)), list(curation.drops("clusters"))), truth),
            "clusters": len(summary["clusters"]),
            "cpu_s": round(time.process_time() - started, 1),
        }
        labels = labels_of(curation)
        majority = {int(k): truth[labels == k].mean() > 0.5 for k in np.unique(labels)}
        result[f"clusters by a person, {algorithm}"] = _found(np.array([majority[int(k)] for k in labels]), truth)
    # The classifier alone: no cluster was dropped before it.
    run_clusters(curation, algorithm="hdbscan", drop_last=True)
    features = Features.of(curation)
    decisions = read_labels(curation)
    for row in balanced_sample(labels_of(curation), np.arange(len(manifest)), 200).tolist():
        decisions.verdicts[str(row)] = "noise" if truth[row] else "clean"
    decisions.write()
    unlabelled = ~np.isin(np.arange(len(manifest)), [int(row) for row in decisions.verdicts])
    for kind in ("logistic", "mlp"):
        started = time.process_time()
        summary = run_noise(curation, kind=kind, drop_last=True)
        dropped = np.isin(np.arange(len(manifest)), list(curation.drops("noise")))
        result[f"classifier, {kind}"] = {
            **_found(dropped[unlabelled], truth[unlabelled]),
            "by_kind": {k: round(float(dropped[unlabelled & (kinds == k)].mean()), 3) for k in NOISE},
            "said": {name: summary["cross_validation"][name] for name in ("precision", "recall", "brier")},
            "cpu_s": round(time.process_time() - started, 1),
        }
    run_noise(curation, drop_last=False)
    result["kept as last picture"] = len(curation.summary("noise")["last_picture_rows"])
    result["duplicates"] = duplicates(features, reduced(curation, features), kinds, origins, manifest)
    return result


def duplicates(features: Any, unit: Any, kinds: Any, origins: Any, manifest: Any) -> list[dict[str, Any]]:
    """Recall of planted copies by kind, precision over all pairs joined, CPU seconds; thresholds swept."""
    from streetshop.lab.curate.alignment import likeness
    from streetshop.lab.curate.duplicates import CANDIDATE, project
    from streetshop.lab.curate.neighbours import connected, groups_within, pairs_above

    rows = np.flatnonzero(kinds == "")
    points = np.ascontiguousarray(unit[rows])
    thumbnails = features.thumbnails[features.index[rows]]
    owner = origins[rows]
    made = ["copy-" in image for image in manifest.column("image")[rows]]
    found = []

    def score(name: str, threshold: float, labels: np.ndarray, seconds: float) -> None:
        hits = {kind: [] for kind in COPIES}
        for i in np.flatnonzero(made):
            original = np.flatnonzero((owner == owner[i]) & (np.arange(len(rows)) != i))[0]
            hits[COPIES[owner[i] // 5 % 5]].append(labels[i] == labels[original])
        wrong = right = 0
        for label, size in Counter(labels.tolist()).items():
            if size > 1:
                members = owner[labels == label]
                pairs, same = size * (size - 1) / 2, sum(c * (c - 1) / 2 for c in Counter(members.tolist()).values())
                right, wrong = right + same, wrong + pairs - same
        everything = [hit for values in hits.values() for hit in values]
        found.append(
            {
                "method": name,
                "threshold": threshold,
                "recall": round(float(np.mean(everything)), 3),
                "precision": round(right / max(right + wrong, 1), 3),
                **{kind: round(float(np.mean(values)), 3) for kind, values in hits.items()},
                "cpu_s": round(seconds, 1),
            }
        )

    started = time.process_time()
    projected = project(points)
    seconds = time.process_time() - started
    for distance in (0.01, 0.02, 0.05, 0.1, 0.2):
        score("UMAP to 5 + distance", distance, groups_within(projected, distance), seconds)
    for cosine in (0.8, 0.85, 0.9, 0.95):
        started = time.process_time()
        labels = connected(len(points), pairs_above(points, cosine))
        score("range search + components", cosine, labels, time.process_time() - started)
    started = time.process_time()
    candidates = np.concatenate(list(pairs_above(points, CANDIDATE)))
    same = likeness(thumbnails[candidates[:, 0]], thumbnails[candidates[:, 1]])
    seconds = time.process_time() - started
    for least in (0.7, 0.75, 0.8, 0.85, 0.9):
        score("the same, checked by pixels", least, connected(len(points), iter([candidates[same >= least]])), seconds)
    return found


def _found(dropped: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    hits = int((dropped & truth).sum())
    return {
        "recall": round(hits / max(int(truth.sum()), 1), 3),
        "precision": round(hits / max(int(dropped.sum()), 1), 3),
        "dropped": int(dropped.sum()),
    }


def _progress(done: int, total: int) -> None:
    if done % 640 == 0:
        print(f"features: {done} of {total}", file=sys.stderr, flush=True)


# --- pairs, and what curation does to training ------------------------------------------------------------------


def pairs(work: Path, products: int) -> dict[str, Any]:
    """Recall and precision of the pairs, and MAP@5 after training on the raw, the curated and the true labels.

    The data are drawn street photos with 30 % wrong claims, and shop pictures with 30 % noise.
    """
    from streetshop.lab.curate import Curation
    from streetshop.lab.curate.clusters import run_clusters
    from streetshop.lab.curate.duplicates import run_duplicates
    from streetshop.lab.curate.encoders import EncoderChoice
    from streetshop.lab.curate.features import Features, run_features
    from streetshop.lab.curate.pairs import read_pairs, run_pairs, with_pairs
    from streetshop.lab.data.manifest import Manifest

    rows, truth = studio_rows(work, products)
    manifest = Manifest.from_rows(rows, work / "studio", name="studio")
    curation = Curation.create(work / "pairs", manifest)
    run_features(curation, EncoderChoice(), cache=work / "cache", report=_progress)
    run_clusters(curation, algorithm="kmeans", accept_suggested=True)
    noise = np.array(["noise" in image for image in manifest.column("image")])
    dropped = np.isin(np.arange(len(rows)), list(curation.drops("clusters")))
    result: dict[str, Any] = {
        "rows": len(rows),
        "noise": int(noise.sum()),
        "clusters suggested": _found(dropped, noise),
    }
    run_duplicates(curation)
    street = [row for row in truth if row not in curation.drops("clusters") | curation.drops("duplicates")]
    result |= {"claims": len(street), "wrong": sum(truth[row] != _claim(rows[row]) for row in street), "ranks": []}
    for rank in (0.0, 0.25, 0.5, 0.75, 0.9):
        result["wrong_claims_at_most"] = run_pairs(curation, rank=rank)["wrong_claims_at_most"]
        accepted = np.array([yes for _, yes in read_pairs(curation)])
        good = np.array([truth[pair.row] == pair.product for pair, _ in read_pairs(curation)])
        result["ranks"].append({"rank": rank, **_found(accepted, good)})
    run_pairs(curation)
    features = Features.of(curation)
    vectors = np.asarray(features.vectors[features.index])
    true = np.array([truth.get(i, "" if noise[i] else row.product_id) for i, row in enumerate(rows)], dtype=object)
    claimed = np.array([_claim(row) if i in truth else row.product_id for i, row in enumerate(rows)], dtype=object)
    left = curation.remaining()
    curated = np.where(left, with_pairs(curation).column("product_id"), "")
    result["training"] = training(vectors, manifest, true, {"raw": claimed, "curated": curated, "truth": true})
    return result


def studio_rows(work: Path, products: int) -> tuple[list[Any], dict[int, str]]:
    """Rows, and the true product by street row."""
    from streetshop.lab.data import read_dataset
    from streetshop.lab.data.sample import Sample
    from streetshop.studio import draw_dataset

    draw_dataset(work / "studio", products, 0, products, 1, 224, shots=("packshot",), family=4)
    source = read_dataset("studio", work / "studio").manifest
    rng = np.random.default_rng(0)
    rows = [row for row in source if row.domain == "shop" and row.attributes["main"]]
    category = {row.product_id: row.category for row in rows}
    truth: dict[int, str] = {}
    names = sorted(category)
    (work / "studio" / "noise").mkdir(exist_ok=True)
    for number in range(round(len(rows) * 0.3 / 0.7)):
        image, product = f"noise/noise-{number}.jpg", names[int(rng.integers(len(names)))]
        draw_noise(NOISE[number % 4], number).save(work / "studio" / image, quality=88)
        rows.append(Sample(image, "shop", product, category[product]))
    for row in source:
        if row.domain != "street" or row.product_id not in category:
            continue
        # Half of the wrong claims are of the right category.
        same = rng.random() < 0.5
        others = [p for p in names if p != row.product_id and (not same or category[p] == category[row.product_id])]
        wrong = bool(others) and rng.random() < 0.3
        truth[len(rows)] = row.product_id
        claim = str(rng.choice(others)) if wrong else row.product_id
        rows.append(Sample(row.image, "street", box=row.box, attributes={"claims": [claim]}, group=row.group))
    return rows, truth


def _claim(row: Any) -> str:
    return str(row.attributes["claims"][0])


def training(vectors: Any, manifest: Any, true: Any, labels: dict[str, Any]) -> dict[str, Any]:
    """MAP@5 of a linear head on the frozen backbone, trained with ArcFace for equally many steps on each labelling.

    Three seeds; MAP@5 uses min(k, R), street to shop, on the held-out products of every third name.
    """
    import torch
    from pytorch_metric_learning.losses import ArcFaceLoss

    from streetshop.lab.evaluate import Protocol, RowRule, evaluate, roles
    from streetshop.lab.evaluate.intervals import bootstrap, paired

    held_out = np.isin(true, sorted(set(true) - {""})[::3])
    test = np.flatnonzero(held_out & (true != ""))
    table = manifest.take(test).table
    place = table.schema.get_field_index("product_id")
    asked = type(manifest)(table.set_column(place, table.schema.field(place), [true[test].tolist()]), manifest.root)
    rule = Protocol("held out", "", RowRule(("street",)), RowRule(("shop",)), ("map@5/min",))
    sides = roles(asked, rule)
    found: dict[str, Any] = {}
    scores: dict[str, Any] = {}
    inputs = torch.from_numpy(vectors)
    for name, given in labels.items():
        seen = np.flatnonzero((given != "") & ~held_out & ~np.isin(given, true[test]))
        _, classes = np.unique(given[seen].astype(str), return_inverse=True)
        values = []
        for seed in range(3):
            torch.manual_seed(seed)
            head = torch.nn.Linear(vectors.shape[1], 128)
            loss = ArcFaceLoss(int(classes.max()) + 1, 128, margin=17.2, scale=16)
            optimiser = torch.optim.AdamW([*head.parameters(), *loss.parameters()], 2e-3, weight_decay=1e-2)
            for _ in range(400):
                batch = torch.randint(len(seen), (64,))
                optimiser.zero_grad()
                out = head(inputs[seen[batch.numpy()]])
                loss(out, torch.from_numpy(classes[batch.numpy()])).backward()
                optimiser.step()
            with torch.inference_mode():
                embedded = torch.nn.functional.normalize(head(inputs[test]), dim=1).numpy()
            values.append(evaluate(asked, rule, embedded[sides.query], embedded[sides.gallery]).values["map@5/min"])
        scores[name] = np.mean(values, axis=0)
        found[name] = {"rows": len(seen), "map@5": str(bootstrap(scores[name]))}
    untrained = evaluate(asked, rule, vectors[test][sides.query], vectors[test][sides.gallery]).values["map@5/min"]
    found["untrained"] = {"rows": 0, "map@5": str(bootstrap(untrained))}
    gain = paired(scores["raw"], scores["curated"])
    found["curated minus raw"] = f"{gain.difference:.3f} [{gain.low:.3f}, {gain.high:.3f}], p {gain.p_value:.4f}"
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("planted", "pairs"))
    parser.add_argument("clothing", nargs="?", type=Path)
    parser.add_argument("--work", type=Path, help="keep pictures and features here")
    parser.add_argument("--photos", type=int, default=600)
    parser.add_argument("--products", type=int, default=150)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = options.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        if options.what == "planted":
            if options.clothing is None:
                parser.error("where is the Clothing dataset?")
            result: Any = planted(options.clothing, work, options.photos)
        else:
            result = pairs(work, options.products)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
