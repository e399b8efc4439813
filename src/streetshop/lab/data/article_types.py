"""What a detector tells apart: which class a row of a manifest is of.

``articles`` are the article types of Buy Me That Look (2020), table 1, and the articles that it leaves out; ``kinds``
are the kinds of products; ``categories`` are the manifest's own; or the classes are listed with their categories.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from streetshop.core.errors import DatasetError
from streetshop.core.kinds import KINDS
from streetshop.feeds.kinds import TAXONOMY, KindWords

Scheme = Literal["articles", "kinds", "categories"]

# fmt: off
_ARTICLES: Final[Mapping[str, tuple[str, str]]] = {
    "women tops": ("top", "top, tops, blouse, blouses, camisole, tank, tank top, vest, sling, undershirt, longsleeve, "
                          "long sleeve top, bra, intimate, swimwear, body, crop top, women's tops"),
    "shirts": ("top", "shirt, polo, polo shirt, dress shirt"),
    "t-shirts": ("top", "t-shirt, tshirt, tshirts, tee, tees, short sleeve top"),
    "sweaters": ("top", "sweater, jumper, jumpers, pullover, pullovers, knitwear"),
    "sweatshirts": ("top", "sweatshirt, hoodie, hoodies"),
    "jackets": ("outerwear", "jacket, coat, coats, cape, capes, outer, outerwear, outwear, parka, trench coat, "
                             "short sleeve outwear, long sleeve outwear"),
    "blazers": ("outerwear", "blazer, suit, suit jacket"),
    "shrugs": ("outerwear", "shrug, cardigan, cardigans"),
    "nehru jackets": ("outerwear", "nehru jacket"),
    "jeans": ("trousers", "jean, denim"),
    "trousers": ("trousers", "pants, trouser, chinos"),
    "shorts": ("shorts", "short, panties"),
    "track pants": ("trousers", "track pant, joggers, sweatpants, tracksuit bottoms"),
    "palazzos": ("trousers", "palazzo, culottes"),
    "capris": ("trousers", "capri"),
    "skirts": ("skirt", "skirt"),
    "dresses": ("dress", "dress, women dress, romper, bodysuit, jumpsuit, playsuit, short sleeve dress, "
                         "long sleeve dress, vest dress, sling dress, gown"),
    "sports shoes": ("footwear", "sneaker, sneakers, trainers, running shoes, sports shoe"),
    "casual shoes": ("footwear", "shoe, shoes, footwear, boot, boots, flats, heels, loafers, pumps, sandals, clogs, "
                                 "wedges, slippers, casual shoe"),
    "hand bags": ("bag", "bag, bags, purse, wallet, handbag, handbags, hand bag, backpack, clutch, rucksack, tote"),
    "hats": ("hat", "hat, headwear, cap, beanie, headband, head covering, hair accessory"),
    "scarves": ("scarf", "scarf, shawl, scarf/tie, scarf & tie"),
    "legwear": ("legwear", "leggings, sock, socks, stocking, stockings, tights, leg warmer, hosiery"),
    "accessories": ("accessory", "accessory, belt, belts, sunglasses, glasses, glove, gloves, watch, watches, "
                                 "necklace, ring, bracelet, earrings, tie, ties, jewellery, jewelry, umbrella"),
}
# fmt: on
"""Kind, and the names in data sets, of each article type. The first twenty are the paper's."""

ARTICLES: Final = tuple(_ARTICLES)
_BY_NAME: Final = {name: article for article, (_, names) in _ARTICLES.items() for name in (article, *names.split(", "))}
_SHOWN: Final = 8


