"""The cut of garments of the trunk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from streetshop.studio.lower import WAIST
from streetshop.studio.mesh import Array
from streetshop.studio.products import Product

_TOP = 0.868
_HEMS = {"cropped": 0.625, "regular": 0.525, "long": 0.465, "knee": 0.30, "mini": 0.40, "midi": 0.21, "maxi": 0.07}
_TUCKED = WAIST - 0.015
_SLEEVE_END = {"sleeveless": 0.0, "cap": 0.22, "short": 0.52, "elbow": 0.9, "three-quarter": 1.45, "long": 2.0}


@dataclass(frozen=True, slots=True)
class Cut:
    """The pattern pieces of a garment of the trunk.

    Attributes:
        hem: height of the lower edge, fraction of body height.
        ease: metres between body and cloth at the chest.
        hang: 0 (follows the waist) to 1 (falls straight from the chest).
        flare: width of a skirt at the hem beyond the hips, in metres.
        sleeve: t where the sleeve ends; 0 for none.
        sleeve_ease: metres between arm and cloth.
        open_front: half width in metres of the front opening at the neck and at the hem; None if closed.
        thickness: 0 (shirt) to 1 (winter coat); thicker cloth has softer folds.
        layer: see :class:`~streetshop.studio.mesh.Patch`.
    """

    hem: float
    ease: float
    hang: float
    flare: float
    sleeve: float
    sleeve_ease: float
    open_front: tuple[float, float] | None
    thickness: float
    layer: float


def cut_of(product: Product, *, tucked: bool = False, opened: bool = False) -> Cut:
    """The cut of a product."""
    category, fit = product.category, product.get("fit")
    outer = product.group == "outerwear"
    ease = {"slim": 0.007, "regular": 0.018, "loose": 0.034}.get(fit, 0.012) + (0.010 if outer else 0)
    hang = {"slim": 0.25, "regular": 0.6, "loose": 0.95}.get(fit, 0.15)
    thickness = {
        "sweaters": 0.5,
        "sweatshirts": 0.55,
        "jackets": 0.7,
        "blazers": 0.6,
        "nehru jackets": 0.5,
        "shrugs": 0.3,
    }.get(category, 0.1)
    flare = 0.0
    if category == "dresses":
        flare = {"pencil": 0.0, "a-line": 0.07, "full": 0.14}[fit]
        ease, hang = 0.010, 0.2
    elif product.get("length") in ("knee", "long") and outer:
        flare = 0.03
    if category == "jackets":
        ease += 0.012
    sleeve_ease = ease * 0.6 + 0.010 + 0.008 * thickness
    front = None
    if product.get("closure") == "open":
        front = (0.05, 0.10)
    elif opened:
        front = (0.035, 0.11)
    layer = {"topwear": 3.0, "dresses": 3.0}.get(product.group, 3.5)  # over trousers and skirts, which lie at 2.5
    if category in ("jackets", "blazers", "shrugs", "nehru jackets"):
        layer = 5.0
    hem = _HEMS.get(product.get("length"), 0.525)
    if tucked:
        # A tucked top ends just below the waistband, so that loose cloth does not intersect the trousers.
        layer, hem = 1.0, max(hem, _TUCKED)
    return Cut(
        hem, ease, hang, flare, _SLEEVE_END.get(product.get("sleeve_length"), 0.0), sleeve_ease, front, thickness, layer
    )


def trunk_heights(cut: Cut, rows: int) -> Array:
    """(rows,) heights from the neck down to the hem, denser at the shoulders."""
    shoulders = np.linspace(_TOP, 0.775, rows // 3)
    below = np.linspace(0.775, cut.hem, rows - rows // 3 + 1)[1:]
    return np.concatenate([shoulders, below]).astype(np.float32)
