"""When a sale is on."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetshop.core.errors import RowRefused
from streetshop.feeds.sales import on_sale

NOW = datetime.datetime(2026, 6, 15, 12, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("interval", "start", "end", "on"),
    [
        ("", "", "", True),
        ("2026-06-01/2026-06-15", "", "", True),  # a day lasts to its end
        ("2026-06-01T00:00+0100/2026-06-15T11:59Z", "", "", False),
        ("2026-06-15T13:00+02:00/2026-07-01", "", "", True),
        ("2026-06-15T12:00-07:00/2026-07-01", "", "", False),
        ("2026-06-01/", "", "", True),
        ("/2026-06-01", "", "", False),
        (None, "2020-01-01", "2020-02-01", False),
        (None, "2099-01-01", "2099-02-01", False),
        (None, "2026-06-15 00:00:00", "2026-06-16 00:00:00", True),
        (None, "2026-06-16T00:00:00+14:00", "", True),
        (None, "1.6.2026", "30.6.2026", True),
        (None, "4/1/17", "4/30/17, 11:59 PM", False),
        (None, "3/4/2026", "", True),  # in March or April
        (None, "", "12/31/2099", True),
        (None, "1767225600", "", True),
        (None, 1767225600.0, "", True),
        (None, "0000-00-00 00:00:00", "null", True),
        (None, "", "9999-12-31", True),
        (None, datetime.date(2026, 6, 15), datetime.date(2026, 6, 15), True),
        ("", "2026-06-15", "2026-06-14", False),
    ],
)
def test_dates(interval: object, start: object, end: object, on: bool) -> None:
    assert on_sale(interval, start, end, NOW) is on


@pytest.mark.parametrize(
    ("interval", "start", "reason"),
    [
        ("soon", "", "no interval"),
        ("a/b/c", "", "no interval"),
        ("a/b", "", "no date"),
        ("", "6/10/2026", "it may be two dates"),
        ("", "31.2.2026", "no date"),
        ("", "2026-13-01", "no date"),
    ],
)
def test_what_is_not_understood_is_refused(interval: str, start: str, reason: str) -> None:
    with pytest.raises(RowRefused, match=reason):
        on_sale(interval, start, "", NOW)


@given(st.datetimes(datetime.datetime(2000, 1, 1), datetime.datetime(2090, 1, 1)), st.integers(-14, 14))
def test_iso_dates_of_any_zone(moment: datetime.datetime, hours: int) -> None:
    zoned = moment.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=hours)), microsecond=0)
    assert on_sale(f"{zoned.isoformat()}/", "", "", NOW) is (zoned <= NOW)
    assert on_sale("", "", zoned.isoformat(), NOW) is (zoned >= NOW)


@given(*[st.text(max_size=25) | st.dates().map(str) | st.floats() | st.none()] * 3)
def test_any_values_are_read_or_refused(interval: object, start: object, end: object) -> None:
    try:
        assert on_sale(interval, start, end, NOW) in (True, False)
    except RowRefused as error:
        assert len(str(error).splitlines()) == 1
