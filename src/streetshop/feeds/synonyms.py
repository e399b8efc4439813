"""The synonyms in ``synonyms.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

_DATA: Final[dict[str, dict[str, Any]]] = tomllib.loads(
    files("streetshop.feeds").joinpath("synonyms.toml").read_text(encoding="utf-8")
)

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {name: tuple(columns) for name, columns in _DATA["fields"].items()}
"""Plain names of the columns of each field."""
PICTURES: Final[tuple[str, ...]] = tuple(_DATA["pictures"]["main"])
"""Plain names of the columns with the main picture."""
MORE_PICTURES: Final[tuple[str, ...]] = tuple(_DATA["pictures"]["additional"])
"""Plain names of the columns with further pictures."""
CATEGORY_PATHS: Final = frozenset(_DATA["categories"]["paths"])
"""Plain names of the columns with category paths."""
CATEGORY_NUMBERS: Final = frozenset(_DATA["categories"]["numbers"])
"""Plain names of the columns with numbers of Google's product taxonomy."""
CODES: Final = frozenset(_DATA["attributes"]["codes"])
"""Plain names of the columns that are text even if every cell looks like a number."""
IN_STOCK: Final = frozenset(_DATA["stock"]["yes"])
"""Words for a product that can be bought now."""
NOT_IN_STOCK: Final = frozenset(_DATA["stock"]["no"])
"""Words for a product that cannot be bought now."""
