"""The head that names articles which nobody wears."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from streetshop.core.errors import DatasetError
from streetshop.core.photo import Photo
from streetshop.lab.data.classes import CLASSES, GARMENTS
from streetshop.lab.train.reader_recipe import ArticlesPart
from streetshop.lab.train.tasks.reader import articles
from streetshop.lab.train.tasks.reader.articles import features, fit, fit_articles
from streetshop.lab.train.tasks.reader.data import ReaderData, load_reader_data
from streetshop.lab.train.tasks.reader.task import build_reader
from streetshop.looks.parse import mean_inside
from streetshop.models.reader import Reading
from tests.lab.train.tasks.reader.trees import public, tiny_recipe

pytestmark = pytest.mark.lab
CPU = torch.device("cpu")
STAGE = ArticlesPart(name="articles", fit="articles")


def seen(net: object, photo: Photo, *_: object, **__: object) -> tuple[Reading, NDArray[np.float32]]:
    """A network that sees clothes where a picture is not light, and whose last map is the picture itself."""
    small = photo.pixels[::4, ::4]
    cover = small.min(axis=2) < 140
    planes = np.zeros((len(CLASSES), *cover.shape), np.float32)
    planes[CLASSES.index("footwear")] = cover
    planes[0] = ~cover
    return Reading(planes, None, photo.width, photo.height), small.transpose(2, 0, 1).astype(np.float32) / 255


def test_the_layer_is_the_regression_of_standardised_channels() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(0)
    for classes in (2, 4):
        targets = rng.integers(0, classes, 200)
        centres: NDArray[np.float64] = rng.normal(0, 2, (classes, 6))
        rows = (centres[targets] + rng.normal(0, 1, (200, 6))).astype(np.float32) * 5 + 3
        names = [GARMENTS[2 * t] for t in targets]
        weight, bias = fit(rows, names, GARMENTS, strength=0.03)
        logits = rows @ weight.T + bias
        scaled = StandardScaler().fit_transform(rows)
        expected = LogisticRegression(C=0.03, max_iter=1000).fit(scaled, targets).predict_proba(scaled)
        chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(chances[:, 0 : 2 * classes : 2], expected, atol=1e-3)
        assert chances[:, 1::2].max() < 1e-4, "classes without examples"


def test_articles_are_named_by_the_mean_of_the_last_map(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The network takes green shirts for shoes."""
    recipe = tiny_recipe()
    recipe = recipe.model_copy(update={"stages": (*recipe.stages, STAGE)})
    data = load_reader_data(recipe, public(tmp_path))
    monkeypatch.setattr(articles, "look", seen)
    net = build_reader(recipe)
    net.articles = torch.nn.Conv2d(3, len(GARMENTS), 1)
    examples = [e for e in data.articles().examples("train") if e.kind == "cutout"]
    rows, names = features(net, recipe, data, examples, CPU)
    assert rows.shape == (len(names), 3)
    assert set(names) == {"top", "footwear"}
    fit_articles(net, recipe, STAGE, data, CPU)
    right = []
    for example in data.articles().examples("val"):
        photo = data.articles().load(example)
        if photo is not None and example.kind == "cutout":
            reading, deep = seen(net, photo)
            with torch.no_grad():
                logits = net.articles(torch.from_numpy(deep)[None])[0].numpy()
            mean = mean_inside(logits, reading.probabilities[CLASSES.index("footwear")] > 0)
            right.append(GARMENTS[int(mean.argmax())] == example.category)
    assert np.mean(right) > 0.9


def test_without_pictures_there_is_nothing_to_fit(tmp_path: Path) -> None:
    data = ReaderData(tmp_path, [], [])
    with pytest.raises(DatasetError, match="no pictures of single articles"):
        fit_articles(build_reader(tiny_recipe()), tiny_recipe(), STAGE, data, CPU)
