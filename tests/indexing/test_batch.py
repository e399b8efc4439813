"""Batches: pictures that are shared, bad, or of another garment."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from streetshop.catalog.open import open_catalog
from streetshop.core.geometry import Box
from streetshop.core.photo import Photo
from streetshop.core.records import Garment, Look
from streetshop.looks import PHOTO_SIDE
from tests.catalog.shop import draw_picture, write_feed, write_shop
from tests.indexing.shops import Shop, counts


def test_a_picture_that_variants_share_is_embedded_once(shop: Shop) -> None:
    draw_picture(shop.folder / "a.png", 1)
    write_feed(shop.feed, [{"id": i, "image": "a.png", "size": i} for i in range(20)])
    assert counts(shop.index()) == (20, 0, 0, 0, 1)


def test_variants_in_later_batches_share_the_picture_too(shop: Shop) -> None:
    draw_picture(shop.folder / "a.png", 1)
    write_feed(shop.feed, [{"id": i, "image": "a.png", "size": i} for i in range(100)])
    assert counts(shop.index(threads=1)) == (100, 0, 0, 0, 1)


def test_the_same_vectors_whatever_is_in_the_batch(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> None:
    write_shop(shop.folder, 40)
    shop.index()
    alone = Shop(tmp_path_factory.mktemp("alone"), shop.encoder)
    draw_picture(alone.folder / "images" / "7.png", 7)
    write_feed(alone.feed, [{"id": "p7", "image": "images/7.png"}])
    alone.index(threads=1)
    np.testing.assert_allclose(alone.open().vectors("p7"), shop.open().vectors("p7"), atol=1e-6)


def test_bad_pictures_are_listed_and_the_rest_goes_on(shop: Shop) -> None:
    good = draw_picture(shop.folder / "good.jpg", 1).read_bytes()
    (shop.folder / "truncated.jpg").write_bytes(good[: len(good) // 2])
    (shop.folder / "empty.jpg").touch()
    (shop.folder / "page.jpg").write_text("<html>not found</html>")
    draw_picture(shop.folder / "mislabelled.jpg", 2, format="PNG")
    Image.new("1", (30_000, 30_000)).save(shop.folder / "bomb.png")
    os.mkfifo(shop.folder / "pipe.jpg")
    names = ["good", "truncated", "empty", "page", "mislabelled", "bomb", "pipe", "missing"]
    rows = [{"id": n, "image": f"{n}.{'png' if n == 'bomb' else 'jpg'}"} for n in names]
    write_feed(shop.feed, rows)
    report = shop.index()
    assert counts(report) == (2, 0, 0, 6, 2)
    assert report.ingest.refused_pictures == 6
    assert set(shop.open().ids()) == {"good", "mislabelled"}
    reasons = {(row, name): reason for row, name, image, reason in shop.refused() if image}
    for (row, name), text in {
        ("3", "truncated"): "ends early",
        ("4", "empty"): "empty",
        ("5", "page"): "not a picture",
        ("7", "bomb"): "pixels",
        ("8", "pipe"): "no such file",
        ("9", "missing"): "no such file",
    }.items():
        assert text in reasons[row, name]
    assert len([1 for _, _, image, reason in shop.refused() if not image and "none of its pictures" in reason]) == 6


def test_a_product_keeps_its_good_pictures(shop: Shop) -> None:
    draw_picture(shop.folder / "a.png", 1)
    draw_picture(shop.folder / "c.png", 2)
    (shop.folder / "b.png").write_bytes(b"no picture")
    write_feed(shop.feed, [{"id": "x", "image": "a.png|b.png|c.png"}])
    for expected in ((1, 0, 0, 0, 2), (0, 0, 1, 0, 0)):  # and it is not taken for changed the next time
        report = shop.index()
        assert counts(report) == expected
        assert report.ingest.refused_pictures == 1
        assert [line[:3] for line in shop.refused()] == [("2", "x", "b.png")]
    assert [shot.source for shot in shop.product("x").shots] == ["a.png", "c.png"]


class TwoGarments:
    """A reader that always sees a dress at the top and a larger shoe below."""

    name = "two garments 1"
    photo_side = PHOTO_SIDE
    sees_persons = True

    def read(self, photo: Photo) -> Look:
        width, height = float(photo.width), float(photo.height)
        dress = Garment("dress", 0.9, Box(0, 0, width, height * 0.4), (1.0, 1.0))
        shoe = Garment("shoe", 0.9, Box(0, height * 0.4, width, height), (1.0, height - 1))
        return Look(photo.width, photo.height, (dress, shoe), reader=self.name)


def test_the_garment_that_fits_the_category_is_embedded(shop: Shop) -> None:
    image = Image.new("RGB", (100, 200), "blue")
    image.paste("red", (0, 0, 100, 80))
    image.save(shop.folder / "worn.png")
    rows = [{"id": c, "category": c, "image": "worn.png"} for c in ("Maxi Dresses", "Shoes", "hat")]
    write_feed(shop.feed, rows)
    assert counts(shop.index(reader=TwoGarments())) == (3, 0, 0, 0, 3)
    dress, shoe, hat = (shop.open().vectors(name)[0] for name in ("Maxi Dresses", "Shoes", "hat"))
    assert float(dress @ shoe) < 1.5
    np.testing.assert_allclose(hat, shoe, atol=1e-6)  # no garment fits: the largest
    # With another category another garment of the same picture is meant.
    rows[1]["category"] = "dress"
    write_feed(shop.feed, rows)
    assert counts(shop.index(reader=TwoGarments())) == (0, 1, 2, 0, 1)
    np.testing.assert_allclose(shop.open().vectors("Shoes")[0], dress, atol=1e-6)


def test_another_kind_embeds_anew_only_where_it_chooses_another_garment(shop: Shop) -> None:
    Image.new("RGB", (100, 200), "blue").save(shop.folder / "worn.png")
    write_feed(shop.feed, [{"id": "p", "category": "Neu", "image": "worn.png"}])
    assert counts(shop.index(reader=TwoGarments())) == (1, 0, 0, 0, 1)
    for kind, embedded in (("dress", 1), ("hat", 1), ("bag", 0)):
        report = shop.index(reader=TwoGarments(), kinds={"neu": kind})
        assert counts(report) == (0, 1, 0, 0, embedded)
        assert (shop.product("p").kind, shop.product("p").kind_source) == (kind, "mapping")
        assert report.kinds["mapping"] == 1
    assert counts(shop.index(reader=TwoGarments(), kinds={"neu": "bag"})) == (0, 0, 1, 0, 0)
    assert counts(shop.index(reader=TwoGarments())) == (0, 1, 0, 0, 0)
    assert shop.product("p").kind == ""


class WholeGarment:
    """A reader that takes all of a picture for a top."""

    name = "whole garment 1"
    photo_side = PHOTO_SIDE
    sees_persons = True

    def read(self, photo: Photo) -> Look:
        box, mask = Box(0, 0, photo.width, photo.height), np.ones((8, 8), np.bool_)
        return Look(photo.width, photo.height, (Garment("top", 0.9, box, (1.0, 1.0), mask, kinds={"top": 0.9}),))


def test_pictures_are_looked_at_for_new_tags_without_embedding_them(shop: Shop) -> None:
    Image.new("RGB", (100, 200), (190, 20, 30)).save(shop.folder / "red.png")
    write_feed(shop.feed, [{"id": "p", "image": "red.png"}])
    assert counts(shop.index(reader=WholeGarment())) == (1, 0, 0, 0, 1)
    whole = {"kind": {"top": 0.9}, "colour": {"red": 1.0}}
    assert shop.product("p").shots[0].tags == whole
    store = open_catalog(shop.url, write=True)
    entry = store.entries(["p"])["p"]
    before = replace(entry.product.shots[0], tags={"kind": {"top": 0.9}})
    store.upsert([replace(entry, product=replace(entry.product, shots=(before,)))])
    store.close()
    assert counts(shop.index(reader=WholeGarment())) == (0, 1, 0, 0, 0)
    assert shop.product("p").shots[0].tags == whole
    assert counts(shop.index(reader=WholeGarment())) == (0, 0, 1, 0, 0)
