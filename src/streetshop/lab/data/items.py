"""What the encoder learns from and is judged on: garments in pictures, with whatever is known about each."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, cast

from streetshop.core.geometry import Box, Mask
from streetshop.lab.data.made_pairs import Settings, make_pairs
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.masks import load_mask
from streetshop.lab.data.reader_photos import sender_split, split_of
from streetshop.lab.data.registry import read_dataset
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.sets.clothing import UNSURE
from streetshop.studio import draw_catalog

Split = Literal["train", "val", "test"]
Source = Literal["pair", "ccp", "clothing", "studio"]
Domain = Literal["street", "shop"]

HAND_LABELS: Final = Path(__file__).with_name("hand_labels.csv")
"""Kind, colour and pattern of the Clothing dataset's photos, named by eye from contact sheets."""
LEAST_PIXELS: Final = 1500
"""Garments of Clothing Co-Parsing with fewer labelled pixels are left out."""


@dataclass(frozen=True, slots=True)
class Item:
    """A garment in a picture.

    Attributes:
        root, image: where the picture is.
        box: of the garment in pixels; None is the whole picture.
        mask: as a manifest writes it; None when nothing cut the garment out.
        group: photo or sender; never in two splits, and no neighbour across groups is a twin.
        product, category, kind, colour, pattern: ``""`` where unknown; ``kind`` is a finer category.
    """

    source: Source
    split: Split
    root: Path
    image: str
    domain: Domain
    group: str
    box: tuple[float, float, float, float] | None = None
    mask: str | None = None
    product: str = ""
    category: str = ""
    kind: str = ""
    colour: str = ""
    pattern: str = ""

    def load_mask(self, width: int, height: int) -> Mask | None:
        """(height, width), or None."""
        return None if self.mask is None else load_mask(self.mask, self.root, width, height)

    def load_box(self, width: int, height: int) -> Box:
        """In pixels of the picture, clipped to it."""
        return Box(*(self.box or (0.0, 0.0, float(width), float(height)))).clip(width, height)


def pair_items(
    ccp: Path,
    folder: Path,
    settings: Settings,
    limit: int,
    workers: int,
    progress: Callable[[int, int], None] | None = None,
    tagged: Sequence[Sample] | None = None,
) -> list[Item]:
    """Street and shop views of ``limit`` products made from Clothing Co-Parsing, drawn below ``folder`` where missing.

    The split is the reader's, so that a photo held back from one of the two is held back from both; products that
    wear the cloth of another split's photo are left out. With ``tagged``, garments of tagged photos, the products are
    made of those, and all are to learn from.
    """
    manifest = make_pairs(
        ccp, folder, settings, garments=tagged, limit=limit, workers=workers, progress=progress
    ).manifest
    items = []
    for row in manifest:
        split = "train" if tagged is not None else split_of(row.group)
        if tagged is None and split_of(row.attributes.get("cloth", row.group)) != split:
            continue
        domain = cast(Domain, row.domain)
        items.append(
            Item(
                *("pair", split, manifest.root, row.image, domain, row.group, row.box, row.mask),
                product=row.product_id,
                category=row.category,
            )
        )
    return items


def ccp_items(ccp: Path) -> list[Item]:
    """Every garment with pixel labels, shoes and accessories too."""
    manifest = read_dataset("ccp", ccp).manifest
    return [
        Item(
            *("ccp", split_of(row.group), manifest.root, row.image, "street", row.group, row.box, row.mask),
            category=row.category,
        )
        for row in manifest
        if row.mask is not None and row.attributes["pixels"] >= LEAST_PIXELS
    ]


def tagged_items(ccp: Path, rows: Sequence[Sample]) -> list[Item]:
    """The garments of :func:`~streetshop.lab.data.tagged.tagged_rows`, all to learn from."""
    return [
        Item(
            *("ccp", "train", ccp, row.image, "street", row.group, row.box, row.mask),
            category=row.category,
        )
        for row in rows
    ]


def clothing_items(clothing: Path, cutouts: Path | None) -> list[Item]:
    """Every photo of the Clothing dataset, with its cut-out and its hand label where there are any."""
    manifest: Manifest = read_dataset("clothing", clothing).manifest
    named = read_hand_labels()
    items = []
    for row in manifest:
        name = Path(row.image).stem
        path = cutouts / f"{name}.png" if cutouts else None
        kind, colour, pattern = named.get(name, ("", "", ""))
        items.append(
            Item(
                *("clothing", sender_split(row.group), manifest.root, row.image, "street", row.group),
                mask=str(path.resolve()) if path and path.is_file() else None,
                product=f"clothing-{name}",
                category="" if row.category in (*UNSURE, "Other") else row.category,
                kind=kind,
                colour=colour,
                pattern=pattern,
            )
        )
    return items


def studio_items(
    folder: Path,
    products: int,
    seed: int,
    size: int,
    workers: int,
    progress: Callable[[int, int], None] | None = None,
) -> list[Item]:
    """Packshots and fronts of drawn products, all to learn from, exactly named; drawn below ``folder`` where missing.

    Families of one: attributes are drawn independently of each other.
    """
    draw_catalog(
        folder,
        products,
        seed,
        workers,
        size,
        progress,
        shots=("packshot", "front"),
        family=1,
    )
    manifest = read_dataset("studio", folder).manifest
    return [
        Item(
            *("studio", "train", manifest.root, row.image, "shop", row.product_id, row.box, row.mask),
            category=row.category,
            kind=row.category,
            colour=row.attributes["base_colour"],
            pattern=row.attributes["pattern"],
        )
        for row in manifest
        if row.attributes["main"]
    ]


def read_hand_labels(path: Path = HAND_LABELS) -> dict[str, tuple[str, str, str]]:
    """Kind, colour and pattern by the photo's name; ``""`` where nobody could tell."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["image"]: (row["kind"], row["colour"], row["pattern"]) for row in csv.DictReader(file)}
