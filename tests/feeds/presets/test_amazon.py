"""Amazon's flat files: rows above the header, parents and children."""

from __future__ import annotations

from pathlib import Path

from tests.feeds.presets.exports import found, left_out, pictures, read

ABOVE = "TemplateType=fptcustom\tVersion=2021.1\n" + "Seller SKU\tProduct Name\tBrand\tParentage\n"
HEADER = (
    "item_sku\titem_name\tbrand_name\tparent_child\tparent_sku\tsize_name\tcolor_name\tstandard_price\tquantity\t"
    "main_image_url\tother_image_url1\tother_image_url2\tupdate_delete\n"
)
ROWS = [
    "D-S\tDress S\t\tchild\tD\tS\tRed\t29.99\t3\tred.jpg\t\t\tUpdate",
    "D\tDress\tAcme\tparent\t\t\t\t\t\tmain.jpg\tback.jpg\tside.jpg\t",
    "D-M\tDress M\t\tchild\tD\tM\tRed\t31.99\t0\t\t\t\t",
    "B\tBelt\tAcme\t\t\t\t\t9.99\t1\tbelt.jpg\tbelt2.jpg\t\t",
    "X\tGone\tAcme\t\t\t\t\t9.99\t1\tx.jpg\t\t\tDelete",
]


def test_a_flat_file(tmp_path: Path) -> None:
    feed = read(tmp_path, ABOVE + HEADER + "\n".join(ROWS) + "\n", "feed.tsv")
    assert feed.preset == "amazon"
    products = found(feed)
    assert list(products) == ["D-S", "D-M", "B"]
    small, medium, belt = products.values()
    assert (small.design, medium.design, belt.design) == ("D", "D", "")
    assert [(p.price, p.in_stock) for p in products.values()] == [(29.99, True), (31.99, False), (9.99, True)]
    assert (small.brand, small.attributes["size"], small.attributes["color"]) == ("Acme", "S", "Red")
    assert pictures(small) == ["red.jpg", "main.jpg", "back.jpg", "side.jpg"]
    assert pictures(medium) == ["main.jpg", "back.jpg", "side.jpg"]
    assert pictures(belt) == ["belt.jpg", "belt2.jpg"]
    assert left_out(feed) == {"X": "archived"}


def test_the_row_of_names_for_programs_is_no_product(tmp_path: Path) -> None:
    text = "Seller SKU,Product Name,Standard Price,Main Image URL\nitem_sku,item_name,standard_price,main_image_url\n"
    products = found(read(tmp_path, text + "A,Skirt,9.99,a.jpg\n"))
    assert list(products) == ["A"]
