"""Names of articles that nobody wears: pictures, the linear layer, the bundle."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from streetshop.core.errors import DatasetError
from streetshop.lab.data.classes import GARMENTS
from streetshop.lab.data.sets.ccp import labelled_names, photo_split
from streetshop.lab.data.sets.clothing import sender_split
from streetshop.lab.export.reader import export_reader
from streetshop.lab.nets.reader import ReaderNet
from streetshop.lab.train.tasks.reader import articles
from streetshop.lab.train.tasks.reader.articles import Example, Pictures, features, fit, judge_names, name_articles
from streetshop.looks.reader import OnnxReader
from tests.lab.train.tasks.reader.test_reader_training import tiny_recipe
from tests.lab.train.tasks.reader.trees import ccp, clothing
from tests.models.tiny_reader import BODILESS, tiny_reader

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    root = tmp_path_factory.mktemp("articles")
    return Pictures(
        ccp(root / "ccp", scale=4), clothing(root / "clothing", root / "cut", count=60, scale=4), root / "cut"
    )


@pytest.fixture(scope="module")
def bundle(pictures: Pictures, tmp_path_factory: pytest.TempPathFactory) -> OnnxReader:
    """An untrained one."""
    torch.manual_seed(0)
    recipe = tiny_recipe()
    net = ReaderNet(width=recipe.width, weights="none").eval()
    folder = tmp_path_factory.mktemp("bundle")
    val = labelled_names(pictures.ccp, "train")[:2]
    return OnnxReader(export_reader(net, recipe, folder, ccp=pictures.ccp, val=val, size=(96, 64)), threads=2)


def test_examples_are_split_by_sender_and_photo(pictures: Pictures) -> None:
    for split in ("train", "val", "test"):
        found = pictures.examples(split)
        assert {e.category for e in found if e.kind != "worn"} <= {"top", "footwear"}, "Not sure is left out"
        assert all((photo_split if e.kind == "worn" else sender_split)(e.sender) == split for e in found)
        assert not any(e.name == "missing" for e in found)
    kinds = [e.kind for e in pictures.examples("train")]
    assert kinds.count("photo") == kinds.count("cutout") > 10 < kinds.count("worn")


def test_a_cut_out_stands_on_white_with_its_margin(pictures: Pictures) -> None:
    photo = pictures.load(Example("cutout", "0", "top", "0"))
    assert photo is not None
    white = (photo.pixels > 240).all(axis=2)
    rows, columns = np.nonzero(~white.all(axis=1))[0], np.nonzero(~white.all(axis=0))[0]
    assert (rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1) == (120, 96)
    margins = rows[0], photo.pixels.shape[0] - 1 - rows[-1], columns[0], photo.pixels.shape[1] - 1 - columns[-1]
    assert len(set(margins)) == 1
    assert 3 <= margins[0] <= 30
    again = pictures.load(Example("cutout", "0", "top", "0"))
    assert again is not None
    assert np.array_equal(photo.pixels, again.pixels)


def test_what_does_not_decode_or_is_hardly_cut_out_is_passed_over(pictures: Pictures, tmp_path: Path) -> None:
    broken = shutil.copytree(pictures.clothing, tmp_path / "clothing")
    (broken / "images" / "0.jpg").write_bytes(b"no picture")
    other = Pictures(pictures.ccp, broken, pictures.cutouts)
    assert other.load(Example("photo", "0", "top", "0")) is None
    assert pictures.load(Example("worn", "0001", "scarf", "0001")) is None


def test_the_layer_is_the_regression_of_standardised_channels() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(0)
    for classes in (2, 4):
        targets = rng.integers(0, classes, 200)
        centres: NDArray[np.float64] = rng.normal(0, 2, (classes, 6))
        rows = (centres[targets] + rng.normal(0, 1, (200, 6))).astype(np.float32) * 5 + 3
        names = [GARMENTS[2 * t] for t in targets]
        weight, bias = fit(rows, names, GARMENTS)
        logits = rows @ weight.T + bias
        scaled = StandardScaler().fit_transform(rows)
        expected = LogisticRegression(C=articles._STRENGTH, max_iter=1000).fit(scaled, targets).predict_proba(scaled)
        chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(chances[:, 0 : 2 * classes : 2], expected, atol=1e-3)
        assert chances[:, 1::2].max() < 1e-4, "classes without examples"


def test_a_bundle_learns_names_and_serves_them(pictures: Pictures, tmp_path: Path) -> None:
    """On the tiny reader, its network given the node that the layer goes beside. It takes green shirts for shoes."""
    plain = tiny_reader(tmp_path / "plain", colours=BODILESS, node=articles._BESIDE)
    before, examples = OnnxReader(plain, threads=1), pictures.examples("train")
    rows, names = features(before, pictures, examples)
    assert rows.shape == (len(names), 3)
    assert len(names) > 10
    after = name_articles(before, pictures, tmp_path / "named")
    assert after.spec.articles
    assert not before.spec.articles
    assert (tmp_path / "plain" / "model.onnx").is_file()
    was, now = judge_names(before, pictures, examples), judge_names(after, pictures, examples)
    assert was["cutout"].right.mean < 0.6
    assert now["cutout"].right.mean > 0.9
    assert now["worn"].right.mean > 0.9
    assert all(now[kind].found == was[kind].found for kind in now)
    twice = name_articles(after, pictures, tmp_path / "named")
    assert judge_names(twice, pictures, examples) == now
    assert OnnxReader(tmp_path / "named", threads=1).spec == after.spec


def test_our_own_network_has_the_node(pictures: Pictures, bundle: OnnxReader) -> None:
    import onnx

    from streetshop.lab.nets.onnx_files import map_read_by

    graph = onnx.load(str(bundle.folder / "model.onnx")).graph
    made = next(node for node in graph.node if map_read_by(graph, articles._BESIDE) in node.output)
    assert made.op_type == "Conv"
    assert made.name.startswith("/blocks.6/")


def test_no_pictures_is_said(pictures: Pictures, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be read"):
        Pictures(pictures.ccp, tmp_path, pictures.cutouts).examples("train")
