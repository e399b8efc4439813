"""The reader's classes, and the names of data sets that map to them.

In Clothing Co-Parsing *leggings* are tights under skirts, *suit* is the jacket, *wallet* a clutch, and *romper* and
*bodysuit* are one-piece suits, which are classed as dresses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import DatasetError
from streetshop.core.kinds import KINDS

CLASSES: Final = ("background", "skin", "hair", *KINDS)
GARMENTS: Final = KINDS
INDEX: Final = {name: i for i, name in enumerate(CLASSES)}
IGNORE: Final = 255
"""Label of pixels that are neither trained nor measured on."""

CCP_NAMES: Final = {
    "background": ("null",),
    "skin": ("skin",),
    "hair": ("hair",),
    "top": (
        *("blouse", "bra", "hoodie", "intimate", "jumper", "shirt", "sweater", "sweatshirt", "swimwear", "t-shirt"),
        *("top", "vest"),
    ),
    "outerwear": ("blazer", "cape", "cardigan", "coat", "jacket", "suit"),
    "trousers": ("jeans", "pants"),
    "shorts": ("panties", "shorts"),
    "skirt": ("skirt",),
    "dress": ("bodysuit", "dress", "romper"),
    "footwear": (*("boots", "clogs", "flats", "heels", "loafers", "pumps", "sandals", "shoes", "sneakers", "wedges"),),
    "bag": ("bag", "purse", "wallet"),
    "hat": ("hat",),
    "scarf": ("scarf",),
    "legwear": ("leggings", "socks", "stockings", "tights"),
    "accessory": (
        *("accessories", "belt", "bracelet", "earrings", "glasses", "gloves", "necklace", "ring", "sunglasses"),
        *("tie", "watch"),
    ),
}
"""Names of Clothing Co-Parsing's ``label_list.mat`` by class; each of the 59 occurs once."""

CLOTHING_LABELS: Final = {
    "Blazer": "outerwear",
    "Blouse": "top",
    "Body": "top",
    "Dress": "dress",
    "Hat": "hat",
    "Hoodie": "top",
    "Longsleeve": "top",
    "Outwear": "outerwear",
    "Pants": "trousers",
    "Polo": "top",
    "Shirt": "top",
    "Shoes": "footwear",
    "Shorts": "shorts",
    "Skirt": "skirt",
    "T-Shirt": "top",
    "Top": "top",
    "Undershirt": "top",
}
"""Class of the Clothing dataset's labels; ``Not sure``, ``Other`` and ``Skip`` are not used."""


def class_of_label(names: Sequence[str]) -> NDArray[np.uint8]:
    """(256,) class index of each label id of Clothing Co-Parsing; ids without a name become :data:`IGNORE`.

    Raises :class:`DatasetError` for a name that no class claims.
    """
    owner = {name: INDEX[wanted] for wanted, listed in CCP_NAMES.items() for name in listed}
    unknown = [name for name in names if name not in owner]
    if unknown:
        raise DatasetError(f"unknown labels {unknown}", where="label_list.mat", hint="Is this Clothing Co-Parsing?")
    table = np.full(256, IGNORE, np.uint8)
    table[: len(names)] = [owner[name] for name in names]
    return table
