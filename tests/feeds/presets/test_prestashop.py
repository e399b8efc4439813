"""PrestaShop: the list of products and the file of an import, with combinations."""

from __future__ import annotations

from pathlib import Path

from tests.feeds.presets.exports import export, found, left_out, pictures, read

LIST = "Product ID,Image,Name,Reference,Category,Price (tax excl.),Price (tax incl.),Quantity,Status,Position"


def test_the_list_of_the_back_office(tmp_path: Path) -> None:
    text = export(
        LIST,
        {"Product ID": "1", "Image": "1.jpg", "Name": "T-shirt", "Category": "Men", "Price (tax excl.)": "20"}
        | {"Price (tax incl.)": "24", "Quantity": "3", "Status": "1"},
        {"Product ID": "2", "Image": "2.jpg", "Name": "Sweater", "Price (tax incl.)": "40", "Status": "0"},
    )
    feed = read(tmp_path, text)
    assert feed.preset == "prestashop"
    (product,) = found(feed).values()
    assert (product.id, product.price, product.in_stock, product.design) == ("1", 24.0, True, "")
    assert left_out(feed) == {"2": "hidden"}


def test_the_file_of_an_import_with_discounts(tmp_path: Path) -> None:
    header = (
        "Product ID;Active (0/1);Name *;Categories (x,y,z...);Price tax included;Discount amount;Discount percent;"
        "Discount from (yyyy-mm-dd);Discount to (yyyy-mm-dd);Manufacturer;Quantity;Image URLs (x,y,z...)\n"
    )
    rows = "1;1;Robe;Accueil,Femme,Robes;50,00;;20;2020-01-01;2099-01-01;Acme;5;r1.jpg,r2.jpg\n"
    rows += "2;1;Jupe;Jupes;50,00;5;;2020-01-01;2020-02-01;Acme;0;j.jpg\n"
    dress, skirt = found(read(tmp_path, header + rows)).values()
    assert (dress.price, dress.category, dress.kind, dress.brand) == (40.0, "Robes", "dress", "Acme")
    assert pictures(dress) == ["r1.jpg", "r2.jpg"]
    assert (skirt.price, skirt.in_stock) == (50.0, False)


def test_combinations_are_variants_of_their_product(tmp_path: Path) -> None:
    header = (
        "Product ID;Active (0/1);Name *;Price tax included;Image URLs (x,y,z...);Attribute (Name:Type:Position)*;"
        "Value (Value:Position)*;Impact on price;Quantity\n"
    )
    rows = "1;1;Robe;50;r.jpg;;;;\n1;;;;;Size:select:0,Color:color:1;S:0,Red:1;0;3\n"
    rows += "1;;;;;Size:select:0,Color:color:1;M:1,Red:1;5;0\n"
    products = found(read(tmp_path, header + rows))
    assert {name: (p.price, p.in_stock) for name, p in products.items()} == {
        "1/S/Red": (50.0, True),
        "1/M/Red": (55.0, False),
    }
    assert all((p.design, p.title, pictures(p)) == ("1", "Robe", ["r.jpg"]) for p in products.values())
    assert products["1/M/Red"].attributes["size"] == "M"


def test_products_that_are_visible_nowhere_are_left_out(tmp_path: Path) -> None:
    text = "Product ID;Active (0/1);Name *;Price tax excluded;Visibility;Image URLs (x,y,z...)\n"
    text += "".join(f"{n};1;Skirt;10;{where};{n}.jpg\n" for n, where in enumerate(("both", "catalog", "none", ""), 1))
    feed = read(tmp_path, text)
    assert list(found(feed)) == ["1", "2", "4"]
    assert left_out(feed) == {"3": "hidden"}
