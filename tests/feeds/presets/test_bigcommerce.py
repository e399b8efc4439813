"""BigCommerce: variants and pictures below their product, in both generations of its export."""

from __future__ import annotations

from pathlib import Path

from streetshop.feeds.refused import Refusal
from tests.feeds.presets.exports import export, found, left_out, pictures, read

SECOND = (
    "Item Type,Product ID,Product Name,Product Type,Product Code/SKU,Brand Name,Price,Sale Price,Allow Purchases?,"
    "Product Visible?,Track Inventory,Current Stock Level,Category,Product Image ID - 1,Product Image File - 1,"
    "Product Image File - 2,Product Image Sort - 1"
)
SHOE = {
    **{
        "Item Type": "Product",
        "Product ID": "77",
        "Product Name": "Canvas Shoe",
        "Product Type": "P",
        "Price": "40.00",
    },
    **{
        "Product Code/SKU": "CS",
        "Brand Name": "Acme",
        "Sale Price": "0.00",
        "Allow Purchases?": "Y",
        "Product Visible?": "Y",
    },
    **{"Track Inventory": "by option", "Category": "Shop All;Shoes/Canvas", "Product Image ID - 1": "1"},
    **{"Product Image File - 1": "a/shoe.jpg", "Product Image File - 2": "a/side.jpg"},
}
BELT = SHOE | {"Product ID": "79", "Product Name": "Belt", "Track Inventory": "none", "Sale Price": "12.00"}


def test_second_generation(tmp_path: Path) -> None:
    text = export(
        SECOND,
        SHOE,
        {"Item Type": "  SKU", "Product Name": "[RT]Size=40,[CS]Color=Red:#ff0000", "Product Code/SKU": "CS-40"}
        | {"Current Stock Level": "5"},
        {"Item Type": "  SKU", "Product Name": "[RT]Size=41,[CS]Color=Red:#ff0000", "Product Code/SKU": "CS-41"}
        | {"Current Stock Level": "0"},
        {"Item Type": "  Rule", "Product Code/SKU": "CS-41", "Price": "[ADD]5"},
        BELT,
        BELT | {"Product ID": "80", "Allow Purchases?": "N", "Sale Price": ""},
        BELT | {"Product ID": "81", "Product Visible?": "N"},
    )
    feed = read(tmp_path, text)
    assert feed.preset == "bigcommerce"
    products = found(feed)
    assert list(products) == ["77/40/Red", "77/41/Red", "79", "80"]
    assert [(p.price, p.in_stock) for p in products.values()] == [
        (40.0, True),
        (45.0, False),
        (12.0, True),
        (40.0, False),
    ]
    first = products["77/40/Red"]
    assert (first.title, first.brand, first.category, first.design) == ("Canvas Shoe", "Acme", "Canvas", "77")
    assert (first.attributes["size"], first.attributes["color"]) == ("40", "Red")
    assert pictures(first) == ["a/shoe.jpg", "a/side.jpg"]
    assert left_out(feed) == {"81": "hidden"}


THIRD = (
    "Item,ID,Name,Type,SKU,Options,Inventory Tracking,Current Stock,Price,Sale Price,Brand ID,Categories,Is Visible,"
    "Variant Image URL,Internal Image URL (Export),Image URL (Import),Image Sort Order"
)


def test_third_generation(tmp_path: Path) -> None:
    base = "https://x.example/"
    text = export(
        THIRD,
        {
            "Item": "Product",
            "ID": "90",
            "Name": "Cap",
            "Type": "physical",
            "SKU": "CAP",
            "Price": "25",
            "Is Visible": "TRUE",
        }
        | {"Inventory Tracking": "variant", "Categories": "23;24"},
        {"Item": "Variant", "ID": "91", "SKU": "R", "Options": "Type=Swatch|Name=Color|Value=Red[#ff0000]"}
        | {"Current Stock": "4", "Variant Image URL": f"{base}red.jpg"},
        {"Item": "Variant", "ID": "92", "SKU": "B", "Options": "Type=Swatch|Name=Color|Value=Blue", "Price": "27"}
        | {"Current Stock": "0", "Variant Image URL": f"{base}blue.jpg"},
        {"Item": "Image", "ID": "93", "Internal Image URL (Export)": f"{base}1.jpg", "Image URL (Import)": "x"},
        {"Item": "Image", "ID": "94", "Image URL (Import)": f"{base}red.jpg"},
        {"Item": "Video", "ID": "95"},
    )
    products = found(read(tmp_path, text))
    assert {name: (p.price, p.in_stock) for name, p in products.items()} == {
        "90/Red": (25.0, True),
        "90/Blue": (27.0, False),
    }
    assert pictures(products["90/Red"]) == [f"{base}red.jpg", f"{base}1.jpg"]
    assert pictures(products["90/Blue"]) == [f"{base}blue.jpg", f"{base}1.jpg"]
    assert all((p.category, p.kind, p.design) == ("", "hat", "90") for p in products.values())


def test_a_variant_without_a_product_above_it_is_refused(tmp_path: Path) -> None:
    feed = read(tmp_path, export(THIRD, {"Item": "Variant", "SKU": "R", "Price": "1"}))
    (row,) = feed
    assert isinstance(row, Refusal)
    assert row.reason.startswith("no product above it")
