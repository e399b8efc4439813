"""The small parts of training: schedules, seeds, labels, rows, pictures, augmentation, plans, progress."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from streetshop.core.errors import RunError
from streetshop.lab.core.progress import Progress, duration
from streetshop.lab.core.seeds import generator, torch_seed
from streetshop.lab.data.labels import build_labels, row_labels, several_key
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.pictures import load_pictures
from streetshop.lab.data.sample import Sample
from streetshop.lab.losses import UNKNOWN
from streetshop.lab.train import augment
from streetshop.lab.train.data import choose_rows, group_of
from streetshop.lab.train.parts import SchedulePart, TripletsSampler
from streetshop.lab.train.plans import Planner
from streetshop.lab.train.recipe import AugmentPart, DataPart, InputPart, ValidationPart
from streetshop.lab.train.schedules import frozen_layers, rate_factor
from streetshop.lab.train.vectors import validation_score
from tests.lab.sampling.test_mining import _pool
from tests.lab.train.squares import draw_squares

pytestmark = pytest.mark.lab


# --- schedules and seeds ------------------------------------------------------------------------------------------


def test_schedules() -> None:
    by_batch = SchedulePart(kind="step", every=1024, unit="batch", factor=0.5)
    factors = [rate_factor(by_batch, batch=b, epoch=0, batches=9999) for b in (0, 1023, 1024, 2048)]
    assert factors == [1, 1, 0.5, 0.25]
    by_epoch = SchedulePart(kind="step", every=1, unit="epoch", factor=0.5)
    assert [rate_factor(by_epoch, batch=0, epoch=e, batches=9) for e in (0, 1, 3)] == [1, 0.5, 0.125]
    cosine = SchedulePart(kind="cosine", factor=0.1)
    assert [rate_factor(cosine, batch=b, epoch=0, batches=100) for b in (0, 50, 100)] == pytest.approx([1, 0.55, 0.1])
    warm = SchedulePart(warm_up=4)
    assert [rate_factor(warm, batch=b, epoch=0, batches=9) for b in range(6)] == [0.25, 0.5, 0.75, 1, 1, 1]


def test_unfreezing_goes_one_layer_an_epoch_from_the_top() -> None:
    assert [frozen_layers(5, 2, 1, epoch) for epoch in range(5)] == [5, 4, 3, 2, 2]
    assert [frozen_layers(5, 2, 2, epoch) for epoch in range(5)] == [5, 5, 4, 4, 3]
    assert frozen_layers(5, None, 1, 9) == 5


def test_draws_follow_from_their_place_alone() -> None:
    assert generator(1, 2, 3).random() == generator(1, 2, 3).random() != generator(1, 2, 4).random()
    assert torch_seed(1, 2, 3) == torch_seed(1, 2, 3) != torch_seed(2, 2, 3)
    assert 0 <= torch_seed(0, 0) < 2**63


# --- labels and rows ----------------------------------------------------------------------------------------------


def _rows() -> Manifest:
    rows = [
        Sample("a.png", "street", "p1", "Dress", "train", attributes={"colour": "red", "tags": ["a", "b"], "n": 3}),
        Sample("b.png", "shop", "p1", "Dress", "train", attributes={"colour": "", "tags": []}),
        Sample("c.png", "shop", "p2", "Boots", "train", attributes={"tags": "c", "wet": True}),
        Sample("d.png", "shop", "p3", "Hat", "val", attributes={"colour": "blue"}),
        Sample("e.png", "shop", "", "", "test"),
    ]
    return Manifest.from_rows(rows, ".")


def test_labels_come_from_products_categories_and_attributes() -> None:
    manifest = _rows()
    assert row_labels(manifest, "category") == [("Dress",), ("Dress",), ("Boots",), ("Hat",), ()]
    assert row_labels(manifest, "attributes.tags") == [("a", "b"), (), ("c",), (), ()]
    assert row_labels(manifest, "attributes.n")[0] == ("3",)
    assert row_labels(manifest, "attributes.wet")[2] == ("true",)
    labels = build_labels(
        manifest, np.array([0, 1, 2]), single=["product", "attributes.colour"], several=["attributes.tags"]
    )
    assert labels.classes["product"] == ("p1", "p2")
    assert labels.numbers["product"].tolist() == [0, 0, 1, UNKNOWN, UNKNOWN]
    assert labels.numbers["attributes.colour"].tolist() == [0, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN]
    flags = labels.several[several_key("attributes.tags")]
    assert flags.tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]]


def test_rows_are_filtered_and_split(tmp_path: Path) -> None:
    manifest = Manifest.read(draw_squares(tmp_path, products=20, val=0))
    assert set(manifest.column("split")) == {"train"}
    chosen = choose_rows(manifest, DataPart(), seed=0)
    products = {s: set(chosen.column("product_id")[chosen.column("split") == s]) for s in ("train", "val")}
    assert products["val"], "split by product"
    assert not products["train"] & products["val"], "split by product"
    unsplit = manifest.with_split([""] * len(manifest))
    assert set(choose_rows(unsplit, DataPart(), seed=0).column("split")) == {"train", "val", "test"}
    discs = choose_rows(manifest, DataPart(where={"category": ("disc",)}), seed=0)
    assert set(discs.column("category")) == {"disc"}
    with pytest.raises(RunError, match="the filter leaves no rows"):
        choose_rows(manifest, DataPart(where={"category": ("hat",)}), seed=0)
    with pytest.raises(RunError, match="no training rows"):
        choose_rows(manifest.with_split(["val"] * len(manifest)), DataPart(), seed=0)


def test_groups_are_by_lower_case_category() -> None:
    part = DataPart(each=True, groups={"tops": ("shirt", "tee")})
    assert [group_of(name, part) for name in ("Shirt", "TEE", "boots", "")] == ["tops", "tops", "other", "other"]
    with pytest.raises(ValueError, match="must be lower-case"):
        DataPart(each=True, groups={"tops": ("Shirt",)})
    with pytest.raises(ValueError, match="is in the groups 'a' and 'b'"):
        DataPart(each=True, groups={"a": ("x",), "b": ("x",)})


# --- pictures -----------------------------------------------------------------------------------------------------


def test_pictures_are_cut_as_the_serving_side_cuts_and_cached(tmp_path: Path) -> None:
    manifest = Manifest.read(draw_squares(tmp_path, products=2, val=0))
    part = InputPart(height=24, width=16, margin=0)
    pictures = load_pictures(manifest, part, tmp_path / "cache", colours=True)
    assert pictures.pixels.shape == (8, 24, 16, 3)
    assert pictures.usable.all()
    assert pictures.colours.shape[0] == 8
    row = manifest.row(0)
    x0, y0, x1, y1 = (int(v) for v in row.box)
    crop = Image.open(row.path).convert("RGB").crop((x0, y0, x1, y1)).resize((16, 16), Image.BICUBIC)
    np.testing.assert_array_equal(pictures.pixels[0, 4:20], np.asarray(crop))
    assert (pictures.pixels[0, :4] == 255).all(), "letterboxed on the background"
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "cache").rglob("pixels.raw")}
    load_pictures(manifest, part, tmp_path / "cache", colours=True)
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "cache").rglob("pixels.raw")} == before
    Image.new("RGB", (48, 48)).save(row.path)
    load_pictures(manifest, part, tmp_path / "cache", colours=True)
    assert len(list((tmp_path / "cache").iterdir())) == 2, "a changed picture is another cache"


def test_masks_paint_the_background(tmp_path: Path) -> None:
    Image.new("RGB", (32, 32), (10, 20, 30)).save(tmp_path / "a.png")
    mask = np.zeros((32, 32), np.uint8)
    mask[8:24, 8:24] = 255
    Image.fromarray(mask).save(tmp_path / "m.png")
    manifest = Manifest.from_rows([Sample("a.png", "shop", "p", mask="m.png")], tmp_path)
    pictures = load_pictures(manifest, InputPart(height=32, width=32, cut="mask", margin=0), tmp_path / "cache")
    assert pictures.pixels[0, 0, 0].tolist() == [255, 255, 255]
    assert pictures.pixels[0, 16, 16].tolist() == [10, 20, 30]


def test_bad_pictures_are_refused_with_a_reason_and_the_rest_goes_on(tmp_path: Path) -> None:
    manifest = Manifest.read(draw_squares(tmp_path, products=2, val=0))
    manifest.row(1).path.write_bytes(b"<html>not found</html>")
    manifest.row(2).path.unlink()
    pictures = load_pictures(manifest, InputPart(height=16, width=16), tmp_path / "cache")
    assert np.flatnonzero(~pictures.usable).tolist() == [1, 2]
    assert "not a picture" in pictures.refused[1]
    assert "no such file" in pictures.refused[2]
    again = load_pictures(manifest, InputPart(height=16, width=16), tmp_path / "cache")
    assert again.refused == pictures.refused


def test_an_interrupted_cache_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from streetshop.lab.data import pictures as module

    manifest = Manifest.read(draw_squares(tmp_path, products=3, val=0))
    part = InputPart(height=16, width=16)
    whole = np.array(load_pictures(manifest, part, tmp_path / "whole").pixels)
    monkeypatch.setattr(module, "_CHUNK", 4)
    seen: list[int] = []
    fit = module.fit_picture

    def dying(*arguments: object) -> object:
        seen.append(1)
        if len(seen) == 7:
            raise KeyboardInterrupt
        return fit(*arguments)

    monkeypatch.setattr(module, "fit_picture", dying)
    with pytest.raises(KeyboardInterrupt):
        load_pictures(manifest, part, tmp_path / "cache", threads=1)
    with pytest.raises(RunError, match="unfinished"):
        load_pictures(manifest, part, tmp_path / "cache", build=False)
    before = len(seen)
    np.testing.assert_array_equal(load_pictures(manifest, part, tmp_path / "cache").pixels, whole)
    assert len(seen) - before == 8, "the four that were done are not done again"


def test_no_usable_picture_is_an_error(tmp_path: Path) -> None:
    manifest = Manifest.from_rows([Sample("absent.png", "shop", "p")], tmp_path)
    with pytest.raises(RunError, match=r"none of 1 pictures can be used; the first: .*absent\.png"):
        load_pictures(manifest, InputPart(), tmp_path / "cache")


# --- augmentation -------------------------------------------------------------------------------------------------

NOTHING = AugmentPart(flip=False, zoom=0, shift=0, rotate=0, brightness=0, contrast=0, saturation=0)


def _apply(part: AugmentPart, pixels: torch.Tensor, seed: int = 0, shop: bool = False) -> torch.Tensor:
    on_shop = np.full(len(pixels), shop)
    return augment.apply(pixels, augment.draw(part, on_shop, np.random.default_rng(seed)), (255, 255, 255))


def test_no_augmentation_changes_nothing() -> None:
    pixels = torch.rand(3, 3, 8, 6) * 255
    assert torch.equal(_apply(NOTHING, pixels), pixels)


def test_flip_mirrors_about_half_of_the_pictures() -> None:
    pixels = torch.rand(200, 3, 6, 8) * 255
    out = _apply(NOTHING.model_copy(update={"flip": True}), pixels)
    mirrored = [torch.allclose(o, p.flip(2), atol=1e-2) for o, p in zip(out, pixels, strict=True)]
    same = [torch.allclose(o, p, atol=1e-2) for o, p in zip(out, pixels, strict=True)]
    assert all(m != s for m, s in zip(mirrored, same, strict=True))
    assert 70 < sum(mirrored) < 130


def test_what_leaves_the_picture_is_background() -> None:
    out = _apply(NOTHING.model_copy(update={"shift": 0.5}), torch.zeros(20, 3, 8, 8))
    assert out.min() > -1e-3
    assert out.max() < 255 + 1e-3
    assert (out > 254).any()
    assert (out < 1).any()


def test_brightness_and_saturation_by_hand() -> None:
    pixels = torch.tensor([200.0, 100.0, 50.0]).view(1, 3, 1, 1).expand(1, 3, 4, 4).contiguous()
    draws = augment.draw(NOTHING, np.zeros(1, bool), np.random.default_rng(0))
    bright = augment.Draws(**{**vars(draws), "brightness": np.array([0.5], np.float32)})
    torch.testing.assert_close(augment.apply(pixels, bright, (0, 0, 0)), pixels * 0.5, rtol=1e-3, atol=0.05)
    grey = 0.299 * 200 + 0.587 * 100 + 0.114 * 50
    dull = augment.Draws(**{**vars(draws), "saturation": np.array([0.0], np.float32)})
    torch.testing.assert_close(
        augment.apply(pixels, dull, (0, 0, 0)), torch.full_like(pixels, grey), rtol=1e-3, atol=0.2
    )
    turned = augment.Draws(**{**vars(draws), "hue": np.array([2 * math.pi], np.float32)})
    torch.testing.assert_close(augment.apply(pixels, turned, (0, 0, 0)), pixels, rtol=1e-3, atol=0.2)


def test_street_only_spares_shop_pictures() -> None:
    part = NOTHING.model_copy(update={"brightness": 0.5, "erase": 1.0, "blur": 1.0, "street_only": True})
    pixels = torch.rand(8, 3, 16, 16) * 255
    assert torch.equal(_apply(part, pixels, shop=True), pixels)
    assert not torch.equal(_apply(part, pixels, shop=False), pixels)


def test_erasing_paints_a_rectangle_and_blur_loses_detail() -> None:
    pixels = torch.rand(30, 3, 32, 32) * 255
    changed = (_apply(NOTHING.model_copy(update={"erase": 1.0}), pixels) != pixels).any(1).float().mean((1, 2))
    assert (changed > 0.005).all()
    assert changed.max() < 0.7
    blurred = _apply(NOTHING.model_copy(update={"blur": 1.0}), pixels)
    assert (blurred.std((2, 3)) < 0.6 * pixels.std((2, 3))).all()


def test_augmentation_is_the_same_for_the_same_seed() -> None:
    pixels = torch.rand(4, 3, 8, 8) * 255
    part = AugmentPart(erase=0.5, blur=0.5, hue=0.1)
    assert torch.equal(_apply(part, pixels, 1), _apply(part, pixels, 1))
    assert not torch.equal(_apply(part, pixels, 1), _apply(part, pixels, 2))


# --- plans, validation, progress ----------------------------------------------------------------------------------


def test_nearest_negatives_look_at_the_network_anew_every_refresh() -> None:
    pool = _pool()
    planner = Planner(
        TripletsSampler(kind="triplets", batch=3, negatives="nearest", k=4, refresh=2, cross=True),
        pool,
        seed=0,
        stage=0,
    )
    asked: list[int] = []
    position = {row: float(i) for i, row in enumerate(pool.rows.tolist())}

    def encode(rows: np.ndarray) -> torch.Tensor:
        asked.append(len(rows))
        return torch.tensor([[position[row]] for row in rows.tolist()])

    plans, start = [], 0
    while start < planner.batches:
        plans.append(planner.chunk(0, start, encode))
        start += len(plans[-1])
    assert planner.batches == 4
    assert [len(plan) for plan in plans] == [2, 2]
    assert len(asked) == 2
    place = {row: i for i, row in enumerate(pool.rows.tolist())}
    shop = np.flatnonzero(pool.shop)
    for q, p, n in ([place[row] for row in triplet] for plan in plans for triplet in plan.reshape(-1, 3)):
        assert pool.product[q] == pool.product[p] != pool.product[n]
        assert pool.shop[n]
        others = sorted(shop[pool.product[shop] != pool.product[q]], key=lambda g: (abs(int(g) - q), int(g)))
        assert n in others[:4]


def test_validation_counts_only_queries_that_have_a_match() -> None:
    rows = [
        Sample("a.png", "street", "p1", "x"),
        Sample("b.png", "shop", "p1", "x"),
        Sample("c.png", "street", "p2", "x"),
        Sample("d.png", "shop", "p3", "x"),
        Sample("e.png", "shop", "", "x"),
    ]
    manifest = Manifest.from_rows(rows, ".")
    vectors = torch.tensor([[1.0, 0], [0.9, 0.1], [0, 1], [1, 0.01], [1, 0]])
    score, queries = validation_score(ValidationPart(k=5), vectors, manifest)
    assert queries == 1, "p3 is nearer; the picture without a product is no gallery"
    assert score == pytest.approx(1 / 2), "p3 is nearer; the picture without a product is no gallery"
    alone = manifest.take([0, 2])
    score, queries = validation_score(ValidationPart(k=5), vectors[[0, 2]], alone)
    assert math.isnan(score)
    assert queries == 0


def test_progress_tells_the_time_left() -> None:
    stream = io.StringIO()
    with Progress("work", 4, stream=stream) as progress:
        progress._every = 0.0
        progress.advance(1, "note")
    assert "work: 1 of 4" in stream.getvalue()
    assert "left" in stream.getvalue()
    assert "note" in stream.getvalue()
    assert (duration(75), duration(3700)) == ("1:15", "1:01:40")


def test_half_a_line_in_the_log_is_taken_back(tmp_path: Path) -> None:
    from streetshop.lab.core.files import MetricsLog

    (tmp_path / "metrics.jsonl").write_text('{"step": 1, "a": 1}\n{"step": 5, "a": 2}\n{"step": 2, "a"')
    log = MetricsLog(tmp_path, step=3)
    log.write(4, {"a": 3})
    log.close()
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert lines == [{"step": 1, "a": 1}, {"step": 4, "a": 3}]
