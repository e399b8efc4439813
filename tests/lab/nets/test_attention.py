from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from streetshop.lab.nets import AttentionBranch, AttentionHead, TextureEncoding, anchor_points
from streetshop.lab.nets.attention import sample_region, window_map

pytestmark = pytest.mark.lab


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def test_texture_encoding_against_loops() -> None:
    layer = TextureEncoding(channels=3, codewords=4)
    x = torch.randn(2, 3, 2, 3)
    wanted = torch.zeros(2, 4, 3)
    for b in range(2):
        for i in range(2):
            for j in range(3):
                feature = x[b, :, i, j]
                residuals = [feature - layer.codewords[k] for k in range(4)]
                weights = torch.softmax(
                    torch.stack([-layer.smoothing[k] * (r @ r) for k, r in enumerate(residuals)]), 0
                )
                for k in range(4):
                    wanted[b, k] += weights[k] * residuals[k]
    torch.testing.assert_close(layer(x), wanted, rtol=1e-4, atol=1e-5)


def test_texture_encoding_forgets_places_and_gradients_are_right() -> None:
    layer = TextureEncoding(channels=3, codewords=2).double()
    x = torch.randn(1, 3, 2, 2, dtype=torch.float64, requires_grad=True)
    shuffled = x.flatten(2)[:, :, torch.tensor([2, 0, 3, 1])].view(1, 3, 2, 2)
    torch.testing.assert_close(layer(x), layer(shuffled))
    assert torch.autograd.gradcheck(layer, (x,))
    layer(x).sum().backward()
    assert layer.codewords.grad.abs().sum() > 0
    assert layer.smoothing.grad.abs().sum() > 0


def test_spatial_transformer_is_bilinear_sampling() -> None:
    """Against torch's affine_grid and grid_sample, with regions that reach out of the map and mirrored ones."""
    x = torch.randn(5, 3, 6, 4)
    places = torch.tensor(
        [[1.0, 1, 0, 0], [0.5, 0.5, 0.2, -0.3], [0.3, 0.7, 0.9, 0.9], [-0.4, 0.5, 0.1, 0], [0.05, 0.05, -1.2, 0.5]]
    )
    matrix = torch.zeros(5, 2, 3)
    matrix[:, 0, 0], matrix[:, 1, 1], matrix[:, 0, 2], matrix[:, 1, 2] = places.T
    grid = functional.affine_grid(matrix, [5, 3, 7, 7], align_corners=False)
    wanted = functional.grid_sample(x, grid, align_corners=False)
    torch.testing.assert_close(sample_region(x, places, 7), wanted, rtol=1e-4, atol=1e-5)


def test_spatial_transformer_moves_its_place_by_gradient() -> None:
    x = torch.randn(1, 2, 5, 5, dtype=torch.float64)
    places = torch.tensor([[0.37, 0.41, 0.13, -0.21]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda p: sample_region(x, p, 3), (places,))


def test_window_map_is_a_probability_centred_on_its_place() -> None:
    places = torch.tensor([[0.3, 0.3, 0.5, -0.5]], requires_grad=True)
    attention = window_map(places, 8, 4)
    torch.testing.assert_close(attention.sum(), torch.tensor(1.0))
    assert divmod(int(attention.argmax()), 4) in {(1, 2), (1, 3), (2, 2), (2, 3)}
    attention[0, 0].backward()
    assert (places.grad != 0).all()


def test_branch_collects_regions_scores_and_places() -> None:
    branch = AttentionBranch(8, 5, steps=3, size=6, hidden=10, region=4, codewords=2)
    out = branch(torch.randn(2, 8, 6, 4))
    assert out.features.shape == (2, 3, 6)
    assert out.scores.shape == (2, 5)
    assert out.places.shape == (2, 3, 4)
    assert out.maps.shape == (2, 3, 24)
    torch.testing.assert_close(out.maps.sum(2), torch.ones(2, 3))


def test_every_part_of_the_branch_learns_from_the_scores() -> None:
    branch = AttentionBranch(8, 5, steps=3, size=6, hidden=10, region=4, codewords=2)
    branch(torch.randn(4, 8, 6, 4)).scores.square().sum().backward()
    still = [name for name, p in branch.named_parameters() if p.grad is None or p.grad.abs().sum() == 0]
    assert still == []


def test_head_joins_global_and_attended_features() -> None:
    head = AttentionHead(8, 5, steps=3, size=6, hidden=10, region=4, codewords=2)
    x = torch.randn(2, 8, 6, 4)
    out = head(x)
    torch.testing.assert_close(out.embedding[:, :8], x.mean((2, 3)))
    torch.testing.assert_close(out.embedding[:, 8:], out.regions.features.flatten(1))
    assert head.dims == {"style": 8 + 18}


def test_anchors_lie_on_a_circle() -> None:
    anchors = anchor_points(4)
    torch.testing.assert_close(anchors.norm(dim=1), torch.full((4,), 0.5))
    torch.testing.assert_close(anchors, torch.tensor([[0.5, 0], [0, 0.5], [-0.5, 0], [0, -0.5]]), atol=1e-6, rtol=0)
