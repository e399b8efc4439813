"""Fitting the head that names articles which nobody wears.

The pixels of a lying shirt vote for its name one by one, and street photos show few of them. The mean of the backbone's
last map over the article tells more. A linear layer and a mean commute, so the classifier is a convolution of one pixel
on that map, and the mean is taken once the article is found (:func:`streetshop.looks.parse.mean_inside`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from streetshop.core.errors import DatasetError
from streetshop.lab.core.progress import say
from streetshop.lab.data.articles import Example
from streetshop.lab.data.classes import GARMENTS
from streetshop.lab.nets.reader import ReaderNet
from streetshop.lab.train.reader_recipe import ArticlesPart, ReaderRecipe
from streetshop.lab.train.tasks.reader.data import ReaderData
from streetshop.lab.train.tasks.reader.looking import each, look, reader_spec
from streetshop.looks.parse import mean_inside, most_probable
from streetshop.looks.people import people_and_articles
from streetshop.looks.rules import Rules

_NEVER: Final = -20.0
"""Logit of a class without examples."""


def fit_articles(
    net: ReaderNet, recipe: ReaderRecipe, stage: ArticlesPart, data: ReaderData, device: torch.device
) -> None:
    """Fit ``net.articles`` on the training senders and training photos.

    Raises:
        DatasetError: fewer than two classes to learn from.
    """
    pictures = data.articles()
    rows, names = features(net, recipe, data, pictures.examples("train"), device)
    if len(set(names)) < 2:
        raise DatasetError(
            "no two classes of articles to learn from", where=str(pictures.clothing), hint="Are the cut-outs there?"
        )
    say(f"{len(rows)} pictures of {len(set(names))} classes to learn from")
    weight, bias = fit(rows, names, GARMENTS, strength=stage.strength)
    head = cast(torch.nn.Conv2d, net.articles)
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(weight)[:, :, None, None])
        cast(Tensor, head.bias).copy_(torch.from_numpy(bias))


def features(
    net: ReaderNet, recipe: ReaderRecipe, data: ReaderData, examples: Sequence[Example], device: torch.device
) -> tuple[NDArray[np.float32], list[str]]:
    """Features of the examples in which the network finds an article that nobody wears.

    Returns:
        (n, channels) the backbone's last map averaged over the article, and the article's class of each.
    """
    spec, pictures = reader_spec(recipe), data.articles()
    rules = Rules(spec.classes, spec.garments)
    net.eval()

    def one(example: Example) -> NDArray[np.float32] | None:
        photo = pictures.load(example)
        if photo is None:
            return None
        reading, deep = look(net, photo, spec, guided=recipe.model.guided, device=device)
        _, articles = people_and_articles(most_probable(reading.probabilities), reading.heat, rules)
        return mean_inside(deep, articles[0]) if articles else None

    found = list(each("looking at articles", one, examples, recipe.workers))
    return np.asarray([row for _, row in found], np.float32), [example.category for example, _ in found]


def fit(
    rows: NDArray[np.float32], names: Sequence[str], garments: Sequence[str], *, strength: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fit a logistic regression of standardised channels; a class without examples is never named.

    Args:
        rows: (n, channels) features.
        names: (n,) classes.
        garments: all classes.
        strength: inverse of the regularisation.

    Returns:
        (garments, channels) weights and (garments,) biases, the standardisation multiplied in.
    """
    from sklearn.linear_model import LogisticRegression

    mean, spread = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-6)
    targets = np.asarray([garments.index(name) for name in names])
    model = LogisticRegression(C=strength, max_iter=1000).fit((rows - mean) / spread, targets)
    slopes, biases = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # one row there: of the second class against the first
        slopes, biases = np.concatenate([-slopes, slopes]) / 2, np.concatenate([-biases, biases]) / 2
    weight = np.zeros((len(garments), rows.shape[1]), np.float32)
    bias = np.full(len(garments), _NEVER, np.float32)
    weight[model.classes_] = slopes / spread
    bias[model.classes_] = biases - (slopes / spread) @ mean
    return weight, bias
