"""JSON feeds: lines and arrays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetshop.core.errors import FeedError
from streetshop.core.records import Product, Shot
from streetshop.feeds.read import read_feed
from tests.feeds.reading import products, refusals, write

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
    with pytest.raises(FeedError, match=r"broken after 300 elements \(there is text after its end"):
        list(read_feed(write(path, whole + "]")))


def test_hostile_json_values(tmp_path: Path) -> None:
    rows = [
        '{"id": "1", "image": "a.jpg", "title": "\\ud800 \\u0000 end"}',
        '{"id": "2", "image": "a.jpg", "price": NaN}',
        '{"id": "3", "image": "a.jpg", "price": 1' + "0" * 400 + "}",
        '{"id": "4", "image": {"bytes": "x"}}',
        '{"id": "5", "image": "a.jpg", "x": ' + "[" * 100_000 + "}",
        '{"id": "6", "image": "a.jpg", "n": 1' + "0" * 400 + "}",
        '{"id": "5b", "image": "a.jpg", "x": ' + "[" * 600 + "]" * 600 + "}",
        '{"id": "7", "image": "a.jpg", "price": true}',
    ]
    feed = read_feed(write(tmp_path / "feed.jsonl", "\n".join(rows)))
    found = {product.id: product for product in products(feed)}
    assert set(found) == {"1", "2", "3", "6", "7"}
    assert [(found[i].price, len(found[i].remarks)) for i in ("3", "7")] == [(None, 1), (None, 1)]
    assert found["1"].title.split() == ["end"]
    assert found["2"].price is None
    assert found["6"].attributes["n"] == "1" + "0" * 400
    assert [r.row for r in refusals(feed)] == [4, 5, 7]


def test_a_file_without_an_object_in_its_first_lines_is_no_json_lines(tmp_path: Path) -> None:
    good = '{"id": 1, "image": "a.jpg"}'
    for text in ("id,image\n1,a.jpg\n", "nonsense\n" * 100 + good):
        with pytest.raises(FeedError, match="line 1 is not a JSON object"):
            read_feed(write(tmp_path / "feed.jsonl", text))
    feed = read_feed(write(tmp_path / "feed.jsonl", "nonsense\n" * 99 + good))
    assert [row.row for row in refusals(feed)] == [*range(1, 100)]
    assert len(products(feed)) == 1


GOOD = '{"id": "good", "image": "a.jpg"}'


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("[" * 450 + "]" * 450, "more than 64 values inside each other"),
        ('{"a":' * 450 + "1" + "}" * 450, "more than 64 values inside each other"),
        ("[" * 100_000 + "]" * 100_000, "more than 64 values inside each other"),
        ("9" * 10_000, "a number of 10000 digits"),
        ("-" + "9" * 200_000, "digits"),
        ("1e400", "the number 1e400 is out of range"),
        ("-1e99999999999999999999", "out of range"),
        ("Infinity", "Infinity is no number"),
        ('{"b": 1, "b": 2}', "the name 'b' occurs twice"),
        ('"' + "y" * 100_000 + '"', "v has more than 65536 characters"),
        ('["' + "y" * 100_000 + '"]', "v has more than 65536 characters"),
        ('"' + "y" * 5_000_000 + '"', "more than 4194304 characters"),
        ('"' + "\\" * 5_000_000 + '"', "more than 4194304 characters"),
        ("[" + "1," * 3_000_000 + "1]", "more than 4194304 characters"),
        ("nonsense", "no JSON"),
        ("", "no JSON"),
        ('1, "id": "other"', "the name 'id' occurs twice"),
        ("1, " + ", ".join(f'"c{i}": 1' for i in range(3000)), "3003 columns. At most 2000"),
        ('1, "' + "n" * 300 + '": 1', "a column's name has more than 256 characters"),
    ],
)
@pytest.mark.parametrize("before", [[], [GOOD]])
def test_one_bad_row_never_ends_the_feed(tmp_path: Path, value: str, reason: str, before: list[str]) -> None:
    rows = [*before, f'{{"id": "bad", "image": "a.jpg", "v": {value}}}', GOOD.replace("good", "last")]
    for name, text in (("feed.jsonl", "\n".join(rows)), ("feed.json", f"[{', '.join(rows)}]")):
        feed = read_feed(write(tmp_path / name, text))
        assert [p.id for p in products(feed)] == [*(["good"] * len(before)), "last"]
        (refusal,) = refusals(feed)
        assert refusal.row == len(before) + 1
        assert reason in refusal.reason
        assert len(refusal.reason) < 300


def test_an_array_that_is_cut_off_breaks_there(tmp_path: Path) -> None:
    for text, count, what in (
        (f"[{GOOD}, {GOOD[:-1]}", 1, "the file ends before it"),
        (f"[{GOOD}, {'[' * 1_000_000}", 1, "the file ends before it"),
        (f'[{GOOD}, "{GOOD}', 1, "the file ends before it"),
        (f"[{GOOD}] {GOOD}", 1, "there is text after its end"),
        (f"[{GOOD}]{' ' * 100_000}x", 1, "there is text after its end"),
    ):
        with pytest.raises(FeedError, match=rf"broken after {count} elements \({what}\)") as caught:
            read_feed(write(tmp_path / "feed.json", text))
        assert str(tmp_path / "feed.json") in str(caught.value)


def test_elements_are_found_wherever_the_text_is_read_in_pieces(tmp_path: Path) -> None:
    """The file is read in pieces of 65536 characters: quotes, escapes and brackets at every place around the cut."""
    row = json.dumps({"id": "x", "image": "a.jpg", "note": '\\"]},{"[', "more": [["\\", '"'], {"[": "]"}]})
    for place in range(len(row) + 1):
        text = "[" + " " * (65536 - 1 - place) + row + ", " + GOOD + "]"
        assert [p.id for p in products(read_feed(write(tmp_path / "feed.json", text)))] == ["x", "good"]


def test_elements_without_a_comma_or_with_one_too_many(tmp_path: Path) -> None:
    feed = read_feed(write(tmp_path / "feed.json", f"[{GOOD} {GOOD}, {GOOD}, ]"))
    assert [p.id for p in products(feed)] == ["good"]
    assert [r.row for r in refusals(feed)] == [1, 3]


def test_elements_that_are_no_objects_are_refused_by_number(tmp_path: Path) -> None:
    feed = read_feed(write(tmp_path / "feed.json", '[{"id": 1, "image": "a.jpg"}, 5, [1], null, "x", {}]'))
    assert [p.id for p in products(feed)] == ["1"]
    assert [(r.row, r.reason.split(" instead")[0]) for r in refusals(feed)] == [
        (2, "a int"),
        (3, "a list"),
        (4, "a NoneType"),
        (5, "a str"),
        (6, "a product id is empty. Give every product an id."),
    ]


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(exclude_categories=("Cs",))),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text(st.characters(exclude_categories=("Cs",)), max_size=3), inner, max_size=3)
        ),
        max_leaves=6,
    )
)
def test_an_array_and_lines_give_the_same_values(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    folder = tmp_path_factory.mktemp("same", numbered=True)
    row = json.dumps({"id": 1, "image": "a.jpg", "value": value})
    lines = products(read_feed(write(folder / "f.jsonl", row)))
    assert products(read_feed(write(folder / "f.json", f"[{row}]"))) == lines
