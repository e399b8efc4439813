"""Views: what an encoder is shown in training must look like what it is handed in use."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streetshop.core.errors import StreetshopError
from streetshop.core.geometry import mask_iou
from streetshop.lab.data.garments import studio_samples
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.views import compressed, draw_view, retaken, spoilt
from streetshop.lab.train.tasks.encoder.features import CUTTING
from streetshop.lab.train.tasks.encoder.plan import plan_views

pytestmark = pytest.mark.lab


def garment(root: Path, **more: str) -> Sample:
    """A red square of 40 x 60 in the middle of a blue picture of 100 x 120, with its mask."""
    pixels = np.full((120, 100, 3), (20, 40, 200), np.uint8)
    mask = np.zeros((120, 100), np.uint8)
    pixels[30:90, 30:70], mask[30:90, 30:70] = (200, 30, 30), 255
    Image.fromarray(pixels).save(root / "a.png")
    Image.fromarray(mask).save(root / "mask.png")
    attributes = {name: more.pop(name) for name in ("kind", "colour", "pattern") if name in more}
    values = {"source": "clothing", "split": "val", "domain": "street", "mask": "mask.png"} | more
    return Sample(root=root, image="a.png", group="g", attributes=attributes, **values)


def draw(item: Sample, form: str, seed: int = 0, *, jitter: bool = False):
    return draw_view(item, form, CUTTING, np.random.default_rng(seed), jitter=jitter)


def test_forms_show_what_they_promise(tmp_path: Path) -> None:
    item = garment(tmp_path)
    whole, box, masked, cloth = (draw(item, form) for form in ("whole", "box", "mask", "cloth"))
    assert whole.pixels.shape == (120, 100, 3)
    assert whole.mask is None
    assert box.mask is None
    assert box.pixels.shape[:2] == (66, 44), "the mask's box, grown by a twentieth on each side"
    assert masked.mask is not None
    assert masked.mask.shape == masked.pixels.shape[:2]
    red = masked.pixels[..., 0] > 100
    assert mask_iou(masked.mask > 0.5, red) > 0.6, "imperfect, but the garment's"
    assert cloth.mask is not None, "a piece of it"
    assert cloth.pixels.shape[0] < 60, "a piece of it"


def test_a_packshot_is_the_garment_alone_on_a_light_ground(tmp_path: Path) -> None:
    for seed in range(8):
        shown, cut = draw(garment(tmp_path), "packshot", seed), draw(garment(tmp_path), "cutout", seed)
        edge = np.concatenate([shown.pixels[0], shown.pixels[-1], shown.pixels[:, 0], shown.pixels[:, -1]])
        assert shown.mask is None, "near white, but for a soft shadow"
        assert edge.min() > 170, "near white, but for a soft shadow"
        assert edge.max() > 225, "near white, but for a soft shadow"
        assert np.ptp(edge.astype(int), axis=1).max() <= 6, "and without a hue"
        blue = (shown.pixels[..., 2].astype(int) - shown.pixels[..., 0]) > 60
        assert not blue.any(), "nothing is left of the room"
        red = shown.pixels[..., 0].astype(int) - shown.pixels[..., 2] > 60
        rows, columns = np.nonzero(red)
        assert np.ptp(rows) + 1 == pytest.approx(58, abs=2)
        assert np.ptp(columns) + 1 == pytest.approx(38, abs=2)
        assert rows.mean() == pytest.approx(shown.pixels.shape[0] / 2, abs=2)
        assert cut.mask is not None
        assert cut.pixels.shape[0] <= shown.pixels.shape[0]
        inside = cut.pixels[..., 0].astype(int) - cut.pixels[..., 2] > 60
        assert mask_iou(cut.mask > 0.5, inside) > 0.6
    thin = np.zeros((120, 100), np.uint8)
    thin[30:90, 50] = 255
    item = garment(tmp_path)
    Image.fromarray(thin).save(tmp_path / "mask.png")
    assert np.ptp(draw(item, "packshot").pixels) > 60, "a thread is not worn away"


def test_the_same_seed_draws_the_same_view_and_shaking_moves_boxes(tmp_path: Path) -> None:
    item = garment(tmp_path)
    first, again = (draw(item, "mask", 3, jitter=True) for _ in range(2))
    assert (first.pixels == again.pixels).all()
    assert (first.mask == again.mask).all()
    assert len({draw(item, "box", seed, jitter=True).pixels.shape for seed in range(12)}) > 3


def test_spoilt_masks_stay_near_the_true_one() -> None:
    y, x = np.mgrid[:200, :150]
    true = ((y - 100) / 80) ** 2 + ((x - 75) / 55) ** 2 < 1
    small = np.asarray(Image.fromarray(true).resize((64, 64)))
    overlaps = [mask_iou(spoilt(true, np.random.default_rng(seed)), small) for seed in range(40)]
    assert min(overlaps) > 0.6, "never lost, never perfect"
    assert np.mean(overlaps) < 0.97, "never lost, never perfect"


def test_a_thin_garment_is_not_lost_when_its_mask_is_spoilt() -> None:
    thin = np.zeros((300, 40), bool)
    thin[10:290, 18:21] = True
    assert all(spoilt(thin, np.random.default_rng(seed)).any() for seed in range(30))


def test_retaken_and_compressed_keep_the_picture_but_not_its_bytes() -> None:
    rng = np.random.default_rng(0)
    pixels = np.asarray(Image.fromarray(rng.integers(0, 255, (12, 9, 3), dtype=np.uint8)).resize((180, 240)))
    squeezed = compressed(pixels, 30)
    error = np.abs(squeezed.astype(int) - pixels).mean()
    assert squeezed.shape == pixels.shape
    assert 0 < error < 12
    other = retaken(pixels, rng)
    assert other.dtype == np.uint8
    assert other.shape != pixels.shape


def test_missing_pictures_are_refused_aloud(tmp_path: Path) -> None:
    item = garment(tmp_path)
    (tmp_path / "a.png").unlink()
    with pytest.raises(StreetshopError):
        draw(item, "whole")


def test_garments_are_drawn_in_all_their_forms_and_held_back_ones_not_at_all(tmp_path: Path) -> None:
    held, learned = garment(tmp_path), garment(tmp_path, split="train", pattern="stripes")
    plan = plan_views([learned, held])
    assert {item.split for item, _, _ in plan} == {"train"}
    assert [form for _, form, _ in plan] == ["whole", "mask", "cloth", "packshot", "cutout"]
    unnamed = garment(tmp_path, split="train")
    assert "cloth" not in {form for _, form, _ in plan_views([unnamed])}, "close pieces teach named patterns only"
    uncut = replace(unnamed, mask=None)
    assert [form for _, form, _ in plan_views([uncut])] == ["whole", "lit", "lit"]


def test_drawings_are_taught_from_after_the_photos(tmp_path: Path) -> None:
    folder, settings = tmp_path / "drawn", (6, 5, 96)
    items = studio_samples(folder, *settings, 1)
    assert len(items) == 12
    assert {item.split for item in items} == {"train"}
    assert all(item.kind and item.colour and item.pattern and not item.product_id for item in items)
    assert studio_samples(folder, *settings, 1) == items, "what is drawn stays"
    views = plan_views([*items, replace(garment(tmp_path), split="train")])
    drawn = [view for view in views if view[0].source == "studio"]
    assert len(drawn) == 12
    assert views[0][0].source == "clothing"
    for item, form, _ in drawn:
        shop = item.image.endswith("-packshot.jpg")
        assert form in (("whole", "mask") if shop else ("box", "mask"))
        assert draw(item, form).pixels.size
