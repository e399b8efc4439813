"""Reduced features: centred, projected to their principal components, of unit length.

Rows are streamed: only a sample and one batch of the full features are in memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import CurateError
from streetshop.core.files import output_file
from streetshop.lab.curate.encoders import Vectors

DIMS: Final = 128
SAMPLE: Final = 20_000
BATCH: Final = 8192
"""Rows of full features in memory at once."""


@dataclass(frozen=True, eq=False)
class Reduction:
    """``(x - mean) @ components`` and unit length.

    Attributes:
        mean: (dim,).
        components: (dim, dims).
    """

    mean: Vectors
    components: Vectors

    @classmethod
    def fit(cls, vectors: Vectors, places: NDArray[np.int64], *, dims: int = DIMS, seed: int = 0) -> Reduction:
        """Fit to a sample of the features.

        Args:
            vectors: (features, dim).
            places: indices of the features in use.
            dims: number of components.
            seed: of the sample.

        Raises:
            CurateError: there are fewer than two features, or all are equal.
        """
        chosen = sample(places, SAMPLE, seed)
        rows = np.asarray(vectors[chosen], np.float64)
        mean = rows.mean(axis=0) if len(rows) else np.zeros(vectors.shape[1])
        spread = rows - mean
        if len(rows) < 2 or np.abs(spread).max() < 1e-6:
            raise CurateError(
                f"the features of {len(rows)} pictures are all equal" if len(rows) else "no picture is left",
                hint="Check the pictures and the encoder",
            )
        values, components = np.linalg.eigh(spread.T @ spread)
        order = np.argsort(values)[::-1][: min(dims, len(rows) - 1)]
        order = order[values[order] > 1e-9 * values.max()]
        return cls(mean.astype(np.float32), components[:, order].astype(np.float32))

    def apply(self, vectors: Vectors) -> Vectors:
        """Reduce (n, dim) features to (n, dims)."""
        part = (np.asarray(vectors) - self.mean) @ self.components
        return np.asarray(part / np.maximum(np.linalg.norm(part, axis=1, keepdims=True), 1e-12), np.float32)

    def save(self, path: Path) -> None:
        """Write a ``.npz`` file."""
        with output_file(path) as partial, partial.open("wb") as file:
            np.savez(file, mean=self.mean, components=self.components)

    @classmethod
    def load(cls, path: Path) -> Reduction:
        """Read a ``.npz`` file. Raises :class:`CurateError` when it is missing or corrupt."""
        try:
            with np.load(path) as found:
                return cls(found["mean"], found["components"])
        except (OSError, ValueError, KeyError) as error:
            raise CurateError(f"cannot be read ({error})", where=str(path), hint="Run the step clusters") from None


def sample(places: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """At most ``count`` of ``places``, each at most once, in ascending order, which reads a memory map sequentially."""
    unique = np.unique(places)
    if len(unique) > count:
        unique = np.sort(np.random.default_rng(seed).choice(unique, count, replace=False))
    return unique
