"""Pictures cut, decoded and cached."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streetshop.core.errors import RunError
from streetshop.lab.core.parts import InputPart
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.pictures import load_pictures
from streetshop.lab.data.sample import Sample
from tests.lab.train.squares import draw_squares

pytestmark = pytest.mark.lab


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


def test_whatever_changes_the_pixels_is_another_cache(tmp_path: Path) -> None:
    """Input, colours, root, box, mask, and the files of picture and mask; a name or a label of a row is none of it."""
    rng = np.random.default_rng(0)
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(tmp_path / folder / "a.png")
        Image.new("L", (32, 32), 255).save(tmp_path / folder / "m.png")
    box, rle = (2.0, 3.0, 20.0, 30.0), json.dumps([[4, 4, 28, 4, 28, 28, 4, 28]])
    part = InputPart(height=16, width=16)
    whole = Sample("a.png", "shop", "p")
    cache = tmp_path / "cache"

    def caches(row: Sample = whole, input_part: InputPart = part, root: str = "one", *, colours: bool = False) -> int:
        load_pictures(Manifest.from_rows([row], tmp_path / root), input_part, cache, colours=colours)
        return len(list(cache.iterdir()))

    changes = ({"cut": "mask"}, {"margin": 0.5}, {"fit": "stretch"}, {"background": (0, 0, 0)}, {"height": 24})
    seen = [caches(input_part=part.model_copy(update=change)) for change in changes]
    seen += [caches(), caches(colours=True), caches(root="two"), caches(replace(whole, box=box))]
    seen += [caches(replace(whole, mask=mask)) for mask in (rle, "m.png", "m.png#255")]
    assert seen == list(range(1, 13))
    assert caches(replace(whole, product_id="q", category="hat", split="val")) == 12
    masked = replace(whole, mask="m.png")
    mask = np.zeros((32, 32), np.uint8)
    mask[:16] = 255
    Image.fromarray(mask).save(tmp_path / "one" / "m.png")
    assert caches(masked) == 13, "another mask in the same file"
    painted = part.model_copy(update={"cut": "mask", "margin": 0})
    load_pictures(Manifest.from_rows([masked], tmp_path / "one"), painted, cache)
    Image.fromarray(255 - mask).save(tmp_path / "one" / "m.png")
    pixels = load_pictures(Manifest.from_rows([masked], tmp_path / "one"), painted, cache).pixels[0]
    assert (pixels[0, 0] == 255).all(), "the upper half is background by the new mask"


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
    monkeypatch.setattr(module, "CHUNK", 4)
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
