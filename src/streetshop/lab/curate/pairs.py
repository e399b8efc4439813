"""Step 5, pairs: which of the products that a street picture claims does it show?

A claim is believed when the picture looks like the product's category, and more like the product than a given share
of its other products. Were claims drawn by lot, that rank would be spread evenly from 0 to 1: so four times the
share of ranks below a quarter is about the most that can be wrong.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from streetshop.lab.curate.decisions import Decisions
from streetshop.lab.curate.encoders import Vectors
from streetshop.lab.curate.features import Features, reduced
from streetshop.lab.curate.neighbours import nearest
from streetshop.lab.curate.page import Card
from streetshop.lab.curate.workplace import Curation
from streetshop.lab.data.manifest import SCHEMA, Manifest

RANK: Final = 0.25
"""A claim must be more like the picture than this share of its category's other products."""
VOTES: Final = 0.05
"""Of the fifteen nearest shop pictures one must be of the category: street pictures look like no shop picture much."""
_VOTERS: Final = 15
_RIVALS: Final = 500
_FILE: Final = "pairs.parquet"


@dataclass(frozen=True, slots=True)
class Pair:
    """A street row and a product that it claims.

    Attributes:
        source: ``claim`` (a review, or a tag of the picture itself) or ``same post`` (another picture's of it).
        cosine: to the product's most similar shop picture.
        rank: share of the category's other products that are less similar.
        votes: share of the nearest shop pictures that are of the product's category.
    """

    row: int
    product: str
    source: str
    cosine: float
    rank: float
    votes: float

    @property
    def id(self) -> str:
        """As the decisions file names it."""
        return f"{self.row}:{self.product}"

    def agrees(self, rank: float) -> bool:
        """Whether category and embedding both speak for it."""
        return self.votes >= VOTES and self.rank >= rank


def claimed(manifest: Manifest, rows: Iterable[int]) -> list[tuple[int, str, str]]:
    """(row, product, source) of all claims among ``rows``, those of other pictures of the same post included."""
    found: list[tuple[int, str, str]] = []
    posts: dict[str, list[tuple[int, list[str]]]] = defaultdict(list)
    attributes = manifest.table["attributes"]
    for row in rows:
        values = json.loads(attributes[row].as_py())
        claims = [claim for claim in values.get("claims", ()) if isinstance(claim, str)]
        found += [(row, claim, "claim") for claim in claims]
        if values.get("post"):
            posts[str(values["post"])].append((row, claims))
    for members in posts.values():
        together = sorted({claim for _, claims in members for claim in claims})
        found += [(row, claim, "same post") for row, claims in members for claim in together if claim not in claims]
    return found


