from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from streetshop.lab.nets import (
    Block,
    BlockHead,
    Converter,
    DomainDiscriminator,
    Encoder,
    RealDiscriminator,
    build_backbone,
)
from streetshop.lab.nets.converted import ConvertedEncoder, resize_matrix
from streetshop.lab.nets.converter import conv_stack

pytestmark = pytest.mark.lab


def _convolutions(module: nn.Module) -> list[tuple[int, int, tuple[int, ...]]]:
    kinds = (nn.Conv2d, nn.ConvTranspose2d)
    return [(m.in_channels, m.out_channels, m.kernel_size) for m in module.modules() if isinstance(m, kinds)]


def test_the_stack_is_table_2_with_its_missing_row() -> None:
    five, four = (5, 5), (4, 4)
    wanted = [(3, 128, five), (128, 256, five), (256, 512, five), (512, 1024, five), (1024, 64, four)]
    assert _convolutions(conv_stack(3, 64)) == wanted


def test_the_decoder_is_table_3_with_in_and_out_the_right_way_round() -> None:
    five = (5, 5)
    wanted = [(64, 1024, (4, 4)), (1024, 512, five), (512, 256, five), (256, 128, five), (128, 3, five)]
    assert _convolutions(Converter().decoder) == wanted


def test_shapes_and_ranges() -> None:
    torch.manual_seed(0)
    source = torch.rand(3, 3, 64, 64) * 2 - 1
    converter = Converter(width=8)
    assert converter.encoder(source).shape == (3, 64, 1, 1)
    made = converter(source)
    assert made.shape == source.shape
    assert made.abs().max() <= 1
    assert RealDiscriminator(8)(made).shape == (3,)
    assert DomainDiscriminator(8)(source, made).shape == (3,)


def test_activations_are_leaky_in_the_stack_and_relu_then_tanh_in_the_decoder() -> None:
    converter = Converter(width=4)
    assert sum(isinstance(m, nn.LeakyReLU) for m in converter.encoder) == 4
    assert sum(isinstance(m, nn.ReLU) for m in converter.decoder) == 4
    assert isinstance(converter.decoder[-1], nn.Tanh)
    assert sum(isinstance(m, nn.BatchNorm2d) for m in converter.encoder) == 3


@pytest.mark.parametrize(("inputs", "outputs"), [(160, 64), (64, 160), (64, 64), (7, 3)])
def test_resize_matrix_is_pillows_bilinear(inputs: int, outputs: int) -> None:
    line = np.random.default_rng(0).random((1, inputs), dtype=np.float32)
    wanted = np.asarray(Image.fromarray(line).resize((outputs, 1), Image.Resampling.BILINEAR))[0]
    np.testing.assert_allclose(resize_matrix(inputs, outputs).numpy() @ line[0], wanted, atol=1e-5)


def test_converted_encoder_encodes_what_the_converter_draws() -> None:
    torch.manual_seed(0)
    encoder = Encoder(build_backbone("test_resnet"), BlockHead(96, [Block("style", 4)])).eval()
    converter = Converter(width=4).eval()
    both = ConvertedEncoder(converter, encoder, (64, 64)).eval()
    pixels = torch.rand(2, 3, 64, 64) * 255
    drawn = (converter(pixels / 127.5 - 1) + 1) * 127.5
    torch.testing.assert_close(both(pixels).embedding, encoder(drawn).embedding, rtol=1e-3, atol=1e-4)
    scaled = (pixels - encoder.mean) / encoder.std
    torch.testing.assert_close(both(scaled, scaled=True).embedding, both(pixels).embedding, rtol=1e-3, atol=1e-4)
    assert both.dims == {"style": 4}
