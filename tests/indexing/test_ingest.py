"""From a feed to a catalog: what is done, what is not done again, and what survives."""

from __future__ import annotations

import http.server
import io
import ipaddress
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streetshop.catalog.open import open_catalog
from streetshop.catalog.store import Entry, Store
from streetshop.core.errors import (
    CatalogDiskFull,
    CatalogEncoderMismatch,
    CatalogLocked,
    FeedError,
    PhotoError,
    RowRefused,
)
from streetshop.core.geometry import Box
from streetshop.core.photo import Photo
from streetshop.core.records import Garment, Look, Product
from streetshop.feeds.read import read_feed
from streetshop.feeds.refused import Refusal
from streetshop.indexing.fetch import Fetcher
from streetshop.indexing.index import IndexOptions, IndexReport, index_feed
from streetshop.indexing.ingest import IngestProgress, ingest
from streetshop.indexing.pictures import Pictures
from streetshop.indexing.shots import ShotReader, product_garment, thumbnail
from streetshop.looks import PHOTO_SIDE, WholePhotoReader, garment_picture, whole_photo
from streetshop.models import Encoder, load_encoder
from tests.catalog.shop import draw_picture, read_rows, write_feed, write_shop
from tests.models.tiny import tiny_encoder


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    return load_encoder(tiny_encoder(tmp_path_factory.mktemp("tiny")), threads=1)


@dataclass
class Shop:
    """A feed, a catalog, and a way to index one into the other."""

    folder: Path
    encoder: Encoder
    feed: Path = field(init=False)

    def __post_init__(self) -> None:
        self.feed = self.folder / "feed.csv"

    @property
    def url(self) -> str:
        return str(self.folder / "shop.catalog")

    def index(self, encoder: Encoder | None = None, **options: object) -> IndexReport:
        reader, stop = options.pop("reader", WholePhotoReader()), options.pop("stop", None)
        progress = options.pop("progress", lambda now: None)
        return index_feed(
            read_feed(self.feed),
            self.url,
            encoder or self.encoder,
            reader,  # type: ignore[arg-type]
            IndexOptions(**{"optimize": False, **options}),  # type: ignore[arg-type]
            progress=progress,  # type: ignore[arg-type]
            stop=stop,  # type: ignore[arg-type]
        )

    def refused(self) -> list[tuple[str, str, str, str]]:
        rows = read_rows(Path(self.url) / "refused.csv")
        return [(row["row"], row["id"], row["image"], row["reason"]) for row in rows]

    def open(self) -> Store:
        return open_catalog(self.url)

    def product(self, product_id: str) -> Product:
        (product,) = self.open().get([product_id])
        assert product is not None
        return product


@pytest.fixture
def shop(tmp_path: Path, encoder: Encoder) -> Shop:
    return Shop(tmp_path, encoder)


def counts(report: IndexReport) -> tuple[int, int, int, int, int]:
    done = report.ingest
    return done.added, done.updated, done.unchanged, done.refused, done.embedded


# --- what is done, and not done again ---------------------------------------------------------------------------------


def test_first_and_second_run(shop: Shop) -> None:
    write_shop(shop.folder, 70)
    report = shop.index()
    assert counts(report) == (70, 0, 0, 0, 70)
    assert report.products == 70
    assert report.ingest.complete
    assert report.refused_lines == 0
    store = shop.open()
    assert store.meta.fingerprint == shop.encoder.fingerprint
    photo = Photo.from_path(shop.folder / "images" / "3.png", at_least=32)
    prepared = shop.encoder.prepare(garment_picture(photo, whole_photo(photo), shop.encoder.spec))
    np.testing.assert_allclose(store.vectors("p3")[0], shop.encoder.encode([prepared])[0], atol=1e-6)
    assert shop.product("p3").price == 3.0
    assert shop.product("p3").shots[0].sha256 == photo.sha256
    assert counts(shop.index()) == (0, 0, 70, 0, 0)


