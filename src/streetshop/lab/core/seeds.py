"""Random numbers without a state to save: every draw follows from the seed and its own place in the run.

A resumed run therefore makes the very draws the uninterrupted one would have made.
"""

from __future__ import annotations

from typing import Final

import numpy as np

PLAN: Final = 1
NEGATIVES: Final = 2
AUGMENT: Final = 3
DROPOUT: Final = 4
WEIGHTS: Final = 5


def generator(seed: int, purpose: int, *place: int) -> np.random.Generator:
    """The generator for one purpose at one place (stage, epoch, batch, ...)."""
    return np.random.default_rng(np.random.SeedSequence([seed, purpose, *place]))


def torch_seed(seed: int, purpose: int, *place: int) -> int:
    """A 63-bit seed for ``torch.manual_seed`` likewise."""
    return int(np.random.SeedSequence([seed, purpose, *place]).generate_state(1, np.uint64)[0] >> np.uint64(1))
