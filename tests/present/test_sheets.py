"""Result sheets: everything in one file, nothing fetched, nothing run, texts escaped."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streetshop.core.geometry import Box
from streetshop.core.photo import Photo, encode_jpeg
from streetshop.core.records import Garment, Look, Match, Product
from streetshop.present.sheets import SheetGarment, SheetRow, write_sheet


def test_a_sheet_holds_everything_and_runs_nothing(tmp_path: Path) -> None:
    picture = encode_jpeg(Image.fromarray(np.zeros((8, 8, 3), np.uint8)))
    evil = "<script>alert(1)</script>"
    products = (
        Product("1", title=evil, price=12.5, currency="EUR", url="javascript:alert(2)", category="dress"),
        Product("2", title="Linen dress", url="https://shop.example/2"),
    )
    matches = tuple((Match(product, 0.5, 0), data) for product, data in zip(products, (picture, None), strict=True))
    garment = SheetGarment(Garment("dress", 1.0, Box(10, 20, 60, 120), (30, 60)), picture, matches, right="2")
    path = tmp_path / "made" / "sheet.html"
    write_sheet(path, [SheetRow(evil, picture, 100, 200, (garment,))], title=evil, reader=False)
    page = path.read_text(encoding="utf-8")
    assert "<script" not in page
    assert "javascript:" not in page
    assert page.count("&lt;script&gt;") == 4, "title twice, photo's name, product's title"
    assert '<a href="https://shop.example/2" rel="noreferrer noopener">Linen dress</a>' in page
    assert "left:10.00%;top:10.00%;width:calc(50.00% - 4px);height:calc(50.00% - 4px)" in page
    assert "12.50 EUR" in page
    assert page.count("card right") == 1
    assert page.count("no picture kept") == 1
    assert "Searched without a reader" in page
    assert not re.search(r'src="(?!data:)', page)


@pytest.mark.parametrize("corners", [(0, 0, 0.3, 80), (3.2, 3.2, 3.21, 3.21), (63.9, 79.9, 64, 80)])
def test_a_box_of_less_than_a_pixel_has_a_crop(corners: tuple[float, float, float, float]) -> None:
    photo = Photo.from_array(np.zeros((80, 64, 3), np.uint8))
    box = Box(*corners)
    row = SheetRow.from_look("thin", photo, Look(64, 80, (Garment("garment", 1.0, box, box.center),)))
    assert Image.open(io.BytesIO(row.garments[0].crop)).size >= (1, 1)