def test_changed_fields_keep_vectors_and_thumbnails(shop: Shop) -> None:
    write_shop(shop.folder, 5)
    shop.index()
    before = shop.open().entries(["p1"])["p1"]
    rows = read_rows(shop.feed)
    rows[1]["price"] = "99"
    write_feed(shop.feed, rows)  # type: ignore[arg-type]
    assert counts(shop.index()) == (0, 1, 4, 0, 0)
    after = shop.open().entries(["p1"])["p1"]
    assert after.product.price == 99.0
    np.testing.assert_array_equal(after.vectors, before.vectors)
    assert after.thumbnails == before.thumbnails != (b"",)


def test_changed_renamed_and_added_pictures(shop: Shop) -> None:
    write_shop(shop.folder, 5)
    shop.index()
    draw_picture(shop.folder / "images" / "0.png", 1000)
    (shop.folder / "images" / "1.png").rename(shop.folder / "images" / "renamed.png")
    draw_picture(shop.folder / "images" / "2b.png", 1001)
    rows = read_rows(shop.feed)
    rows[1]["image"] = "images/renamed.png"
    rows[2]["image"] = "images/2b.png|images/2.png"
    write_feed(shop.feed, rows)  # type: ignore[arg-type]
    before = shop.open().vectors("p2")[0]
    assert counts(shop.index()) == (0, 3, 2, 0, 2)
    assert shop.product("p1").shots[0].source == "images/renamed.png"
    np.testing.assert_array_equal(shop.open().vectors("p2")[1], before)
    assert counts(shop.index()) == (0, 0, 5, 0, 0)


def test_a_picture_that_variants_share_is_embedded_once(shop: Shop) -> None:
    draw_picture(shop.folder / "a.png", 1)
    write_feed(shop.feed, [{"id": i, "image": "a.png", "size": i} for i in range(20)])
    assert counts(shop.index()) == (20, 0, 0, 0, 1)


