"""An exported embedding answers as its run does, and its report says what the run knows."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from streetshop.core.errors import RunError
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.pictures import row_picture
from streetshop.lab.evaluate.report import Report
from streetshop.lab.export.embedding import export_embedding, groups_spec
from streetshop.lab.train import load_run
from streetshop.lab.train.reading import load_recipe
from streetshop.lab.train.recipe import EmbeddingRecipe
from streetshop.models import load_encoder
from tests.lab.compare.trained import draw_split, train_two

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("exported")
    train_two(draw_split(home / "squares"), home / "runs")
    return home


@pytest.mark.parametrize("name", ["unit", "loose"])
def test_a_bundle_gives_the_vectors_of_its_run(home: Path, name: str, tmp_path: Path) -> None:
    rows = Manifest.read(home / "squares" / "manifest.parquet")
    [bundle] = export_embedding(home / "runs" / name, tmp_path / "bundle", half=False)
    encoder = load_encoder(bundle, threads=1)
    vectors, _ = load_run(home / "runs" / name).encode(rows, cache=home / "runs" / "cache", threads=1)
    wanted = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    for number in range(0, len(rows), 7):
        [served] = encoder.encode([encoder.prepare(row_picture(rows.row(number), encoder.spec))])
        np.testing.assert_allclose(served, wanted[number], atol=1e-4)


def test_the_report_is_that_of_the_run(home: Path, tmp_path: Path) -> None:
    [bundle] = export_embedding(home / "runs" / "loose", tmp_path / "bundle", weights="last", name="mine", version="3")
    report = Report.read(bundle / "report.json")
    about = json.loads((home / "runs" / "loose" / "run.json").read_text())
    assert (report.name, report.version, report.kind) == ("mine", "3", "embedding")
    assert report.data[0].fingerprint == about["fingerprint"]
    (score,) = report.sections[0].rows["MAP@5"]
    assert score is not None
    assert score.value == about["score"]
    assert report.facts["weights"] == "last"
    assert "Euclidean" in report.facts["distance"], "its vectors have lengths of their own"


def test_what_is_no_run_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no run folder"):
        export_embedding(tmp_path, tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_kinds_belong_to_the_group_that_names_them_most() -> None:
    recipe = load_recipe("buy-me-that-look")
    assert isinstance(recipe, EmbeddingRecipe)
    spec = groups_spec(recipe, [*recipe.data.groups, "other"], "look", "2")
    assert (spec.name, spec.version, spec.fallback) == ("look", "2", "other")
    assert spec.groups["bottomwear"] == ("trousers", "shorts", "legwear")
    assert spec.groups["topwear"] == ("top",)
    assert spec.groups["other"] == ()
    alone = groups_spec(recipe, ["skirts", "bags"], "look", "2")
    assert (alone.groups, alone.fallback) == ({"skirts": ("skirt",), "bags": ("bag",)}, "skirts")
