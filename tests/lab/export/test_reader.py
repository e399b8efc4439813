"""An exported reader answers as its network does, is calibrated, and says what it is."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from streetshop.core.photo import Photo
from streetshop.lab.data.classes import CLASSES, GARMENTS
from streetshop.lab.data.sets.ccp import labelled_names
from streetshop.lab.evaluate.report import Report
from streetshop.lab.export.bundle import HALVED
from streetshop.lab.export.reader import export_reader
from streetshop.lab.train.reader_recipe import ArticlesPart
from streetshop.lab.train.tasks.reader.task import build_reader
from streetshop.looks import read_look
from streetshop.looks.reader import OnnxReader
from streetshop.models.session import start_session
from tests.lab.train.tasks.reader.trees import ccp, tiny_recipe

pytestmark = pytest.mark.lab


@pytest.mark.slow
def test_a_reader_is_exported_with_all_its_heads(tmp_path: Path) -> None:
    root = ccp(tmp_path / "ccp")
    recipe = tiny_recipe(detail=8)
    model = recipe.model.model_copy(update={"guided": 2})
    stages = (*recipe.stages, ArticlesPart(name="articles", fit="articles"))
    recipe = recipe.model_copy(update={"model": model, "stages": stages})
    torch.manual_seed(0)
    net = build_reader(recipe).eval()
    net.guided = recipe.model.guided
    bundle = export_reader(net, recipe, tmp_path / "b", ccp=root, val=labelled_names(root, "train")[:2])
    reader = OnnxReader(bundle, threads=1)
    spec = reader.spec
    assert (spec.classes, spec.garments, spec.articles, spec.probabilities) == (CLASSES, GARMENTS, True, True)
    assert set(spec.thresholds) == set(GARMENTS)
    image = torch.randn(1, 3, 64, 128, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        wanted = [value.numpy() for value in net(image)]
    outputs = ["classes", "keypoints", "articles", "features"]
    found = start_session(bundle / "model.onnx", 1).run(outputs, {"image": image.numpy()})
    assert found[3].shape == (1, spec.features, 4, 8)
    assert found[0].sum(axis=1) == pytest.approx(1, abs=1e-4), "probabilities behind the guided filter"
    for a, b in zip(wanted, found, strict=True):
        assert abs(a - b).max() < HALVED * abs(a).max()
    report = Report.read(bundle / "report.json")
    assert "aligns the edges" in report.facts["network"]
    assert "names garments" in report.facts["network"]
    assert "who took its photographs is stated nowhere" in (bundle / "card.md").read_text()
    assert read_look(Photo.from_path(root / "photos" / "0001.jpg"), reader) is not None