def test_the_same_vectors_whatever_is_in_the_batch(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> None:
    write_shop(shop.folder, 40)
    shop.index()
    alone = Shop(tmp_path_factory.mktemp("alone"), shop.encoder)
    draw_picture(alone.folder / "images" / "7.png", 7)
    write_feed(alone.feed, [{"id": "p7", "image": "images/7.png"}])
    alone.index(threads=1)
    np.testing.assert_allclose(alone.open().vectors("p7"), shop.open().vectors("p7"), atol=1e-6)


def test_threads_and_optimize(shop: Shop) -> None:
    write_shop(shop.folder, 8)
    assert counts(shop.index(threads=1, optimize=True)) == (8, 0, 0, 0, 8)
    assert shop.open().verify() == []


# --- what cannot be used ----------------------------------------------------------------------------------------------


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


def test_a_product_whose_pictures_vanish_stays_as_it_was(shop: Shop) -> None:
    write_shop(shop.folder, 3)
    shop.index()
    (shop.folder / "images" / "1.png").unlink()
    report = shop.index(delete_missing=True)
    assert counts(report) == (0, 0, 2, 1, 0)
    assert report.products == 3


def test_refused_rows_are_safe_to_open_and_can_go_elsewhere(shop: Shop) -> None:
    write_feed(shop.feed, [{"id": "=cmd()", "image": "-1.jpg"}])
    report = shop.index(refused=shop.folder / "bad.csv")
    assert report.refused_file == shop.folder / "bad.csv"
    assert [(r["id"], r["image"]) for r in read_rows(shop.folder / "bad.csv")] == [
        ("'=cmd()", "'-1.jpg"),
        ("'=cmd()", ""),
    ]


# --- removing ---------------------------------------------------------------------------------------------------------


def test_delete_missing(shop: Shop) -> None:
    write_shop(shop.folder, 6)
    shop.index()
    rows = read_rows(shop.feed)
    write_feed(shop.feed, rows[:4])  # type: ignore[arg-type]
    assert shop.index().products == 6
    report = shop.index(delete_missing=True)
    assert (report.ingest.deleted, report.products) == (2, 4)
    assert set(shop.open().ids()) == {"p0", "p1", "p2", "p3"}


def test_nothing_is_deleted_while_in_doubt(shop: Shop) -> None:
    write_shop(shop.folder, 4)
    shop.index()
    rows = read_rows(shop.feed)
    write_feed(shop.feed, [*rows[:2], {**rows[2], "id": ""}])
    report = shop.index(delete_missing=True)
    assert (report.ingest.deleted, report.products) == (0, 4)
    assert report.ingest.notes == ["nothing was deleted: 1 rows have no readable id"]
    write_feed(shop.feed, [{**rows[0], "image": "gone.png"}])
    assert shop.index(delete_missing=True).ingest.notes == ["nothing was deleted: the feed has no usable product"]
    stop = threading.Event()
    stop.set()
    write_feed(shop.feed, rows[:1])  # type: ignore[arg-type]
    assert shop.index(delete_missing=True, stop=stop).products == 4


# --- interruptions ----------------------------------------------------------------------------------------------------


def test_stopped_run_keeps_what_is_done_and_the_next_completes_it(shop: Shop) -> None:
    write_shop(shop.folder, 200)
    stop = threading.Event()

    def progress(now: IngestProgress) -> None:
        assert now.rows <= now.total == 200
        if now.rows >= 40:
            stop.set()

    first = shop.index(progress=progress, stop=stop)
    assert not first.ingest.complete
    assert 40 <= first.products < 200
    second = shop.index()
    assert second.ingest.complete
    assert second.products == 200
    assert second.ingest.unchanged == first.products
    assert first.ingest.embedded + second.ingest.embedded == 200


def test_feed_that_breaks_off_leaves_what_came_before(shop: Shop) -> None:
    draw_picture(shop.folder / "a.png", 1)
    write_feed(shop.feed, [{"id": i, "image": "a.png", "note": "x" * 50} for i in range(400)])
    feed = read_feed(shop.feed)
    content = shop.feed.read_bytes()
    shop.feed.write_bytes(content[: len(content) // 2] + b"\xff\xff" + content[len(content) // 2 :])
    with pytest.raises(FeedError, match="changed while it was read"):
        index_feed(feed, shop.url, shop.encoder, options=IndexOptions(optimize=False))
    assert 50 < shop.open().count() < 250


def test_write_error_ends_the_run(shop: Shop) -> None:
    write_shop(shop.folder, 300)

    class FullDisk:
        """A store on a disk that is full from the second write on."""

        def __init__(self, store: Store) -> None:
            self.store, self.writes = store, 0

        def upsert(self, entries: Sequence[Entry]) -> None:
            self.writes += 1
            if self.writes > 1:
                raise CatalogDiskFull("no space left", where="here")
            self.store.upsert(entries)

        def __getattr__(self, name: str) -> object:
            return getattr(self.store, name)

    write_feed(shop.folder / "one.csv", [{"id": "one", "image": "images/1.png"}])
    index_feed(read_feed(shop.folder / "one.csv"), shop.url, shop.encoder, options=IndexOptions(optimize=False))
    store = FullDisk(open_catalog(shop.url, write=True))
    feed = read_feed(shop.feed)
    with pytest.raises(CatalogDiskFull):
        ingest(feed, store, ShotReader(shop.encoder), Pictures(feed.root), refuse=lambda refusal: None)  # type: ignore[arg-type]
    assert store.writes == 2
    assert 32 < store.count() < 300  # type: ignore[operator]
    assert threading.active_count() < 10


_INDEX = """
import sys
from pathlib import Path
from streetshop.models import load_encoder
from streetshop.indexing import ingest
from streetshop.feeds.read import read_feed
from streetshop.indexing.index import IndexOptions, index_feed
ingest.COMMIT_PRODUCTS = 20
def progress(now):
    print(now.written, flush=True)
options = IndexOptions(optimize=False, rebuild="rebuild" in sys.argv)
feed, encoder = read_feed(sys.argv[1]), load_encoder(Path(sys.argv[3]), threads=1)
index_feed(feed, sys.argv[2], encoder, options=options, progress=progress)
"""


def run_and_kill(shop: Shop, bundle: Path, after: int, *more: str) -> int:
    """Index in another process, kill it without warning; answers how many products it had said were written."""
    command = [sys.executable, "-c", _INDEX, str(shop.feed), shop.url, str(bundle), *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        acknowledged = 0
        for line in process.stdout:
            acknowledged = int(line)
            if acknowledged >= after:
                process.kill()
                break
        # What it still said before it died counts as well.
        acknowledged = max([acknowledged, *(int(line) for line in process.stdout.read().split())])
    assert process.returncode == -signal.SIGKILL
    return acknowledged


@pytest.mark.slow
def test_kill_9_loses_nothing_acknowledged_and_a_second_run_completes(shop: Shop) -> None:
    write_shop(shop.folder, 240)
    for after in (20, 40, 60):
        acknowledged = run_and_kill(shop, shop.encoder.folder, after)
        store = shop.open()
        there = set(store.ids())
        assert len(there) >= acknowledged
        assert store.verify() == []
        assert all(product is not None and product.shots for product in store.get(sorted(there)))
    report = shop.index()
    assert report.products == 240
    assert report.ingest.unchanged == len(there)
    assert shop.open().verify() == []


# --- another encoder --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    return load_encoder(tiny_encoder(tmp_path_factory.mktemp("other"), seed=1, dim=48, version="2"), threads=1)


def test_another_encoder_is_refused_with_the_command_that_rebuilds(shop: Shop, other: Encoder) -> None:
    write_shop(shop.folder, 6)
    shop.index()
    with pytest.raises(CatalogEncoderMismatch, match=r"streetshop index FEED --catalog .* --rebuild"):
        shop.index(other)
    rows = read_rows(shop.feed)
    write_feed(shop.feed, rows[:5])  # type: ignore[arg-type]
    reading = shop.open()
    assert counts(shop.index(other, rebuild=True)) == (5, 0, 0, 0, 5)
    assert reading.meta.fingerprint == other.fingerprint or reading.count() == 5
    meta = shop.open().meta
    assert (meta.generation, meta.encoder, meta.dim) == (2, "tiny 2", other.dim)
    assert shop.open().count() == 5
    assert counts(shop.index(other)) == (0, 0, 5, 0, 0)


@pytest.mark.slow
def test_killed_rebuild_leaves_the_old_generation_and_goes_on(shop: Shop, other: Encoder) -> None:
    write_shop(shop.folder, 200)
    shop.index()
    acknowledged = run_and_kill(shop, other.folder, 60, "rebuild")
    assert shop.open().meta.fingerprint == shop.encoder.fingerprint
    assert shop.open().count() == 200
    report = shop.index(other, rebuild=True)
    assert report.ingest.unchanged >= acknowledged >= 60
    assert report.ingest.added == 200 - report.ingest.unchanged
    assert shop.open().meta.fingerprint == other.fingerprint
    assert shop.open().count() == 200


def test_rebuild_never_leaves_an_empty_catalog(shop: Shop, other: Encoder) -> None:
    write_shop(shop.folder, 3)
    shop.index()
    write_feed(shop.feed, [{"id": "x", "image": "missing.png"}])
    with pytest.raises(FeedError, match="the catalog stays as it was"):
        shop.index(other, rebuild=True)
    assert shop.open().count() == 3
    assert shop.open().meta.fingerprint == shop.encoder.fingerprint


def test_two_writers(shop: Shop, other: Encoder) -> None:
    write_shop(shop.folder, 3)
    shop.index()
    holding = open_catalog(shop.url, write=True)
    holding.begin_rebuild(holding.meta)
    with pytest.raises(CatalogLocked):
        shop.index()
    holding.close()


# --- garments ---------------------------------------------------------------------------------------------------------


class TwoGarments:
    """A reader that always sees a dress at the top and a larger shoe below."""

    name = "two garments 1"
    photo_side = PHOTO_SIDE

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


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("T-Shirts", "t-shirt"),
        ("Apparel T-Shirt", "t-shirt"),
        ("shirt", "shirt"),
        ("boots", "ankle boot"),
        ("glasses", "shoe"),
        ("", "shoe"),
        ("Größe 38", "shoe"),
    ],
)
def test_choice_among_garments(category: str, expected: str) -> None:
    names = ("t-shirt", "shirt", "ankle boot", "shoe")
    garments = tuple(Garment(n, 0.9, Box(0, 0, 10, 10 + i), (1.0, 1.0)) for i, n in enumerate(names))
    assert product_garment(Look(100, 100, garments), category).category == expected


@pytest.mark.parametrize(("score", "expected"), [(0.2, "top"), (0.45, "trousers")])
def test_an_unsure_garment_must_be_the_larger_for_it(score: float, expected: str) -> None:
    """Three times the area: enough for a score of a half, not of a quarter."""
    garments = (
        Garment("top", 0.9, Box(0, 0, 10, 10), (1.0, 1.0)),
        Garment("trousers", score, Box(0, 0, 10, 30), (1.0, 1.0)),
    )
    assert product_garment(Look(100, 100, garments), "").category == expected


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("Skinny Jeans", "trousers"),
        ("Women > Blouses", "top"),
        ("winter coats", "outerwear"),
        ("Sunglasses", "accessory"),
        ("hand bags", "bag"),
        ("Scarves", "scarf"),
        ("Maxi Dresses", "dress"),
        ("garden chairs", "dress"),
    ],
)
def test_what_shops_call_the_classes_of_the_shipped_reader(category: str, expected: str) -> None:
    names = ("accessory", "scarf", "bag", "top", "outerwear", "trousers", "dress")
    garments = tuple(Garment(n, 0.9, Box(0, 0, 10, 10 + i), (1.0, 1.0)) for i, n in enumerate(names))
    assert product_garment(Look(100, 100, garments), category).category == expected


