"""``streetshop tag`` from the outside."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.running import call, run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a red and a green article on white, ``red.png`` and ``green.png``."""
    folder = tmp_path_factory.mktemp("pictures")
    for name, rgb in (("red", (190, 20, 30)), ("green", (30, 120, 50))):
        pixels = np.full((160, 120, 3), 250, np.uint8)
        pixels[30:140, 25:95] = rgb
        Image.fromarray(pixels).save(folder / f"{name}.png")
    return folder


def test_kind_colours_and_attributes_of_pictures(folder: Path) -> None:
    ran = run("tag", folder, "--json")
    assert ran.code == 0, ran.err
    tags = {Path(line["picture"]).stem: line for line in map(json.loads, ran.out.splitlines())}
    assert set(tags) == {"red", "green"}
    for name, found in tags.items():
        assert next(iter(found["colours"])) == name
        assert found["colours"][name] > 0.8
        assert all(0.5 <= each["probability"] <= 1 for each in found["attributes"].values())
        assert found["attributes"].get("colour", {"value": name})["value"] == name
        assert (found["kind"] is None) == (found["kind_probability"] is None)


def test_a_line_for_people_and_pictures_that_cannot_be_read(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_text("<html>404</html>")
    ran = call("tag", folder / "red.png", tmp_path / "bad.jpg")
    assert ran.code == 0
    assert "red.png: " in ran.out
    assert "red 9" in ran.out or "red 100%" in ran.out
    assert "refused: " in ran.err
    assert "bad.jpg" in ran.err
    assert call("tag", tmp_path / "bad.jpg").code == 2
    (tmp_path / "bad.jpg").unlink()
    empty = call("tag", tmp_path)
    assert empty.code == 2
    assert "no pictures there" in empty.err


def test_without_a_reader_no_colours_are_counted(folder: Path) -> None:
    (line,) = call("tag", folder / "red.png", "--json", "--reader", "none").out.splitlines()
    assert json.loads(line)["colours"] == {}
