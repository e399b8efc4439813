"""Presets: shares of blocks, for any encoder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetshop.core.errors import WeightsError
from streetshop.core.records import Block
from streetshop.models import load_encoder
from streetshop.search.presets import BALANCED, PRESETS, preset_weights, presets

BLOCKS = (Block("style", 3, 3.5), Block("colour", 2, 1.75), Block("shape", 2, 2.25), Block("pattern", 2, 0.25))

encoders = st.dictionaries(
    st.sampled_from(["style", "colour", "shape", "pattern", "parts", "cloth"]),
    st.floats(0, 100, allow_subnormal=False).map(lambda weight: round(weight, 3)),
    min_size=1,
).filter(lambda weights: any(weights.values()))


def test_balanced_is_the_default() -> None:
    assert preset_weights("balanced", BLOCKS) == {block.name: block.weight for block in BLOCKS}


def test_the_named_block_has_its_share_and_the_others_keep_their_proportions() -> None:
    weights = preset_weights("same colour", BLOCKS)
    assert weights["colour"] == pytest.approx(PRESETS["same colour"]["colour"] * sum(weights.values()), rel=1e-4)
    assert weights["style"] / weights["shape"] == pytest.approx(3.5 / 2.25, rel=1e-3)


def test_a_preset_without_its_block_is_balanced() -> None:
    blocks = (Block("style", 3, 1.0), Block("colour", 2, 0.5))
    assert preset_weights("same pattern", blocks) == {"style": 1.0, "colour": 0.5}
    assert preset_weights("same cut", (Block("colour", 2, 1.0),)) == {"colour": 1.0}


@given(encoders)
def test_every_preset_works_with_every_encoder(defaults: dict[str, float]) -> None:
    blocks = [Block(name, 2, weight) for name, weight in defaults.items()]
    for name, weights in presets(blocks).items():
        assert list(weights) == list(defaults)
        assert all(weight >= 0 for weight in weights.values())
        assert any(weights.values())
        main = max(PRESETS[name], key=PRESETS[name].__getitem__, default=None)
        if (
            name.removeprefix("same ") in ("colour", "pattern")
            and main in defaults
            and any(weight for block, weight in defaults.items() if block != main)
        ):
            assert weights[main] == pytest.approx(PRESETS[name][main] * sum(weights.values()), abs=1e-3)


@pytest.mark.parametrize("name", ["Same Colour", "same-colour", "same_colour", " same  colour "])
def test_names_as_people_write_them(name: str) -> None:
    assert preset_weights(name, BLOCKS) == preset_weights("same colour", BLOCKS)


def test_an_unknown_preset_lists_those_there_are() -> None:
    with pytest.raises(WeightsError, match="balanced, same item, same colour, same cut, same pattern"):
        preset_weights("same sleeve", BLOCKS)


def test_the_shipped_encoder_tells_all_presets_apart() -> None:
    weights = presets(load_encoder().blocks)
    assert list(weights) == [BALANCED, "same item", "same colour", "same cut", "same pattern"]
    assert len({tuple(each.values()) for each in weights.values()}) == 5
