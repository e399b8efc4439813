"""Made-up garments and features for the encoder's tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from streetshop.lab.data.sample import Sample
from streetshop.lab.nets.taps import WIDTH
from streetshop.lab.train.tasks.encoder.features import Features


def garment(**more: str) -> Sample:
    attributes = {name: more.pop(name) for name in ("kind", "colour", "pattern") if name in more}
    values = {"source": "clothing", "split": "train", "domain": "street", "group": "g", "image": "a.jpg"} | more
    return Sample(root=Path(), attributes=attributes, **values)


def relabelled(sample: Sample, source: str = "clothing", **labels: str) -> Sample:
    return replace(sample, source=source, attributes={**sample.attributes, **labels})


def made_up(kinds: int = 3, each: int = 24, seed: int = 0) -> Features:
    """Views whose features hold their category, faintly, in the mean of the last map, and their sender, loudly."""
    rng = np.random.default_rng(seed)
    signal, noise = rng.normal(0, 0.08, (kinds, WIDTH)), rng.normal(0, 1, (6, WIDTH))
    items, values = [], []
    for kind in range(kinds):
        for i in range(each):
            items.append(
                garment(
                    category=f"kind {kind}", kind=f"kind {kind}", group=f"sender {i % 6}", product_id=f"{kind}-{i // 2}"
                )
            )
            values.append(np.abs(signal[kind] + noise[i % 6] + rng.normal(0, 1, WIDTH)))
    return Features(items, np.asarray(["whole"] * len(items)), np.asarray(values, np.float16))
