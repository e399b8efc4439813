"""The exporter: an exported network answers as the trained one does, and a failed export leaves nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from streetshop.core.errors import RunError
from streetshop.lab.export import bundle as exporter
from streetshop.lab.export.bundle import EXACT, HALVED, Network, export_bundle, probe_images, write_network
from streetshop.models import load_encoder
from streetshop.models.session import start_session
from streetshop.models.spec import BlockSpec, EncoderSpec, InputSpec
from tests.lab.evaluate.test_report import a_report

pytestmark = pytest.mark.lab

INPUT = InputSpec(width=64, height=32)
SPEC = EncoderSpec(
    name="mine", version="1", input=INPUT, blocks=(BlockSpec(name="style", dim=6),), files={"model.onnx": ""}
)


class Small(nn.Module):
    """Two convolutions and a mean; ``scale`` times the weights of the second."""

    def __init__(self, scale: float = 1.0, channels: int = 3) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(channels, 24, 3, stride=2), nn.Conv2d(24, 6, 3)
        with torch.no_grad():
            self.second.weight.mul_(scale)

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        return (self.second(self.first(image).relu()).mean((2, 3)),)


class Unfaithful(Small):
    """Answers otherwise when it is traced than when it is called."""

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        (found,) = super().forward(image)
        return (found + 1 if torch.jit.is_tracing() else found,)


def network(module: nn.Module, **more: bool) -> Network:
    return Network(module, ("style",), probe_images(INPUT), **more)


@pytest.mark.parametrize("half", [False, True])
def test_an_exported_network_answers_as_torch_does(half: bool, tmp_path: Path) -> None:
    module = Small()
    told = write_network(network(module, any_size=True), tmp_path / "m.onnx", half=half)
    assert told.startswith("half precision" if half else "single precision")
    for shape in ((1, 3, 32, 64), (3, 3, 96, 32)):
        image = torch.randn(shape, generator=torch.Generator().manual_seed(1))
        (found,) = start_session(tmp_path / "m.onnx", 1).run(["style"], {"image": image.numpy()})
        with torch.inference_mode():
            wanted = module(image)[0].numpy()
        off = np.linalg.norm(found - wanted, axis=1) / np.linalg.norm(wanted, axis=1)
        assert off.max() < (HALVED if half else EXACT)


def test_weights_that_half_precision_spoils_stay_single(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(exporter, "HALVED", 1e-9)
    assert write_network(network(Small()), tmp_path / "m.onnx").startswith("single precision")
    assert "kept in single precision" in capsys.readouterr().err
    write_network(network(Small()), tmp_path / "full.onnx", half=False)
    assert (tmp_path / "m.onnx").read_bytes() == (tmp_path / "full.onnx").read_bytes()


def test_a_bundle_is_whole_or_absent(tmp_path: Path) -> None:
    out = export_bundle(tmp_path / "good", {"model.onnx": network(Small())}, SPEC, a_report())
    assert load_encoder(out, threads=1).dim == 6
    assert sorted(path.name for path in out.iterdir()) == ["bundle.json", "card.md", "model.onnx", "report.json"]
    card = (out / "card.md").read_text()
    assert "| input | 64 x 32, letterbox |" in card
    assert "| model.onnx | half precision on disk" in card
    with pytest.raises(RunError, match="differs from the trained one"):
        export_bundle(tmp_path / "bad", {"model.onnx": network(Unfaithful())}, SPEC, a_report())
    with pytest.raises(RunError, match="already exists"):
        export_bundle(out, {"model.onnx": network(Small())}, SPEC, a_report())
    assert [path.name for path in tmp_path.iterdir()] == ["good"]


def test_a_calibration_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def calibrate(folder: Path, spec: EncoderSpec) -> EncoderSpec:
        assert load_encoder(folder, threads=1).dim == 6, "the written bundle can be run"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_bundle(tmp_path / "b", {"model.onnx": network(Small())}, SPEC, a_report(), calibrate=calibrate)
    assert not list(tmp_path.iterdir())


def test_probe_images_have_the_input_and_partial_masks() -> None:
    images = probe_images(InputSpec(width=48, height=32, mask_channel=True))
    assert images.shape == (4, 4, 32, 48)
    assert np.abs(images[:, :3]).max() <= 1
    assert images[:, 3].mean(axis=(1, 2)).tolist() == [1, 1, 0.75, 0.75]
