"""LookBook (Yoo et al. 2016, "Pixel-Level Domain Transfer"): worn garments and their product pictures."""

from __future__ import annotations

import re
from typing import Final

from streetshop.core.pictures.formats import PICTURE_SUFFIXES
from streetshop.lab.data.intake import Intake
from streetshop.lab.data.sample import Sample

LICENCE: Final = "Non-commercial research only; the pictures come from fashion shops and belong to their owners"
_NAME: Final = re.compile(r"^(PID\d+)_CLEAN([01])_(IID\d+)\.jpg$", re.IGNORECASE)
_DOMAIN: Final = {"0": "street", "1": "shop"}


def read(intake: Intake) -> None:
    """Add ``CLEAN0`` as worn (street) and ``CLEAN1`` as product picture (shop); PID is the product.

    There are no categories. Products with one domain stay, with a remark: they make no pair but can be in a gallery.
    """
    prefix = "data/" if (intake.root / "data").is_dir() else ""
    folder = intake.root / prefix
    sides: dict[str, set[str]] = {}
    for path in sorted(folder.iterdir()):
        if path.is_dir() or (path.suffix.lower() not in PICTURE_SUFFIXES and _NAME.match(path.name) is None):
            continue
        intake.offer()
        matched = _NAME.match(path.name)
        if matched is None:
            intake.refuse(path.name, "the name is not PID..._CLEAN0|1_IID....jpg")
            continue
        product, domain = matched[1].upper(), _DOMAIN[matched[2]]
        attributes = {"iid": matched[3].upper()}
        row = Sample(prefix + path.name, domain, product_id=product, attributes=attributes, group=product)
        if intake.add(row, path.name):
            sides.setdefault(product, set()).add(domain)
    for product, present in sides.items():
        if len(present) == 1:
            missing = "product" if present == {"street"} else "worn"
            intake.remark(product, f"no {missing} picture: makes no pair")
