from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from streetshop.lab.losses import (
    UNKNOWN,
    ArcFace,
    CenterLoss,
    CrossEntropy,
    LossInput,
    LossTerm,
    MultiLabelEuclidean,
    TripletLoss,
    WeightedTripletLoss,
    multilabel_euclidean,
    weighted_triplet,
)
from streetshop.lab.nets import AttendedRegions, Encoding

pytestmark = pytest.mark.lab


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def _given(vector: Tensor, labels: list[int] | None = None, triplets: list[tuple[int, int, int]] | None = None):
    rows = None if triplets is None else tuple(torch.tensor(column) for column in zip(*triplets, strict=True))
    encoding = Encoding(vector * 2, {"style": vector}, vector)
    return LossInput(encoding, {"product": torch.tensor(labels or [0] * len(vector))}, rows)


def _unit(*shape: int) -> Tensor:
    return functional.normalize(torch.randn(*shape), dim=-1).requires_grad_()


TRIPLETS = [(0, 1, 2), (1, 0, 3), (2, 4, 0)]


@pytest.mark.parametrize("distance", ["euclidean", "squared", "cosine"])
def test_triplet_loss_against_loops(distance: str) -> None:
    x = torch.randn(5, 4, requires_grad=True)

    def d(i: int, j: int) -> float:
        a, b = x[i].detach().numpy(), x[j].detach().numpy()
        if distance == "cosine":
            return -float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
        return float(np.linalg.norm(a - b)) ** (2 if distance == "squared" else 1)

    margin = 0.5
    wanted = np.mean([max(0, margin + d(a, p) - d(a, n)) for a, p, n in TRIPLETS])
    loss = TripletLoss(margin=margin, distance=distance)(_given(x, triplets=TRIPLETS))
    assert loss.item() == pytest.approx(wanted, rel=1e-4)
    loss.backward()
    assert x.grad.abs().sum() > 0


def test_triplet_loss_counts_satisfied_triplets_as_zero() -> None:
    x = torch.tensor([[0.0, 0], [0, 0], [9, 9], [0.3, 0]], requires_grad=True)
    loss = TripletLoss(margin=0.5)(_given(x, triplets=[(0, 1, 2), (0, 1, 3)]))
    assert loss.item() == pytest.approx((0 + 0.2) / 2, rel=1e-4)


@pytest.mark.parametrize("term", [TripletLoss(margin=0.2), WeightedTripletLoss()])
@pytest.mark.parametrize("triplets", [None, []])
def test_no_triplets_is_a_zero_with_a_gradient(term: LossTerm, triplets: list[tuple[int, int, int]] | None) -> None:
    x = torch.randn(4, 3, requires_grad=True)
    empty = torch.tensor([], dtype=torch.int64)
    given = _given(x)
    loss = term(LossInput(given.encoding, given.targets, None if triplets is None else (empty, empty, empty)))
    loss.backward()
    assert loss.item() == 0
    assert x.grad is not None
    assert x.grad.abs().sum() == 0


def test_weighted_triplet_is_equations_1_to_3() -> None:
    a, p, n = (torch.randn(3, 6) for _ in range(3))
    m, alpha, d = 0.2, 5e-5, 6
    wanted = []
    for i in range(3):
        ranking = max(0.0, m + float(((a[i] - p[i]) ** 2).sum()) - float(((a[i] - n[i]) ** 2).sum()))
        norms = float((a[i] ** 2).sum() + (p[i] ** 2).sum() + (n[i] ** 2).sum())
        wanted.append(ranking + alpha * norms / (3 * d))
    np.testing.assert_allclose(weighted_triplet(a, p, n, margin=m, alpha=alpha), wanted, rtol=1e-5)


def test_norm_penalty_shortens_vectors_even_where_the_ranking_is_satisfied() -> None:
    x = torch.tensor([[1.0, 0], [1, 0], [-9, 0]], requires_grad=True)
    term = WeightedTripletLoss(margin=0.2, alpha=0.1)
    term(_given(x, triplets=[(0, 1, 2)])).backward()
    torch.testing.assert_close(x.grad, 0.1 / (3 * 2) * 2 * x.detach())


