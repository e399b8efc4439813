"""``streetshop look`` from the outside."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.catalog.filled import square
from tests.cli.running import call, run


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``blue.png``, ``red.png``, ``more/red.png`` and ``bad.jpg``, which is no picture."""
    folder = tmp_path_factory.mktemp("photos")
    (folder / "more").mkdir()
    Image.fromarray(square("blue", "checks")).save(folder / "blue.png")
    for path in (folder / "red.png", folder / "more" / "red.png"):
        Image.fromarray(square("red", "stripes")).save(path)
    (folder / "bad.jpg").write_text("<html>404</html>")
    return folder


def test_look_writes_overlay_and_masks(photos: Path, tmp_path: Path) -> None:
    ran = run(
        "look", "blue.png", "red.png", "--out", tmp_path / "over", "--masks", tmp_path / "masks", "--json", cwd=photos
    )
    assert ran.code == 0, ran.err
    looks = [json.loads(line) for line in ran.out.splitlines()]
    assert [look["photo"]["path"] for look in looks] == ["blue.png", "red.png"]
    classes = json.loads((tmp_path / "masks" / "classes.json").read_text())
    assert classes[0] == "background"
    for name in ("blue", "red"):
        mask = Image.open(tmp_path / "masks" / f"{name}.png")
        assert mask.mode == "P"
        assert mask.size == (64, 64)
        assert np.asarray(mask).max() < len(classes)
        assert Image.open(tmp_path / "over" / f"{name}.look.png").size == (64, 64)


def test_look_beside_the_photo(tmp_path: Path) -> None:
    Image.fromarray(square("green")).save(tmp_path / "green.png")
    ran = run("look", tmp_path / "green.png")
    assert ran.code == 0
    assert (tmp_path / "green.look.png").is_file()
    assert "garment" in ran.out


def test_look_without_a_reader_takes_the_whole_photo(photos: Path, tmp_path: Path) -> None:
    ran = run("look", "blue.png", "--reader", "none", "--masks", tmp_path, "--json", cwd=photos)
    assert ran.code == 0, ran.err
    look = json.loads(ran.out)
    assert look["reader"] is None
    assert [garment["box"] for garment in look["garments"]] == [[0, 0, 64, 64]]
    assert json.loads((tmp_path / "classes.json").read_text()) == ["background", "garment"]
    assert (np.asarray(Image.open(tmp_path / "blue.png")) == 1).all()
    assert not (photos / "blue.look.png").exists()


def test_a_photo_never_overwrites_what_was_written_for_another(photos: Path, tmp_path: Path) -> None:
    ran = run("look", "red.png", "more/red.png", "--out", tmp_path, "--reader", "none", cwd=photos)
    assert ran.code == 2
    assert "red.png and more/red.png would both be written as red" in ran.err
    assert list(tmp_path.iterdir()) == []
    same = call("look", "red.png", "red.png", "--out", tmp_path, "--reader", "none", cwd=photos)
    assert same.code == 0, same.err


def test_a_bad_photo_among_others_is_refused_alone(photos: Path, tmp_path: Path) -> None:
    ran = call("look", "bad.jpg", "blue.png", "--out", tmp_path, "--reader", "none", cwd=photos)
    assert ran.code == 0, ran.err
    assert "refused: bad.jpg" in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["blue.look.png"]
    none = call("look", "bad.jpg", "more/none.jpg", "--out", tmp_path, cwd=photos)
    assert none.code == 2
    assert "no photo could be read" in none.err
