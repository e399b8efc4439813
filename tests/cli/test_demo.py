"""``streetshop demo``: with drawn pictures, and with a folder of one's own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

from tests.catalog.filled import COLOURS, square
from tests.cli.running import run


@pytest.mark.slow
def test_a_drawn_shop(tmp_path: Path) -> None:
    ran = run("demo", "--out", tmp_path / "out", "--products", 20, "--photos", 2, timeout=280)
    assert ran.code == 0, ran.err
    found = re.search(
        r"Of (\d+) garments, the very product came first for (\d+) and within the first ten for (\d+)", ran.out
    )
    assert found
    assert int(found[1]) > 0
    assert int(found[3]) >= int(found[1]) / 2
    page = (tmp_path / "out" / "results.html").read_text(encoding="utf-8")
    assert page.count('<figure><div class="photo">') == 2
    assert found[0] in page


def test_a_folder_of_pictures(tmp_path: Path) -> None:
    for colour in COLOURS:
        (tmp_path / "mine").mkdir(exist_ok=True)
        Image.fromarray(square(colour, "stripes", side=160)).save(tmp_path / "mine" / f"{colour}.png")
    ran = run("demo", tmp_path / "mine", "--out", tmp_path / "out", "--photos", 2, timeout=200)
    assert ran.code == 0, ran.err
    assert "indexed 6 products" in ran.err
    assert (tmp_path / "out" / "results.html").read_text(encoding="utf-8").count("<section>") == 2
    nothing = run("demo", tmp_path / "none", "--out", tmp_path / "out")
    assert nothing.code == 2
    assert "no folder with pictures" in nothing.err
