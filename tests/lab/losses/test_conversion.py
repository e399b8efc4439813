from __future__ import annotations

import math

import pytest
import torch

from streetshop.lab.losses import converter_loss, domain_loss, judge_apart, real_loss
from streetshop.lab.losses.conversion import ASSOCIATED, GENERATED, IRRELEVANT
from streetshop.lab.nets import Converter, DomainDiscriminator, RealDiscriminator

pytestmark = pytest.mark.lab

WHICH = torch.tensor([ASSOCIATED, GENERATED, IRRELEVANT])


def _bce(logit: float, truth: float) -> float:
    p = 1 / (1 + math.exp(-logit))
    return -(truth * math.log(p) + (1 - truth) * math.log(1 - p))


def test_discriminators_losses_are_equations_1_and_2() -> None:
    logits = torch.tensor([0.3, -1.2, 0.7])
    real = [_bce(0.3, 1), _bce(-1.2, 0), _bce(0.7, 1)]  # an irrelevant product is a real product
    domain = [_bce(0.3, 1), _bce(-1.2, 0), _bce(0.7, 0)]  # but it does not belong to the source
    assert real_loss(logits, WHICH).item() == pytest.approx(sum(real) / 3)
    assert domain_loss(logits, WHICH).item() == pytest.approx(sum(domain) / 3)


def test_converter_loss_in_both_forms() -> None:
    real, domain = torch.tensor([0.4, -2.0]), torch.tensor([1.0, -3.0])
    printed = -0.5 * (_bce(0.4, 0) + _bce(-2, 0)) / 2 - 0.5 * (_bce(1, 0) + _bce(-3, 0)) / 2
    flipped = 0.5 * (_bce(0.4, 1) + _bce(-2, 1)) / 2 + 0.5 * (_bce(1, 1) + _bce(-3, 1)) / 2
    assert converter_loss(real, domain, form="printed").item() == pytest.approx(printed)
    assert converter_loss(real, domain).item() == pytest.approx(flipped)


def test_both_forms_pull_the_same_way_but_the_printed_one_saturates() -> None:
    """Where a discriminator wins (very negative logits) the printed form has no gradient left."""
    slopes = {}
    for form in ("printed", "flipped"):
        logits = torch.full((1,), -12.0, requires_grad=True)
        converter_loss(logits, torch.zeros(1), form=form).backward()
        slopes[form] = logits.grad.item()
    assert slopes["printed"] < 0
    assert slopes["flipped"] < 0
    assert abs(slopes["printed"]) < 1e-5
    assert abs(slopes["flipped"]) > 0.4


def test_kinds_are_judged_apart_so_that_batch_norm_cannot_tell_them() -> None:
    """A discriminator says of generated pictures what it will say of them in the converter's turn."""
    torch.manual_seed(0)
    source, associated, generated, irrelevant = (torch.rand(3, 3, 64, 64) * 2 - 1 for _ in range(4))
    domain = DomainDiscriminator(4)
    logits, which = judge_apart(domain, (source,) * 3, (associated, generated, irrelevant))
    assert which.tolist() == [ASSOCIATED] * 3 + [GENERATED] * 3 + [IRRELEVANT] * 3
    torch.testing.assert_close(logits[which == GENERATED], domain(source, generated))
    together = domain(source.repeat(3, 1, 1, 1), torch.cat([associated, generated * 0.2, irrelevant]))
    assert not torch.allclose(together[:3], logits[:3]), "in one batch, other pictures change the judgement"


def test_each_term_moves_its_own_player() -> None:
    torch.manual_seed(0)
    source, associated, irrelevant = (torch.rand(3, 3, 64, 64) * 2 - 1 for _ in range(3))
    converter, real, domain = Converter(4), RealDiscriminator(4), DomainDiscriminator(4)
    kinds = (associated, converter(source).detach(), irrelevant)
    real_loss(*judge_apart(real, kinds)).backward()
    domain_loss(*judge_apart(domain, (source,) * 3, kinds)).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for net in (real, domain) for p in net.parameters())
    assert all(p.grad is None for p in converter.parameters())
    for weights in ((1, 0), (0, 1)):
        converter.zero_grad()
        made = converter(source)
        logits = (real(made) * weights[0], domain(source, made) * weights[1])
        converter_loss(*logits).backward()
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in converter.encoder.parameters() if p.ndim > 1)