def propose(
    manifest: Manifest, unit: Vectors, rows: NDArray[np.intp], *, threads: int = 1, seed: int = 0
) -> list[Pair]:
    """All claims of street rows among ``rows``, with how far category and embedding agree.

    Args:
        unit: (rows of the manifest, dims) short unit features. rows: those in use.
    """
    domains, products, categories = (manifest.column(name) for name in ("domain", "product_id", "category"))
    street = rows[(domains[rows] == "street") & (products[rows] == "")]
    shop = rows[(domains[rows] == "shop") & (products[rows] != "")]
    claims = claimed(manifest, street.tolist())
    if not claims or not len(shop):
        return []
    of_product: dict[str, list[int]] = defaultdict(list)
    of_category: dict[str, list[int]] = defaultdict(list)
    for row in shop.tolist():
        of_product[products[row]].append(row)
        of_category[categories[row]].append(row)
    asking = sorted({row for row, product, _ in claims if product in of_product})
    # In a small shop fifteen would reach into categories that the picture is nothing like.
    voting = int(np.clip(len(shop) // 10, 3, _VOTERS))
    _, near = nearest(np.ascontiguousarray(unit[shop]), np.ascontiguousarray(unit[asking]), voting, threads=threads)
    voters = dict(zip(asking, near, strict=True))
    rng = np.random.default_rng(seed)
    rivals = {name: _rivals(members, products, rng) for name, members in of_category.items()}
    found = []
    for row, product, source in claims:
        if product not in of_product:
            continue
        category = categories[of_product[product][0]]
        cosine = float((unit[of_product[product]] @ unit[row]).max())
        others = rivals[category][products[rivals[category]] != product]
        # Best shop picture against best shop picture: a product with more pictures has no advantage.
        rank = _rank(cosine, unit[others] @ unit[row], products[others])
        voted = voters[row][voters[row] >= 0]
        votes = float((categories[shop[voted]] == category).mean())
        found.append(Pair(row, product, source, round(cosine, 4), round(rank, 4), round(votes, 4)))
    return found


def _rivals(members: list[int], products: NDArray[np.object_], rng: np.random.Generator) -> NDArray[np.intp]:
    """All pictures of at most 500 of a category's products."""
    names = sorted({products[row] for row in members})
    if len(names) > _RIVALS:
        names = [names[i] for i in rng.choice(len(names), _RIVALS, replace=False)]
    chosen = set(names)
    return np.array([row for row in members if products[row] in chosen], dtype=np.intp)


def _rank(cosine: float, others: NDArray[np.float32], products: NDArray[np.object_]) -> float:
    """Share of the products whose best cosine is below ``cosine``; 1 where there are no others."""
    if not len(others):
        return 1.0
    names, codes = np.unique(products.astype(str), return_inverse=True)
    best = np.full(len(names), -2.0, np.float32)
    np.maximum.at(best, codes, others)
    return float((best < cosine).mean())


def wilson(hits: int, total: int) -> tuple[float, float]:
    """95 % Wilson interval of a share; (0, 1) when nothing was counted."""
    if not total:
        return 0.0, 1.0
    z = 1.959964
    share, square = hits / total, z * z / total
    middle, half = share + square / 2, z * np.sqrt(share * (1 - share) / total + square / (4 * total))
    return float((middle - half) / (1 + square)), float((middle + half) / (1 + square))


def run_pairs(curation: Curation, *, rank: float = RANK, threads: int = 1, seed: int = 0) -> dict[str, Any]:
    """Accept claims by agreement, or as people decided; street rows none of whose claims is accepted are dropped."""
    features = Features.of(curation)
    rows = np.flatnonzero(curation.remaining(before="pairs") & (features.index >= 0))
    unit = np.asarray(reduced(curation, features))
    pairs = propose(curation.manifest, unit, rows, threads=threads, seed=seed)
    verdicts = read_verdicts(curation, pairs).verdicts
    accepted = [_accepted(pair, rank, verdicts.get(pair.id)) for pair in pairs]
    _write(curation, pairs, accepted)
    good = {pair.row for pair, yes in zip(pairs, accepted, strict=True) if yes}
    claims = claimed(curation.manifest, _unnamed_street(curation.manifest, rows))
    drops = {
        row: f"claims {product}, which no agreement or person bears out"
        for row, product, _ in claims
        if row not in good
    }
    agreeing = [pair for pair in pairs if pair.agrees(rank)]
    checked = [verdicts[pair.id] for pair in agreeing if pair.id in verdicts]
    wrong = checked.count("wrong")
    low, high = wilson(wrong, len(checked))
    ranks = np.array([pair.rank for pair in pairs if pair.source == "claim"])
    summary = {
        "rows": len(rows),
        "rank": rank,
        "proposed": len(pairs),
        "accepted": sum(accepted),
        "by_people": sum(pair.id in verdicts for pair in pairs),
        "wrong_claims_at_most": round(min(4 * float((ranks < 0.25).mean()), 1.0), 4) if len(ranks) else None,
        "checked": len(checked),
        "checked_wrong": wrong,
        "label_noise": round(wrong / len(checked), 4) if checked else None,
        "label_noise_interval": [round(low, 4), round(high, 4)],
    }
    curation.finish("pairs", summary, drops)
    return curation.summary("pairs")


def _accepted(pair: Pair, rank: float, verdict: str | None) -> bool:
    return pair.agrees(rank) if verdict is None else verdict == "right"


def _unnamed_street(manifest: Manifest, rows: NDArray[np.intp]) -> list[int]:
    street = (manifest.column("domain")[rows] == "street") & (manifest.column("product_id")[rows] == "")
    return rows[street].tolist()


def decisions_path(curation: Curation) -> Path:
    """Where the verdicts on pairs are: id is ``row:product``."""
    return curation.folder / "decisions" / "pairs.csv"


def read_verdicts(curation: Curation, pairs: Iterable[Pair] | None = None) -> Decisions:
    """The verdicts so far. Raises :class:`CurateError` for those of another manifest."""
    ids = None if pairs is None else {pair.id for pair in pairs}
    return Decisions.read(decisions_path(curation), "pairs", curation.fingerprint, ids)


def read_pairs(curation: Curation) -> list[tuple[Pair, bool]]:
    """All proposals, and whether each is accepted. Raises when the step was not run."""
    curation.require("pairs")
    found = pq.read_table(curation.folder / _FILE).to_pylist()
    return [(Pair(**{k: v for k, v in values.items() if k != "accepted"}), values["accepted"]) for values in found]


def cards(curation: Curation, count: int = 100, seed: int = 0) -> list[Card]:
    """A random sample of the claims that agree (their share of wrong ones is the label noise), then of the others."""
    pairs = [pair for pair, _ in read_pairs(curation)]
    rank = float(curation.require("pairs")["rank"])
    order = np.random.default_rng(seed).permutation(len(pairs))
    agreeing = [pairs[i] for i in order if pairs[i].agrees(rank)][:count]
    others = [pairs[i] for i in order if not pairs[i].agrees(rank)][:count]
    products = curation.manifest.column("product_id")
    shop = curation.manifest.column("domain") == "shop"
    found = []
    for pair in (*agreeing, *others):
        pictures = np.flatnonzero((products == pair.product) & shop)[:3].tolist()
        note = f"{pair.source}; more similar than {pair.rank:.0%} of its category; category votes {pair.votes:.0%}"
        found.append(Card(pair.id, f"Is this product {pair.product}?", note, (pair.row, *pictures)))
    return found


def _write(curation: Curation, pairs: list[Pair], accepted: list[bool]) -> None:
    columns = {name: [getattr(pair, name) for pair in pairs] for name in Pair.__slots__}
    kinds = {"row": pa.int64(), "product": pa.string(), "source": pa.string()}
    table = {name: pa.array(values, kinds.get(name, pa.float64())) for name, values in columns.items()}
    pq.write_table(pa.table({**table, "accepted": pa.array(accepted, pa.bool_())}), curation.file(_FILE))


def with_pairs(curation: Curation) -> Manifest:
    """The curation's manifest; street rows with an accepted pair carry its product and category.

    A picture with several accepted products carries the one it is most like; ``pairs.parquet`` has them all.
    """
    manifest = curation.manifest
    if not curation.done("pairs"):
        return manifest
    best: dict[int, Pair] = {}
    for pair, accepted in read_pairs(curation):
        if accepted and (pair.row not in best or pair.cosine > best[pair.row].cosine):
            best[pair.row] = pair
    products, categories = manifest.column("product_id"), manifest.column("category")
    of_product = dict(zip(products.tolist(), categories.tolist(), strict=True))
    new_products, new_categories = products.copy(), categories.copy()
    for row, pair in best.items():
        new_products[row], new_categories[row] = pair.product, of_product[pair.product]
    table = manifest.table
    for name, values in (("product_id", new_products), ("category", new_categories)):
        index = SCHEMA.get_field_index(name)
        table = table.set_column(index, SCHEMA.field(index), [values.tolist()])
    return Manifest(table, manifest.root, manifest.name, manifest.licence)
