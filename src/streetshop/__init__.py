"""Visual fashion search: a photograph in, the products of a shop's catalog out.

>>> import streetshop
>>> catalog = streetshop.open("shop.catalog")  # doctest: +SKIP
>>> answer = catalog.search("photo.jpg", k=12, where="price < 50", weights={"colour": 3})  # doctest: +SKIP

Names are imported when they are first used: ``import streetshop`` alone loads nothing heavy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streetshop.api import Catalog, Picture, embed, index, look, open
    from streetshop.core.errors import StreetshopError
    from streetshop.core.geometry import Box
    from streetshop.core.photo import Photo
    from streetshop.core.records import Garment, Look, Match, Product, Shot
    from streetshop.present.pages import PageLook
    from streetshop.present.results import Matches, PhotoAnswer, PhotoLook
    from streetshop.search import GarmentAnswer

__version__ = "0.2.0"

_HOMES = {
    "streetshop.api": ("Catalog", "Picture", "embed", "index", "look", "open"),
    "streetshop.core.errors": ("StreetshopError",),
    "streetshop.core.geometry": ("Box",),
    "streetshop.core.photo": ("Photo",),
    "streetshop.core.records": ("Garment", "Look", "Match", "Product", "Shot"),
    "streetshop.present.pages": ("PageLook",),
    "streetshop.present.results": ("Matches", "PhotoAnswer", "PhotoLook"),
    "streetshop.search": ("GarmentAnswer",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Box",
    "Catalog",
    "Garment",
    "GarmentAnswer",
    "Look",
    "Match",
    "Matches",
    "PageLook",
    "Photo",
    "PhotoAnswer",
    "PhotoLook",
    "Picture",
    "Product",
    "Shot",
    "StreetshopError",
    "embed",
    "index",
    "look",
    "open",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value  # the next time it is found at once
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
