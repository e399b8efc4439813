"""The products of the drawn shop, their families and splits."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from streetshop.core.errors import StudioError
from streetshop.studio.vocabulary import (
    CATEGORIES,
    COLORS,
    PLAIN_PATTERNS,
    attribute_values,
    check_attributes,
    check_categories,
)

_BRANDS = (
    "Alder & Wren", "Nordlys", "Casa Mira", "Tidewater", "Kestrel", "Ochre Row",
    "Sable", "Juniper Lane", "Atelier 9", "Halden", "Plume", "Rook",
)  # fmt: skip
_SPLITS = (("train", 0.7), ("val", 0.85))  # cumulative shares; the rest is test
_DENIM = ("blue", "light blue", "navy", "black", "grey", "white")
_LEAST_CONTRAST = 150
FAMILY = 8
"""Default number of products per family: a first product, and siblings that differ from it in one attribute."""


@dataclass(frozen=True, slots=True)
class Product:
    """One product of the drawn shop.

    Attributes:
        id: like ``S0-00012``.
        number: position in the catalog, from 0.
        family: number of the family; siblings share it.
        seed: of what the attributes leave open (print motif, exact shade, stripe width); siblings share it.
        category: article type.
        attributes: one value for each attribute of the category.
        differs: the attribute in which it differs from the first product of its family; empty for the first.
        split: train, val or test; a family is never divided.
    """

    id: str
    number: int
    family: int
    seed: int
    category: str
    attributes: Mapping[str, str]
    differs: str
    split: str

    @property
    def group(self) -> str:
        """The group of its category."""
        return CATEGORIES[self.category].group

    def get(self, attribute: str) -> str:
        """The value of an attribute, or an empty string if the category does not have it."""
        return self.attributes.get(attribute, "")

    def rng(self, purpose: str) -> np.random.Generator:
        """A random generator that depends on the design and ``purpose`` only."""
        return rng_for(self.seed, purpose)

    @property
    def title(self) -> str:
        """The title in the feed."""
        a = self.attributes
        words = [a["base_colour"].capitalize()]
        if a.get("pattern", "solid") != "solid":
            words.append(a["pattern"])
        words += [a[k] for k in ("fit", "length") if k in a and a[k] != "regular"]
        words.append(self.category)
        tail = [a["neckline"]] if "neckline" in a else []
        if "sleeve_length" in a:
            tail.append(f"{a['sleeve_length']} sleeves" if a["sleeve_length"] != "sleeveless" else "sleeveless")
        if a.get("details", "none") != "none":
            tail.append(a["details"])
        return " ".join(words) + (", " + ", ".join(tail) if tail else "")

    @property
    def brand(self) -> str:
        """One of a dozen invented brands."""
        return _BRANDS[int(self.rng("brand").integers(len(_BRANDS)))]

    @property
    def price(self) -> float:
        """EUR, within the range of the category."""
        low, high = CATEGORIES[self.category].price
        return int(self.rng("price").integers(low, high)) + 0.99


def rng_for(seed: int, *purpose: str | int) -> np.random.Generator:
    """A random generator that depends on the seed and the purpose only, not on what was drawn before."""
    text = "/".join(str(p) for p in (seed, *purpose))
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))


def make_catalog(products: int, seed: int, categories: Sequence[str] = (), family_size: int = FAMILY) -> list[Product]:
    """The first ``products`` products of the shop ``seed``; a longer catalog starts with the same ones.

    Args:
        products: number of products.
        seed: random seed of the shop.
        categories: categories to sell; empty means all.
        family_size: products per family, as far as the vocabulary allows; larger families are harder to tell apart.

    Raises:
        StudioError: ``products`` or ``family_size`` below 1, or an unknown category.
    """
    if family_size < 1:
        raise StudioError(f"families of {family_size}", where="studio", hint="Ask for one product a family at least")
    if products < 1:
        raise StudioError(f"{products} products", where="studio", hint="Ask for at least one")
    names = check_categories(categories)
    result: list[Product] = []
    family = 0
    while len(result) < products:
        result += _family(family, len(result), seed, names, family_size)
        family += 1
    return result[:products]


def _family(family: int, start: int, seed: int, names: Sequence[str], size: int) -> list[Product]:
    rng = rng_for(seed, "family", family)
    # All categories are used once, in random order, before one repeats.
    order = rng_for(seed, "order", family // len(names)).permutation(len(names))
    category = names[int(order[family % len(names)])]
    style = int(rng.integers(2**31))
    draw = rng.random()
    split = next((name for name, edge in _SPLITS if draw < edge), "test")
    first = _draw(category, rng)
    while not coherent(category, first):
        first = _draw(category, rng)
    members: list[tuple[dict[str, str], str]] = [(first, "")]
    seen = {tuple(first.items())}
    for _ in range(10 * size):
        if len(members) >= size:
            break
        sibling, differs = _sibling(category, first, rng)
        if tuple(sibling.items()) not in seen and coherent(category, sibling):
            seen.add(tuple(sibling.items()))
            members.append((sibling, differs))
    return [
        Product(f"S{seed}-{start + k:05d}", start + k, family, style, category, attributes, differs, split)
        for k, (attributes, differs) in enumerate(members)
    ]


def _draw(category: str, rng: np.random.Generator) -> dict[str, str]:
    choices = CATEGORIES[category].choices
    colors = list(_DENIM if category == "jeans" else COLORS)
    weights = np.array([3.0 if c in ("black", "white", "navy", "grey", "beige", "blue") else 1.0 for c in colors])
    base = colors[int(rng.choice(len(colors), p=weights / weights.sum()))]
    attributes = {"base_colour": base, "secondary_colour": "none"}
    for name, values in choices.items():
        attributes[name] = values[int(rng.integers(len(values)))]
    if attributes.get("pattern") == "denim wash" and base not in _DENIM:
        attributes["base_colour"] = ("blue", "light blue", "navy", "black")[int(rng.integers(4))]
    if attributes.get("pattern") not in PLAIN_PATTERNS:
        attributes["secondary_colour"] = _contrasting(attributes["base_colour"], rng)
    check_attributes(category, attributes)
    return attributes


# (category or "", attribute, values, other attribute, the values it must then have).
_TOGETHER: tuple[tuple[str, str, tuple[str, ...], str, tuple[str, ...]], ...] = (
    ("", "neckline", ("strappy", "halter"), "sleeve_length", ("sleeveless",)),
    ("", "neckline", ("off-shoulder",), "sleeve_length", ("short", "elbow", "three-quarter", "long")),
    ("casual shoes", "fit", ("ballet flat",), "length", ("low",)),
    ("casual shoes", "fit", ("canvas",), "length", ("low", "ankle boot")),
    ("casual shoes", "fit", ("canvas", "loafer", "heel"), "details", ("none", "buckle")),
    ("casual shoes", "pattern", ("plaid",), "fit", ("canvas",)),
    ("jackets", "details", ("quilting",), "pattern", ("solid",)),
    ("hand bags", "fit", ("satchel", "crossbody"), "closure", ("flap", "zip")),
    ("hand bags", "fit", ("tote", "bucket"), "closure", ("open", "zip")),
    ("hand bags", "details", ("buckle",), "closure", ("open", "zip")),
    ("hats", "details", ("pompon",), "fit", ("beanie",)),
    ("hats", "details", ("band",), "fit", ("wide brim", "bucket")),
    ("hats", "details", ("logo",), "fit", ("beanie", "cap")),
    ("hats", "fit", ("wide brim",), "pattern", ("solid", "knit")),
    ("sweatshirts", "closure", ("zip",), "pattern", ("solid", "colour block", "horizontal stripes")),
    ("sweaters", "closure", ("buttons",), "neckline", ("crew", "v-neck")),
    ("shorts", "length", ("micro",), "details", ("none", "side pockets")),
)


def coherent(category: str, attributes: Mapping[str, str]) -> bool:
    """Whether the values go together; a strappy top has no long sleeves."""
    return not any(
        where in ("", category)
        and attributes.get(one) in these
        and other in attributes
        and attributes[other] not in needed
        for where, one, these, other, needed in _TOGETHER
    )


def _contrasting(base: str, rng: np.random.Generator) -> str:
    """A second colour that is clearly different from the first."""
    far = [c for c in COLORS if _contrast(c, base) > _LEAST_CONTRAST]
    return far[int(rng.integers(len(far)))]


def _contrast(one: str, two: str) -> int:
    """Sum of the differences of the sRGB channels."""
    return sum(abs(a - b) for a, b in zip(COLORS[one], COLORS[two], strict=True))


def _sibling(category: str, first: Mapping[str, str], rng: np.random.Generator) -> tuple[dict[str, str], str]:
    """A product that differs in exactly one attribute."""
    free = [n for n, values in CATEGORIES[category].choices.items() if len(values) > 1 and n != "pattern"]
    free.append("base_colour")
    if first["secondary_colour"] != "none":
        free.append("secondary_colour")
        # The pattern alone can change only between patterns that show a second colour.
        free.append("pattern")
    name = free[int(rng.integers(len(free)))]
    values = [v for v in attribute_values(category, name) if v != first[name]]
    if name == "secondary_colour":
        values = [_contrasting(first["base_colour"], rng)]
    elif name == "base_colour":
        second = first["secondary_colour"]
        values = [v for v in values if second == "none" or _contrast(v, second) > _LEAST_CONTRAST]
        if first.get("pattern") == "denim wash":
            values = [v for v in values if v in _DENIM]
    elif name == "pattern":
        values = [v for v in values if v not in PLAIN_PATTERNS]
    if not values:
        return dict(first), ""
    changed = dict(first)
    changed[name] = values[int(rng.integers(len(values)))]
    return changed, name