@dataclass(frozen=True)
class ClassMap:
    """The classes of a detector.

    Attributes:
        names: in the order of the network's outputs.
        kinds: of the classes; one that is of no kind is not in it.
        members: the class of each category, in lower case; None for what no class takes.
    """

    names: tuple[str, ...]
    kinds: Mapping[str, str]
    members: Mapping[str, str | None]

    def of(self, category: str) -> int | None:
        """The number of a category's class; None where no class takes it."""
        name = self.members.get(_plain(category))
        return None if name is None else self.names.index(name)

    def left_out(self, categories: Iterable[str]) -> str:
        """The categories that no class takes, with their numbers, as one text; empty when there is none."""
        missing = Counter(category or "(none)" for category in categories if self.of(category) is None)
        shown = ", ".join(f"{name!r} {count}" for name, count in missing.most_common(_SHOWN))
        return f"{shown}, ..." if len(missing) > _SHOWN else shown


def article_of(category: str) -> str | None:
    """The article type of a category; None where its words name none.

    Of several names, such as Fashionpedia's ``shirt, blouse``, the first that is known counts.
    """
    plain = _plain(category)
    found = next((_BY_NAME[part] for part in (plain, *plain.split(", ")) if part in _BY_NAME), None)
    if found is not None:
        return found
    kind = TAXONOMY.find(KindWords(categories=(category,))).kind
    last = plain.split()[-1] if plain.split() else ""
    article = _BY_NAME.get(last)
    if article is not None and (not kind or _ARTICLES[article][0] == kind):
        return article
    return _OF_KIND.get(kind)


_OF_KIND: Final = {
    "top": "women tops",
    "outerwear": "jackets",
    "trousers": "trousers",
    "shorts": "shorts",
    "skirt": "skirts",
    "dress": "dresses",
    "footwear": "casual shoes",
    "bag": "hand bags",
    "hat": "hats",
    "scarf": "scarves",
    "legwear": "legwear",
    "accessory": "accessories",
}
"""The article type of what is known by its kind only."""


def kind_of(category: str) -> str | None:
    """The kind of a category; None where its words name none."""
    plain = _plain(category)
    if plain in KINDS:
        return plain
    article = article_of(category)
    return None if article is None else _ARTICLES[article][0]


def class_map(scheme: Scheme | Mapping[str, Sequence[str]], categories: Iterable[str]) -> ClassMap:
    """The classes for a manifest's categories.

    Args:
        scheme: see the module; or the categories of each class.
        categories: that occur.

    Raises:
        DatasetError: no category has a class, or a category is in two of the classes listed.
    """
    present = sorted({_plain(category) for category in categories})
    if isinstance(scheme, Mapping):
        members, names = _listed(scheme), tuple(scheme)
        found: dict[str, str | None] = {category: members.get(category) for category in present}
        kinds = {name: kind for name in names if (kind := _common_kind(name, scheme[name]))}
    elif scheme == "categories":
        found = {category: category or None for category in present}
        names = tuple(category for category in present if category)
        kinds = {name: kind for name in names if (kind := kind_of(name))}
    elif scheme == "kinds":
        found, names = {category: kind_of(category) for category in present}, KINDS
        kinds = {kind: kind for kind in KINDS}
    else:
        found, names = {category: article_of(category) for category in present}, ARTICLES
        kinds = {name: kind for name, (kind, _) in _ARTICLES.items()}
    if not any(found.values()):
        raise DatasetError(
            f"no category has a class: {', '.join(map(repr, present[:_SHOWN])) or 'there is none'}",
            where="data.classes",
            hint="Use data.classes=categories, or list the classes with their categories in the recipe",
        )
    return ClassMap(names, kinds, found)


def _listed(scheme: Mapping[str, Sequence[str]]) -> dict[str, str]:
    members: dict[str, str] = {}
    for name, categories in scheme.items():
        for category in (name, *categories):
            other = members.setdefault(_plain(category), name)
            if other != name:
                raise DatasetError(
                    f"the category {category!r} is in the classes {other!r} and {name!r}",
                    where="data.classes",
                    hint="Leave it in one",
                )
    return members


def _common_kind(name: str, categories: Sequence[str]) -> str | None:
    kinds = {kind_of(category) for category in categories or (name,)}
    return kind_of(name) or (kinds.pop() if len(kinds) == 1 else None)


def _plain(category: str) -> str:
    return " ".join(category.lower().split())
