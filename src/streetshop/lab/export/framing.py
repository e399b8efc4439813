"""Export a run of kind ``framing``: the framing head of one reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from torch import nn

from streetshop.core.files import atomic_folder, write_text
from streetshop.lab.data.sets import ccp as ccp_set
from streetshop.lab.evaluate.report import Dataset, Report
from streetshop.lab.export.bundle import check_free
from streetshop.lab.export.card import write_card
from streetshop.lab.train.framing_recipe import FramingRecipe
from streetshop.models.folder import file_sha256, write_spec
from streetshop.models.framing import ANSWERS
from streetshop.models.spec import FramingSpec, ReaderSpec

_DIGITS: Final = 5
SUMMARY: Final = "A framing head: view (front, back, left, right, detail) and full shot of each person in a photo."
LIMITS: Final = (
    "Left and right are where the person faces in the photo, by the turn of the body, not of the head.",
    "It was not taught persons who lie, jump or bend down, and few that are cut off at a side.",
    "Backs are rare among real photos of street fashion: most of the real ones are passers-by in the background.",
)


def export_framing(network: nn.Linear, recipe: FramingRecipe, out: Path, *, reader: ReaderSpec, pictures: int) -> Path:
    """Write a bundle.

    Args:
        network: the fitted layer.
        recipe: what it was fitted by.
        out: the bundle's folder; must be absent or empty.
        reader: whose features it reads.
        pictures: that it learned from.

    Returns:
        ``out``.

    Raises:
        RunError: the folder exists.
    """
    check_free(out)
    weights, bias = network.weight.detach().numpy(), network.bias.detach().numpy()
    content = {
        name: {"weights": [round(float(v), _DIGITS) for v in row], "bias": round(float(b), _DIGITS)}
        for name, row, b in zip(ANSWERS, weights, bias, strict=True)
    }
    with atomic_folder(out) as folder:
        file = folder / "head.json"
        write_text(file, json.dumps(content, separators=(",", ":")) + "\n")
        spec = FramingSpec(
            name=recipe.name,
            version=recipe.version,
            reader=reader.files[reader.model],
            rows=recipe.rows,
            columns=recipe.columns,
            channels=reader.features,
            files={file.name: file_sha256(file)},
            about=recipe.about,
        )
        write_spec(folder, spec)
        write_card(folder, _report(spec, recipe, reader, pictures))
    return out


def _report(spec: FramingSpec, recipe: FramingRecipe, reader: ReaderSpec, pictures: int) -> Report:
    return Report(
        name=spec.name,
        version=spec.version,
        kind="framing",
        summary=SUMMARY,
        facts={
            "method": f"logistic regressions of the reader's features, averaged over {spec.rows} x {spec.columns} "
            "cells of the person's box, its keypoints, and the place of the box",
            "reader": f"{reader.name} {reader.version}",
        },
        recipe="`recipes/view.yaml`, `streetshop lab train view --data FOLDER_OF_CCP --out RUN`",
        licence=spec.licence,
        data=(
            Dataset(
                name="Clothing Co-Parsing",
                use=f"trained on {pictures} parts of photos, labelled by eye (`views.csv`)",
                licence=ccp_set.STATED_LICENCE,
            ),
            *(
                [Dataset(name="studio", use=f"trained on {recipe.pages} drawn pages (seed {recipe.drawing})")]
                if recipe.pages
                else []
            ),
        ),
        limits=LIMITS,
    )
