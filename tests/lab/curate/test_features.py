"""Features: computed once, found again by content, whatever breaks in between."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streetshop.core.errors import CurateError
from streetshop.core.photo import Photo
from streetshop.core.records import GarmentPicture
from streetshop.lab.curate import Curation, features
from streetshop.lab.curate.embedding import embed_here
from streetshop.lab.curate.encoders import BackboneFeatures, EncoderChoice
from streetshop.lab.curate.features import Features, reduced, run_features
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample
from tests.lab.curate.conftest import SMALL
from tests.lab.curate.drawn import garment


def test_each_row_has_the_feature_of_its_own_picture(tmp_path: Path, small: Manifest) -> None:
    curation = Curation.create(tmp_path / "out", small)
    run_features(curation, SMALL)
    found = Features.of(curation)
    encoder = BackboneFeatures(SMALL)
    for row in (0, 3, 9):
        picture = GarmentPicture(Photo.from_path(small.row(row).path).pixels)
        np.testing.assert_allclose(found.vectors[found.index[row]], encoder.encode([picture])[0], atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-5)


def test_a_box_is_cut_out_and_makes_another_feature(tmp_path: Path) -> None:
    garment("shirt", 0, 0).save(tmp_path / "a.png")
    rows = [
        Sample("a.png", "shop"),
        Sample("a.png", "shop", box=(10, 10, 60, 60)),
        Sample("a.png", "shop", category="same"),
    ]
    curation = Curation.create(tmp_path / "out", Manifest.from_rows(rows, tmp_path))
    assert run_features(curation, SMALL)["computed"] == 2
    index = Features.of(curation).index
    assert index[0] == index[2] != index[1]


def test_another_mask_is_another_feature_even_under_the_same_name(tmp_path: Path) -> None:
    """A cache that curations share: the file of a mask may change, and another folder has a mask of that name."""
    mask = np.zeros((96, 96), np.uint8)
    mask[:, :48] = 255
    masks = {"one": mask, "two": 255 - mask}
    for folder, pixels in masks.items():
        (tmp_path / folder).mkdir()
        garment("shirt", 0, 0).save(tmp_path / folder / "a.png")
        Image.fromarray(pixels).save(tmp_path / folder / "m.png")

    def computed(folder: str, out: str, name: str = "m.png") -> int:
        manifest = Manifest.from_rows([Sample("a.png", "shop", mask=name)], tmp_path / folder)
        return run_features(Curation.create(tmp_path / out, manifest), SMALL, cache=tmp_path / "cache")["computed"]

    assert computed("one", "1") == 1
    assert computed("two", "2") == 1, "another folder"
    shutil.copy(tmp_path / "one" / "m.png", tmp_path / "two" / "copy.png")
    assert computed("two", "3", "copy.png") == 0, "the same mask under another name"
    Image.fromarray(np.full((96, 96), 255, np.uint8)).save(tmp_path / "one" / "m.png")
    assert computed("one", "4") == 1, "the file has changed"


def test_moved_and_renamed_pictures_are_not_computed_again(tmp_path: Path, small: Manifest) -> None:
    cache = tmp_path / "cache"
    assert run_features(Curation.create(tmp_path / "one", small), SMALL, cache=cache)["computed"] == len(small)
    moved = tmp_path / "moved"
    moved.mkdir()
    rows = []
    for number, row in enumerate(small):
        shutil.copy(row.path, moved / f"{number}.png")
        rows.append(Sample(f"{number}.png", "shop"))
    again = Curation.create(tmp_path / "two", Manifest.from_rows(rows, moved))
    assert run_features(again, SMALL, cache=cache)["computed"] == 0
    assert Features.of(again).index.tolist() == Features.of(Curation.open(tmp_path / "one")).index.tolist()


def test_an_interrupted_run_goes_on_where_it_was(
    tmp_path: Path, small: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_off(embedder, rows, batch=4):  # type: ignore[no-untyped-def]
        for number, part in enumerate(embed_here(embedder, rows, batch)):
            if number == 2:
                raise KeyboardInterrupt
            yield part

    curation = Curation.create(tmp_path / "out", small)
    with monkeypatch.context() as patch:
        patch.setattr(features, "embed_here", broken_off)
        with pytest.raises(KeyboardInterrupt):
            run_features(curation, SMALL)
    assert not curation.done("features")
    # Killed between the two files of a batch: what is there of the last feature is cut off.
    with (curation.folder / "features" / "vectors.f32").open("ab") as file:
        file.write(b"half a vector")
    assert run_features(curation, SMALL)["computed"] == len(small) - 8
    straight = Curation.create(tmp_path / "straight", small)
    run_features(straight, SMALL)
    a, b = Features.of(curation), Features.of(straight)
    np.testing.assert_allclose(a.vectors[a.index], b.vectors[b.index], atol=1e-5)
    assert (a.thumbnails[a.index] == b.thumbnails[b.index]).all()


def test_unreadable_pictures_are_dropped_with_their_reason(tmp_path: Path, small: Manifest) -> None:
    small.row(0).path.write_bytes(b"<html>")
    small.row(1).path.unlink()
    small.row(2).path.write_bytes(small.row(3).path.read_bytes()[:200])
    curation = Curation.create(tmp_path / "out", small)
    assert run_features(curation, SMALL)["dropped"] == 3
    drops = curation.drops("features")
    assert "not a picture" in drops[0]
    assert "no such file" in drops[1]
    assert "ends early" in drops[2]
    assert curation.remaining(before="clusters").tolist() == [False] * 3 + [True] * (len(small) - 3)


def test_no_usable_picture_at_all_is_an_error(tmp_path: Path, small: Manifest) -> None:
    elsewhere = Manifest(small.table, tmp_path / "nowhere")
    with pytest.raises(CurateError, match=r"none of 10 pictures can be used.*--root"):
        run_features(Curation.create(tmp_path / "out", elsewhere), SMALL)


def test_a_cache_of_another_encoder_is_refused_and_left_alone(tmp_path: Path, small: Manifest) -> None:
    cache = tmp_path / "cache"
    run_features(Curation.create(tmp_path / "one", small), SMALL, cache=cache)
    before = (cache / "vectors.f32").read_bytes()
    with pytest.raises(CurateError, match="holds features of efficientnet_lite0, imagenet weights, 64 px, not of"):
        run_features(Curation.create(tmp_path / "two", small), EncoderChoice(size=32), cache=cache)
    assert (cache / "vectors.f32").read_bytes() == before


def test_constant_features_are_an_error(tmp_path: Path) -> None:
    rows = []
    for number in range(4):  # other bytes, the same pixels
        Image.new("RGB", (64, 64), (10, 200, 30)).save(tmp_path / f"{number}.png", compress_level=number)
        rows.append(Sample(f"{number}.png", "shop"))
    curation = Curation.create(tmp_path / "out", Manifest.from_rows(rows, tmp_path))
    run_features(curation, SMALL)
    with pytest.raises(CurateError, match=r"features of \d pictures are all equal"):
        reduced(curation, Features.of(curation))
