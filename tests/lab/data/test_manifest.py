"""Tests of ``lab.data.manifest``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetshop.core.errors import ManifestError
from streetshop.lab.data.manifest import SCHEMA, Manifest, picture_digest
from streetshop.lab.data.sample import DOMAINS, ROLES, SPLITS, VIEWS, Sample

ROWS = [
    Sample(
        "a/1.jpg", "street", "p1", "dress", "train", "", (1, 2, 3.5, 4), "front", {"colour": "red"}, "g1", "m/1.png"
    ),
    Sample("a/2.jpg", "shop", "p1", "dress", "train", "", None, "", {}, "g2"),
    Sample("b/3.jpg", "shop", "", "", "", "query", None, "flat", {"n": 3, "tags": ["x", "ü"]}, ""),
]


def test_round_trip(tmp_path: Path) -> None:
    manifest = Manifest.from_rows(ROWS, tmp_path, name="test", licence="CC0")
    manifest.write(tmp_path / "out" / "m.parquet")
    again = Manifest.read(tmp_path / "out" / "m.parquet")
    assert list(again) == ROWS
    assert (again.name, again.licence, again.root) == ("test", "CC0", tmp_path.resolve())
    assert again.fingerprint == manifest.fingerprint
    assert again.row(1) == ROWS[1]
    assert not list(tmp_path.glob("out/*.part"))
    assert pq.read_schema(tmp_path / "out" / "m.parquet").metadata[b"licence"] == b"CC0"


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
numbers = st.floats(-1e4, 1e4, width=16)
rows = st.builds(
    Sample,
    image=st.from_regex(r"[a-z]{1,4}/[a-z0-9_]{1,6}\.jpg", fullmatch=True),
    domain=st.sampled_from(DOMAINS),
    product_id=texts,
    category=texts,
    split=st.sampled_from(SPLITS),
    role=st.sampled_from(ROLES),
    box=st.none()
    | st.tuples(numbers, numbers, st.floats(1, 64, width=16), st.floats(1, 64, width=16)).map(
        lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
    ),
    view=st.sampled_from(VIEWS),
    attributes=st.dictionaries(
        texts, texts | st.integers(-9, 9) | st.booleans() | st.lists(texts, max_size=2), max_size=3
    ),
    group=texts,
    mask=st.none() | texts,
)


@given(st.lists(rows, max_size=6))
def test_any_rows_survive(tmp_path_factory: pytest.TempPathFactory, some: list[Sample]) -> None:
    path = tmp_path_factory.mktemp("m") / "m.parquet"
    Manifest.from_rows(some, ".").write(path)
    again = list(Manifest.read(path))
    for got, given_row in zip(again, some, strict=True):
        assert replace(got, box=None) == replace(given_row, box=None)
        assert got.box == (None if given_row.box is None else pytest.approx(given_row.box, rel=1e-5, abs=1e-2))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"domain": "web"}, "domain 'web' is unknown"),
        ({"split": "dev"}, "split 'dev' is unknown"),
        ({"role": "probe"}, "role 'probe'"),
        ({"view": "up"}, "view 'up'"),
        ({"box": (3, 3, 3, 9)}, "empty"),
        ({"box": (0, 0, float("nan"), 9)}, "not finite"),
        ({"image": "/etc/passwd"}, "below the root"),
        ({"image": "a/../../x.jpg"}, "below the root"),
        ({"image": "C:\\x.jpg"}, "below the root"),
        ({"image": ""}, "below the root"),
        ({"attributes": {"x": float("inf")}}, "no JSON"),
        ({"attributes": {"x": object()}}, "no JSON"),
    ],
)
def test_bad_rows_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        Manifest.from_rows([replace(ROWS[0], **change)], ".")


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("domain", ["street", "shop", "web"], r"row 2 \(b/3\.jpg\): domain is unknown"),
        ("split", ["train", None, ""], r"row 1 \(a/2\.jpg\): split is null"),
        ("image", ["a/1.jpg", "../x.jpg", "b/3.jpg"], r"row 1 .*below the root"),
        ("attributes", ["{}", "{}", "[1]"], r"row 2 .*no JSON object"),
        ("attributes", ["{}", "{", "{}"], r"row 1 .*no JSON object"),
        ("box", [None, [5.0, 5.0, 5.0, 9.0], None], r"row 1: box .*empty"),
    ],
)
def test_a_file_edited_by_hand_is_refused_with_its_row(
    tmp_path: Path, column: str, value: list[Any], message: str
) -> None:
    path = tmp_path / "m.parquet"
    Manifest.from_rows(ROWS, tmp_path).write(path)
    table = pq.read_table(path)
    index = SCHEMA.get_field_index(column)
    field = pa.field(column, SCHEMA.field(index).type)
    pq.write_table(table.set_column(index, field, pa.array(value, field.type)), path)
    with pytest.raises(ManifestError, match=message):
        Manifest.read(path)


def test_what_is_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="no such file"):
        Manifest.read(tmp_path / "none.parquet")
    (tmp_path / "text.parquet").write_text("hello")
    with pytest.raises(ManifestError, match="no Parquet file"):
        Manifest.read(tmp_path / "text.parquet")
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    with pytest.raises(ManifestError, match="no manifest of this version"):
        Manifest.read(tmp_path / "other.parquet")
    metadata = {"streetshop.manifest": "1"}
    pq.write_table(pa.table({"a": [1]}).replace_schema_metadata(metadata), tmp_path / "columns.parquet")
    with pytest.raises(ManifestError, match="has the columns a"):
        Manifest.read(tmp_path / "columns.parquet")


def test_the_fingerprint_follows_the_rows_and_nothing_else(tmp_path: Path) -> None:
    manifest = Manifest.from_rows(ROWS, tmp_path)
    assert Manifest.from_rows(ROWS[::-1], tmp_path / "elsewhere", name="other").fingerprint == manifest.fingerprint
    for change in ({"split": "test"}, {"box": (1, 2, 3.5, 5)}, {"mask": None}, {"attributes": {"colour": "blue"}}):
        assert Manifest.from_rows([replace(ROWS[0], **change), *ROWS[1:]], ".").fingerprint != manifest.fingerprint
    assert manifest.take([0, 1]).fingerprint != manifest.fingerprint


def test_selecting(tmp_path: Path) -> None:
    manifest = Manifest.from_rows(ROWS, tmp_path)
    assert [r.image for r in manifest.where(lambda r: r.domain == "shop")] == ["a/2.jpg", "b/3.jpg"]
    assert list(manifest.column("category")) == ["dress", "dress", ""]
    assert list(manifest.attribute("colour")) == ["red", "", ""]
    assert list(manifest.attribute("n")) == ["", "", "3"]
    assert manifest.counts()["by_domain"] == {"shop": 2, "street": 1}
    assert (manifest.counts()["products"], manifest.counts()["categories"], manifest.counts()["pictures"]) == (1, 1, 3)
    with pytest.raises(ManifestError, match="no text column 'box'"):
        manifest.column("box")
    with pytest.raises(ManifestError, match="splits"):
        manifest.with_split(["dev"] * 3)


def test_picture_digest_follows_the_bytes(tmp_path: Path) -> None:
    for row in ROWS:
        (tmp_path / row.image).parent.mkdir(exist_ok=True)
        (tmp_path / row.image).write_bytes(row.image.encode())
    manifest = Manifest.from_rows(ROWS, tmp_path)
    before = picture_digest(manifest)
    assert picture_digest(manifest) == before
    (tmp_path / "a/2.jpg").write_bytes(b"other")
    assert picture_digest(manifest) != before
    (tmp_path / "a/2.jpg").unlink()
    with pytest.raises(ManifestError, match=r"a/2\.jpg"):
        picture_digest(manifest)
