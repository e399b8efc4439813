from __future__ import annotations

import numpy as np
import pytest
import torch

from streetshop.lab.nets import Block, BlockHead, Encoder, GeMPooling, Streams, build_backbone, build_pooling
from streetshop.lab.nets.freezing import freeze_bottom, hold_frozen

pytestmark = pytest.mark.lab


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def test_pooling_against_loops() -> None:
    x = torch.randn(2, 3, 4, 5).abs()
    values = x.numpy()
    for name, naive in (("avg", np.mean), ("max", np.max)):
        wanted = [[naive(values[b, c]) for c in range(3)] for b in range(2)]
        np.testing.assert_allclose(build_pooling(name)(x).numpy(), wanted, rtol=1e-6)
    wanted = [[np.mean(values[b, c] ** 3) ** (1 / 3) for c in range(3)] for b in range(2)]
    np.testing.assert_allclose(build_pooling("gem")(x).detach().numpy(), wanted, rtol=1e-5)


def test_gem_goes_from_average_to_maximum_and_learns_its_power() -> None:
    x = torch.rand(2, 3, 4, 4)
    torch.testing.assert_close(GeMPooling(p=1.0)(x), x.mean((2, 3)))
    assert (GeMPooling(p=200.0)(x) - x.amax((2, 3))).abs().max() < 0.02
    gem = GeMPooling()
    gem(x).sum().backward()
    assert gem.p.grad is not None
    assert gem.p.grad.abs() > 0


def test_gem_survives_negative_and_zero_input() -> None:
    gem = GeMPooling()
    value = gem(torch.zeros(1, 2, 3, 3) - 1)
    value.sum().backward()
    assert torch.isfinite(value).all()
    assert torch.isfinite(gem.p.grad)


def test_block_head_gives_unit_blocks_that_join_to_a_unit() -> None:
    head = BlockHead(8, [Block("style", 6, "gem"), Block("shape", 4, "max"), Block("colour", None, "avg")])
    out = head(torch.randn(3, 8, 5, 5))
    assert {name: value.shape[1] for name, value in out.blocks.items()} == {"style": 6, "shape": 4, "colour": 8}
    for value in out.blocks.values():
        torch.testing.assert_close(value.norm(dim=1), torch.ones(3))
    torch.testing.assert_close(out.embedding.norm(dim=1), torch.ones(3))
    torch.testing.assert_close(out.embedding[:, :6] * 3**0.5, out.blocks["style"])


def test_block_head_without_normalisation_is_pooling_and_a_matrix() -> None:
    head = BlockHead(8, [Block("style", 6, "max")], normalise=False)
    x = torch.randn(3, 8, 5, 5)
    layer = head.project["style"]
    wanted = x.amax((2, 3)) @ layer.weight.t() + layer.bias
    torch.testing.assert_close(head(x).embedding, wanted)


def _encoder() -> Encoder:
    return Encoder(build_backbone("test_resnet"), BlockHead(96, [Block("style", 5, "avg")]))


def test_encoder_scales_pixels_itself() -> None:
    encoder = _encoder().eval()
    pixels = torch.randint(0, 256, (2, 3, 32, 32)).float()
    scaled = (pixels - encoder.mean) / encoder.std
    torch.testing.assert_close(encoder(pixels).embedding, encoder(scaled, scaled=True).embedding)


def test_streams_are_one_network_until_unshared_and_route_by_domain() -> None:
    streams = Streams(_encoder()).eval()
    pixels = torch.randint(0, 256, (4, 3, 32, 32)).float()
    shop = torch.tensor([True, False, True, False])
    before = streams(pixels, shop).embedding
    streams.unshare()
    torch.testing.assert_close(streams(pixels, shop).embedding, before)
    with torch.no_grad():
        streams.gallery.head.project["style"].weight.zero_()
        streams.gallery.head.project["style"].bias.copy_(torch.tensor([1.0, 0, 0, 0, 0]))
    after = streams(pixels, shop).embedding
    torch.testing.assert_close(after[~shop], before[~shop])
    torch.testing.assert_close(after[shop], torch.eye(5)[[0, 0]])
    for only in (torch.ones(4, dtype=torch.bool), torch.zeros(4, dtype=torch.bool)):
        assert streams(pixels, only).embedding.shape == (4, 5)


def test_unshared_streams_learn_each_from_its_own_pictures() -> None:
    streams = Streams(_encoder())
    streams.unshare()
    pixels = torch.randint(0, 256, (4, 3, 32, 32)).float()
    shop = torch.tensor([True, False, True, False])
    out = streams(pixels, shop).embedding
    out[~shop, 0].sum().backward()
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in streams.query.parameters())
    assert all(p.grad is None or p.grad.abs().sum() == 0 for p in streams.gallery.parameters())


def test_freezing_holds_weights_and_batch_statistics() -> None:
    encoder = _encoder()
    layers = encoder.backbone.layers()
    freeze_bottom(encoder, 2)
    assert all(not p.requires_grad for layer in layers[:2] for p in layer)
    assert all(p.requires_grad for layer in layers[2:] for p in layer)
    before = {name: value.clone() for name, value in encoder.named_buffers()}
    encoder.train()
    hold_frozen(encoder)
    encoder(torch.randint(0, 256, (4, 3, 32, 32)).float()).embedding.sum().backward()
    moved = {name for name, value in encoder.named_buffers() if not torch.equal(value, before[name])}
    assert "backbone.network.bn1.running_mean" not in moved
    assert not any(".layer1." in name for name in moved)
    assert any(".layer4." in name for name in moved)
    freeze_bottom(encoder, 0)
    assert all(p.requires_grad for p in encoder.parameters())
