"""A shop's own kinds, from a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetshop.core.errors import FeedError
from streetshop.core.kinds import KINDS
from streetshop.feeds.mapping import read_mapping
from tests.feeds.reading import write

MAPPING = {"moda > verao": "top", "neu": "hat"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("kinds.toml", '"Moda >  Verão" = "Top"\nNeu = "hat"\n'),
        ("kinds.csv", "category,kind\nModa > Verão,top\n\nNeu,hat\n"),
        ("kinds.csv", "Moda>Verão;top\r\nNeu;HAT\r\n"),
        ("kinds.tsv", "\ufeffModa > Verão\ttop\nNeu\t hat\n"),
    ],
)
def test_forms(tmp_path: Path, name: str, content: str) -> None:
    assert read_mapping(write(tmp_path / name, content)) == MAPPING


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("k.csv", "Neu,gadget\n", "'gadget' is no kind"),
        ("k.toml", 'Neu = "gadget"\n', "'gadget' is no kind"),
        ("k.csv", "Neu,hat\nNEU,bag\n", "occurs twice"),
        ("k.toml", 'Neu = "hat"\nNeu = "bag"\n', "no TOML"),
        ("k.toml", "Neu = 3\n", "no text"),
        ("k.toml", 'Neu.Alt = "hat"\n', "no text"),
        ("k.toml", "{", "no TOML"),
        ("k.csv", "", "empty"),
        ("k.csv", "category,kind\n", "empty"),
        ("k.toml", "# nothing\n", "empty"),
        ("k.csv", ",hat\n", "category is empty"),
        ("k.csv", "Neu\n", "1 columns"),
        ("k.csv", "Neu,hat,bag\n", "3 columns"),
        ("k.csv", b"\xff\xfe\xff", "UTF-8"),
        ("k.csv", b"\x00" * 5_000_000, "4 MB"),
    ],
)
def test_bad_files_are_one_error(tmp_path: Path, name: str, content: str | bytes, what: str) -> None:
    path = write(tmp_path / name, content)
    with pytest.raises(FeedError, match=what) as info:
        read_mapping(path)
    assert str(path) in str(info.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path, what in ((tmp_path / "absent.csv", "no such file"), (tmp_path, "cannot be read")):
        with pytest.raises(FeedError, match=what) as info:
            read_mapping(path)
        assert "Errno" not in str(info.value)


@given(st.text(max_size=60), st.sampled_from(["toml", "csv"]))
def test_any_content_is_a_mapping_or_one_error(
    tmp_path_factory: pytest.TempPathFactory, text: str, suffix: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any.{suffix}"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        mapping = read_mapping(path)
    except FeedError:
        return
    assert mapping
    assert set(mapping.values()) <= set(KINDS)
