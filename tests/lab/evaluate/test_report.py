"""Reports: figures as text, tables, files and their errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.core.errors import MeasureError
from streetshop.lab.evaluate.intervals import Estimate
from streetshop.lab.evaluate.report import Dataset, Figure, Report, Section, fingerprint_files, section_of

NAN = float("nan")


def a_report() -> Report:
    section = section_of("Pairs", {"ours": {"R@1": Estimate(0.5, 0.25, 0.75, 8)}, "theirs": {}}, ["R@1"], about="How.")
    return Report(
        name="mine",
        version="2",
        kind="encoder",
        summary="An encoder.",
        facts={"network": "small"},
        data=(Dataset(name="squares", use="trained on", licence="CC0", fingerprint="abc"),),
        measured="On 8 photos.",
        sections=(section,),
    )


def test_figures_print_their_interval_and_digits() -> None:
    assert str(Figure.of(Estimate(0.5, 0.25, 0.75, 8))) == "0.500 [0.250, 0.750]"
    assert Figure.of(Estimate(0.5, 0.25, 0.75, 8)).count == 8
    assert str(Figure.of(52.4, digits=0)) == "52"
    assert str(Figure.of(NAN)) == ""
    assert [str(Figure(value=1, **side)) for side in ({"low": 0.5}, {"high": 2.0})] == ["1.000"] * 2, "half an interval"
    assert Figure.of(Estimate(NAN, NAN, NAN, 0)) == Figure(value=None, count=0)


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    report = a_report()
    report.write(tmp_path / "new" / "report.json")
    assert Report.read(tmp_path / "new" / "report.json") == report
    assert report.table() == "On 8 photos.\n\nPairs. How.\n\n" + report.sections[0].markdown()
    assert report.sections[0].markdown().splitlines() == [
        "| | ours | theirs |",
        "|---|---|---|",
        "| R@1 | 0.500 [0.250, 0.750] |  |",
    ]


def test_what_is_no_report_is_a_typed_error(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    with pytest.raises(MeasureError, match="cannot be read"):
        Report.read(path)
    path.write_text('{"name": "x", "version": "1", "kind": "encoder"}')
    with pytest.raises(MeasureError, match="summary: Field required"):
        Report.read(path)


def test_a_fingerprint_depends_on_names_and_sizes_alone(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        for name in ("1.jpg", "2.jpg"):
            (tmp_path / folder / name).write_bytes(b"x" * len(folder + name))
    one = [tmp_path / "a" / name for name in ("1.jpg", "2.jpg")]
    two = [tmp_path / "b" / name for name in ("2.jpg", "1.jpg")]
    assert fingerprint_files(one) == fingerprint_files(two)
    one[0].write_bytes(b"longer than before")
    assert fingerprint_files(one) != fingerprint_files(two)


def test_a_section_refuses_unknown_keys() -> None:
    with pytest.raises(ValueError, match="colour"):
        Section.model_validate({"title": "x", "columns": (), "rows": {}, "colour": 1})
