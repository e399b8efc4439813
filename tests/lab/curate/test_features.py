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
from streetshop.lab.curate.store import RECORD, FeatureStore
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample
from streetshop.models.encoder import load_encoder
from tests.lab.curate.conftest import SMALL
from tests.lab.curate.drawn import garment, pile


@pytest.fixture
def small(tmp_path: Path) -> Manifest:
    return pile(tmp_path / "pictures", products=2, shots=1, tables=2)


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


def test_a_bundle_gives_features_whose_cosine_is_that_of_a_search(tmp_path: Path, small: Manifest) -> None:
    from streetshop.models.encoder import DEFAULT_ENCODER

    curation = Curation.create(tmp_path / "out", small.take([0, 1]))
    run_features(curation, EncoderChoice(bundle=str(DEFAULT_ENCODER)))
    a, b = Features.of(curation).vectors[:2]
    assert a @ a == pytest.approx(1, abs=1e-5)
    blocks = load_encoder().blocks
    starts = np.cumsum([0, *(block.dim for block in blocks)])
    expected = 0.0
    for block, start, end in zip(blocks, starts, starts[1:], strict=False):
        left, right = a[start:end], b[start:end]
        if block.weight:
            expected += block.weight * (left @ right) / (np.linalg.norm(left) * np.linalg.norm(right))
    assert a @ b == pytest.approx(expected / sum(block.weight for block in blocks), abs=1e-5)


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


def test_another_manifest_in_the_same_folder_is_refused(tmp_path: Path, small: Manifest) -> None:
    Curation.create(tmp_path / "out", small)
    with pytest.raises(CurateError, match="curation of another manifest"):
        Curation.create(tmp_path / "out", small.take([0, 1]))
    (tmp_path / "out" / "curation.json").unlink()  # broken off while it began
    assert Curation.create(tmp_path / "out", small).fingerprint == small.fingerprint
    with pytest.raises(CurateError, match="holds something else"):
        Curation.create(small.root, small)
    with pytest.raises(CurateError, match="no rows"):
        Curation.create(tmp_path / "empty", small.take([]))
    with pytest.raises(CurateError, match="no such file"):
        Curation.open(tmp_path / "nothing")


def test_the_store_keeps_what_was_appended(tmp_path: Path) -> None:
    class Encoder:
        name, fingerprint, dim, spec = "e", "f", 3, None

    store = FeatureStore(tmp_path, Encoder())  # type: ignore[arg-type]
    records = np.zeros(2, RECORD)
    records["key"] = np.arange(32, dtype=np.uint8).reshape(2, 16).view("V16").ravel()
    thumbnails = np.arange(2 * 48 * 48 * 3, dtype=np.int64).astype(np.uint8).reshape(2, 48, 48, 3)
    store.append(np.arange(6, dtype=np.float32).reshape(2, 3), thumbnails, records)
    again = FeatureStore(tmp_path)
    assert len(again) == 2
    assert again.place(bytes(range(16, 32))) == 1
    assert again.place(b"other") is None
    assert again.vectors.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert (again.thumbnails == thumbnails).all()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_ray_cluster_of_several_nodes_gives_the_same_features(tmp_path: Path) -> None:
    """Two nodes of one worker each: neither could hold both."""
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'streetshop[ray]'")
    from ray.cluster_utils import Cluster

    small = pile(tmp_path / "pictures", products=4, shots=2, tables=4)
    small.row(5).path.write_bytes(b"broken")
    here = Curation.create(tmp_path / "here", small)
    run_features(here, SMALL)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": 100 * 2**20})
    cluster.add_node(num_cpus=1, object_store_memory=100 * 2**20)
    try:
        ray.init(address=cluster.address, log_to_driver=False)
        assert len([node for node in ray.nodes() if node["Alive"]]) == 2
        there = Curation.create(tmp_path / "there", small)
        summary = run_features(there, SMALL, ray=cluster.address, workers=2)
        assert summary["computed"] == len(small) - 1
    finally:
        ray.shutdown()
        cluster.shutdown()
    a, b = Features.of(here), Features.of(there)
    usable = np.flatnonzero(a.index >= 0)
    np.testing.assert_allclose(a.vectors[a.index[usable]], b.vectors[b.index[usable]], atol=1e-5)
    assert there.drops("features") == here.drops("features")
    assert list(there.drops("features")) == [5]


def test_ray_missing_says_what_to_install(tmp_path: Path, small: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(CurateError, match=r"Ray is not installed.*streetshop\[ray\]"):
        run_features(Curation.create(tmp_path / "out", small), SMALL, ray="auto")
