"""The report of refused rows."""

from __future__ import annotations

import csv
from pathlib import Path

from streetshop.feeds.refused import MAX_CELL, NO_PICTURE, Causes, Refusal, RefusedFile


def test_refused_file_cannot_inject_formulas(tmp_path: Path) -> None:
    with RefusedFile(tmp_path / "refused.csv") as file:
        file.refuse(Refusal(2, "=1", "+2", "@3"))
    with (tmp_path / "refused.csv").open(encoding="utf-8", newline="") as stream:
        header, row = csv.reader(stream)
    assert header == ["row", "id", "image", "reason"]
    assert row == ["2", "'=1", "'+2", "'@3"]


def test_long_cells_are_cut(tmp_path: Path) -> None:
    with RefusedFile(tmp_path / "refused.csv") as file:
        file.refuse(Refusal(2, "a", "x" * 250_000, "y" * MAX_CELL))
    with (tmp_path / "refused.csv").open(encoding="utf-8", newline="") as stream:
        _, row = csv.reader(stream)
    assert row[2] == "x" * MAX_CELL + "... (250000 characters)"
    assert row[3] == "y" * MAX_CELL


def test_reasons_are_counted_without_the_values_that_they_quote() -> None:
    causes = Causes()
    for number in range(3):
        causes.add(Refusal(number, "a", "", f"price 'abc{number}' is no price. Write it like 19.99."))
        causes.add(Refusal(number, "a", f"i/{number}.png", f"i/{number}.png: there is no such file. Check the path."))
        causes.add(Refusal(number, "a", "", NO_PICTURE))
    causes.add(Refusal(9, "a", "i/9.png", "i/9.png: there is no such file. Check the path."))
    causes.add(Refusal(9, "a", "", "the id occurred before, in row 7. Give every product its own."))
    found = causes.commonest()
    assert [(cause.count, cause.reason.partition(".")[0]) for cause in found] == [
        (4, "there is no such file"),
        (3, "price 'abc0' is no price"),
        (1, "the id occurred before, in row 7"),
    ]
    assert found[0].first.row == 0
    assert len(causes.commonest(2)) == 2


def test_reasons_of_strangers_take_bounded_memory() -> None:
    causes = Causes()
    for number in range(3000):
        letters = "".join(chr(97 + int(digit)) for digit in str(number))
        causes.add(Refusal(number, "", "", f"{letters} is wrong"))
    found = causes.commonest()
    assert len(found) <= 1001
    assert sum(cause.count for cause in found) == 3000
    assert found[0].reason == "further reasons"
