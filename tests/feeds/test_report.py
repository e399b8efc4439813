"""What was understood of a feed."""

from __future__ import annotations

from pathlib import Path

from streetshop.feeds.read import FeedRow, read_feed
from streetshop.feeds.refused import Refusal
from streetshop.feeds.report import ColumnUse, FeedReport, column_uses
from streetshop.feeds.states import LeftOut
from tests.feeds.reading import write


def test_uses_of_columns(tmp_path: Path) -> None:
    text = "sku,g:title,availability,image_link,additional_image_link,Colour\n1,T,in stock,a.jpg,,red\n"
    feed = read_feed(write(tmp_path / "feed.csv", text), columns={"id": "sku"})
    uses = column_uses(feed)
    assert {use.column for use in uses} == set(text.splitlines()[0].split(","))
    assert ColumnUse("sku", "id") in uses
    assert ColumnUse("g:title", "title") in uses
    assert ColumnUse("Colour", "attribute colour") in uses
    assert [use.column for use in uses if use.use == "picture"] == ["image_link", "additional_image_link"]


def test_a_folder_has_no_columns(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    assert column_uses(read_feed(tmp_path)) == []


def test_counts(tmp_path: Path) -> None:
    rows = "1,T,10,a.jpg|b.jpg\n2,,,a.jpg\n3,T,abc,a.jpg\n4,T,xyz,a.jpg\n5,T,1,\n"
    report = FeedReport()
    for row in read_feed(write(tmp_path / "feed.csv", "id,title,price,image\n" + rows)):
        if isinstance(row, FeedRow):
            report.see(row)
        else:
            report.refuse(row)
    assert (report.products, report.pictures) == (4, 5)
    assert dict(report.filled) == {"title": 3, "price": 1}
    (remark,) = report.remarks()
    assert (remark.count, remark.row, remark.remark.column, remark.remark.value) == (2, 4, "price", "abc")
    report.see(LeftOut(9, "x", "draft"))
    assert dict(report.left_out) == {"draft": 1}
    (cause,) = report.causes.commonest()
    assert (cause.count, cause.first.row) == (1, 6)
    report.refuse(Refusal(5, "", "", cause.first.reason))
    assert report.causes.commonest()[0].count == 2
