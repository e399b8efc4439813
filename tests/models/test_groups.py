"""A folder with an encoder for each group of kinds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streetshop.core.errors import BundleDamaged, BundleError, BundleMissing
from streetshop.core.records import GarmentPicture
from streetshop.models import load_encoder
from streetshop.models.folder import open_bundle, write_spec
from streetshop.models.groups import GroupedEncoder
from streetshop.models.spec import EncoderSpec, GroupsSpec
from tests.models.tiny import tiny_encoder, tiny_groups


def pictures(count: int) -> list[GarmentPicture]:
    rng = np.random.default_rng(0)
    return [GarmentPicture(rng.integers(0, 255, (40, 30, 3), dtype=np.uint8)) for _ in range(count)]


def test_each_picture_goes_to_the_encoder_of_its_kind(tmp_path: Path) -> None:
    folder = tiny_groups(tmp_path / "groups")
    encoder = load_encoder(folder, threads=2)
    assert isinstance(encoder, GroupedEncoder)
    single = {name: load_encoder(folder / name, threads=1) for name in ("upper", "lower")}
    kinds = ["top", "skirt", "dress", "trousers", "", "hat", "no kind"]
    shots = pictures(len(kinds))
    vectors = encoder.encode([encoder.prepare(shot, kind) for shot, kind in zip(shots, kinds, strict=True)])
    groups = ["upper", "lower", "upper", "lower", "upper", "upper", "upper"]
    assert [encoder.group_of(kind) for kind in kinds] == groups
    for vector, shot, group in zip(vectors, shots, groups, strict=True):
        [wanted] = single[group].encode([single[group].prepare(shot)])
        np.testing.assert_array_equal(vector, wanted)
    assert encoder.encode([]).shape == (0, encoder.dim)
    assert not np.allclose(single["upper"].encode([single["upper"].prepare(shots[1])])[0], vectors[1])


def test_the_fingerprint_is_that_of_all_encoders_and_their_kinds(tmp_path: Path) -> None:
    prints = {
        load_encoder(tiny_groups(tmp_path / str(i), **changes), threads=1).fingerprint
        for i, changes in enumerate([{}, {"seed": 9}, {"upper": ("top",)}, {"fallback": "lower"}])
    }
    assert len(prints) == 4
    again = load_encoder(tiny_groups(tmp_path / "again"), threads=1)
    assert again.fingerprint in prints
    assert (again.name, [block.name for block in again.blocks]) == ("two groups 1", ["style", "colour"])


def test_encoders_that_differ_are_refused(tmp_path: Path) -> None:
    folder = tiny_groups(tmp_path / "blocks")
    tiny_encoder(folder / "lower", dim=16)
    with pytest.raises(BundleDamaged, match=r"style \(16\)"):
        load_encoder(folder, threads=1)
    folder = tiny_groups(tmp_path / "input")
    tiny_encoder(folder / "lower", side=64, seed=3)
    with pytest.raises(BundleDamaged, match="input differs"):
        load_encoder(folder, threads=1)


def test_what_is_missing_or_of_another_kind_is_named(tmp_path: Path) -> None:
    folder = tiny_groups(tmp_path / "groups")
    (folder / "lower" / "bundle.json").unlink()
    with pytest.raises(BundleMissing, match="lower"):
        load_encoder(folder, threads=1)
    with pytest.raises(BundleError, match="one for each group"):
        open_bundle(tiny_groups(tmp_path / "more"), EncoderSpec)
    with pytest.raises(BundleError, match="no folder of encoders"):
        GroupedEncoder(tiny_encoder(tmp_path / "one"))


@pytest.mark.parametrize(
    ("groups", "fallback", "said"),
    [
        ({"a": ("top",), "b": ("top",)}, "a", "two groups"),
        ({"a": ("top",)}, "b", "no group"),
        ({}, "a", "at least 1"),
        ({"../a": ("top",)}, "../a", "pattern"),
    ],
)
def test_specs_that_do_not_hold_together(groups: dict[str, tuple[str, ...]], fallback: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        GroupsSpec(name="x", version="1", groups=groups, fallback=fallback)


def test_a_damaged_spec_is_named(tmp_path: Path) -> None:
    folder = tiny_groups(tmp_path / "groups")
    text = (folder / "bundle.json").read_text().replace('"fallback": "upper"', '"fallback": "none"')
    (folder / "bundle.json").write_text(text)
    with pytest.raises(BundleDamaged, match="no group"):
        load_encoder(folder)
    write_spec(folder, GroupsSpec(name="x", version="1", groups={"upper": (), "lower": ()}, fallback="lower"))
    assert load_encoder(folder, threads=1).group_of("top") == "lower"
