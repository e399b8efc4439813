"""Step 5, pairs: which of the products that a street picture claims it shows.

A claim is accepted if shop pictures of the product's category are among the nearest ones, and if the picture is more
similar to the product than to a given share of the category's other products. The ranks of random claims are uniform on
0 to 1, so 4 P(rank < 1/4) is an upper estimate of the share of wrong claims.
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

from streetshop.core.files import output_file
from streetshop.lab.curate.curation import Curation
from streetshop.lab.curate.decisions import Decisions
from streetshop.lab.curate.encoders import Vectors
from streetshop.lab.curate.features import Features, reduced
from streetshop.lab.curate.neighbours import nearest
from streetshop.lab.curate.page import Card
from streetshop.lab.data.manifest import SCHEMA, Manifest

RANK: Final = 0.25
"""Least share of the category's other products that are less similar to the picture."""
VOTES: Final = 0.05
"""Least share of the nearest shop pictures in the category: one of fifteen."""
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
        """Whether category and similarity both support the claim."""
        return self.votes >= VOTES and self.rank >= rank


def claimed(manifest: Manifest, rows: Iterable[int]) -> list[tuple[int, str, str]]:
    """(row, product, source) of all claims of ``rows``, including those of other pictures of the same post."""
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
    """Score all claims of street rows.

    Args:
        manifest: with products, categories and claims.
        unit: (rows of the manifest, dims) reduced unit features.
        rows: rows in use.
        threads: number of threads.
        seed: of the sample of other products.
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
    # Fewer in a small shop, where fifteen pictures would cover all categories.
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
        # The best picture of each product counts: a product with more pictures has no advantage.
        rank = rank_of(cosine, unit[others] @ unit[row], products[others])
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


def rank_of(cosine: float, others: NDArray[np.float32], products: NDArray[np.object_]) -> float:
    """Share of the products whose best cosine is below ``cosine``; 1 where there are no others."""
    if not len(others):
        return 1.0
    names, codes = np.unique(products.astype(str), return_inverse=True)
    best = np.full(len(names), -2.0, np.float32)
    np.maximum.at(best, codes, others)
    return float((best < cosine).mean())


def wilson(hits: int, total: int) -> tuple[float, float]:
    """95 % Wilson interval of a share; (0, 1) when nothing was counted."""
    from scipy.stats import binomtest

    if not total:
        return 0.0, 1.0
    interval = binomtest(hits, total).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def run_pairs(curation: Curation, *, rank: float = RANK, threads: int = 1, seed: int = 0) -> dict[str, Any]:
    """Accept claims by their scores, or by verdict; street rows without an accepted claim are dropped.

    Args:
        curation: with features.
        rank: least rank of an accepted claim.
        threads: number of threads.
        seed: of the sample of other products.
    """
    features = Features.of(curation)
    rows = np.flatnonzero(curation.remaining(before="pairs") & (features.index >= 0))
    unit = np.asarray(reduced(curation, features))
    pairs = propose(curation.manifest, unit, rows, threads=threads, seed=seed)
    verdicts = read_verdicts(curation, pairs).verdicts
    accepted = [_accepted(pair, rank, verdicts.get(pair.id)) for pair in pairs]
    _write(curation, pairs, accepted)
    good = {pair.row for pair, yes in zip(pairs, accepted, strict=True) if yes}
    claims = claimed(curation.manifest, _unnamed_street(curation.manifest, rows))
    drops = {row: f"claims {product}, which is not confirmed" for row, product, _ in claims if row not in good}
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
        "by_verdict": sum(pair.id in verdicts for pair in pairs),
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
    """The file of verdicts on pairs; the id is ``row:product``."""
    return curation.folder / "decisions" / "pairs.csv"


def read_verdicts(curation: Curation, pairs: Iterable[Pair] | None = None) -> Decisions:
    """Read the verdicts. Raises :class:`CurateError` for those of another manifest."""
    ids = None if pairs is None else {pair.id for pair in pairs}
    return Decisions.read(decisions_path(curation), "pairs", curation.fingerprint, ids)


def read_pairs(curation: Curation) -> list[tuple[Pair, bool]]:
    """All scored claims, and whether each is accepted. Raises :class:`CurateError` when the step was not run."""
    curation.require("pairs")
    found = pq.read_table(curation.folder / _FILE).to_pylist()
    return [(Pair(**{k: v for k, v in values.items() if k != "accepted"}), values["accepted"]) for values in found]


def cards(curation: Curation, count: int = 100, seed: int = 0) -> list[Card]:
    """Cards of a random sample of the agreeing claims, whose share of wrong ones is the label noise, then of others."""
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
    with output_file(curation.file(_FILE)) as partial:
        pq.write_table(pa.table({**table, "accepted": pa.array(accepted, pa.bool_())}), partial)


def with_pairs(curation: Curation) -> Manifest:
    """The curation's manifest; street rows with an accepted pair have its product and category.

    A picture with several accepted products has the most similar one; ``pairs.parquet`` holds them all.
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
