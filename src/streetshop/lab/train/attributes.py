"""Fit attribute heads to an encoder's vectors of labelled pictures, and measure them on held-back senders."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streetshop.catalog.store import Store
from streetshop.core.errors import DatasetError
from streetshop.indexing.attributes import mean_shares
from streetshop.lab.data.sets import clothing
from streetshop.lab.data.tables import find
from streetshop.lab.evaluate.report import Figure, Section
from streetshop.models.spec import HeadSpec

PRECISION: Final = 0.8
"""Least precision, on test senders, of a value that is predicted."""
LEAST_TESTED: Final = 8
"""Least number of predictions for test senders that a precision is believed of."""
_ON_VALIDATION: Final = 0.85
"""Precision on validation senders at which the threshold of a head is set."""
_STRENGTHS: Final = (0.03, 0.1, 0.3, 1.0, 3.0)
"""Inverse strengths of regularisation that are tried."""
_THRESHOLDS: Final = tuple(round(float(t), 2) for t in np.arange(0.5, 0.91, 0.05))
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Attribute:
    """What a head learns.

    Attributes:
        name: of the attribute.
        column: of the labels.
        values: the value of each label; labels that are missing here teach nothing.
        kinds: of products that have the attribute.
        least_share: of the garment's pixels that must have the predicted colour.
    """

    name: str
    column: str
    values: Mapping[str, str]
    kinds: tuple[str, ...] = ()
    least_share: float | None = None


def _inverse(**labels: str) -> dict[str, str]:
    return {label.strip(): value for value, text in labels.items() for label in text.split(",")}


ATTRIBUTES: Final = (
    Attribute(
        "colour",
        "colour",
        _inverse(
            black="black", white="white", grey="grey", beige="beige", brown="brown", red="red, burgundy",
            orange="orange", yellow="yellow", green="green, olive, teal", blue="blue, light blue", navy="navy",
            purple="purple", pink="pink",
        ),
        least_share=0.3,
    ),
    Attribute(
        "pattern",
        "pattern",
        _inverse(
            plain="solid, denim, melange, knit", printed="print, motif, abstract", striped="stripes", checked="check",
            floral="floral", dotted="dots", animal="animal",
        ),
    ),
    Attribute(
        "sleeve",
        "kind",
        _inverse(
            short="t-shirt, polo",
            long="sweater, long-sleeved top, cardigan, hoodie, sweatshirt, blazer, coat, jacket, denim jacket, "
            "leather jacket, puffer jacket",
            sleeveless="tank top, waistcoat",
        ),
        kinds=("top", "outerwear"),
    ),
)  # fmt: skip
"""The attributes and the labels that teach them."""


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """Labelled pictures with their vectors.

    Attributes:
        names: of the pictures.
        vectors: (n, dim).
        shares: of their colours that were counted.
        splits: train, val or test, by sender.
    """

    names: list[str]
    vectors: NDArray[np.float32]
    shares: list[Mapping[str, float]]
    splits: NDArray[np.str_]


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A fitted head and its figures on test senders, one row for each value."""

    head: HeadSpec
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    table: Section


def read_pictures(store: Store, data: Path) -> Pictures:
    """The pictures of the Clothing dataset in a catalog."""
    with find(data, "images.csv", what="images.csv").open(encoding="utf-8", newline="") as file:
        senders = {row["image"]: row["sender_id"] for row in csv.DictReader(file)}
    ids = [each for each in store.ids() if PurePath(each).stem in senders]
    names, vectors = [], []
    shares: list[Mapping[str, float]] = []
    for start in range(0, len(ids), _AT_ONCE):
        for name, entry in store.entries(ids[start : start + _AT_ONCE]).items():
            names.append(PurePath(name).stem)
            vectors.append(entry.vectors[0])
            shares.append(mean_shares((shot.tags or {}).get("colour", {}) for shot in entry.product.shots))
    splits = np.asarray([clothing.sender_split(senders[name]) for name in names], np.str_)
    if missing := {"train", "val", "test"} - set(splits.tolist()):
        raise DatasetError(
            f"no pictures of the splits {', '.join(sorted(missing))}",
            where=store.url,
            hint=f"Index all pictures: streetshop index {data / 'images'} --catalog {store.url}",
        )
    return Pictures(names, np.stack(vectors), shares, splits)


def fit(attribute: Attribute, pictures: Pictures, labels: Mapping[str, Mapping[str, str]]) -> Fitted:
    """Fit a head and choose its threshold, and measure it.

    Training senders teach, validation senders choose regularisation and threshold, and test senders decide which
    values are predicted at all: those of a precision of :data:`PRECISION`.

    Args:
        attribute: what it learns.
        pictures: that it learns from.
        labels: of the pictures, by name.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss

    truth = np.asarray([attribute.values.get(labels.get(n, {}).get(attribute.column, ""), "") for n in pictures.names])
    part = {name: (pictures.splits == name) & (truth != "") for name in ("train", "val", "test")}
    tried = [
        LogisticRegression(C=strength, max_iter=1000).fit(pictures.vectors[part["train"]], truth[part["train"]])
        for strength in _STRENGTHS
    ]
    # By log loss, since the probabilities decide what is predicted. The encoder has learned from the training senders'
    # labels, so that heads with little regularisation are too sure of themselves.
    held, known = pictures.vectors[part["val"]], truth[part["val"]]
    model = min(tried, key=lambda one: log_loss(known, one.predict_proba(held), labels=one.classes_))
    values = [str(value) for value in model.classes_]
    chances = model.predict_proba(pictures.vectors)
    found, sure = np.asarray(values)[chances.argmax(axis=1)], chances.max(axis=1)
    if attribute.least_share is not None:
        counted = [shares.get(str(value), 0.0) for value, shares in zip(found, pictures.shares, strict=True)]
        sure = np.where(np.asarray(counted) >= attribute.least_share, sure, -1.0)

    def precision(threshold: float) -> float:
        kept = part["val"] & (sure >= threshold)
        return float((found[kept] == truth[kept]).mean()) if kept.any() else 0.0

    threshold = next((t for t in _THRESHOLDS if precision(t) >= _ON_VALIDATION), _THRESHOLDS[-1])
    rows, shown = {}, []
    for value in values:
        predicted = part["test"] & (found == value) & (sure >= threshold)
        right, there = int((truth[predicted] == value).sum()), int((truth[part["test"]] == value).sum())
        share = right / predicted.sum() if predicted.any() else None
        if share is not None and share >= PRECISION and predicted.sum() >= LEAST_TESTED:
            shown.append(value)
        rows[f"{value}{'' if value in shown else ' (left out)'}"] = (
            Figure(value=share, count=int(predicted.sum())),
            Figure(value=right / there if there else None, count=there),
            Figure(value=float(predicted.sum()), digits=0),
            Figure(value=float(there), digits=0),
        )
    about = f"Threshold {threshold:g}."
    if attribute.least_share is not None:
        about += f" At least {attribute.least_share:.0%} of the garment's counted pixels have the colour."
    head = HeadSpec(
        name=attribute.name,
        values=tuple(values),
        shown=tuple(shown),
        least_probability=threshold,
        least_share=attribute.least_share,
        kinds=attribute.kinds,
    )
    table = Section(
        title=attribute.name, about=about, columns=("precision", "recall", "predicted", "labelled"), rows=rows
    )
    weights, bias = model.coef_.astype(np.float32), model.intercept_.astype(np.float32)
    return Fitted(head, weights, bias, table)
