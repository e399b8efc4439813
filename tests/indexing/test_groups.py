"""A feed is indexed with an encoder for each group of kinds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from streetshop.core.photo import Photo
from streetshop.looks import garment_picture, whole_photo
from streetshop.models import load_encoder
from tests.catalog.filled import square
from tests.indexing.shops import Shop, counts
from tests.models.tiny import tiny_groups


def write(shop: Shop, *rows: tuple[str, str]) -> None:
    lines = [f"{name},{kind},{name}.png" for name, kind in rows]
    shop.feed.write_text("\n".join(["id,kind,image", *lines]) + "\n")


def test_products_are_encoded_by_their_kind_and_again_when_its_group_changes(tmp_path: Path) -> None:
    folder = tiny_groups(tmp_path / "groups")
    encoder = load_encoder(folder, threads=1)
    shop = Shop(tmp_path, encoder)
    for name, colour in (("a", "red"), ("b", "blue")):
        Image.fromarray(square(colour)).save(tmp_path / f"{name}.png")

    def vector(name: str, group: str) -> np.ndarray:
        photo = Photo.from_path(tmp_path / f"{name}.png")
        single = load_encoder(folder / group, threads=1)
        return single.encode([single.prepare(garment_picture(photo, whole_photo(photo), single.spec))])[0]

    write(shop, ("a", "top"), ("b", "skirt"))
    assert counts(shop.index()) == (2, 0, 0, 0, 2)
    np.testing.assert_allclose(shop.open().vectors("a")[0], vector("a", "upper"), atol=1e-3)
    np.testing.assert_allclose(shop.open().vectors("b")[0], vector("b", "lower"), atol=1e-3)
    write(shop, ("a", "dress"), ("b", "dress"))
    report = shop.index()
    assert report.ingest.updated == 2
    assert report.ingest.embedded == 1, "a dress and a top have one encoder, a skirt another"
    np.testing.assert_allclose(shop.open().vectors("b")[0], vector("b", "upper"), atol=1e-3)
    assert counts(shop.index()) == (0, 0, 2, 0, 0)
