"""How the cost of curation grows: drawn features and thumbnails, one thread, each size in a process of its own.

    python benchmarks/curate_scale.py [--rows 10000 100000 300000 1000000] [--svg FILE]

10 % of the rows are noise, 5 % are copies; a person's labels are played by the truth.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np


def draw_features(folder: Path, rows: int, dim: int = 256) -> None:
    """A curation with random features.

    One kind of garment per 200 rows, 5 % copies, 10 % pictures of eight kinds of noise; thumbnails of random blobs.
    """
    import pyarrow as pa

    from streetshop.lab.curate import Curation
    from streetshop.lab.curate.alignment import SIDE
    from streetshop.lab.curate.curation import write_json
    from streetshop.lab.curate.store import RECORD
    from streetshop.lab.data.manifest import SCHEMA, Manifest

    rng = np.random.default_rng(0)
    number = np.arange(rows)
    sorts = max(rows // 200, 20)
    sort = rng.integers(0, sorts, rows)
    sort[rng.random(rows) < 0.1] = sorts
    sort[sort == sorts] += rng.integers(0, 8, int((sort == sorts).sum()))
    copied = np.flatnonzero(rng.random(rows) < 0.05)
    copied = copied[copied > 0]
    origin = number.copy()
    origin[copied] = copied - 1
    product = (origin // 4).astype(str)
    category = np.where(sort < sorts, sort % 20, origin // 4 % 20).astype(str)
    columns = {
        "image": [f"images/{i}.jpg" for i in number],
        "product_id": [f"p{p}" for p in product],
        "domain": ["shop"] * rows,
        "category": [f"category {c}" for c in category],
        "split": [""] * rows,
        "role": [""] * rows,
        "box": pa.nulls(rows, pa.list_(pa.float32(), 4)),
        "view": [""] * rows,
        "attributes": ["{}"] * rows,
        "group": [f"p{p}" for p in product],
        "mask": pa.nulls(rows, pa.string()),
    }
    curation = Curation.create(folder, Manifest(pa.table(columns, schema=SCHEMA), folder, "drawn", "drawn"))
    del columns
    centres = rng.standard_normal((sorts + 8, dim)).astype(np.float32)
    store = folder / "features"
    store.mkdir()
    write_json(store / "store.json", {"fingerprint": "drawn", "name": "drawn", "dim": dim})
    last, blot = np.zeros(dim, np.float32), np.zeros((SIDE, SIDE, 3), np.uint8)
    with (
        (store / "vectors.f32").open("wb") as v,
        (store / "thumbnails.u8").open("wb") as t,
        (store / "records.bin").open("wb") as r,
    ):
        for start in range(0, rows, 5000):
            part = number[start : start + 5000]
            n = len(part)
            vectors = centres[sort[part]] + 1.4 * rng.standard_normal((n, dim), np.float32)
            coarse = rng.integers(0, 256, (n, 12, 12, 3), np.uint8)
            thumbs = coarse.repeat(SIDE // 12, 1).repeat(SIDE // 12, 2)
            for i in np.flatnonzero(origin[part] != part):
                before, shot = (vectors[i - 1], thumbs[i - 1]) if i else (last, blot)
                vectors[i] = before + 0.15 * rng.standard_normal(dim, np.float32)
                thumbs[i] = shot
            last, blot = vectors[-1].copy(), thumbs[-1].copy()
            v.write((vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32).tobytes())
            t.write(thumbs.tobytes())
            records = np.zeros(n, RECORD)
            keys = np.zeros((n, 16), np.uint8)
            keys[:, :8] = part.astype("<u8").view(np.uint8).reshape(n, 8)
            records["key"] = keys.view("V16").ravel()
            records["pixels"], records["bytes"] = 50_000, 20_000 + part % 977
            records["picture"] = np.pad(keys, ((0, 0), (0, 16))).view("V32").ravel()
            r.write(records.tobytes())
    np.save(folder / "truth.npy", sort >= sorts)
    np.save(folder / "features.npy", number.astype(np.int64))
    curation.finish(
        "features", {"store": str(store), "encoder": "drawn", "encoder_fingerprint": "drawn", "rows": rows}, {}
    )


def one_size(folder: Path) -> dict[str, Any]:
    """Seconds of each step, and the most memory that is not mapped files."""
    from streetshop.lab.curate import Curation
    from streetshop.lab.curate.clusters import run_clusters
    from streetshop.lab.curate.duplicates import run_duplicates
    from streetshop.lab.curate.features import Features, reduced
    from streetshop.lab.curate.noise import balanced_sample, read_labels, run_noise
    from streetshop.lab.curate.pairs import run_pairs
    from streetshop.lab.curate.splitting import run_split

    curation = Curation.open(folder)
    rows = len(curation.manifest)
    steps = {
        "reduce": lambda: reduced(curation, Features.of(curation)),
        "clusters": lambda: run_clusters(curation, algorithm="kmeans"),
        "noise": lambda: run_noise(curation, drop_last=True),
        "duplicates": lambda: run_duplicates(curation),
        "pairs": lambda: run_pairs(curation),
        "split": lambda: run_split(curation),
    }
    decisions = read_labels(curation)
    truth = np.load(folder / "truth.npy")
    for row in balanced_sample(np.where(truth, 1, 0), np.arange(rows), 400).tolist():
        decisions.verdicts[str(row)] = "noise" if truth[row] else "clean"
    decisions.write()
    found: dict[str, Any] = {"rows": rows, "wall_s": {}, "cpu_s": {}}
    for name, step in steps.items():
        wall, cpu = time.perf_counter(), time.process_time()
        step()
        found["wall_s"][name] = round(time.perf_counter() - wall, 1)
        found["cpu_s"][name] = round(time.process_time() - cpu, 1)
        print(f"{rows} rows, {name}: {found['cpu_s'][name]} s CPU", file=sys.stderr, flush=True)
    found["peak_gib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)
    found["load_average"] = round(os.getloadavg()[0], 1)
    return found


def scale(sizes: list[int], svg: Path | None) -> list[dict[str, Any]]:
    found = []
    for rows in sizes:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / "curation"
            begin = "import sys, json; from pathlib import Path; import curate_scale; folder = Path(sys.argv[1]); "
            draw, steps = (
                "curate_scale.draw_features(folder, int(sys.argv[2]))",
                "print(json.dumps(curate_scale.one_size(folder)))",
            )
            here: dict[str, Any] = {"cwd": Path(__file__).parent, "check": True}
            subprocess.run([sys.executable, "-c", begin + draw, str(folder), str(rows)], **here)
            command = [sys.executable, "-c", begin + steps, str(folder)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, **here)
            found.append(json.loads(done.stdout.splitlines()[-1]))
            print(json.dumps(found[-1]), file=sys.stderr, flush=True)
    if svg is not None:
        svg.write_text(plot(found), encoding="utf-8")
    return found


def plot(found: list[dict[str, Any]]) -> str:
    """CPU minutes over rows, both logarithmic, as an SVG; a dashed line grows like the rows."""
    w, h, left, low = 560, 360, 60, 300
    sizes = [entry["rows"] for entry in found]
    total = [sum(entry["cpu_s"].values()) / 60 for entry in found]
    series = {"all steps": total} | {n: [max(e["cpu_s"][n], 0.06) / 60 for e in found] for n in found[0]["cpu_s"]}
    series["grows like the rows"] = [total[0] * s / sizes[0] for s in sizes]
    ticks = [10.0**k for k in range(-3, 4)]
    top = max(max(v) for v in series.values()) * 1.5
    bottom = max(min(min(v) for v in series.values()) / 1.5, 1e-3)

    def x(size: float) -> float:
        return left + (w - left - 170) * np.log(size / sizes[0]) / max(np.log(sizes[-1] / sizes[0]), 1e-9)

    def y(minutes: float) -> float:
        return low - (low - 30) * np.log(max(minutes, bottom) / bottom) / np.log(top / bottom)

    colours = ("#111", "#1b6ca8", "#2a9d4e", "#c0392b", "#d68910", "#7d3c98", "#16a085", "#888")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" font-family="sans-serif" font-size="12">',
        f'<rect width="{w}" height="{h}" fill="#fff"/>',
        f'<text x="{left}" y="18">CPU minutes, one thread</text><text x="{(w - 170) / 2}" y="{h - 12}">rows</text>',
    ]
    for tick in ticks:
        if bottom <= tick <= top:
            parts.append(f'<line x1="{left}" x2="{w - 170}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" stroke="#ddd"/>')
            parts.append(f'<text x="{left - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    parts += [f'<text x="{x(size):.1f}" y="{low + 20}" text-anchor="middle">{size // 1000}k</text>' for size in sizes]
    for (name, values), colour in zip(series.items(), colours, strict=False):
        dash = ' stroke-dasharray="5 4"' if name.startswith("grows") else ""
        wide = 2.5 if name == "all steps" else 1.5
        points = " ".join(f"{x(s):.1f},{y(v):.1f}" for s, v in zip(sizes, values, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{wide}"{dash}/>')
        parts.append(f'<text x="{w - 160}" y="{30 + 18 * list(series).index(name)}" fill="{colour}">{name}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 300_000, 1_000_000])
    parser.add_argument("--svg", type=Path)
    options = parser.parse_args()
    print(json.dumps(scale(options.rows, options.svg), indent=1))


if __name__ == "__main__":
    main()
