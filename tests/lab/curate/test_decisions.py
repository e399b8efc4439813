"""Decisions: a file that people edit, and the page that writes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetshop.core.errors import CurateError
from streetshop.lab.curate.decisions import Decisions

HEAD = "# streetshop decisions: clusters of abc\n"


def test_what_is_decided_is_in_the_file_at_once_and_can_be_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "clusters.csv"
    decisions = Decisions.read(path, "clusters", "abc")
    decisions.decide("c-001", "drop")
    decisions.decide("c-002", "keep")
    decisions.decide("c-001", "keep")
    assert path.read_text() == HEAD + "id,verdict\nc-002,keep\nc-001,keep\n"
    assert decisions.undo() == "c-001"
    assert Decisions.read(path, "clusters", "abc").verdicts == {"c-002": "keep", "c-001": "drop"}
    assert [decisions.undo(), decisions.undo(), decisions.undo()] == ["c-002", "c-001", None]
    assert Decisions.read(path, "clusters", "abc").verdicts == {}


def test_a_file_written_by_hand_is_read_with_blanks_comments_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("\ufeff" + HEAD + "id,verdict\n\n# parcels\n c-003 , drop \nc-004,keep\nc-004,keep\n")
    assert Decisions.read(path, "clusters", "abc", {"c-003", "c-004"}).verdicts == {"c-003": "drop", "c-004": "keep"}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "does not begin like a decisions file"),
        ("c-001,drop\n", "Begin it with: # streetshop decisions: clusters of abc"),
        ("# streetshop decisions: clusters of other\n", "about clusters of other, not about clusters of abc"),
        ("# streetshop decisions: pictures of abc\n", "about pictures of abc, not about clusters of abc"),
        (HEAD + "c-001\n", "line 2: 'c-001' is no decision"),
        (HEAD + "id,verdict\nc-001,away\n", "line 3: verdict 'away'. Use keep or drop"),
        (HEAD + "c-001,keep,but why\n", "is no decision"),
        (HEAD + "c-999,keep\n", "there is no 'c-999' among the clusters"),
        (HEAD + "c-001,keep\nc-001,drop\n", "line 3: 'c-001' is decided twice"),
    ],
)
def test_a_bad_file_says_where_and_is_not_touched(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "d.csv"
    path.write_text(text)
    with pytest.raises(CurateError) as caught:
        Decisions.read(path, "clusters", "abc", {"c-001"})
    assert what in str(caught.value)
    assert path.read_text() == text


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CurateError, match="UTF-8"):
        Decisions.read(tmp_path / "d.csv", "clusters", "abc")


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1), st.sampled_from(["keep", "drop"])
    )
)
def test_whatever_the_ids_are_they_come_back(
    tmp_path_factory: pytest.TempPathFactory, verdicts: dict[str, str]
) -> None:
    verdicts = {id: v for id, v in verdicts.items() if not id.startswith("#") and id != "id"}
    path = tmp_path_factory.mktemp("d") / "d.csv"
    Decisions(path, "clusters", "abc", dict(verdicts)).write()
    assert Decisions.read(path, "clusters", "abc").verdicts == verdicts
