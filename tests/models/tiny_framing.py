"""A small real framing head: the first channel of the features says front, the second back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from streetshop.looks.framing import features_size
from streetshop.models.folder import file_sha256, write_spec
from streetshop.models.framing import ANSWERS, FramingHead
from streetshop.models.spec import FramingSpec

SHA = "0" * 64
"""Of the network that it is made for."""


def tiny_framing(folder: Path, *, reader: str = SHA) -> FramingHead:
    """A bundle of one cell and two channels."""
    weights = {name: np.zeros(features_size(1, 1, 2)) for name in ANSWERS}
    weights["front"][0], weights["back"][1] = 4, 4
    weights["eyes"][:2], weights["ankles"][:2] = (4, -4), (4, 4)
    content = {name: {"weights": row.tolist(), "bias": 0.0} for name, row in weights.items()}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "head.json").write_text(json.dumps(content))
    spec = FramingSpec(
        name="tiny-framing",
        version="1",
        reader=reader,
        rows=1,
        columns=1,
        channels=2,
        files={"head.json": file_sha256(folder / "head.json")},
    )
    write_spec(folder, spec)
    return FramingHead(folder)
