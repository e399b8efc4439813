"""Every method's recipe trains from one end to the other, small; and unbundles into the serving side."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from streetshop.core.errors import RunError
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.pictures import row_picture
from streetshop.lab.export.embedding import export_embedding
from streetshop.lab.train import train
from streetshop.lab.train.trained import load_run
from streetshop.models import load_encoder
from tests.lab.train.squares import SMALL, draw_squares

pytestmark = pytest.mark.lab

ONE = [*SMALL, "stages.*.epochs=1", "model.head.blocks.0.dim=8"]
CASES = {
    "two-stream": [*ONE, "stages.*.batch=4"],
    "buy-me-that-look": [
        *ONE,
        "stages.0.batch=4",
        "stages.1.batch=8",
        "data.groups={flat: [square, disc]}",
    ],
    "griddynamics-triplet": [*ONE, "stages.*.batch=16", "stages.*.frozen=2", "stages.1.unfreeze.to=1"],
    "griddynamics-arcface": [*ONE, "stages.*.batch=8", "stages.*.frozen=2", "stages.1.unfreeze.to=1"],
    "center-loss": [*ONE, "stages.*.batch=8"],
    "attention": [
        "input.height=32",
        "input.width=32",
        "stages.0.epochs=1",
        "stages.0.batch=8",
        "model.head.target=attributes.tags",
        "stages.0.losses.0.target=attributes.tags",
        "model.head.steps=2",
        "model.head.size=4",
    ],
    "streetshop": [
        *ONE,
        "stages.*.batch=16",
        "stages.*.frozen=1",
        "stages.*.losses.7.target=attributes.colour",
        "model.head.blocks.2={name: colour, source: cielab}",
        "stages.*.losses.7.on=style",
    ],
    "converter": ["channels=4", "stages.0.epochs=1", "stages.0.batch=4"],
}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_squares(tmp_path_factory.mktemp("squares"), products=9, val=3)


@pytest.fixture(scope="module")
def runs(manifest: Path) -> dict[str, Path]:
    """Trained once, when first asked for."""

    class Runs(dict[str, Path]):
        def __missing__(self, name: str) -> Path:
            out = manifest.parent / f"run-{name}"
            train(name, manifest, out, CASES[name], cache=manifest.parent / "cache")
            self[name] = out
            return out

    return Runs()


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_recipe_trains_and_leaves_a_whole_run_folder(runs: dict[str, Path], name: str) -> None:
    out = runs[name]
    about = json.loads((out / "run.json").read_text())
    assert about["finished"]
    assert about["steps"] > 0
    assert about["recipe"] == name
    folders = [out / "groups" / group for group in about.get("groups", [])] or [out]
    assert len(folders) == (2 if name == "buy-me-that-look" else 1)
    for folder in folders:
        for file in ("recipe.yaml", "classes.json", "checkpoint.pt", "best.safetensors", "last.safetensors"):
            assert (folder / file).is_file()
        lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
        assert any("loss/total" in line or "loss/converter" in line for line in lines)
        assert any(key.startswith("val/") for line in lines for key in line)
        board = EventAccumulator(str(folder / "tensorboard")).Reload()
        assert any(tag.startswith("loss/") for tag in board.Tags()["scalars"])
        assert list(folder.glob("*.part")) == []


def test_converter_run_draws_a_sheet_of_examples(runs: dict[str, Path]) -> None:
    sheet = Image.open(runs["converter"] / "samples" / "epoch-001.png")
    assert sheet.size == (6 * 64, 3 * 64)


def _unit_blocks(vectors: np.ndarray, dims: list[int]) -> np.ndarray:
    parts = np.split(vectors, np.cumsum(dims)[:-1], axis=1)
    return np.concatenate([part / np.linalg.norm(part, axis=1, keepdims=True) for part in parts], axis=1)


@pytest.mark.parametrize("name", ["two-stream", "attention", "streetshop", "center-loss", "griddynamics-triplet"])
def test_the_serving_side_gets_the_same_vectors_from_the_bundle(
    runs: dict[str, Path], manifest: Path, tmp_path: Path, name: str
) -> None:
    """From the picture file to the vector: cutting, scaling, network, stream and blocks."""
    rows = Manifest.read(manifest)
    [folder] = export_embedding(runs[name], tmp_path / "bundle", weights="last", half=False)
    encoder = load_encoder(folder, threads=1)
    assert (encoder.spec.shop_model is not None) == (name == "two-stream")
    trained = load_run(runs[name], weights="last")
    vectors, usable = trained.encode(rows, cache=tmp_path / "cache")
    assert usable.all()
    wanted = _unit_blocks(vectors, [block.dim for block in encoder.blocks])
    for number in range(0, len(rows), 5):
        row = rows.row(number)
        picture = row_picture(row, encoder.spec)
        served = encoder.encode([encoder.prepare(picture)], side="shop" if row.domain == "shop" else "street")
        np.testing.assert_allclose(served[0], wanted[number], atol=1e-4)


def test_unshared_streams_differ_and_are_both_exported(runs: dict[str, Path], tmp_path: Path) -> None:
    [folder] = export_embedding(runs["two-stream"], tmp_path / "bundle", weights="last")
    assert (folder / "model.onnx").read_bytes() != (folder / "model-shop.onnx").read_bytes()
    card = (folder / "card.md").read_text()
    assert "two: street pictures and shop pictures have a network each" in card
    assert "half precision on disk" in card


def test_half_precision_halves_the_file_and_keeps_the_directions(runs: dict[str, Path], tmp_path: Path) -> None:
    [full] = export_embedding(runs["griddynamics-arcface"], tmp_path / "full", half=False)
    [half] = export_embedding(runs["griddynamics-arcface"], tmp_path / "half")
    assert (half / "model.onnx").stat().st_size < 0.6 * (full / "model.onnx").stat().st_size
    picture = np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    from streetshop.core.records import GarmentPicture

    a, b = (
        encoder.encode([encoder.prepare(GarmentPicture(picture))])[0]
        for encoder in (load_encoder(full, threads=1), load_encoder(half, threads=1))
    )
    assert float(a @ b) > 0.9995


def test_groups_export_a_bundle_each_and_encode_their_own_rows(
    runs: dict[str, Path], manifest: Path, tmp_path: Path
) -> None:
    folders = export_embedding(runs["buy-me-that-look"], tmp_path / "bundles")
    assert sorted(folder.name for folder in folders) == ["flat", "other"]
    assert {load_encoder(folder, threads=1).spec.name for folder in folders} == {
        "buy-me-that-look-flat",
        "buy-me-that-look-other",
    }
    served = load_encoder(tmp_path / "bundles", threads=1)
    assert (served.name, served.grouped, served.group_of("dress")) == ("buy-me-that-look 1", True, "other")
    rows = Manifest.read(manifest)
    vectors, usable = load_run(runs["buy-me-that-look"]).encode(rows, cache=tmp_path / "cache")
    assert vectors.shape == (len(rows), 8)
    assert usable.all()
    bars = np.flatnonzero(rows.column("category") == "bar")
    other = load_run(runs["buy-me-that-look"]).encoders["other"]
    alone, _ = other.encode(rows.take(bars), cache=tmp_path / "cache")
    np.testing.assert_allclose(vectors[bars], alone, atol=1e-6)


def test_converter_and_matcher_export_as_one_two_stream_bundle(
    runs: dict[str, Path], manifest: Path, tmp_path: Path
) -> None:
    """Method 1 end to end: street pictures through the converter, shop pictures straight to the matcher."""
    [folder] = export_embedding(runs["center-loss"], tmp_path / "bundle", converter=runs["converter"], half=False)
    encoder = load_encoder(folder, threads=1)
    rows = Manifest.read(manifest)
    trained = load_run(runs["center-loss"], converter=runs["converter"])
    vectors, _ = trained.encode(rows, cache=tmp_path / "cache")
    for number in (0, 2):
        row = rows.row(number)
        prepared = encoder.prepare(row_picture(row, encoder.spec))
        served = encoder.encode([prepared], side="shop" if row.domain == "shop" else "street")[0]
        np.testing.assert_allclose(served, vectors[number] / np.linalg.norm(vectors[number]), atol=1e-4)
    with pytest.raises(RunError, match="is a converter's run"):
        load_run(runs["converter"])
    with pytest.raises(RunError, match="is no converter's run"):
        load_run(runs["center-loss"], converter=runs["two-stream"])


def test_export_refuses_what_is_there_and_what_is_no_run(runs: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").write_text("mine")
    with pytest.raises(RunError, match="already exists"):
        export_embedding(runs["center-loss"], tmp_path / "taken")
    with pytest.raises(RunError, match="no run folder"):
        export_embedding(tmp_path, tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_a_manifest_without_labels_is_an_error_unless_the_loss_is_optional(manifest: Path, tmp_path: Path) -> None:
    from streetshop.core.errors import RecipeError

    overrides = [*CASES["griddynamics-arcface"], "stages.*.losses.1.target=attributes.occasion"]
    with pytest.raises(
        RecipeError, match=r"nothing to learn: the training rows hold 0 classes of 'attributes\.occasion'"
    ):
        train("griddynamics-arcface", manifest, tmp_path / "a", [*overrides, "stages.*.losses.1.optional=false"])
    train("griddynamics-arcface", manifest, tmp_path / "b", overrides)
    lines = (tmp_path / "b" / "metrics.jsonl").read_text()
    assert "arcface" in lines
    assert "occasion" not in lines


def test_a_backbone_can_start_from_another_runs_weights(runs: dict[str, Path]) -> None:
    from streetshop.lab.nets import build_backbone

    backbone = build_backbone("test_resnet", weights=str(runs["center-loss"] / "best.safetensors"))
    trained = load_run(runs["center-loss"]).encoders[""].streams.query.backbone
    for name, value in backbone.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), trained.state_dict()[name].numpy())
