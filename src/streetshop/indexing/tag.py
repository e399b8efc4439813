"""What the models see in one picture of a product: its kind, the shares of its colours, its attributes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streetshop.core.photo import read_picture_bytes
from streetshop.core.records import Prediction, Product
from streetshop.indexing.attributes import described, mean_shares
from streetshop.indexing.shots import ShotReader
from streetshop.indexing.upload import read_upload


@dataclass(frozen=True, slots=True)
class PictureTags:
    """What is seen in a picture.

    Attributes:
        kind: of the article; empty when unknown.
        kind_probability: that the kind is right, 0 to 1.
        colours: shares of the garment's pixels, by falling share; empty without a reader.
        attributes: those that are sure enough, by name.
    """

    kind: str
    kind_probability: float
    colours: Mapping[str, float]
    attributes: Mapping[str, Prediction]

    def to_dict(self) -> dict[str, Any]:
        """As `streetshop tag --json`."""
        return {
            "kind": self.kind or None,
            "kind_probability": self.kind_probability if self.kind else None,
            "colours": dict(self.colours),
            "attributes": {
                name: {"value": each.value, "probability": each.probability} for name, each in self.attributes.items()
            },
        }


def tag_picture(reader: ShotReader, path: Path) -> PictureTags:
    """What the models see in the picture at ``path``.

    Raises:
        PhotoError: the picture cannot be used.
    """
    upload = read_upload(reader, read_picture_bytes(path), Product("picture"), str(path))
    vectors = reader.encoder.encode([upload.prepared], side="shop")
    product = described(Product("picture", shots=(upload.shot,)), vectors, reader.encoder.fingerprint)
    colours = mean_shares([(upload.shot.tags or {}).get("colour", {})])
    return PictureTags(product.kind, product.kind_probability, colours, product.predicted)