def test_weighted_triplet_gradient() -> None:
    inputs = [torch.randn(2, 3, dtype=torch.float64, requires_grad=True) for _ in range(3)]
    assert torch.autograd.gradcheck(lambda a, p, n: weighted_triplet(a, p, n, margin=5.0, alpha=0.3), inputs)


def test_arcface_against_its_formula() -> None:
    margin, scale, classes = 28.6, 16.0, 4
    term = ArcFace(classes=classes, dim=5, margin=margin, scale=scale)
    x = torch.randn(3, 5, requires_grad=True)
    labels = [1, 3, 0]
    centres = term.loss.W.detach().numpy()
    wanted = []
    for row, label in zip(x.detach().numpy(), labels, strict=True):
        cosines = [row @ centres[:, j] / np.linalg.norm(row) / np.linalg.norm(centres[:, j]) for j in range(classes)]
        logits = [scale * c for c in cosines]
        logits[label] = scale * math.cos(math.acos(cosines[label]) + math.radians(margin))
        wanted.append(-logits[label] + math.log(sum(math.exp(v) for v in logits)))
    loss = term(_given(x, labels))
    assert loss.item() == pytest.approx(np.mean(wanted), rel=1e-4)
    loss.backward()
    assert x.grad.abs().sum() > 0
    assert term.loss.W.grad.abs().sum() > 0


def test_a_margin_makes_arcface_harder() -> None:
    x = _unit(6, 5)
    plain, strict = ArcFace(classes=3, dim=5, margin=0), ArcFace(classes=3, dim=5, margin=30)
    strict.load_state_dict(plain.state_dict())
    given = _given(x, [0, 1, 2, 0, 1, 2])
    assert strict(given) > plain(given)


def test_cross_entropy_reads_the_vector_it_is_put_on() -> None:
    x = _unit(4, 3)
    for on, factor in (("embedding", 1.0), ("features", 2.0), ("style", 1.0)):
        term = CrossEntropy(target="product", classes=3, dim=3, on=on)
        given = _given(x, [0, 2, 1, 1])
        logits = factor * x @ term.classifier.weight.t() + term.classifier.bias
        wanted = -torch.log_softmax(logits, 1)[torch.arange(4), torch.tensor([0, 2, 1, 1])].mean()
        torch.testing.assert_close(term(given), wanted)


def test_smoothed_labels_share_their_weight_among_all_classes() -> None:
    x, labels, smoothing = torch.randn(4, 3), [0, 2, 1, 1], 0.3
    term = CrossEntropy(target="product", classes=3, dim=3, smoothing=smoothing)
    logs = torch.log_softmax(x @ term.classifier.weight.t() + term.classifier.bias, 1).tolist()
    wanted = [-(1 - smoothing) * row[label] - smoothing * sum(row) / 3 for row, label in zip(logs, labels, strict=True)]
    assert term(_given(x, labels)).item() == pytest.approx(sum(wanted) / 4, rel=1e-5)


def test_head_on_features_leaves_the_embedding_alone() -> None:
    """The two placements of method 4's product-type head differ in where their gradient goes."""
    features = torch.randn(4, 6, requires_grad=True)
    layer = torch.nn.Linear(6, 3)
    embedding = layer(features)
    encoding = Encoding(features, {"style": embedding}, embedding)
    for on, reaches in (("embedding", True), ("features", False)):
        layer.zero_grad()
        term = CrossEntropy(target="category", classes=2, dim=3 if reaches else 6, on=on)
        term(LossInput(encoding, {"category": torch.tensor([0, 1, 0, 1])})).backward(retain_graph=True)
        assert (layer.weight.grad is not None and layer.weight.grad.abs().sum() > 0) == reaches


