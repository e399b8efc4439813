"""The bundle of attribute heads: fitted, measured and written in one go."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from streetshop.catalog.open import open_catalog
from streetshop.core.errors import BundleError
from streetshop.core.files import atomic_folder, write_text
from streetshop.lab.data.sets import clothing
from streetshop.lab.evaluate.report import Dataset, Report, Section
from streetshop.lab.export.card import write_card
from streetshop.lab.train.attributes import ATTRIBUTES, LEAST_TESTED, PRECISION, Fitted, Pictures, fit, read_pictures
from streetshop.models.folder import file_sha256, write_spec
from streetshop.models.spec import AttributesSpec

VERSION: Final = "1"


def export_attributes(catalog: str, data: Path, out: Path) -> Path:
    """Fit all heads, measure each of their values, and write the bundle with its card.

    Args:
        catalog: address of a catalog of the pictures of the Clothing dataset; ids end with the picture's name.
        data: root of the data set.
        out: the bundle's folder.

    Raises:
        BundleError: ``out`` exists.
        DatasetError: the catalog has no picture of the data set of some split.
        CatalogError: the catalog cannot be read.
    """
    if out.exists():
        raise BundleError("is there already", where=str(out), hint="Name a new folder")
    with closing(open_catalog(catalog)) as store:
        pictures, fingerprint = read_pictures(store, data), store.meta.fingerprint
    labels = clothing.read_hand_labels()
    fitted = [fit(attribute, pictures, labels) for attribute in ATTRIBUTES]
    with atomic_folder(out) as folder:
        _write(folder, fitted, fingerprint, pictures)
    return out


def _write(folder: Path, fitted: Sequence[Fitted], fingerprint: str, pictures: Pictures) -> None:
    content = {
        each.head.name: {
            "weights": [[round(float(v), 5) for v in row] for row in each.weights],
            "bias": [round(float(v), 5) for v in each.bias],
        }
        for each in fitted
    }
    file = folder / "heads.json"
    write_text(file, json.dumps(content, separators=(",", ":")) + "\n")
    spec = AttributesSpec(
        name="streetshop-attributes",
        version=VERSION,
        encoder=fingerprint,
        dim=pictures.vectors.shape[1],
        heads=tuple(each.head for each in fitted if each.head.shown),
        files={file.name: file_sha256(file)},
        about="Colour, pattern and sleeve of a product, by the encoder's vectors of its pictures.",
    )
    write_spec(folder, spec)
    write_card(folder, _report(spec, [each.table for each in fitted], pictures))


def _report(spec: AttributesSpec, tables: Sequence[Section], pictures: Pictures) -> Report:
    numbers = {name: int((pictures.splits == name).sum()) for name in ("train", "val", "test")}
    return Report(
        name=spec.name,
        version=spec.version,
        kind="attributes",
        summary=spec.about,
        facts={
            "method": "a multinomial logistic regression for each attribute; several pictures: the mean probability",
            "encoder": spec.encoder[:16],
        },
        recipe="`streetshop lab attributes --catalog CATALOG --data CLOTHING --out BUNDLE`",
        licence=spec.licence,
        data=(
            Dataset(
                name="Clothing dataset",
                use=f"trained on {numbers['train']} pictures, thresholds chosen on {numbers['val']}, measured on "
                f"{numbers['test']} of other senders; named from contact sheets (`hand_labels.csv`)",
                licence=clothing.LICENCE,
            ),
        ),
        measured=f"Test senders. A value is predicted only if its precision is at least {PRECISION:g} in at least "
        f"{LEAST_TESTED} predictions there; the others are left out.",
        sections=tuple(tables),
        limits=(
            "The pictures are photographs by volunteers of single garments, most of them lying or hanging.",
            "Which values are predicted was decided on the test senders, so that their precision is slightly "
            "overestimated.",
            "Sleeves were measured on garments whose kind tells their sleeves, and not on shirts, blouses and dresses.",
            "Length and neckline are not predicted: there are no labels to measure them with.",
        ),
    )