def test_thumbnails(shop: Shop) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x8825] = {1: "N", 2: (48.0, 8.0, 0.0)}
    draw_picture(shop.folder / "a.jpg", 1, size=(1200, 800), exif=exif)
    write_feed(shop.feed, [{"id": "x", "image": "a.jpg"}])
    shop.index()
    data = shop.open().thumbnail("x")
    assert data is not None
    small = Image.open(io.BytesIO(data))
    assert small.format == "JPEG"
    assert max(small.size) <= 320
    assert small.height > small.width
    assert not small.getexif()
    assert b"Exif" not in data
    write_feed(shop.feed, [{"id": "y", "image": "a.jpg"}])
    shop.index(thumbnails=False)
    assert not shop.open().thumbnail("y")
    assert Image.open(io.BytesIO(thumbnail(Photo.from_path(shop.folder / "a.jpg")))).size == (213, 320)


# --- paths and addresses ----------------------------------------------------------------------------------------------


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A feed's folder with a secret picture beside it."""
    folder = tmp_path / "feed"
    draw_picture(folder / "in.png", 1)
    draw_picture(tmp_path / "secret.png", 2)
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    (folder / "inner.png").symlink_to(folder / "in.png")
    (folder / "up").symlink_to(tmp_path)
    (folder / "loop.png").symlink_to(folder / "loop.png")
    (folder / "pictures.zip").write_bytes(b"PK\x03\x04")
    return folder


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("../secret.png", "with '..'"),
        ("x/../../secret.png", "with '..'"),
        ("/etc/passwd", "as an absolute path"),
        ("link.png", "through a link"),
        ("up/secret.png", "through a link"),
        ("a\0.png", "is no path"),
        ("a\n.png", "is no path"),
        ("x" * 5000, "is no path"),
        ("x" * 300, "cannot be read"),
        ("loop.png", "cannot be read"),
        ("pictures.zip", "is an archive"),
        ("pictures.zip/a.png", "is an archive"),
        ("ｉｎ.png", "no such file"),  # wide letters are other letters
        ("..／secret.png", "no such file"),  # and a wide slash is no slash
        (".", "no such file"),
        ("", "no such file"),
        ("file:///etc/passwd", "file: addresses are not read"),
        ("data:image/png;base64,AAAA", "data: addresses are not read"),
        ("s3://bucket/a.png", "s3: addresses are not read"),
        ("https://shop.example/a.png", "Allow it with --fetch"),
    ],
)
def test_paths_that_leave_the_folder_and_addresses_are_refused(outside: Path, source: str, text: str) -> None:
    with pytest.raises((RowRefused, PhotoError, Exception)) as caught:
        Pictures(outside).read(source)
    assert text in str(caught.value)
    assert "Error" not in type(caught.value).__name__ or isinstance(caught.value, PhotoError)


