"""Feeds: every format, every way they can be bad."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streetshop.core.errors import FeedError, UsageError
from streetshop.core.records import Product, Shot
from streetshop.feeds.columns import plain_name
from streetshop.feeds.read import Feed, FeedRow, read_feed
from streetshop.feeds.refused import Refusal, RefusedFile, safe_cell


def products(feed: Feed) -> list[Product]:
    return [row.product for row in feed if isinstance(row, FeedRow)]


def refusals(feed: Feed) -> list[Refusal]:
    return [row for row in feed if isinstance(row, Refusal)]


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


# --- formats ----------------------------------------------------------------------------------------------------------


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


def test_sale_price_counts_only_within_its_dates(tmp_path: Path) -> None:
    text = (
        "id,image,price,sale_price,sale_price_effective_date\n"
        "past,a.jpg,20 EUR,10 EUR,2019-01-01T00:00Z/2019-02-01T00:00Z\n"
        "now,a.jpg,20 EUR,10 EUR,2019-01-01/2999-01-01T00:00+0100\n"
        "always,a.jpg,20 EUR,10 EUR,\n"
        "broken,a.jpg,20 EUR,10 EUR,soon\n"
    )
    feed = read_feed(write(tmp_path / "feed.csv", text))
    assert {p.id: p.price for p in products(feed)} == {"past": 20.0, "now": 10.0, "always": 10.0}
    assert [r.id for r in refusals(feed)] == ["broken"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_delimiter_and_encoding_are_found(tmp_path: Path, delimiter: str, encoding: str) -> None:
    rows = [["id", "title", "image"], ["ä1", "Kleid – größe, weiß", "bild.jpg"]]
    with (tmp_path / "feed.csv").open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    (product,) = products(read_feed(tmp_path / "feed.csv"))
    assert (product.id, product.title) == ("ä1", "Kleid – größe, weiß")


def test_named_encoding(tmp_path: Path) -> None:
    path = write(tmp_path / "feed.csv", "id,title,image\n1,赤いドレス,a.jpg\n".encode("shift_jis"))
    assert products(read_feed(path, encoding="shift_jis"))[0].title == "赤いドレス"


def test_excel_separator_line_and_blank_lines(tmp_path: Path) -> None:
    feed = read_feed(write(tmp_path / "feed.csv", "sep=;\r\n\r\nid;image\r\n1;a.jpg\r\n\r\n2;b.jpg\r\n;c.jpg\r\n"))
    assert [row.number for row in feed if isinstance(row, FeedRow)] == [2, 4]
    assert [r.row for r in refusals(feed)] == [5]


JSON_ROWS = [
    {"id": 1, "image": "a.jpg", "size": 42, "tags": ["new", "silk"], "eco": True, "note": None},
    {"id": "2", "images": ["b.jpg", "c.jpg"], "size": "M", "eco": False, "maker": {"city": "Łódź"}},
]
JSON_PRODUCTS = [
    Product(
        id="1",
        attributes={"size": "42", "tags": "new, silk", "eco": True},
        shots=(Shot("a.jpg"),),
    ),
    Product(
        id="2",
        attributes={"size": "M", "eco": False, "maker": '{"city": "Łódź"}'},
        shots=(Shot("b.jpg"), Shot("c.jpg")),
    ),
]


def test_json_lines(tmp_path: Path) -> None:
    text = "\n".join(json.dumps(row) for row in JSON_ROWS[:1]) + "\n\nnonsense\n[1]\n" + json.dumps(JSON_ROWS[1])
    feed = read_feed(write(tmp_path / "feed.jsonl", text))
    assert feed.kind == "JSON lines"
    assert products(feed) == JSON_PRODUCTS
    assert [(r.row, r.reason.split(" (")[0]) for r in refusals(feed)] == [
        (3, "no JSON"),
        (4, 'a list instead of an object. Write {"id": ..., "image": ...}.'),
    ]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", ["feed.json", "feed"])
def test_json_array(tmp_path: Path, indent: int | None, name: str) -> None:
    feed = read_feed(write(tmp_path / name, "  \n" + json.dumps(JSON_ROWS, indent=indent)))
    assert feed.kind == "JSON array"
    assert products(feed) == JSON_PRODUCTS


def test_json_array_of_many_and_large_elements_is_streamed(tmp_path: Path) -> None:
    rows = [{"id": i, "image": "a.jpg", "description": "x" * (i % 7) * 10_000} for i in range(300)]
    path = write(tmp_path / "feed.json", json.dumps(rows))
    assert [p.id for p in products(read_feed(path))] == [str(i) for i in range(300)]
    whole = path.read_text()
    for cut in (1, 2, len(whole) // 2, len(whole) - 1):
        with pytest.raises(FeedError, match="broken after"):
            list(read_feed(write(path, whole[:cut])))
    with pytest.raises(FeedError, match="more text follows"):
        list(read_feed(write(path, whole + "]")))


def test_parquet(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": [1, 2],
            "images": [["a.jpg"], ["b.jpg", "c.jpg"]],
            "price": [9.5, None],
            "weight": [1.25, float("nan")],
            "when": pa.array([None, 0], pa.timestamp("s")),
            "thumb": [b"\0", b"\1"],
        }
    )
    pq.write_table(table, tmp_path / "feed.parquet", row_group_size=1)
    feed = read_feed(tmp_path / "feed.parquet")
    first, second = products(feed)
    assert (feed.kind, feed.rows) == ("Parquet", 2)
    assert (first.id, first.price, first.attributes) == ("1", 9.5, {"weight": 1.25})
    assert (second.price, second.attributes) == (None, {"when": "1970-01-01T00:00:00"})
    assert second.shots == (Shot("b.jpg"), Shot("c.jpg"))


def test_damaged_parquet(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": ["1"] * 1000, "image": ["a.jpg"] * 1000}), tmp_path / "feed.parquet")
    whole = (tmp_path / "feed.parquet").read_bytes()
    for content in (whole[:-20], whole[:4], whole[:60] + bytes(40) + whole[100:]):
        with pytest.raises(FeedError, match="Parquet"):
            list(read_feed(write(tmp_path / "broken.parquet", content)))


def test_folder_of_pictures(tmp_path: Path) -> None:
    for name in ("top.jpg", "dress/b.PNG", "dress/a.jpeg", "shoes/flat/c.webp", "notes.txt", ".hidden.jpg", "old.zip"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "dress" / "a.webp").touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    feed = read_feed(tmp_path)
    assert [(p.id, p.category, p.shots[0].source) for p in products(feed)] == [
        ("dress/a", "dress", "dress/a.jpeg"),  # and a.webp: one name, one product
        ("dress/b", "dress", "dress/b.PNG"),
        ("shoes/flat/c", "flat", "shoes/flat/c.webp"),
        ("top", "", "top.jpg"),
    ]
    assert {r.image: r.reason.split(".")[0] for r in refusals(feed)} == {
        "loop": "a link to a folder is not followed",
        "old.zip": "an archive that is not read",
    }
    assert products(feed)[0].shots == (Shot("dress/a.jpeg"), Shot("dress/a.webp"))
    assert feed.rows == 7


def test_public_clothing_set(data_root: Path) -> None:
    feed = read_feed(
        data_root / "clothing" / "images.csv", columns={"category": "label"}, image_template="images/{}.jpg"
    )
    found = products(feed)
    assert feed.rows == len(found) == 4853
    assert all((feed.root / product.shots[0].source).is_file() for product in found[:50])
    assert {"T-Shirt", "Dress", "Pants"} <= {product.category for product in found}
    assert set(found[0].attributes) == {"sender_id", "kids"}
    assert isinstance(found[0].attributes["kids"], bool)
    assert isinstance(found[0].attributes["sender_id"], str)


# --- columns ----------------------------------------------------------------------------------------------------------


def test_mapped_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "feed.csv", "SKU,Bild,id,Farbe,url\n7,x,internal,rot,http://a.example\n")
    mapping = {"id": "SKU", "images": "bild", "colour": "Farbe"}
    (product,) = products(read_feed(path, columns=mapping, image_template="p/{}.png"))
    assert product == Product(
        id="7", url="http://a.example", attributes={"colour": "rot", "feed_id": "internal"}, shots=(Shot("p/x.png"),)
    )


def test_missing_columns_are_one_error(tmp_path: Path) -> None:
    path = write(tmp_path / "feed.csv", "sku,label\n1,dress\n")
    with pytest.raises(FeedError) as caught:
        read_feed(path)
    assert "id and image" in str(caught.value)
    assert "sku, label" in str(caught.value)
    assert "--column id=<column> --column image=<column>" in str(caught.value)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"columns": {"id": "nope"}}, "there is no column 'nope'; there are id, image"),
        ({"image_template": "images/"}, "Write it with one {}"),
        ({"image_template": "{}/{}"}, "Write it with one {}"),
        ({"encoding": "klingon"}, "no encoding called 'klingon'"),
        ({"encoding": "hex"}, "no encoding called 'hex'"),
        ({"encoding": "utf\0"}, "no encoding called"),
    ],
)
def test_bad_options(tmp_path: Path, options: dict[str, object], text: str) -> None:
    path = write(tmp_path / "feed.csv", "id,image\n1,a.jpg\n")
    with pytest.raises(FeedError) as caught:
        read_feed(path, **options)  # type: ignore[arg-type]
    assert text in str(caught.value)


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


# --- rows -------------------------------------------------------------------------------------------------------------


def test_duplicate_ids_name_the_first_row(tmp_path: Path) -> None:
    text = "id,title,image\n1,A,a.jpg\n2,B,b.jpg\n1,A,c.jpg\n2,C,d.jpg\n3,C,e.jpg\n3,D,f.jpg\n3,C,e.jpg\n"
    feed = read_feed(write(tmp_path / "feed.csv", text))
    assert [p.id for p in products(feed)] == ["1", "2", "3"]
    assert [(r.row, r.id, r.image, r.reason.partition(".")[0]) for r in refusals(feed)] == [
        (4, "1", "c.jpg", "the id occurred before, in row 2"),
        (5, "2", "d.jpg", "the id occurred before, in row 3"),
        (7, "3", "f.jpg", "the id occurred before, in row 6"),
        (8, "3", "e.jpg", "the id occurred before, in row 6"),
    ]


def test_rows_that_only_add_pictures_are_one_product(tmp_path: Path) -> None:
    text = "id,title,price,image\n1,A,5,a.jpg\n1,,,b.jpg\n1,A,5,c.jpg\n2,B,,d.jpg\n"
    feed = read_feed(write(tmp_path / "feed.csv", text))
    first, second = products(feed)
    assert first == Product(id="1", title="A", price=5.0, shots=(Shot("a.jpg"), Shot("b.jpg"), Shot("c.jpg")))
    assert second.id == "2"
    assert refusals(feed) == []


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",T,1,yes,,a.jpg", "a product id is empty"),
        ("a\u200bb,T,1,yes,,a.jpg", "control or invisible"),
        ("x" * 300 + ",T,1,yes,,a.jpg", "300 characters"),
        ("1,T,cheap,yes,,a.jpg", "price 'cheap' is no price"),
        ("1,T,-5,yes,,a.jpg", "price -5 is no price"),
        ("1,T,1,perhaps,,a.jpg", "in_stock 'perhaps' is not understood"),
        ("1,T,1,yes,javascript:alert(1),a.jpg", "url begins with 'javascript'"),
        ("1,T,1,yes,,", "no picture"),
        ("1,T,1,yes,,a.jpg,more", "7 cells where the header has 6"),
        ("1,T", "2 cells where the header has 6"),
        ('1,"T"x,1,yes,,a.jpg', "malformed quotes in line 2"),
        ("1,T,1,yes,," + "|".join(f"{i}.jpg" for i in range(65)), "65 pictures"),
    ],
)
def test_refused_rows_have_reasons_and_the_rest_goes_on(tmp_path: Path, row: str, reason: str) -> None:
    text = f"id,title,price,in_stock,url,image\n{row}\ngood,T,1,yes,,a.jpg\n"
    feed = read_feed(write(tmp_path / "feed.csv", text))
    (refusal,) = refusals(feed)
    assert reason in refusal.reason
    assert refusal.row == 2
    assert [p.id for p in products(feed)] == ["good"]
    assert feed.rows == 2


def test_quote_that_is_never_closed_tells_which_lines_it_swallowed(tmp_path: Path) -> None:
    text = 'id,image\n1,a.jpg\n2,"b.jpg\n' + "".join(f"{i},c.jpg\n" for i in range(3, 100))
    (refusal,) = refusals(read_feed(write(tmp_path / "feed.csv", text)))
    assert refusal.row == 3
    assert "lines 3 to 100" in refusal.reason


@pytest.mark.parametrize(
    ("text", "price", "currency"),
    [
        ("19.99 USD", 19.99, "USD"),
        ("usd 19.99", 19.99, "USD"),
        ("19,99 €", 19.99, "EUR"),
        ("€1.299,00", 1299.0, "EUR"),
        ("$1,299.50", 1299.5, "USD"),
        ("1,299", 1299.0, ""),
        ("1 299,5 PLN", 1299.5, "PLN"),
        ("1.299.000", 1299000.0, ""),
        ("CHF 1'200.-", None, None),
        ("CHF 1'200", 1200.0, "CHF"),
        ("USD 5 EUR", None, None),
        ("1e5", None, None),
    ],
)
def test_prices(tmp_path: Path, text: str, price: float | None, currency: str | None) -> None:
    feed = read_feed(write(tmp_path / "feed.tsv", f"id\timage\tprice\n1\ta.jpg\t{text}\n"))
    if price is None:
        assert "is no price" in refusals(feed)[0].reason
    else:
        (product,) = products(feed)
        assert (product.price, product.currency) == (price, currency)


@pytest.mark.parametrize(
    ("value", "stock"),
    [
        ("in stock", True),
        ("In_Stock", True),
        ("https://schema.org/InStock", True),
        ("out of stock", False),
        ("preorder", False),
        ("0", False),
        ("12", True),
        ("FALSE", False),
        ("", None),
    ],
)
def test_availability(tmp_path: Path, value: str, stock: bool | None) -> None:
    (product,) = products(read_feed(write(tmp_path / "feed.csv", f"id,image,availability\n1,a.jpg,{value}\n")))
    assert product.in_stock is stock


def test_hostile_json_values(tmp_path: Path) -> None:
    rows = [
        '{"id": "1", "image": "a.jpg", "title": "\\ud800 \\u0000 end"}',
        '{"id": "2", "image": "a.jpg", "price": NaN}',
        '{"id": "3", "image": "a.jpg", "price": 1' + "0" * 400 + "}",
        '{"id": "4", "image": {"bytes": "x"}}',
        '{"id": "5", "image": "a.jpg", "x": ' + "[" * 100_000 + "}",
        '{"id": "6", "image": "a.jpg", "n": 1' + "0" * 400 + "}",
        '{"id": "7", "image": "a.jpg", "price": true}',
    ]
    feed = read_feed(write(tmp_path / "feed.jsonl", "\n".join(rows)))
    found = {product.id: product for product in products(feed)}
    assert set(found) == {"1", "2", "6"}
    assert found["1"].title.split() == ["end"]
    assert found["2"].price is None
    assert found["6"].attributes["n"] == "1" + "0" * 400
    assert [r.row for r in refusals(feed)] == [3, 4, 5, 7]


# --- whole files ------------------------------------------------------------------------------------------------------


def test_undecodable_byte_is_named_with_its_offset(tmp_path: Path) -> None:
    good = "id,image\n" + "ä,a.jpg\n" * 200_000
    offset = len(good.encode())
    path = write(tmp_path / "feed.csv", good.encode() + b"\xe4 broken,b.jpg\n")
    with pytest.raises(FeedError, match=f"byte 0xe4 at offset {offset}: this is not UTF-8") as caught:
        read_feed(path)
    assert "--encoding" in str(caught.value)
    path = write(path, b"id,image\n\xe4,a.jpg\n\x81,b.jpg\n")
    with pytest.raises(FeedError, match="byte 0x81 at offset 17: this is not UTF-8 or Windows-1252"):
        read_feed(path)
    with pytest.raises(FeedError, match="byte 0xe4 at offset 9: this is not ascii"):
        read_feed(path, encoding="ascii")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"id,image\n", "no rows"),
        (b"PK\x03\x04rest", "zip archive"),
        (b"\x1f\x8b\x08rest", "gzip"),
        (bytes(257) + b"ustar" + bytes(100), "tar archive"),
        (b"<?xml version='1.0'?><rss/>", "XML"),
        (b"id,image\n1,a\0b.jpg\n", "byte 0x00 at offset 12: this is no text file"),
        (b"id,image\n" + b"x" * (4 * 2**20 + 1), "line 2 has more than"),
        (b"a" + b"," * 3000 + b"\n1", "3001 columns"),
        (b'"id,image\n1,a', "header is malformed"),
    ],
)
def test_files_that_are_no_feed(tmp_path: Path, content: bytes, text: str) -> None:
    with pytest.raises(FeedError) as caught:
        list(read_feed(write(tmp_path / "feed.csv", content)))
    assert text in str(caught.value)


def test_paths_that_are_no_feed(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path, text in (
        (tmp_path / "missing.csv", "no such file"),
        (tmp_path / "empty", "no pictures"),
        (Path("a\0b"), "no such file"),
        (tmp_path / ("x" * 300), "no such file"),
    ):
        with pytest.raises(FeedError) as caught:
            read_feed(path)
        assert text in str(caught.value)
    with pytest.raises(FeedError, match="no columns"):
        read_feed(tmp_path / "empty", columns={"id": "a"})


def test_first_json_line_decides_whether_it_is_json_lines(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="line 1 is not a JSON object"):
        read_feed(write(tmp_path / "feed.jsonl", "id,image\n1,a.jpg\n"))


@settings(max_examples=300)
@given(st.binary(max_size=300), st.sampled_from(["f.csv", "f.tsv", "f.jsonl", "f.json", "f.parquet", "f"]))
def test_any_bytes_raise_nothing_but_feed_errors(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str
) -> None:
    folder = tmp_path_factory.mktemp("fuzz", numbered=True)
    for content in (
        data,
        b"id,image,price\n" + data,
        b'{"id":1,"image":"a","x":' + data,
        b'[{"id":1,"image":"b"},' + data,
    ):
        try:
            feed = read_feed(write(folder / name, content))
            rows = list(feed)
        except FeedError:
            continue
        assert feed.rows >= len(rows)


_CELL = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)


@settings(max_examples=200)
@given(st.lists(st.lists(_CELL, min_size=4, max_size=4), max_size=5))
def test_any_cells_become_products_or_refusals(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]) -> None:
    path = tmp_path_factory.mktemp("cells", numbered=True) / "feed.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["id", "image", "price", "note"], ["ok", "a.jpg", "1", ""], *rows])
    feed = read_feed(path)
    assert any(product.id == "ok" for product in products(feed))
    assert len(list(feed)) <= feed.rows


# --- the list of refused rows -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "  =1", "＝1"])
def test_refused_file_cannot_inject_formulas(tmp_path: Path, text: str) -> None:
    with RefusedFile(tmp_path / "refused.csv") as file:
        file.add(Refusal(2, text, text, text))
    with (tmp_path / "refused.csv").open(encoding="utf-8", newline="") as stream:
        header, row = csv.reader(stream)
    assert header == ["row", "id", "image", "reason"]
    assert row == ["2", *[f"'{text}"] * 3]


def test_refused_file_takes_any_text(tmp_path: Path) -> None:
    assert safe_cell("plain") == "plain"
    with RefusedFile(tmp_path / "refused.csv") as file:
        file.add(Refusal(1, "\udcff", 'a,"b"\n', ""))
        assert file.rows == 1
    assert "udcff" in (tmp_path / "refused.csv").read_text()
    with pytest.raises(UsageError, match="cannot be written"):
        RefusedFile(tmp_path / "missing" / "refused.csv")
