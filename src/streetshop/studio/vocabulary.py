"""The closed vocabulary: all categories, attributes and values that can be drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from streetshop.core.errors import StudioError

COLORS: Mapping[str, tuple[int, int, int]] = {
    "black": (30, 29, 32), "white": (240, 238, 233), "grey": (140, 141, 146),
    "navy": (32, 42, 84), "blue": (46, 92, 170), "light blue": (156, 194, 226),
    "teal": (22, 122, 122), "green": (42, 128, 72), "olive": (104, 106, 58),
    "yellow": (236, 198, 60), "orange": (230, 122, 44), "red": (190, 34, 42),
    "burgundy": (108, 24, 46), "pink": (236, 160, 182), "purple": (112, 66, 146),
    "brown": (104, 68, 44), "camel": (188, 140, 88), "beige": (218, 200, 172),
}  # fmt: skip

PATTERNS = (
    "solid", "horizontal stripes", "vertical stripes", "plaid", "dots", "floral", "animal", "graphic print",
    "colour block", "denim wash", "knit",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Category:
    """An article type and the values of its attributes.

    Attributes:
        name: as method 3 names it.
        group: topwear, outerwear, bottomwear, skirts, dresses, footwear, bags or accessories.
        choices: attribute to allowed values; base_colour and secondary_colour, which all have, are not in it.
        price: lowest and highest, EUR.
    """

    name: str
    group: str
    choices: Mapping[str, tuple[str, ...]]
    price: tuple[int, int]


_FITS = "slim, regular, loose"
_SLEEVES = "sleeveless, cap, short, elbow, three-quarter, long"
_CLOTH = "solid, horizontal stripes, vertical stripes, plaid, dots, floral, animal, colour block"


def _category(name: str, group: str, price: tuple[int, int], **choices: str) -> Category:
    return Category(name, group, {k: tuple(v.split(", ")) for k, v in choices.items()}, price)


# fmt: off
CATEGORIES: Mapping[str, Category] = {
    c.name: c
    for c in (
        _category("tops", "topwear", (15, 60), pattern=_CLOTH,
            neckline="scoop, v-neck, boat, square, halter, off-shoulder, strappy", sleeve_length=_SLEEVES,
            length="cropped, regular, long", fit=_FITS, closure="pullover, buttons", details="none, ruffle, bow"),
        _category("shirts", "topwear", (25, 90),
            pattern="solid, vertical stripes, horizontal stripes, plaid, dots, floral, denim wash",
            neckline="shirt collar, band collar", sleeve_length="short, elbow, long", length="regular, long",
            fit=_FITS, closure="buttons", details="none, chest pocket, two chest pockets, logo"),
        _category("t-shirts", "topwear", (8, 40),
            pattern="solid, horizontal stripes, graphic print, colour block, dots, animal",
            neckline="crew, v-neck, scoop", sleeve_length="cap, short, elbow, long",
            length="cropped, regular, long", fit=_FITS, closure="pullover", details="none, chest pocket, logo"),
        _category("sweaters", "outerwear", (30, 140), pattern="knit, solid, horizontal stripes, colour block, dots",
            neckline="crew, v-neck, turtleneck, boat", sleeve_length="three-quarter, long",
            length="cropped, regular, long", fit=_FITS, closure="pullover, buttons", details="none, elbow patches"),
        _category("sweatshirts", "outerwear", (25, 90),
            pattern="solid, graphic print, colour block, horizontal stripes", neckline="crew, hood",
            sleeve_length="long", length="cropped, regular", fit="regular, loose", closure="pullover, zip",
            details="none, kangaroo pocket, logo"),
        _category("jackets", "outerwear", (50, 260), pattern="solid, denim wash, colour block, plaid, animal",
            neckline="stand collar, shirt collar, lapels, hood", sleeve_length="long",
            length="cropped, regular, long, knee", fit=_FITS, closure="zip, buttons",
            details="none, chest pockets, side pockets, quilting"),
        _category("blazers", "outerwear", (60, 280), pattern="solid, plaid, vertical stripes",
            neckline="lapels, shawl", sleeve_length="three-quarter, long", length="regular, long", fit=_FITS,
            closure="one button, two buttons, double-breasted", details="none, flap pockets, chest pocket"),
        _category("shrugs", "outerwear", (20, 80), pattern="solid, knit, horizontal stripes, floral",
            neckline="open front", sleeve_length="short, elbow, three-quarter, long",
            length="cropped, regular, long", fit="slim, loose", closure="open", details="none, side pockets"),
        _category("nehru jackets", "outerwear", (40, 160), pattern="solid, plaid, floral, vertical stripes",
            neckline="mandarin collar", sleeve_length="sleeveless, long", length="regular, long",
            fit="slim, regular", closure="buttons", details="none, chest pocket, flap pockets"),
        _category("jeans", "bottomwear", (30, 130), pattern="denim wash", length="ankle, full",
            fit="skinny, straight, wide, flared", closure="button fly", details="none, ripped, turn-ups"),
        _category("trousers", "bottomwear", (30, 120), pattern="solid, vertical stripes, plaid, dots",
            length="ankle, full", fit="skinny, straight, wide", closure="zip fly",
            details="none, pleats, cargo pockets, turn-ups"),
        _category("shorts", "bottomwear", (15, 60), pattern="solid, denim wash, plaid, floral, vertical stripes",
            length="micro, mid, knee", fit="slim, straight, wide", closure="zip fly, drawstring",
            details="none, side pockets, turn-ups"),
        _category("track pants", "bottomwear", (20, 80), pattern="solid, colour block", length="ankle, full",
            fit="slim, straight, loose", closure="drawstring", details="side stripes, none, logo"),
        _category("palazzos", "bottomwear", (20, 80),
            pattern="solid, floral, vertical stripes, horizontal stripes, dots", length="ankle, full",
            fit="wide, flared", closure="elastic", details="none, pleats"),
        _category("capris", "bottomwear", (18, 60), pattern="solid, denim wash, floral, plaid",
            length="below knee, mid-calf", fit="skinny, straight, wide", closure="zip fly",
            details="none, turn-ups, side pockets"),
        _category("skirts", "skirts", (20, 100),
            pattern="solid, plaid, floral, dots, vertical stripes, horizontal stripes, denim wash, animal",
            length="mini, knee, midi, maxi", fit="pencil, a-line, full, pleated", closure="zip, buttons",
            details="none, side pockets, ruffle"),
        _category("dresses", "dresses", (30, 180), pattern=_CLOTH,
            neckline="crew, v-neck, scoop, square, strappy, halter, shirt collar, off-shoulder",
            sleeve_length=_SLEEVES, length="mini, knee, midi, maxi", fit="pencil, a-line, full",
            closure="pullover, buttons", details="none, waist belt, ruffle"),
        _category("sports shoes", "footwear", (40, 160), pattern="solid, colour block", length="low, high",
            fit="slim, chunky", closure="laces", details="none, side stripes, swoosh, logo"),
        _category("casual shoes", "footwear", (30, 140), pattern="solid, animal, plaid",
            length="low, ankle boot, knee boot", fit="ballet flat, loafer, canvas, heel", closure="slip-on",
            details="none, bow, buckle"),
        _category("hand bags", "bags", (25, 240), pattern="solid, colour block, animal, plaid, floral",
            length="small, medium, large", fit="tote, satchel, bucket, crossbody", closure="open, flap, zip",
            details="none, buckle, logo, tassel"),
        _category("hats", "accessories", (12, 60), pattern="solid, knit, plaid, horizontal stripes",
            fit="beanie, cap, wide brim, bucket", details="none, logo, pompon, band"),
        _category("scarves", "accessories", (12, 70),
            pattern="solid, plaid, horizontal stripes, knit, floral, dots, animal", length="short, long",
            fit="slim, bulky", details="none, fringe"),
        _category("belts", "accessories", (12, 60), pattern="solid, animal", fit="slim, wide",
            details="square buckle, round buckle, bow"),
        _category("sunglasses", "accessories", (15, 150), pattern="solid, animal",
            fit="round, square, cat-eye, aviator", details="dark lenses, brown lenses, mirror lenses"),
    )
}
# fmt: on

GROUPS: Mapping[str, tuple[str, ...]] = {
    group: tuple(c.name for c in CATEGORIES.values() if c.group == group)
    for group in ("topwear", "outerwear", "bottomwear", "skirts", "dresses", "footwear", "bags", "accessories")
}

PLAIN_PATTERNS = ("solid", "knit", "denim wash")
"""Patterns that show no secondary colour; it is ``none`` then."""


def attribute_values(category: str, attribute: str) -> tuple[str, ...]:
    """All values of an attribute of a category.

    Raises:
        StudioError: unknown category or attribute; the message lists the known ones.
    """
    choices = check_category(category).choices
    if attribute == "base_colour":
        return tuple(COLORS)
    if attribute == "secondary_colour":
        return ("none", *COLORS)
    if attribute not in choices:
        known = ", ".join(("base_colour", "secondary_colour", *choices))
        raise StudioError(f"{category} have no attribute {attribute!r}", hint=f"Known for {category}: {known}")
    return choices[attribute]


def check_category(name: str) -> Category:
    """The category of that name.

    Raises:
        StudioError: unknown; the message lists the known ones.
    """
    if name not in CATEGORIES:
        raise StudioError(f"unknown category {name!r}", where="studio", hint=f"Known: {', '.join(CATEGORIES)}")
    return CATEGORIES[name]


def check_categories(names: Iterable[str]) -> tuple[str, ...]:
    """The names, each checked; all categories if ``names`` is empty.

    Raises:
        StudioError: an unknown name.
    """
    wanted = tuple(names)
    return tuple(check_category(n).name for n in wanted) or tuple(CATEGORIES)


def check_attributes(category: str, attributes: Mapping[str, str]) -> None:
    """Check that every attribute and value belongs to the category.

    Raises:
        StudioError: one does not; the message lists the known ones.
    """
    for name, value in attributes.items():
        allowed = attribute_values(category, name)
        if value not in allowed:
            raise StudioError(
                f"{category} have no {name} {value!r}", where="studio", hint=f"Known values: {', '.join(allowed)}"
            )
