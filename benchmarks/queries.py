"""Measures what is done to a query: presets, its mirror image, several photos, re-ranking.

    python benchmarks/queries.py ../shared/data --cache runs/cache [--encoder FOLDER] [--split test]

DATA holds `clothing`, `ccp`, `pairs` and `wearables`; the cache is that of `streetshop lab evaluate-pairs`, whose
packshots of all Clothing photos, cut out by the reader, are the rest of the gallery here too.

- pairs: street pictures ask, shop pictures are right; of the garments in a street picture the best rank counts.
- wearables: each photo asks, other photos of the same thing are right.
- made: street views of products made from held-out photos of Clothing Co-Parsing ask, their shop views are right.
- labels: packshots of the senders of a split ask among those of others; P@10 of kind, colour and pattern.

Intervals are 95 % bootstrap intervals over products or senders; a difference is that of the paired values.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import DatasetError
from streetshop.core.geometry import box_of_mask
from streetshop.core.photo import Photo
from streetshop.core.records import Garment, GarmentPicture
from streetshop.indexing.embed import default_scaling
from streetshop.lab.data.garments import clothing_samples, pair_samples
from streetshop.lab.data.made_pairs import Settings
from streetshop.lab.data.packshots import make_packshots
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.splits import Split
from streetshop.lab.evaluate.intervals import bootstrap, paired
from streetshop.lab.evaluate.metrics import precision
from streetshop.lab.evaluate.reranking import POOL, k_reciprocal
from streetshop.lab.measure.pairs import Cut, read_collection, sold_vectors
from streetshop.lab.train.public import PublicSets
from streetshop.looks import garment_picture, load_reader
from streetshop.models import Encoder, load_encoder
from streetshop.search.closeness import Scale
from streetshop.search.presets import presets
from streetshop.search.together import mean_vector

Vectors = NDArray[np.float32]
Again = tuple[int, int, float]
"""k1, k2 and lambda of a re-ranking."""
LABELS = ("kind", "colour", "pattern")
AGAIN: tuple[Again, ...] = ((20, 6, 0.3), (20, 6, 0.7), (10, 3, 0.3), (10, 3, 0.7), (6, 2, 0.7))


@dataclass(frozen=True, eq=False)
class Task:
    """Queries and what is right for them.

    Attributes:
        queries: (garments, dim) of each query, as they are; mirrored: the same of the mirror images.
        products: of each query.
        gallery: (n, dim) of pictures of the products.
        shown: (n,) their products.
        left_out: whether query i is picture i of the gallery, which then is no answer.
    """

    queries: Sequence[Vectors]
    mirrored: Sequence[Vectors]
    products: NDArray[np.str_]
    gallery: Vectors
    shown: NDArray[np.str_]
    left_out: bool = False


class Mirrored(Cut):
    """Cuts garments out and encodes their mirror images."""

    @staticmethod
    def _encode(encoder: Encoder, found: tuple[Photo, Sequence[Garment]] | None) -> Vectors:
        if found is None:
            return encoder.encode([])
        photo, garments = found
        cut = (garment_picture(photo, garment, encoder.spec) for garment in garments)
        return encoder.encode([encoder.prepare(mirror(picture)) for picture in cut])


def mirror(picture: GarmentPicture) -> GarmentPicture:
    """The picture with left and right exchanged."""
    mask = None if picture.mask is None else np.ascontiguousarray(picture.mask[:, ::-1])
    return GarmentPicture(np.ascontiguousarray(picture.pixels[:, ::-1]), mask)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of clothing, ccp, pairs and wearables")
    parser.add_argument("--cache", type=Path, required=True, help="of cut-outs, packshots and vectors")
    parser.add_argument("--encoder", type=Path, help="encoder bundle; default: the packaged one")
    parser.add_argument("--split", choices=get_args(Split), default="val", help="of the senders that ask (val)")
    parser.add_argument("--pictures", type=int, help="packshots, the first ones (all)")
    parser.add_argument("--products", type=int, default=600, help="made products, of which those held out ask (600)")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    encoder = load_encoder(given.encoder, threads=given.threads)
    reader = load_reader(None, threads=1)
    plain, mirrored = (kind([encoder], reader, given.threads) for kind in (Cut, Mirrored))
    sets = PublicSets(given.data, given.cache)
    sets.label(keypoints=False, clothing=True)
    items = clothing_samples(sets.clothing, sets.cutouts)
    packshots = make_packshots(items[: given.pictures], given.cache / "packshots", threads=given.threads)
    ((shots, others),) = sold_vectors(packshots, plain, given.cache / "vectors", "cut-outs of packshots")
    tasks = {
        "pairs": _pairs(given.data / "pairs", plain, mirrored),
        "wearables": _wearables(given.data / "wearables", plain, mirrored),
        "made": _made(sets, encoder, given.products, given.threads),
    }
    asking = [at for at, item in enumerate(shots) if item.split == given.split]
    files = {item.image: path for path, item in packshots.items()}
    (turned,) = mirrored.encode([files[shots[at].image] for at in asking], mirrored.sold)
    print(f"encoder {encoder.name}, {encoder.fingerprint[:12]}; {len(others)} packshots", flush=True)
    report = Figures(encoder, tasks, others, Labels(shots, asking, np.concatenate(turned)))
    report.weights()
    report.compare("Mirror image", {"mean with the mirror image": (True, None)})
    report.compare("Re-ranking", {f"k1 {a}, k2 {b}, lambda {own}": (False, (a, b, own)) for a, b, own in AGAIN})
    report.several()
    report.alike()
    report.speed()


def _pairs(folder: Path, plain: Cut, mirrored: Cut) -> Task:
    found = read_collection(folder)
    street, shop = found.of("street"), found.of("shop")
    pictures = [found.images[at] for at in street]
    (queries,), (turned,) = plain.encode(pictures, plain.worn), mirrored.encode(pictures, mirrored.worn)
    (shown,) = plain.encode([found.images[at] for at in shop], plain.framed)
    products = np.asarray(found.products)
    return Task(queries, turned, products[street], np.concatenate(shown), products[shop])


def _wearables(folder: Path, plain: Cut, mirrored: Cut) -> Task:
    found = read_collection(folder)
    (queries,), (turned,) = plain.encode(found.images, plain.sold), mirrored.encode(found.images, mirrored.sold)
    products = np.asarray(found.products)
    return Task(queries, turned, products, np.concatenate(queries), products, left_out=True)


def _made(sets: PublicSets, encoder: Encoder, limit: int, workers: int) -> Task:
    samples = pair_samples(sets.ccp, sets.pairs, Settings(per_garment=2), limit, workers)
    rows: dict[str, list[Any]] = {"street": [], "mirrored": [], "shop": [], "asked": [], "shown": []}
    for sample in samples:
        if sample.split == "train":
            continue
        picture = _cut_out(sample, encoder)
        vector = encoder.encode([encoder.prepare(picture)])
        rows[sample.domain].append(vector)
        rows["shown" if sample.domain == "shop" else "asked"].append(sample.product_id)
        if sample.domain == "street":
            rows["mirrored"].append(encoder.encode([encoder.prepare(mirror(picture))]))
    gallery, shown = np.concatenate(rows["shop"]), np.asarray(rows["shown"])
    return Task(rows["street"], rows["mirrored"], np.asarray(rows["asked"]), gallery, shown)


def _cut_out(sample: Sample, encoder: Encoder) -> GarmentPicture:
    photo = Photo.from_path(sample.root / sample.image)
    mask = sample.load_mask(photo.width, photo.height)
    if mask is None:
        raise DatasetError("has no mask", where=sample.image)
    box = box_of_mask(mask)
    return garment_picture(photo, Garment("garment", 1.0, box, box.center, mask[box.slices()]), encoder.spec)


@dataclass(frozen=True, eq=False)
class Labels:
    """Packshots, which of them ask, and the vectors of the mirror images of these."""

    items: Sequence[Sample]
    asking: Sequence[int]
    mirrored: Vectors


class Figures:
    """Tables of one encoder."""

    def __init__(self, encoder: Encoder, tasks: Mapping[str, Task], others: Vectors, labels: Labels) -> None:
        self.encoder, self.tasks, self.others, self.labelled = encoder, tasks, others, labels

    def weights(self) -> None:
        """Each preset."""
        print("\n## Presets\n\n| weights | set | R@1 | R@10 | MRR |\n|---|---|---|---|---|")
        for title, weights in presets(self.encoder.blocks).items():
            for name, task in self.tasks.items():
                ranks = self.ranks(task, weights)
                cells = [bootstrap(v, clusters=task.products) for v in (ranks <= 1, ranks <= 10, 1 / ranks)]
                print(f"| {title} | {name} (n={len(ranks)}) | {' | '.join(map(str, cells))} |", flush=True)
        self._heading_of_labels("weights")
        for title, weights in presets(self.encoder.blocks).items():
            values, senders = self.precisions(weights)
            cells = [bootstrap(values[label], clusters=senders) for label in LABELS]
            print(f"| {title} | {' | '.join(map(str, cells))} |", flush=True)

    def compare(self, title: str, variants: Mapping[str, tuple[bool, Again | None]]) -> None:
        """Each variant beside the plain query."""
        print(f"\n## {title}\n\n| query | set | R@1 | R@10 | MRR | difference of the MRR |\n|---|---|---|---|---|---|")
        base = {name: self.ranks(task) for name, task in self.tasks.items()}
        for what, (turned, again) in {"plain": (False, None), **variants}.items():
            for name, task in self.tasks.items():
                ranks = self.ranks(task, turned=turned, again=again)
                cells = [f"{values.mean():.3f}" for values in (ranks <= 1, ranks <= 10, 1 / ranks)]
                cells.append(_difference(1 / base[name], 1 / ranks, task.products))
                print(f"| {what} | {name} | {' | '.join(cells)} |", flush=True)
        self._heading_of_labels("query")
        plain, senders = self.precisions()
        for what, (turned, again) in {"plain": (False, None), **variants}.items():
            values, _ = self.precisions(turned=turned, again=again)
            cells = [
                f"{np.nanmean(values[label]):.3f}, {_difference(plain[label], values[label], senders)}"
                for label in LABELS
            ]
            print(f"| {what} | {' | '.join(cells)} |", flush=True)

    @staticmethod
    def _heading_of_labels(first: str) -> None:
        print(f"\n| {first} | P@10 kind | colour | pattern |\n|---|---|---|---|")

    def ranks(
        self,
        task: Task,
        weights: Mapping[str, float] | None = None,
        *,
        turned: bool = False,
        again: Again | None = None,
    ) -> NDArray[np.float64]:
        """(queries,) rank from 1 of the first right picture."""
        scale = default_scaling(self.encoder.blocks, weights)
        gallery = np.concatenate([task.gallery, self.others]) * scale
        same = np.zeros(len(gallery), np.bool_)
        ranks = []
        for at, (vectors, mirrored) in enumerate(zip(task.queries, task.mirrored, strict=True)):
            same[: len(task.shown)] = task.shown == task.products[at]
            asked = self._means(vectors, mirrored) if turned else vectors
            scores = (asked * scale) @ gallery.T
            if task.left_out:
                scores[:, at] = -np.inf
            ranks.append(min(1 + int(np.argmax(same[_order(row, gallery, again)])) for row in scores))
        return np.asarray(ranks, np.float64)

    def precisions(
        self, weights: Mapping[str, float] | None = None, *, turned: bool = False, again: Again | None = None
    ) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.str_]]:
        """By label the (queries,) P@10 among garments of other senders, and the senders."""
        scale, items = default_scaling(self.encoder.blocks, weights), self.labelled.items
        gallery, asking = self.others * scale, np.asarray(self.labelled.asking)
        own = self.others[asking]
        asked = (self._means(own, self.labelled.mirrored) if turned else own) * scale
        senders = np.asarray([item.group for item in items])
        names = {label: np.asarray([item.label(label) for item in items]) for label in LABELS}
        values: dict[str, list[float]] = {label: [] for label in LABELS}
        for at, vector in zip(asking.tolist(), asked, strict=True):
            scores = gallery @ vector
            scores[senders == senders[at]] = -np.inf
            order = _order(scores, gallery, again)
            for label in LABELS:
                wanted = names[label][at]
                near = order[names[label][order] != ""][:10]
                relevant = int(((names[label] == wanted) & (senders != senders[at])).sum())
                hits = (names[label][near] == wanted)[None]
                known = wanted != "" and relevant > 0
                values[label].append(float(precision(hits, np.array([relevant]), 10)[0]) if known else np.nan)
        return {label: np.asarray(value) for label, value in values.items()}, senders[asking]

    def _means(self, vectors: Vectors, others: Vectors) -> Vectors:
        """(n, dim) means of two vectors each."""
        pairs = zip(vectors, others, strict=True)
        return np.stack([mean_vector(np.stack(pair), self.encoder.blocks) for pair in pairs])

    def several(self) -> None:
        """One to four photos of a wearable as one query; the other photos of the thing are right."""
        print("\n## Several photos of one thing\n\n| photos | queries | R@1 | R@10 | MRR |\n|---|---|---|---|---|")
        task = self.tasks["wearables"]
        scale = default_scaling(self.encoder.blocks)
        gallery = np.concatenate([task.gallery, self.others]) * scale
        for size in (1, 2, 3, 4):
            ranks, products = [], []
            for product in np.unique(task.products):
                members = np.flatnonzero(task.products == product)
                for chosen in combinations(members.tolist(), size):
                    query = mean_vector(task.gallery[list(chosen)], self.encoder.blocks) * scale
                    scores = gallery @ query
                    scores[list(chosen)] = -np.inf
                    # one right picture at a time, so that the number of right ones does not depend on the size
                    rest = np.setdiff1d(members, chosen)
                    for right in rest.tolist():
                        better = scores > scores[right]
                        better[rest] = False
                        ranks.append(1 + int(better.sum()))
                        products.append(product)
            first = np.asarray(ranks, np.float64)
            cells = [bootstrap(v, clusters=products) for v in (first <= 1, first <= 10, 1 / first)]
            print(f"| {size} | {len(first)} | {' | '.join(map(str, cells))} |", flush=True)

    def alike(self) -> None:
        """Scores of two photos of one thing, and of two things."""
        calibration = self.encoder.spec.calibration
        if calibration is None:
            return
        blocks = self.encoder.blocks
        scale = Scale.of(calibration, blocks, {block.name: block.weight for block in blocks})
        levels = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
        print(f"\n## Two photos: share of scores below\n\n| photos | n | {' | '.join(map(str, levels))} |")
        print(f"|---|---|{'---|' * len(levels)}")
        for title, scores in self._scores(scale).items():
            shares = [f"{(np.asarray(scores) < level).mean():.3f}" for level in levels]
            print(f"| {title} | {len(scores)} | {' | '.join(shares)} |", flush=True)

    def _scores(self, scale: Scale) -> dict[str, list[float]]:
        """A query and a picture of the gallery; of several garments in a query the most similar."""
        factors = default_scaling(self.encoder.blocks)
        found: dict[str, list[float]] = {}
        for name, task in self.tasks.items():
            for at, vectors in enumerate(task.queries):
                similar = ((vectors * factors) @ (task.gallery * factors).T).max(axis=0)
                for place, similarity in enumerate(similar.tolist()):
                    if task.left_out and place <= at:
                        continue
                    same = task.shown[place] == task.products[at]
                    found.setdefault(f"{name}, {'one thing' if same else 'two things'}", []).append(
                        scale.score(similarity)
                    )
        return found

    def speed(self) -> None:
        """Milliseconds of the processor, which other processes do not change, for encoding and for re-ranking."""
        print("\n## Milliseconds of one core, medians of 50\n")
        pixels = np.random.default_rng(0).integers(0, 256, (300, 200, 3), np.uint8)
        picture = self.encoder.prepare(GarmentPicture(pixels))
        for count in (1, 2, 4):
            took = _median(partial(self.encoder.encode, [picture] * count))
            print(f"- {count} pictures encoded at once: {took:.1f}")
        near = (self.others[:POOL] * default_scaling(self.encoder.blocks)).astype(np.float64)
        likeness = near @ near.T
        print(f"- {POOL} candidates re-ranked: {_median(lambda: k_reciprocal(likeness[0], likeness)):.1f}")


def _order(scores: Vectors, gallery: Vectors, again: Again | None) -> NDArray[np.intp]:
    """The gallery by falling score, its first ``POOL`` re-ranked if asked for."""
    order = np.argsort(-scores, kind="stable")
    if again is not None:
        first = order[:POOL]
        near = gallery[first].astype(np.float64)
        near /= np.linalg.norm(near, axis=1, keepdims=True)
        nearest, averaged, original = again
        distances = k_reciprocal(
            scores[first].astype(np.float64), near @ near.T, nearest=nearest, averaged=averaged, original=original
        )
        order[:POOL] = first[np.argsort(distances, kind="stable")]
    return order


def _difference(one: NDArray[np.float64], other: NDArray[np.float64], clusters: NDArray[np.str_]) -> str:
    found = paired(one, other, clusters=clusters)
    return f"{found.difference:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"


def _median(work: Callable[[], object], rounds: int = 50) -> float:
    took = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        took.append(1000 * (time.process_time() - began))
    return float(np.median(took))


if __name__ == "__main__":
    main()
