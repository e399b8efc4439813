"""The synonyms in ``synonyms.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from streetshop.feeds.words import fold

_DATA: Final[dict[str, dict[str, Any]]] = tomllib.loads(
    files("streetshop.feeds").joinpath("synonyms.toml").read_text(encoding="utf-8")
)
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_AMAZON: Final = re.compile(r"\[[^\]]*=[^\]]*\]|#\d+")

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


@lru_cache(maxsize=8192)
def plain_name(name: str) -> str:
    """A column's name as an attribute: ``g:Sale Price`` is ``sale_price``.

    Lower case, no ``g:`` in front, everything but letters and digits an underscore; ``imageLink`` is ``image_link``.
    Amazon's places (``[marketplace_id=...]#1``) are left out. Empty when nothing remains.
    """
    bare = _AMAZON.sub("", name) if "#" in name or "=" in name else name
    bare = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", bare.strip().lstrip("\ufeff").strip())
    return re.sub(r"\W+", "_", bare.lower().removeprefix("g:")).strip("_")


@lru_cache(maxsize=8192)
def name_key(name: str) -> str:
    """A column's name for comparison: its plain name without accents and underscores."""
    return fold(plain_name(name)).replace("_", "")


def _keys(names: Iterable[str]) -> tuple[str, ...]:
    """The keys of names, and of their spellings with ae, oe, ue."""
    return tuple(dict.fromkeys(name_key(each) for name in names for each in (name, name.translate(_UMLAUTS))))


FIELD_KEYS: Final[Mapping[str, tuple[str, ...]]] = {field: _keys(names) for field, names in FIELDS.items()}
"""Keys of the columns of each field, see :func:`name_key`."""
PICTURE_KEYS: Final = _keys(PICTURES)
"""Keys of the columns with the main picture."""
MORE_PICTURE_KEYS: Final = _keys(MORE_PICTURES)
"""Keys of the columns with further pictures."""
PRIVATE_KEYS: Final = frozenset(_keys(_DATA["attributes"]["private"]))
"""Keys of the columns that are for the shop alone, such as its costs."""