@pytest.mark.parametrize(
    "term",
    [
        CrossEntropy(target="product", classes=3, dim=4),
        ArcFace(classes=3, dim=4),
        CenterLoss(classes=3, dim=4),
    ],
)
def test_unknown_labels_teach_nothing(term: LossTerm) -> None:
    x = torch.randn(4, 4)
    some, all_known = term(_given(x, [0, UNKNOWN, 2, UNKNOWN])), None
    if isinstance(term, CenterLoss):
        term.eval()
    some = term(_given(x, [0, UNKNOWN, 2, UNKNOWN]))
    all_known = term(_given(x[[0, 2]], [0, 2]))
    torch.testing.assert_close(some, all_known)
    x.requires_grad_()
    none = term(_given(x, [UNKNOWN] * 4))
    none.backward()
    assert none.item() == 0
    assert x.grad.abs().sum() == 0


def test_center_loss_and_its_update_against_loops() -> None:
    term = CenterLoss(classes=4, dim=3, rate=0.5)
    before = term.centers.clone()
    x = torch.randn(5, 3, requires_grad=True)
    labels = [0, 2, 2, 0, 2]
    wanted = np.mean([0.5 * float(((x[i].detach() - before[c]) ** 2).sum()) for i, c in enumerate(labels)])
    loss = term(_given(x, labels))
    assert loss.item() == pytest.approx(wanted, rel=1e-5)
    loss.backward()
    torch.testing.assert_close(x.grad, (x.detach() - before[labels]) / 5)
    for c in range(4):
        own = [i for i, label in enumerate(labels) if label == c]
        delta = sum((before[c] - x[i].detach() for i in own), torch.zeros(3)) / (1 + len(own))
        torch.testing.assert_close(term.centers[c], before[c] - 0.5 * delta)


def test_centers_settle_on_their_classes_and_rest_in_evaluation() -> None:
    term = CenterLoss(classes=2, dim=2)
    x = torch.tensor([[1.0, 0], [3, 0], [0, 5]])
    for _ in range(60):
        term(_given(x, [0, 0, 1]))
    torch.testing.assert_close(term.centers, torch.tensor([[2.0, 0], [0, 5]]))
    term.eval()
    before = term.centers.clone()
    term(_given(x + 7, [0, 0, 1]))
    torch.testing.assert_close(term.centers, before)


def test_multilabel_euclidean_is_equation_3() -> None:
    scores = torch.randn(2, 4, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([[1.0, 0, 1, 0], [0, 0, 0, 1]], dtype=torch.float64)
    wanted = 0.0
    for i in range(2):
        exponentials = [math.exp(v) for v in scores[i].tolist()]
        for c in range(4):
            p = exponentials[c] / sum(exponentials)
            wanted += (p - float(labels[i, c]) / float(labels[i].sum())) ** 2
    assert multilabel_euclidean(scores, labels).item() == pytest.approx(wanted / 2)
    assert torch.autograd.gradcheck(lambda s: multilabel_euclidean(s, labels), (scores,))


def test_multilabel_term_leaves_rows_without_labels_out() -> None:
    scores = torch.randn(3, 4, requires_grad=True)
    regions = AttendedRegions(torch.zeros(3, 1, 1), scores, torch.zeros(3, 1, 4), torch.zeros(3, 1, 1))
    encoding = Encoding(torch.zeros(3, 1), {}, torch.zeros(3, 1), regions)
    labels = torch.tensor([[1.0, 0, 0, 0], [0, 0, 0, 0], [0, 1, 1, 0]])
    term = MultiLabelEuclidean(target="category[]")
    loss = term(LossInput(encoding, {"category[]": labels}))
    torch.testing.assert_close(loss, multilabel_euclidean(scores[[0, 2]], labels[[0, 2]]))
    loss.backward()
    assert scores.grad[1].abs().sum() == 0
    assert scores.grad[0].abs().sum() > 0
    assert term(LossInput(encoding, {"category[]": torch.zeros(3, 4)})).item() == 0
