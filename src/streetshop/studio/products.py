"""What the drawn shop sells: products, families of siblings, and who is in which split."""

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
    "Alder & Wren",
    "Nordlys",
    "Casa Mira",
    "Tidewater",
    "Kestrel",
    "Ochre Row",
    "Sable",
    "Juniper Lane",
    "Atelier 9",
    "Halden",
    "Plume",
    "Rook",
)
_SPLITS = (("train", 0.7), ("val", 0.15), ("test", 0.15))
FAMILY = 8
"""Products of a family unless said: one draw of everything, and siblings that differ from it in one attribute."""


@dataclass(frozen=True, slots=True)
class Product:
    """One product of the drawn shop.

    Attributes:
        id: like ``S0-00012``.
        number: position in the catalog.
        family: number of the family; siblings share it.
        seed: of everything the attributes leave open (print motif, exact shade, stripe width); siblings share it.
        category: article type.
        attributes: one value for each attribute of the category.
        differs: the attribute it differs in from the first of its family; empty for that one.
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
        return CATEGORIES[self.category].group

    def get(self, attribute: str) -> str:
        """The value, or an empty string if the category has no such attribute."""
        return self.attributes.get(attribute, "")

    def rng(self, purpose: str) -> np.random.Generator:
        """Random numbers that only depend on the design and ``purpose``."""
        return rng_for(self.seed, purpose)

    @property
    def title(self) -> str:
        """As a shop would write it."""
        a = self.attributes
        words = [a["base_colour"].capitalize()]
        if a.get("pattern", "solid") not in ("solid",):
            words.append(a["pattern"])
        words += [a[k] for k in ("fit", "length") if k in a and a[k] not in ("regular",)]
        words.append(self.category)
        tail = [a["neckline"]] if "neckline" in a else []
        if "sleeve_length" in a:
            tail.append(f"{a['sleeve_length']} sleeves" if a["sleeve_length"] != "sleeveless" else "sleeveless")
        if a.get("details", "none") != "none":
            tail.append(a["details"])
        return " ".join(words) + (", " + ", ".join(tail) if tail else "")

    @property
    def brand(self) -> str:
        return _BRANDS[int(self.rng("brand").integers(len(_BRANDS)))]

    @property
    def price(self) -> float:
        low, high = CATEGORIES[self.category].price
        return int(self.rng("price").integers(low, high)) + 0.99


def rng_for(seed: int, *purpose: str | int) -> np.random.Generator:
    """Random numbers that depend on the seed and the purpose only, never on what was drawn before."""
    text = "/".join(str(p) for p in (seed, *purpose))
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))


def make_catalog(products: int, seed: int, categories: Sequence[str] = (), family_size: int = FAMILY) -> list[Product]:
    """The first ``products`` products of the shop ``seed``; a longer catalog starts with the same ones.

    Args:
        family_size: products of a family, where there are that many to be had; the more, the harder the shop.

    Raises:
        StudioError: no products asked for, an empty family, or an unknown category.
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
    # Every category comes round before one repeats, in an order of its own in each round.
    order = rng_for(seed, "order", family // len(names)).permutation(len(names))
    category = names[int(order[family % len(names)])]
    style = int(rng.integers(2**31))
    draw = rng.random()
    split, edge = "test", 0.0
    for name, share in _SPLITS:
        edge += share
        if draw < edge:
            split = name
            break
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
    colors = list(COLORS)
    if category in ("jeans",):
        colors = ["blue", "light blue", "navy", "black", "grey", "white"]
    weights = np.array([3.0 if c in ("black", "white", "navy", "grey", "beige", "blue") else 1.0 for c in colors])
    base = colors[int(rng.choice(len(colors), p=weights / weights.sum()))]
    attributes = {"base_colour": base, "secondary_colour": "none"}
    for name, values in choices.items():
        attributes[name] = values[int(rng.integers(len(values)))]
    if attributes.get("pattern") == "denim wash" and base not in (
        "blue",
        "light blue",
        "navy",
        "black",
        "grey",
        "white",
    ):
        attributes["base_colour"] = ("blue", "light blue", "navy", "black")[int(rng.integers(4))]
    if attributes.get("pattern") not in PLAIN_PATTERNS:
        attributes["secondary_colour"] = _contrasting(attributes["base_colour"], rng)
    check_attributes(category, attributes)
    return attributes


# Values that do not go together: (category or group, attribute, values, other attribute, the values it must then have).
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
    """Whether such a thing is made: a strappy top has no long sleeves."""
    return not any(
        where in ("", category)
        and attributes.get(one) in these
        and other in attributes
        and attributes[other] not in needed
        for where, one, these, other, needed in _TOGETHER
    )


def _contrasting(base: str, rng: np.random.Generator) -> str:
    """A second colour that can be told from the first."""
    here = np.asarray(COLORS[base], float)
    far = [c for c, rgb in COLORS.items() if np.abs(np.asarray(rgb, float) - here).sum() > 150]
    return far[int(rng.integers(len(far)))]


def _sibling(category: str, first: Mapping[str, str], rng: np.random.Generator) -> tuple[dict[str, str], str]:
    """A product that differs in exactly one attribute."""
    free = [n for n, values in CATEGORIES[category].choices.items() if len(values) > 1 and n != "pattern"]
    free.append("base_colour")
    if first["secondary_colour"] != "none":
        free.append("secondary_colour")
        # Between two patterns that both show a second colour, the pattern alone can change.
        free.append("pattern")
    name = free[int(rng.integers(len(free)))]
    values = [v for v in attribute_values(category, name) if v != first[name]]
    if name == "secondary_colour":
        values = [_contrasting(first["base_colour"], rng)]
    elif name == "base_colour":
        here = (
            np.asarray(COLORS[first.get("secondary_colour", "none")], float)
            if first["secondary_colour"] != "none"
            else None
        )
        values = [v for v in values if here is None or np.abs(np.asarray(COLORS[v], float) - here).sum() > 150]
        if first.get("pattern") == "denim wash":
            values = [v for v in values if v in ("blue", "light blue", "navy", "black", "grey", "white")]
    elif name == "pattern":
        values = [v for v in values if v not in PLAIN_PATTERNS]
    if not values:
        return dict(first), ""
    changed = dict(first)
    changed[name] = values[int(rng.integers(len(values)))]
    return changed, name