def test_paths_inside_the_folder_and_allowed_ones_outside(outside: Path, tmp_path: Path) -> None:
    inside, secret = (outside / "in.png").read_bytes(), (tmp_path / "secret.png").read_bytes()
    for source in ("in.png", "./in.png", "x/../in.png", "inner.png", str(outside / "in.png")):
        assert Pictures(outside).read(source) == inside
    for source in ("../secret.png", "link.png", str(tmp_path / "secret.png")):
        assert Pictures(outside, allow_outside=True).read(source) == secret


def test_folder_feed_refuses_links_out_of_it(outside: Path, encoder: Encoder) -> None:
    shop = Shop(outside, encoder)
    shop.feed = outside
    report = index_feed(read_feed(outside), str(outside.parent / "c"), encoder, options=IndexOptions(optimize=False))
    assert set(open_catalog(str(outside.parent / "c")).ids()) == {"in", "inner"}
    assert report.ingest.refused == 4  # link, loop, up, the archive


@pytest.fixture
def picture_server(tmp_path: Path) -> Iterator[int]:
    draw_picture(tmp_path / "served" / "a.png", 5)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(tmp_path / "served"))  # type: ignore[arg-type]

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def test_pictures_are_fetched_when_allowed(shop: Shop, picture_server: int) -> None:
    url = f"http://pictures.example:{picture_server}/"
    write_feed(shop.feed, [{"id": "a", "image_link": url + "a.png"}, {"id": "b", "image_link": url + "b.png"}])
    assert counts(shop.index()) == (0, 0, 0, 2, 0)
    assert "--fetch" in shop.refused()[0][3]
    loopback = ipaddress.ip_address("127.0.0.1")
    fetcher = Fetcher(policy=lambda address: None, resolve=lambda host, port: [loopback])
    assert counts(shop.index(fetcher=fetcher)) == (1, 0, 0, 1, 1)
    assert shop.product("a").shots[0].source == url + "a.png"
    assert "answered 404" in shop.refused()[0][3]
    assert counts(shop.index(fetcher=fetcher)) == (0, 0, 1, 1, 0)
    fetcher.close()
    with pytest.raises(RuntimeError):
        fetcher.fetch(url)


def test_refusals_are_given_to_the_caller(shop: Shop) -> None:
    write_shop(shop.folder, 2)
    shop.index()
    write_feed(shop.feed, [{"id": "", "image": "a.png"}])
    feed, seen = read_feed(shop.feed), []
    store = open_catalog(shop.url, write=True)
    started = time.monotonic()
    report = ingest(feed, store, ShotReader(shop.encoder), Pictures(feed.root), refuse=seen.append)
    assert [type(item) for item in seen] == [Refusal]
    assert 0 <= report.seconds <= time.monotonic() - started
    assert report.images_per_second == 0
