"""Losses of the reader against their definitions."""

from __future__ import annotations

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


def test_the_keypoint_loss_falls_towards_the_target() -> None:
    points = torch.zeros(1, 17, 3)
    points[0, 0] = torch.tensor([13.0, 22.0, 2])
    maps, known = heatmaps(points, (12, 8), 4, 1.0)
    right = torch.where(maps == 1, 6.0, -6.0)
    wrong = right.roll(3, dims=3)
    assert keypoint_loss(right, maps, known) < 0.01 < keypoint_loss(wrong, maps, known)
