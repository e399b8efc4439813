"""Weights from hubs: refused at once where none is reachable; a user's own are loaded."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from streetshop.core.errors import UsageError
from streetshop.lab.nets.detect.weights import check_reachable, hub_model, load_own, torchvision_weights

pytestmark = pytest.mark.lab


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A proxy that nobody answers at, and empty caches."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))


@pytest.mark.usefixtures("nowhere")
def test_no_network_is_an_error_that_says_what_to_do() -> None:
    import torchvision  # noqa: F401 - loading it takes longer than what is measured
    from transformers import RTDetrV2ForObjectDetection

    with pytest.raises(UsageError, match=r"ResNet50_Weights.*cannot be reached") as caught:
        torchvision_weights("ResNet50_Weights.IMAGENET1K_V2")
    assert "model.weights=none" in caught.value.hint
    with pytest.raises(UsageError, match=r"PekingU/rtdetr_v2_r18vd.*cannot be reached"):
        hub_model(RTDetrV2ForObjectDetection, "PekingU/rtdetr_v2_r18vd")


def test_what_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    monkeypatch.delenv("https_proxy", raising=False)
    monkeypatch.setattr("socket.create_connection", lambda *_, **__: time.sleep(30))
    began = time.process_time(), time.monotonic()
    with pytest.raises(UsageError, match="cannot be reached"):
        check_reachable("hub.invalid", "weights")
    assert time.monotonic() - began[1] < 15, "half of what the connection takes"


def test_own_weights(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net, other = (nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2)) for _ in range(2))
    save_file(other.state_dict(), tmp_path / "own.safetensors")
    load_own(net, tmp_path / "own.safetensors")
    assert torch.equal(net[0].weight, other[0].weight)
    state = {**other.state_dict(), "1.weight": torch.zeros(9, 4)}
    torch.save(state, tmp_path / "other-classes.pt")
    fresh = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    before = fresh[1].weight.clone()
    load_own(fresh, tmp_path / "other-classes.pt")
    assert torch.equal(fresh[0].weight, other[0].weight)
    assert torch.equal(fresh[1].weight, before), "a head of other classes is left as it is"


def test_files_that_are_no_weights(tmp_path: Path) -> None:
    net = nn.Linear(2, 2)
    with pytest.raises(UsageError, match="no such weights file"):
        load_own(net, tmp_path / "gone.pt")
    (tmp_path / "text.pt").write_text("no weights")
    with pytest.raises(UsageError, match="no state dict"):
        load_own(net, tmp_path / "text.pt")
    (tmp_path / "text.safetensors").write_text("no weights")
    with pytest.raises(UsageError, match="no state dict"):
        load_own(net, tmp_path / "text.safetensors")
    torch.save({"other": torch.zeros(1)}, tmp_path / "other.pt")
    with pytest.raises(UsageError, match="only 0 of 2"):
        load_own(net, tmp_path / "other.pt")
    torch.save(Path("code"), tmp_path / "code.pt")
    with pytest.raises(UsageError, match="no state dict"):
        load_own(net, tmp_path / "code.pt")
