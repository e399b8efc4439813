"""``lab data detect``: rows get the boxes that serving would cut out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streetshop.core.errors import DatasetError, UsageError
from streetshop.core.geometry import Box
from streetshop.core.photo import Photo
from streetshop.indexing.kinds import product_garment
from streetshop.lab.data import detect
from streetshop.lab.data.detect import detect_manifest, reader_mark
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample
from streetshop.looks import Reader, load_reader, read_look
from tests.cli.test_lab_data import app
from tests.models.tiny_detector import tiny_detector
from tests.models.tiny_reader import PARTS, person, tiny_reader

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_reader(tmp_path_factory.mktemp("reader"))


@pytest.fixture(scope="module")
def reader(bundle: Path) -> Reader:
    return load_reader(bundle, threads=1)


def people(root: Path, count: int = 2, *categories: str) -> Manifest:
    root.mkdir(exist_ok=True)
    rows = []
    for number in range(count):
        person().save(root / f"{number}.png")
        rows += [
            Sample(f"{number}.png", "shop", product_id=f"{number}", category=name, attributes={"brand": "b"}, mask=None)
            for name in categories or ("blouse", "jeans", "ankle boots")
        ]
    return Manifest.from_rows(rows, root, name="people")


def test_rows_get_what_serving_takes(tmp_path: Path, reader: Reader) -> None:
    given = people(tmp_path / "data")
    reading = detect_manifest(given, reader, tmp_path / "parts", mark="r", workers=2)
    rows = list(reading.manifest)
    assert [(r.image, r.category, r.product_id) for r in rows] == [(r.image, r.category, r.product_id) for r in given]
    look = read_look(Photo.from_path(tmp_path / "data" / "0.png", at_least=reader.photo_side), reader)
    for row, kind in zip(rows[:3], ("top", "trousers", "footwear"), strict=True):
        served = product_garment(look, row.category, kind)
        assert row.box == pytest.approx(served.box.corners)
        assert Box(*row.box).iou(Box(*map(float, PARTS[kind]))) > 0.7  # type: ignore[misc]
        assert row.attributes == {"brand": "b", "detected": {"category": kind, "score": served.score}}
        mask = row.load_mask(400, 600)
        assert mask is not None
        assert mask.sum() == pytest.approx(Box(*row.box).area, rel=0.2)  # type: ignore[misc]


def test_where_no_reader_finds_anything_the_picture_is_taken_whole(tmp_path: Path) -> None:
    nothing = tiny_detector(tmp_path / "d", outputs={"boxes": [[0, 0, 9, 9]], "scores": [0.1], "labels": [0]})
    from PIL import Image

    (tmp_path / "data").mkdir()
    noise = Image.effect_noise((200, 300), 90).convert("RGB")
    noise.save(tmp_path / "data" / "a.png")
    row = Sample("a.png", "street", category="blouse", box=(1, 2, 30, 40))
    manifest = Manifest.from_rows([row], tmp_path / "data")
    (found,) = detect_manifest(manifest, load_reader(nothing, threads=1), tmp_path / "p", mark="r").manifest
    assert (found.box, found.mask, found.attributes) == (None, None, {"detected": None})


def test_an_interrupted_call_resumes(tmp_path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    given = people(tmp_path / "data", 4, "blouse")
    monkeypatch.setattr(detect, "PART", 2)
    wanted = detect_manifest(given, reader, tmp_path / "undisturbed", mark="r", workers=1).manifest

    def stop(done: int, _: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        detect_manifest(given, reader, tmp_path / "parts", mark="r", workers=1, progress=stop)
    for name in ("0.png", "1.png"):
        (tmp_path / "data" / name).unlink()  # they are not read again
    reading = detect_manifest(given, reader, tmp_path / "parts", mark="r", workers=1)
    assert reading.manifest.fingerprint == wanted.fingerprint
    with pytest.raises(KeyboardInterrupt):
        detect_manifest(people(tmp_path / "data", 4, "blouse"), reader, tmp_path / "p", mark="r", progress=stop)
    with pytest.raises(UsageError, match="another reader"):
        detect_manifest(given, reader, tmp_path / "p", mark="other")


def test_pictures_that_cannot_be_decoded_are_refused(tmp_path: Path, reader: Reader) -> None:
    given = people(tmp_path / "data", 2, "blouse", "jeans")
    (tmp_path / "data" / "0.png").write_bytes(b"nothing")
    reading = detect_manifest(given, reader, tmp_path / "p", mark="r")
    assert [row.image for row in reading.manifest] == ["1.png"] * 2
    assert [refusal.where for refusal in reading.refused] == ["0.png"] * 2
    (tmp_path / "data" / "1.png").unlink()
    with pytest.raises(DatasetError, match="no picture can be decoded"):
        detect_manifest(given, reader, tmp_path / "q", mark="r")


def test_the_command(tmp_path: Path, bundle: Path) -> None:
    people(tmp_path / "data", 1).write(tmp_path / "m.parquet")
    out = tmp_path / "out.parquet"
    arguments = ["detect", str(tmp_path / "m.parquet"), "--reader", str(bundle)]
    result = CliRunner().invoke(app, [*arguments, "--out", str(out), "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["rows"] == 3
    assert [row.attributes["detected"]["category"] for row in Manifest.read(out)] == ["top", "trousers", "footwear"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "m.parquet", "out.parquet"], "parts are gone"
    for wrong, message in (
        (arguments, "detect writes a manifest"),
        (["detect", str(tmp_path / "m.parquet"), "--reader", "none", "--out", str(out)], "finds no boxes"),
        (["lookbook", str(tmp_path), "--reader", str(bundle)], "belong to detect"),
    ):
        with pytest.raises(UsageError, match=message):
            CliRunner().invoke(app, wrong, catch_exceptions=False)


def test_a_bundle_is_known_by_its_content(tmp_path: Path, bundle: Path) -> None:
    assert len(reader_mark(bundle)) == 16
    assert reader_mark(bundle) != reader_mark(tiny_detector(tmp_path / "d"))
