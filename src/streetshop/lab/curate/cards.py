"""The cards of the labelling page: pictures, clusters or pairs to decide about."""

from __future__ import annotations

import numpy as np

from streetshop.core.errors import CurateError
from streetshop.lab.curate import clusters, noise, pairs
from streetshop.lab.curate.curation import Curation
from streetshop.lab.curate.decisions import Decisions
from streetshop.lab.curate.page import Card

_ON_CARD = 24


def cards_of(curation: Curation, what: str, count: int, seed: int = 0) -> tuple[str, list[Card], Decisions]:
    """Title, cards and the decisions so far.

    Args:
        curation: where the decisions are.
        what: pictures, clusters or pairs.
        count: number of pictures, or of pairs that agree and of others.
        seed: of the sample.

    Raises:
        CurateError: there is nothing to decide.
    """
    if what == "clusters":
        found = _cluster_cards(curation)
        model = str(curation.require("clusters")["model"])
        ids = {card.id for card in found}
        return "Which clusters stay?", found, Decisions.read(clusters.decisions_path(curation), what, model, ids)
    if what == "pairs":
        found = pairs.cards(curation, count, seed)
        if not found:
            raise CurateError("no pairs were proposed", where=str(curation.folder), hint="Give --reviews or --posts")
        return "Does the picture show the product?", found, pairs.read_verdicts(curation)
    return "Noise or a garment?", noise.cards(curation, count, seed), noise.read_labels(curation)


def _cluster_cards(curation: Curation) -> list[Card]:
    summary = curation.require("clusters")
    labels = clusters.labels_of(curation)
    rng = np.random.default_rng(0)
    found = []
    for cluster in summary["clusters"]:
        label = -1 if cluster["id"] == clusters.OUTLIERS else int(cluster["id"][2:])
        rows = np.flatnonzero(labels == label)
        shown = rng.choice(rows, min(_ON_CARD, len(rows)), replace=False).tolist()
        note = f"{cluster['size']} pictures, {cluster['purity']:.0%} {cluster['category'] or 'without category'}; "
        note += f"suggested: {cluster['suggested']} ({cluster['why']})"
        found.append(Card(cluster["id"], cluster["id"], note, tuple(shown)))
    return found
