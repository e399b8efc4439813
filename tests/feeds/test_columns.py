"""Which column holds which field."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.core.errors import FeedError
from streetshop.core.records import Product, Shot
from streetshop.feeds.read import read_feed
from streetshop.feeds.synonyms import plain_name
from tests.feeds.reading import products, write


def test_our_own_columns(tmp_path: Path) -> None:
    text = (
        "id,title,category,brand,price,currency,url,image,in_stock,Fabric Weight,washable\n"
        'a1,"Dress, red",dress,Acme,19.90,eur,https://shop.example/a1,a/1.jpg|a/2.jpg,true,180,true\n'
        "b2,,,,,,,b.jpg,,,\n"
    )
    feed = read_feed(write(tmp_path / "feed.csv", text))
    assert (feed.kind, feed.rows, feed.root) == ("CSV", 2, tmp_path)
    first, second = products(feed)
    assert first == Product(
        id="a1",
        title="Dress, red",
        category="dress",
        brand="Acme",
        price=19.9,
        currency="EUR",
        url="https://shop.example/a1",
        in_stock=True,
        attributes={"fabric_weight": 180.0, "washable": True},
        shots=(Shot("a/1.jpg"), Shot("a/2.jpg")),
        kind="dress",
        kind_source="category",
        kind_probability=0.99,
    )
    assert second == Product(id="b2", shots=(Shot("b.jpg"),))


GOOGLE = {
    "id": "007",
    "title": "Maxi dress",
    "description": "A long dress",
    "link": "https://shop.example/007",
    "image_link": "https://cdn.example/007,w_800.jpg",
    "additional_image_link": "https://cdn.example/007b.jpg,https://cdn.example/007c.jpg",
    "price": "1,299.00 USD",
    "sale_price": "999.00 USD",
    "availability": "in_stock",
    "google_product_category": "2271",
    "product_type": "Apparel > Dresses > Maxi Dresses",
    "brand": "Acme",
    "gtin": "0012345678905",
    "item_group_id": "0042",
    "color": "Red/Blue",
    "gender": "female",
    "material": "silk",
    "pattern": "floral",
    "size": "38",
}


@pytest.mark.parametrize("names", [str, "g:{}".format, lambda n: n.replace("_", " ").title(), str.upper])
def test_google_merchant_columns(tmp_path: Path, names: object) -> None:
    header = "\t".join(names(name) for name in GOOGLE)  # type: ignore[operator]
    feed = read_feed(write(tmp_path / "feed.txt", header + "\n" + "\t".join(GOOGLE.values()) + "\n"))
    (product,) = products(feed)
    assert product.id == "007"
    assert product.category == "Maxi Dresses"
    assert (product.price, product.currency) == (999.0, "USD")
    assert product.in_stock is True
    assert [shot.source for shot in product.shots] == [
        "https://cdn.example/007,w_800.jpg",
        "https://cdn.example/007b.jpg",
        "https://cdn.example/007c.jpg",
    ]
    assert product.url == "https://shop.example/007"
    # Codes stay text, though every one of them looks like a number.
    assert product.attributes["gtin"] == "0012345678905"
    assert product.attributes["size"] == "38"
    assert product.attributes["item_group_id"] == "0042"
    assert product.attributes["product_type"] == "Apparel > Dresses > Maxi Dresses"
    assert set(product.attributes) == {
        *("description", "availability", "google_product_category", "product_type", "gtin", "item_group_id"),
        *("color", "gender", "material", "pattern", "size"),
    }


def test_mapped_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "feed.csv", "SKU,Bild,id,Farbe,url\n7,x,internal,rot,http://a.example\n")
    mapping = {"id": "SKU", "images": "bild", "colour": "Farbe"}
    (product,) = products(read_feed(path, columns=mapping, image_template="p/{}.png"))
    assert product == Product(
        id="7", url="http://a.example", attributes={"colour": "rot", "feed_id": "internal"}, shots=(Shot("p/x.png"),)
    )


def test_with_a_template_the_picture_is_the_id_of_a_feed_without_one(tmp_path: Path) -> None:
    path = write(tmp_path / "feed.csv", "image,title\n17,Dress\n18,Skirt\n")
    found = products(read_feed(path, image_template="p/{}.png"))
    assert [(p.id, p.shots) for p in found] == [("17", (Shot("p/17.png"),)), ("18", (Shot("p/18.png"),))]
    with pytest.raises(FeedError, match="no column for id"):
        read_feed(path)


def test_missing_columns_are_one_error(tmp_path: Path) -> None:
    path = write(tmp_path / "feed.csv", "nr,label\n1,dress\n")
    with pytest.raises(FeedError) as caught:
        read_feed(path)
    assert "id and image" in str(caught.value)
    assert "nr, label" in str(caught.value)
    assert "--column id=<column> --column image=<column>" in str(caught.value)


def test_two_columns_of_one_name(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="same name"):
        read_feed(write(tmp_path / "feed.csv", "id,image,g:Color,color\n1,a.jpg,red,blue\n"))


@pytest.mark.parametrize(
    ("name", "plain"),
    [("g:Sale Price", "sale_price"), ("\ufeffID", "id"), (" In-Stock? ", "in_stock"), ("Größe (cm)", "größe_cm")],
)
def test_plain_names(name: str, plain: str) -> None:
    assert plain_name(name) == plain


def test_types_are_learnt_from_all_rows(tmp_path: Path) -> None:
    rows = [("1", "1", "true", "01"), ("2", "2.5", "False", "2"), ("3", "", "", "3")]
    text = "id,image,width,eco,code\n" + "".join(f"{i},a.jpg,{w},{e},{c}\n" for i, w, e, c in rows)
    feed = read_feed(write(tmp_path / "feed.csv", text))
    assert [p.attributes for p in products(feed)] == [
        {"width": 1.0, "eco": True, "code": "01"},
        {"width": 2.5, "eco": False, "code": "2"},
        {"code": "3"},
    ]
    text += "4,a.jpg,wide,maybe,4\n"
    changed = products(read_feed(write(tmp_path / "feed.csv", text)))
    assert changed[0].attributes == {"width": "1", "eco": "true", "code": "01"}
