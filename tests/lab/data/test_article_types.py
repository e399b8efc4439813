"""Which class a category is of."""

from __future__ import annotations

import pytest

from streetshop.core.errors import DatasetError
from streetshop.core.kinds import KINDS
from streetshop.lab.data.article_types import ARTICLES, article_of, class_map, kind_of
from streetshop.lab.data.classes import CCP_NAMES
from streetshop.lab.data.sets.deepfashion2 import CATEGORIES as DEEPFASHION2
from streetshop.studio import vocabulary

FASHIONPEDIA = [
    "shirt, blouse",
    "top, t-shirt, sweatshirt",
    "sweater",
    "cardigan",
    "jacket",
    "vest",
    "pants",
    "shorts",
    "skirt",
    "coat",
    "dress",
    "jumpsuit",
    "cape",
    "glasses",
    "hat",
    "headband, head covering, hair accessory",
    "tie",
    "glove",
    "watch",
    "belt",
    "leg warmer",
    "tights, stockings",
    "sock",
    "shoe",
    "bag, wallet",
    "scarf",
    "umbrella",
]
PARTS = "hood;collar;lapel;epaulette;sleeve;pocket;neckline;buckle;zipper;applique;bead;bow;flower;fringe;rivet;ruffle"
MODANET = [
    "bag",
    "belt",
    "boots",
    "footwear",
    "outer",
    "dress",
    "sunglasses",
    "pants",
    "top",
    "shorts",
    "skirt",
    "headwear",
    "scarf/tie",
]


def test_every_category_of_the_public_sets_has_a_class() -> None:
    names = [*FASHIONPEDIA, *MODANET, *DEEPFASHION2, *(n for k in KINDS for n in CCP_NAMES[k]), *vocabulary.CATEGORIES]
    assert [name for name in names if article_of(name) is None] == []
    assert [name for name in PARTS.split(";") if article_of(name) is not None] == [], "parts are no garments"
    assert set(vocabulary.CATEGORIES) - {"tops", "belts", "sunglasses"} <= set(ARTICLES), (
        "the studio sells the paper's types"
    )


def test_kinds_agree_with_the_classes_of_pixels() -> None:
    assert [name for kind in KINDS for name in CCP_NAMES[kind] if kind_of(name) != kind] == []


@pytest.mark.parametrize(
    ("category", "article", "kind"),
    [
        ("T-Shirts", "t-shirts", "top"),
        ("women's  leather ankle BOOTS", "casual shoes", "footwear"),
        ("Damen Kleider", "dresses", "dress"),
        ("cargo trousers", "trousers", "trousers"),
        ("Kitchen", None, None),
        ("", None, None),
        ("outerwear", "jackets", "outerwear"),
    ],
)
def test_words_of_other_data_sets(category: str, article: str | None, kind: str | None) -> None:
    assert (article_of(category), kind_of(category)) == (article, kind)


def test_the_schemes() -> None:
    present = ["Jeans", "boots", "lamp", ""]
    kinds, articles, own = (class_map(scheme, present) for scheme in ("kinds", "articles", "categories"))
    assert kinds.names == KINDS
    assert [kinds.of(c) for c in present] == [KINDS.index("trousers"), KINDS.index("footwear"), None, None]
    assert [articles.of(c) for c in present] == [ARTICLES.index("jeans"), ARTICLES.index("casual shoes"), None, None]
    assert articles.kinds["jeans"] == "trousers"
    assert len(articles.names) == 24
    assert own.names == ("boots", "jeans", "lamp")
    assert own.kinds == {"boots": "footwear", "jeans": "trousers"}, "a lamp is of no kind"
    listed = class_map({"wellies": ["Boots"], "trousers": ["jeans"]}, present)
    assert (listed.names, listed.of("BOOTS"), listed.of("wellies"), listed.of("lamp")) == (
        ("wellies", "trousers"),
        0,
        None,
        None,
    )
    assert listed.kinds == {"wellies": "footwear", "trousers": "trousers"}
    assert kinds.left_out([*present, "lamp"]) == "'lamp' 2, '(none)' 1"


def test_what_has_no_class() -> None:
    with pytest.raises(DatasetError, match="'lamp'"):
        class_map("articles", ["lamp"])
    with pytest.raises(DatasetError, match="in the classes 'a' and 'b'"):
        class_map({"a": ["boots"], "b": ["Boots"]}, ["boots"])
