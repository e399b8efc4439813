"""Method 5's losses on regions. A public look-alike computes the localisation terms outside the graph, so that they
train nothing: here each term must move the localisation network, and move the regions the right way."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from streetshop.lab.losses import Diversity, Localisation, LossInput, LossTerm, diversity, localisation
from streetshop.lab.losses.regions import anchor_constraint, positive_constraint, scale_constraint
from streetshop.lab.nets import AttentionHead, anchor_points

pytestmark = pytest.mark.lab


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def test_diversity_is_equation_4_in_its_correct_form() -> None:
    maps = torch.softmax(torch.randn(2, 4, 6), dim=2)
    wanted = 0.0
    for b in range(2):
        for k in range(1, 4):
            wanted += sum(float(maps[b, k - 1, i] * maps[b, k, i]) for i in range(6)) / 3
    assert diversity(maps).item() == pytest.approx(wanted / 2)
    assert diversity(maps[:, :1]).item() == 0


def test_constraints_are_equations_5_to_8() -> None:
    places = torch.randn(3, 4, 4)
    anchors = anchor_points(4)
    total = 0.0
    for b in range(3):
        for k in range(4):
            sx, sy, tx, ty = places[b, k].tolist()
            cx, cy = anchors[k].tolist()
            scale = max(abs(sx) - 0.5, 0) ** 2 + max(abs(sy) - 0.5, 0) ** 2
            anchor = 0.5 * ((tx - cx) ** 2 + (ty - cy) ** 2)
            positive = max(0, 0.1 - sx) + max(0, 0.1 - sy)
            assert scale_constraint(places)[b, k].item() == pytest.approx(scale, rel=1e-4, abs=1e-6)
            assert anchor_constraint(places, anchors)[b, k].item() == pytest.approx(anchor, rel=1e-4, abs=1e-6)
            assert positive_constraint(places)[b, k].item() == pytest.approx(positive, rel=1e-4, abs=1e-6)
            total += scale + 0.01 * anchor + 0.1 * positive
    assert localisation(places, anchors).item() == pytest.approx(total / 12, rel=1e-4)


@pytest.mark.parametrize(
    "function",
    [
        lambda p: scale_constraint(p).sum(),
        lambda p: anchor_constraint(p, anchor_points(3).double()).sum(),
        lambda p: positive_constraint(p).sum(),
    ],
)
def test_constraints_have_the_right_gradient(function: object) -> None:
    places = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(function, (places,))


def _head() -> AttentionHead:
    head = AttentionHead(6, 4, steps=3, size=5, hidden=8, region=3, codewords=2)
    with torch.no_grad():
        # Regions that break every constraint: far too large one way, mirrored the other, off their anchors.
        head.branch.locate.bias.copy_(torch.tensor([1.5, -0.4, 0.3, 0.3]))
    return head


class _Scale(LossTerm):
    def forward(self, given: LossInput) -> Tensor:
        return scale_constraint(given.encoding.regions.places).mean()


class _Anchor(LossTerm):
    def forward(self, given: LossInput) -> Tensor:
        return anchor_constraint(given.encoding.regions.places, anchor_points(3)).mean()


class _PositiveScale(LossTerm):
    def forward(self, given: LossInput) -> Tensor:
        return positive_constraint(given.encoding.regions.places).mean()


@pytest.mark.parametrize("term", [_Scale(), _Anchor(), _PositiveScale(), Localisation(steps=3), Diversity()])
def test_each_term_alone_moves_the_localisation_network_and_lowers_itself(term: LossTerm) -> None:
    head = _head()
    x = torch.randn(4, 6, 6, 5)
    before = {name: p.detach().clone() for name, p in head.named_parameters()}
    optimiser = torch.optim.SGD(head.parameters(), lr=2.0 if isinstance(term, Diversity) else 0.1)
    start = term(LossInput(head(x), {})).item()
    for _ in range(30):
        optimiser.zero_grad()
        term(LossInput(head(x), {})).backward()
        optimiser.step()
    moved = {name for name, p in head.named_parameters() if not torch.equal(p, before[name])}
    assert {"branch.locate.weight", "branch.locate.bias"} <= moved
    assert "branch.lstm.weight_hh" in moved, "the gradient reaches back through the steps"
    assert term(LossInput(head(x), {})).item() < 0.9 * start


def test_the_term_has_the_weights_it_is_made_with() -> None:
    """Each of the three constraints is broken, so a weight that is swapped or left out changes the sum."""
    regions, total = _head()(torch.randn(2, 6, 6, 5)).regions, 0.0
    places = regions.places.detach()
    anchors = anchor_points(3).tolist()
    for row in places.tolist():
        for (sx, sy, tx, ty), (cx, cy) in zip(row, anchors, strict=True):
            scale = max(abs(sx) - 0.5, 0) ** 2 + max(abs(sy) - 0.5, 0) ** 2
            anchor = 0.5 * ((tx - cx) ** 2 + (ty - cy) ** 2)
            total += scale + 0.3 * anchor + 0.7 * (max(0.1 - sx, 0) + max(0.1 - sy, 0))
    encoding = _head()(torch.zeros(2, 6, 6, 5))
    given = LossInput(replace(encoding, regions=replace(regions, places=places)), {})
    found = Localisation(steps=3, anchor=0.3, positive=0.7)(given).item()
    assert found == pytest.approx(total / 6, rel=1e-5)


def test_scale_and_positive_terms_bring_regions_into_range() -> None:
    head = _head()
    x = torch.randn(4, 6, 6, 5)
    optimiser = torch.optim.Adam(head.parameters(), lr=0.05)
    for _ in range(120):
        places = head(x).regions.places
        loss = (scale_constraint(places) + 0.1 * positive_constraint(places)).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    sides = head(x).regions.places[..., :2]
    assert sides.max() < 0.6
    assert sides.min() > 0.05
