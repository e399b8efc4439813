"""How often a reader names single articles, with a reader that goes by flat colours."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from streetshop.lab.data.articles import Example, Pictures
from streetshop.lab.evaluate.articles import judge_names
from streetshop.looks.reader import OnnxReader
from tests.models.tiny_reader import COLOURS, tiny_reader

pytestmark = pytest.mark.lab


def test_names_are_right_found_or_left_out_and_senders_are_drawn_whole(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    examples = []

    def photo(name: str, shown: str, category: str, sender: str) -> None:
        image = Image.new("RGB", (200, 200), COLOURS["background"])
        image.paste(COLOURS[shown], (50, 50, 150, 150))
        image.save(tmp_path / "images" / f"{name}.jpg", quality=98)
        examples.append(Example("photo", name, category, sender))

    for number in range(6):
        photo(f"right-{number}", "top", "top", "careful")
    for number in range(3):
        photo(f"wrong-{number}", "trousers", "top", "careless")
    photo("empty", "background", "top", "careless")
    examples.append(Example("photo", "broken", "top", "careful"))
    (tmp_path / "images" / "broken.jpg").write_bytes(b"no picture")
    reader = OnnxReader(tiny_reader(tmp_path / "reader", keypoints=False), threads=1)
    named = judge_names(reader, Pictures(tmp_path, tmp_path, tmp_path), examples, workers=1)
    assert set(named) == {"photo"}, "no pictures of the other kinds"
    found = named["photo"]
    assert (found.pictures, found.found) == (10, 9), "one does not decode, one shows nothing"
    assert (found.right.mean, found.right.queries) == (pytest.approx(0.6), 10)
    assert (found.right.low, found.right.high) == (0, 1), "one of two senders is all right, the other all wrong"
