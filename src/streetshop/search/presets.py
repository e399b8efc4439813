"""Named weights of the blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from streetshop.core.errors import WeightsError
from streetshop.core.records import Block

BALANCED: Final = "balanced"
"""The default weights of the encoder."""

PRESETS: Final[Mapping[str, Mapping[str, float]]] = {
    BALANCED: {},
    "same item": {"colour": 0.2, "shape": 0.1, "pattern": 0.3},
    "same colour": {"colour": 0.6},
    "same cut": {"shape": 0.7, "colour": 0.0},
    "same pattern": {"pattern": 0.6},
}
"""By name, the shares of some blocks in the sum of all weights; the others share the rest as their defaults do."""


def presets(blocks: Sequence[Block]) -> dict[str, dict[str, float]]:
    """The weights of every block under each preset, in the order in which they are offered."""
    return {name: preset_weights(name, blocks) for name in PRESETS}


def preset_weights(name: str, blocks: Sequence[Block]) -> dict[str, float]:
    """The weight of every block under a preset; they sum to what the defaults sum to.

    A preset works with any encoder: shares of blocks that the encoder lacks go to the others, and where a preset would
    leave nothing, the weights are the defaults.

    Args:
        name: case, hyphens and underscores do not count: ``Same-Colour`` is ``same colour``.
        blocks: of the encoder.

    Raises:
        WeightsError: there is no such preset.
    """
    shares = PRESETS.get(" ".join(name.lower().replace("-", " ").replace("_", " ").split()))
    if shares is None:
        raise WeightsError(
            f"no preset is called {name[:40]!r}",
            where="weights",
            hint=f"There are {', '.join(PRESETS)}; or write BLOCK=NUMBER, as in colour=6",
        )
    defaults = {block.name: block.weight for block in blocks}
    named = {block: share for block, share in shares.items() if block in defaults}
    rest = sum(weight for block, weight in defaults.items() if block not in named)
    total = sum(defaults.values())
    # what each unit of a default becomes when the blocks without a share fill up the sum
    factor = (1 - sum(named.values())) * total / rest if rest else 0.0
    if not named or not (rest or any(named.values())):
        return defaults
    return {
        block: round(named[block] * total if block in named else factor * weight, 4)
        for block, weight in defaults.items()
    }
