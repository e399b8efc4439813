"""Losses of the reader against their definitions."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from streetshop.lab.data.classes import IGNORE
from streetshop.lab.losses.dense import class_loss, heatmaps, keypoint_loss, lovasz_softmax

pytestmark = pytest.mark.lab


def test_lovasz_is_one_minus_iou_on_certain_answers() -> None:
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        labels = torch.randint(3, (12,), generator=generator)
        guess = torch.randint(3, (12,), generator=generator)
        certain = torch.nn.functional.one_hot(guess, 3).float()
        ious = [
            float(((guess == c) & (labels == c)).sum()) / float(((guess == c) | (labels == c)).sum())
            for c in labels.unique().tolist()
        ]
        assert float(lovasz_softmax(certain, labels)) == pytest.approx(1 - sum(ious) / len(ious), abs=1e-6)


def test_lovasz_against_its_definition() -> None:
    """The extension written out: errors sorted, each times what it adds to the Jaccard loss of the mistaken set."""
    p = torch.rand(7, generator=torch.Generator().manual_seed(1))
    labels = torch.tensor([1, 0, 1, 1, 0, 0, 1])
    total = 0.0
    for index, chance in ((0, 1 - p), (1, p)):
        truth = labels == index
        errors = torch.where(truth, 1 - chance, chance)
        order = errors.argsort(descending=True).tolist()

        def loss(mistaken: list[int], truth: torch.Tensor = truth) -> float:
            right = [i for i in range(7) if bool(truth[i]) and i not in mistaken]
            union = int(truth.sum()) + sum(not bool(truth[i]) for i in mistaken)
            return 1 - len(right) / union

        total += sum(float(errors[i]) * (loss(order[: n + 1]) - loss(order[:n])) for n, i in enumerate(order))
    assert float(lovasz_softmax(torch.stack([1 - p, p], 1), labels)) == pytest.approx(total / 2, abs=1e-5)


def test_ignored_pixels_have_no_gradient() -> None:
    logits = torch.randn(2, 3, 4, 4, requires_grad=True)
    labels = torch.randint(3, (2, 4, 4))
    labels[0] = IGNORE
    class_loss(logits, labels, torch.ones(3), lovasz=1.0).backward()
    assert logits.grad[0].abs().max() == 0 < logits.grad[1].abs().max()
    assert float(class_loss(logits, torch.full((2, 4, 4), IGNORE), torch.ones(3), lovasz=1.0).detach()) == 0


def test_class_loss_weighs_classes_and_adds_lovasz() -> None:
    generator = torch.Generator().manual_seed(2)
    logits, labels = torch.randn(2, 3, 2, 3, generator=generator), torch.randint(3, (2, 2, 3), generator=generator)
    labels[0, 0, 0] = IGNORE
    weights = torch.tensor([0.5, 1.0, 4.0])
    total, weight = 0.0, 0.0
    rows, kept = [], []
    for b, y, x in itertools.product(range(2), range(2), range(3)):
        label = int(labels[b, y, x])
        if label == IGNORE:
            continue
        chances = logits[b, :, y, x].softmax(0)
        total -= float(weights[label]) * math.log(float(chances[label]))
        weight += float(weights[label])
        rows.append(chances)
        kept.append(label)
    wanted = total / weight
    assert float(class_loss(logits, labels, weights, lovasz=0)) == pytest.approx(wanted, rel=1e-5)
    with_lovasz = wanted + 0.6 * float(lovasz_softmax(torch.stack(rows), torch.tensor(kept)))
    assert float(class_loss(logits, labels, weights, lovasz=0.6)) == pytest.approx(with_lovasz, rel=1e-5)


def test_heatmaps_peak_on_visible_points_and_say_what_is_unknown() -> None:
    points = torch.zeros(1, 17, 3)
    points[0, 0] = torch.tensor([13.0, 22.0, 2])
    points[0, 1] = torch.tensor([13.0, 22.0, 1])  # hidden: unknown
    points[0, 2] = torch.tensor([99.0, 22.0, 2])  # beyond the picture: empty
    points[0, 3] = torch.tensor([99.0, 22.0, 1])  # hidden, and beyond it: empty too
    maps, known = heatmaps(points, (12, 8), 4, 1.0)
    assert known[0, :5].tolist() == [True, False, True, True, False]
    assert maps[0, 0].argmax() == 5 * 8 + 3
    assert maps[0, 0].max() == 1
    assert maps[0, 2].max() == 0
    nobody = torch.full((1, 17, 3), float("nan"))
    maps, known = heatmaps(nobody, (12, 8), 4, 1.0)
    assert not known.any()
    assert torch.isfinite(keypoint_loss(torch.zeros(1, 17, 12, 8), maps, known))


def test_heatmaps_are_gaussians_at_width_and_height_of_their_own() -> None:
    """On a wide map a point may lie farther right than the map is high, and on a high one the other way round."""
    for height, width, x, y in ((4, 12, 10, 1), (12, 4, 1, 10)):
        points = torch.zeros(1, 1, 3)
        points[0, 0] = torch.tensor([4.0 * x + 3, 4.0 * y, 2])
        maps, known = heatmaps(points, (height, width), 4, 1.5)
        assert known.all()
        for row, column in itertools.product(range(height), range(width)):
            wanted = math.exp(-((row - y) ** 2 + (column - x) ** 2) / (2 * 1.5**2))
            assert float(maps[0, 0, row, column]) == pytest.approx(wanted, rel=1e-4, abs=1e-12)


def test_the_keypoint_loss_is_its_equation() -> None:
    """Three points count, one of which lies beyond the picture and has no peak: divided by two."""
    generator = torch.Generator().manual_seed(3)
    points = torch.zeros(1, 17, 3)
    points[0, 0], points[0, 1] = torch.tensor([13.0, 22.0, 2]), torch.tensor([5.0, 9.0, 2])
    points[0, 2] = torch.tensor([99.0, 22.0, 2])
    maps, known = heatmaps(points, (6, 5), 4, 1.0)
    logits = torch.randn(1, 17, 6, 5, generator=generator)
    total, peaks = 0.0, 0
    for joint, row, column in itertools.product(range(3), range(6), range(5)):
        chance = 1 / (1 + math.exp(-float(logits[0, joint, row, column])))
        target = float(maps[0, joint, row, column])
        if target == 1:
            total -= (1 - chance) ** 2 * math.log(chance)
            peaks += 1
        else:
            total -= (1 - target) ** 4 * chance**2 * math.log(1 - chance)
    assert (int(known.sum()), peaks) == (3, 2)
    assert float(keypoint_loss(logits, maps, known)) == pytest.approx(total / 2, rel=1e-4)


def test_the_keypoint_loss_falls_towards_the_target() -> None:
    points = torch.zeros(1, 17, 3)
    points[0, 0] = torch.tensor([13.0, 22.0, 2])
    maps, known = heatmaps(points, (12, 8), 4, 1.0)
    right = torch.where(maps == 1, 6.0, -6.0)
    wrong = right.roll(3, dims=3)
    assert keypoint_loss(right, maps, known) < 0.01 < keypoint_loss(wrong, maps, known)
