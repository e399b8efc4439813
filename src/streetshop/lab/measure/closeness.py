"""Calibrate an encoder's scores, and measure how far they can be believed."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streetshop.catalog.open import open_catalog
from streetshop.core.errors import BundleError
from streetshop.lab.evaluate.closeness import (
    JUDGEMENTS,
    Pairs,
    fit_scale,
    held_out_scores,
    judged_cosines,
    product_vectors,
    random_cosines,
    read_garments,
    read_judged,
)
from streetshop.looks import load_reader
from streetshop.models import load_encoder
from streetshop.models.folder import write_spec
from streetshop.models.spec import EncoderSpec
from streetshop.search.closeness import SIMILAR, VERY_CLOSE

EDGES: Final = (0.0, 0.05, 0.1, SIMILAR, 0.35, VERY_CLOSE, 1.0)
"""Of the scores in the table."""


def calibrate(folder: Path, photos: Path, catalog: str, threads: int) -> tuple[EncoderSpec, dict[str, Any]]:
    """Fit the scores of an encoder.

    Args:
        folder: of the encoder's bundle, which is not changed.
        photos: root of Clothing Co-Parsing.
        catalog: of the Clothing data set with its labels, filled by this encoder; ids are names of pictures.
        threads: of the models.

    Returns:
        The bundle's spec with its calibration, and what was measured on held-out photos.
    """
    encoder = load_encoder(folder, threads=threads)
    store = open_catalog(catalog)
    try:
        products, kinds = {}, {}
        for product_id, kind, vector in product_vectors(store, encoder):
            products[product_id], kinds[product_id] = vector, kind
    finally:
        store.close()
    garments = read_garments(photos, encoder, load_reader(None, threads=threads))
    pairs = judged_cosines(read_judged(), garments, products, encoder.blocks)
    random = random_cosines(garments, products, kinds, encoder.blocks)
    spec = encoder.spec.model_copy(update={"calibration": fit_scale(pairs, random, encoder.blocks)})
    return spec, measured(pairs, held_out_scores(pairs, random, encoder.blocks))


def write_calibration(folder: Path, spec: EncoderSpec) -> None:
    """Put the spec into the bundle. Raises BundleError if it cannot be written."""
    try:
        write_spec(folder, spec)
    except OSError as error:
        raise BundleError(f"the bundle cannot be written ({error.strerror})", where=str(folder)) from None


def measured(pairs: Pairs, scores: NDArray[np.float64]) -> dict[str, Any]:
    """Held-out scores beside the judgements.

    Returns:
        ``pairs``; ``auc`` and ``ece`` (expected calibration error in 8 bins of equal size) of being alike; ``table``,
        a row for each range of scores; ``floor``, see :func:`alarms`.
    """
    from sklearn.metrics import roc_auc_score

    alike = pairs.judgements == JUDGEMENTS.index("alike")
    table = []
    for low, high in pairwise(EDGES):
        inside = (scores >= low) & (scores < high)
        if inside.any():
            table.append(
                {
                    "from": low,
                    "to": high,
                    "pairs": int(inside.sum()),
                    "score": round(float(scores[inside].mean()), 3),
                    "alike": round(float(alike[inside].mean()), 3),
                    "somewhat": round(float((pairs.judgements[inside] > 0).mean()), 3),
                }
            )
    return {
        "pairs": len(scores),
        "auc": round(float(roc_auc_score(alike, scores)), 3),
        "ece": round(expected_calibration_error(scores, alike), 3),
        "table": table,
        "floor": alarms(pairs, scores),
    }


def expected_calibration_error(scores: NDArray[np.float64], right: NDArray[np.bool_], bins: int = 8) -> float:
    """Mean distance of score and share of right ones over bins of equal size. Naeini et al. 2015."""
    parts = np.array_split(np.argsort(scores), bins)
    return sum(abs(float(scores[part].mean() - right[part].mean())) * len(part) for part in parts) / len(scores)


def alarms(pairs: Pairs, scores: NDArray[np.float64], floor: float = SIMILAR) -> dict[str, float]:
    """How often the best of a photo's judged products of its kind stays below the floor.

    Returns:
        Shares of photos: ``false`` when an alike product is among them, ``true`` when the alike ones are dropped,
        ``true_none`` when those somewhat alike are dropped too.
    """
    found: dict[str, list[bool]] = {"false": [], "true": [], "true_none": []}
    same = pairs.added == 0
    for photo in np.unique(pairs.photos):
        here = same & (pairs.photos == photo)
        most = pairs.judgements[here].max(initial=0)
        kept = {"false": 2 if most == 2 else -1, "true": 1, "true_none": 0}
        for name, least in kept.items():
            left = scores[here & (pairs.judgements <= least)]
            if len(left):
                found[name].append(bool(left.max() < floor))
    return {name: round(float(np.mean(values)), 3) for name, values in found.items() if values}
