"""Which preset reads a feed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from streetshop.core.errors import FeedError
from streetshop.feeds.presets.choose import PRESETS, merged
from streetshop.feeds.read import FeedRow, read_feed
from streetshop.feeds.refused import Refusal
from tests.feeds.presets.exports import export, found, pictures, read


def test_an_unknown_preset_and_one_of_another_system_are_refused(tmp_path: Path) -> None:
    text = export("id,image", {"id": "1", "image": "a.jpg"})
    with pytest.raises(FeedError, match=r"no preset 'ebay'.*There are auto, none, shopify, .*kaggle, meta, google"):
        read(tmp_path, text, preset="ebay")
    with pytest.raises(FeedError, match="this is no export of Shopify: it has none of its columns for id and image"):
        read(tmp_path, text, preset="shopify")


@pytest.mark.parametrize(
    ("header", "preset"),
    [
        ("id,title,image_link,link,price,availability", "google"),
        ("id,title,image_link,item_group_id", "google"),
        ("id,title,image_link,fb_product_category", "meta"),
        ("id,title,image", ""),
    ],
)
def test_presets_of_columns_alone(tmp_path: Path, header: str, preset: str) -> None:
    feed = read(tmp_path, export(header, {"id": "1", "title": "A", header.split(",")[2]: "a.jpg"}))
    assert feed.preset == preset
    assert bool(feed.notes) is bool(preset)
    assert [*found(feed)] == ["1"]


def test_pictures_of_hm_and_of_kaggle(tmp_path: Path) -> None:
    header = "article_id,product_code,prod_name,product_type_name,colour_group_name"
    row = {
        "article_id": "0108775015",
        "product_code": "0108775",
        "prod_name": "Strap top",
        "product_type_name": "Vest top",
    }
    lost = row | {"article_id": "108775044"}
    feed = read(tmp_path, export(header, row | {"colour_group_name": "Black"}, lost))
    first, second = found(feed).values()
    assert (feed.preset, first.design, first.title, first.category) == ("hm", "0108775", "Strap top", "Vest top")
    assert first.attributes["color"] == "Black"
    assert pictures(first) == ["images/010/0108775015.jpg"]
    assert pictures(second) == ["images/010/0108775044.jpg"]
    (tmp_path / "images" / "010").mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(tmp_path / "images" / "010" / "0108775015.png")
    assert pictures(next(iter(found(read_feed(feed.path)).values()))) == ["images/010/0108775015.png"]
    own = read_feed(feed.path, image_template="p/{}.jpg", columns={"image": "article_id"})
    assert pictures(next(iter(found(own).values()))) == ["p/0108775015.jpg"]
    text = export(
        "id,gender,masterCategory,subCategory,articleType,baseColour,productDisplayName",
        {"id": "15970", "masterCategory": "Apparel", "articleType": "Shirts", "productDisplayName": "Blue Shirt"},
    )
    feed = read(tmp_path, text, "styles.csv")
    (shirt,) = found(feed).values()
    assert (feed.preset, shirt.category, shirt.title, pictures(shirt)) == (
        "kaggle",
        "Shirts",
        "Blue Shirt",
        ["images/15970.jpg"],
    )


def test_what_the_user_says_counts_unless_the_preset_reads_that_column_anyway() -> None:
    own = {"id": "Handle", "title": "Title", "price": "Variant Price"}
    assert merged(own, {"id": "handle"}) == own
    assert merged(own, {"price": "My Price", "colour": "Farbe"}) == own | {"price": "My Price", "colour": "Farbe"}
    assert merged(own, {"brand": "Title"}) == {"id": "Handle", "price": "Variant Price", "brand": "Title"}


@given(st.data())
def test_exports_with_any_cells_are_read(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Nothing but a product, a refusal or a row that is left out comes of a row, whatever it holds."""
    preset = PRESETS[data.draw(st.sampled_from(sorted(PRESETS)))]
    names = {*data.draw(st.sampled_from(preset.marks)), *(key for keys in preset.fields.values() for key in keys[:2])}
    header = sorted(names | set(data.draw(st.lists(st.sampled_from(OTHERS), max_size=6, unique=True))))
    words = st.sampled_from(WORDS) | st.text(max_size=8).filter(lambda text: "\0" not in text and "\r" not in text)
    cells = st.lists(words, min_size=len(header), max_size=len(header))
    rows = data.draw(st.lists(cells, min_size=1, max_size=6))
    text = export(",".join(header), *(dict(zip(header, row, strict=True)) for row in rows))
    try:
        feed = read(tmp_path_factory.getbasetemp(), text, "any.csv", preset=preset.name)
        assert list(feed) == list(feed)
    except FeedError as error:
        assert len(str(error).splitlines()) == 1


OTHERS = [
    *(
        "option1name",
        "option1value",
        "variantsku",
        "status",
        "parent",
        "parentsku",
        "parentchild",
        "fieldtype",
        "options",
    ),
    *("configurablevariations", "additionalattributes", "attribute1name", "attribute1values", "variation1name"),
    *(
        "variation1values",
        "variantimage",
        "discountpercent",
        "attributenametypeposition",
        "valuevalueposition",
        "visible",
    ),
]
WORDS = [
    *(
        "",
        "a",
        "b",
        "1",
        "a.jpg",
        "variable",
        "variation",
        "configurable",
        "child",
        "parent",
        "Product",
        "Variant",
        "SKU",
    ),
    *(
        "Rule",
        "draft",
        "true",
        "false",
        "size=S|sku=a",
        "sku=a,size=S|sku=b",
        "id:a",
        "[S]Size=S",
        "Size",
        "S",
        "-1",
        "0",
    ),
]


def test_an_id_of_control_characters_alone_names_no_picture(tmp_path: Path) -> None:
    text = "id,masterCategory,articleType,productDisplayName\n\x1b,,,\n7,Apparel,Shirts,Shirt\n"
    first, second = read(tmp_path, text, preset="kaggle")
    assert isinstance(first, Refusal)
    assert isinstance(second, FeedRow)
