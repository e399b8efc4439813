"""CSV feeds."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streetshop.core.errors import FeedError
from streetshop.feeds.read import FeedRow, read_feed
from streetshop.feeds.text import MAX_LINE
from streetshop.feeds.values import MAX_TEXT
from tests.feeds.reading import products, refusals, write


def test_excel_separator_line_and_blank_lines(tmp_path: Path) -> None:
    feed = read_feed(write(tmp_path / "feed.csv", "sep=;\r\n\r\nid;image\r\n1;a.jpg\r\n\r\n2;b.jpg\r\n;c.jpg\r\n"))
    assert [row.number for row in feed if isinstance(row, FeedRow)] == [2, 4]
    assert [r.row for r in refusals(feed)] == [5]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",T,1,yes,,a.jpg", "a product id is empty"),
        ("a\u200bb,T,1,yes,,a.jpg", "control or invisible"),
        ("x" * 300 + ",T,1,yes,,a.jpg", "300 characters"),
        ("1,T,1,yes,,", "no picture"),
        ("1,T,1,yes,,a.jpg,more", "7 cells where the header has 6"),
        ("1,T", "2 cells where the header has 6"),
        ('1,"T"x,1,yes,,a.jpg', "malformed quotes in line 2"),
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


def test_quote_that_is_never_closed_loses_its_own_line_only(tmp_path: Path) -> None:
    after = 'id,image\n1,a.jpg\n2,"b.jpg\n' + "".join(f"{i},c.jpg\n" for i in range(3, 100))
    for text in (after, after + '100,"d.jpg"\n', after + "".join(f"{i},{'e' * 100}.jpg\n" for i in range(100, 20_000))):
        feed = read_feed(write(tmp_path / "feed.csv", text))
        (refusal,) = refusals(feed)
        assert refusal.row == 3
        assert "malformed quotes in line 3" in refusal.reason
        expected = text.count("\n") - 2
        assert [product.id for product in products(feed)] == ["1", *(str(i) for i in range(3, expected + 2))]
        assert [row.number for row in feed if isinstance(row, FeedRow)][-1] == expected + 2


def test_every_line_with_an_open_quote_is_linear_in_time(tmp_path: Path) -> None:
    text = "id,image\n" + "".join(f'{i},"{i}.jpg\n' for i in range(50_000)) + "end,e.jpg\n"
    feed = read_feed(write(tmp_path / "feed.csv", text))
    assert len(refusals(feed)) == 50_000
    assert [product.id for product in products(feed)] == ["end"]


def test_cells_rows_and_lines_have_a_limit(tmp_path: Path) -> None:
    good = "good,a.jpg,x\n"
    for row, reason in (
        (f"n,b.jpg,{'y' * (MAX_TEXT + 1)}\n", "title has more than 65536 characters"),
        (f'n,b.jpg,"{"y" * (MAX_TEXT + 1)}"\n', "title has more than 65536 characters"),
        (f"n,b.jpg,{'y,' * MAX_LINE}\n", "a row that is too long begins in line 2"),
    ):
        feed = read_feed(write(tmp_path / "feed.csv", f"id,image,title\n{row}{good}"))
        assert [product.id for product in products(feed)] == ["good"]
        (refusal,) = refusals(feed)
        assert (refusal.row, reason in refusal.reason) == (2, True), refusal.reason


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("id,image," + ",".join(f"c{i}" for i in range(100_000)), "100002 columns. At most 2000"),
        ("id,image," + "h" * 1_000_000, "characters"),
        ("id,image,ID", "'id' and 'ID' have the same name"),
        ("id,image,id", "there are 2 columns 'id'"),
        ('id,image,"' + "h" * 5_000_000, "the header is malformed"),
    ],
)
def test_hostile_headers(tmp_path: Path, header: str, reason: str) -> None:
    with pytest.raises(FeedError) as caught:
        read_feed(write(tmp_path / "feed.csv", f"{header}\n1,a.jpg\n"))
    assert reason in str(caught.value)
    assert len(str(caught.value)) < 1000


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


@pytest.mark.parametrize(
    "text",
    [
        'id    ,title     ,image\n1     ,"Dress"   ,a.jpg\n2     ,""        ,b.jpg\n',
        'id , title , image\n1 , "Dress" , a.jpg \n2, "", "b.jpg"\n',
        'id;title;image\n1;"Dress"\t;"a.jpg" \n2;;b.jpg\n',
        'id\ttitle\timage\n1\t"Dress" \ta.jpg\n2\t\tb.jpg\n',
    ],
)
def test_blanks_around_quotes(tmp_path: Path, text: str) -> None:
    one, two = products(read_feed(write(tmp_path / "feed.csv", text)))
    assert (one.title, two.title) == ("Dress", "")
    assert [shot.source for shot in (*one.shots, *two.shots)] == ["a.jpg", "b.jpg"]


def test_backslashes_before_quotes(tmp_path: Path) -> None:
    (product,) = products(read_feed(write(tmp_path / "feed.csv", 'id,title,image\n1,"A \\"big\\", blue bag",a.jpg\n')))
    assert product.title == 'A "big", blue bag'


def test_quotes_in_tsv_are_letters(tmp_path: Path) -> None:
    rows = ['"Vintage" tee', '"Cool dress', "Coat", 'Belt 15"', '"Hat"', 'The "XL', "Bag"]
    text = "id\ttitle\timage\n" + "".join(f"{i}\t{title}\t{i}.jpg\n" for i, title in enumerate(rows))
    feed = read_feed(write(tmp_path / "feed.tsv", text))
    assert refusals(feed) == []
    titles = {product.id: product.title for product in products(feed)}
    assert titles == dict(
        zip("0123456", ['"Vintage" tee', '"Cool dress', "Coat", 'Belt 15"', "Hat", 'The "XL', "Bag"], strict=True)
    )


def test_tsv_with_lines_in_a_cell_as_spreadsheets_write_it(tmp_path: Path) -> None:
    feed = read_feed(write(tmp_path / "feed.tsv", 'id\ttitle\timage\n1\t"Two\nlines"\ta.jpg\n2\tOne\tb.jpg\n'))
    assert [product.title for product in products(feed)] == ["Two\nlines", "One"]


@pytest.mark.parametrize(
    ("above", "row"),
    [
        ("# Required | A unique id,# Required | Title,# Required | Picture\n", 3),
        ('"# Required | A unique id","# Title, short","# Picture"\n', 3),
        ("#exported 2026-01-01\n#by shop, inc.\n", 4),
        ("Products of my shop\n\n", 4),
        ("Template=x;Version=1,,\nItem number,Name of it,Where it is\n", 4),
    ],
)
def test_lines_above_the_header(tmp_path: Path, above: str, row: int) -> None:
    feed = read_feed(write(tmp_path / "feed.csv", above + "id,title,image_link\n1,A,a.jpg\n2,B,b.jpg\n"))
    assert [found.number for found in feed if isinstance(found, FeedRow)] == [row, row + 1]


def test_a_header_that_begins_with_a_hash(tmp_path: Path) -> None:
    assert len(products(read_feed(write(tmp_path / "feed.csv", "#id,title,image\n1,A,a.jpg\n")))) == 1


def test_pictures_of_columns_of_one_name(tmp_path: Path) -> None:
    text = "id,tag,image_link,additional_image_link,additional_image_link,tag\n"
    text += "1,x,a.jpg,b.jpg,c.jpg,y\n2,x,a.jpg,,d.jpg,\n"
    one, two = products(read_feed(write(tmp_path / "feed.csv", text)))
    assert [shot.source for shot in one.shots] == ["a.jpg", "b.jpg", "c.jpg"]
    assert [shot.source for shot in two.shots] == ["a.jpg", "d.jpg"]
    assert (one.attributes["tag"], two.attributes["tag"]) == ("x, y", "x")
    with pytest.raises(FeedError, match="there are 2 columns 'price'"):
        read_feed(write(tmp_path / "feed.csv", "id,image,price,price\n1,a.jpg,1,2\n"))


def test_separators_in_the_last_column_of_a_file_without_quotes(tmp_path: Path) -> None:
    text = "id,image,productDisplayName\n1,a.jpg,Puma Men, Black Tee\n2,b.jpg,Shirt\n"
    feed = read_feed(write(tmp_path / "feed.csv", text), columns={"title": "productDisplayName"})
    assert [product.title for product in products(feed)] == ["Puma Men, Black Tee", "Shirt"]
