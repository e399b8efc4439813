"""An encoder for each group of kinds: method 3 trains one for every article group."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import BundleDamaged, BundleError
from streetshop.core.records import GarmentPicture
from streetshop.models.encoder import Encoder, Prepared, Side
from streetshop.models.folder import SPEC_FILE, read_spec
from streetshop.models.session import thread_count
from streetshop.models.spec import EncoderSpec, GroupsSpec

_ALIKE: Final = ("input", "cut", "margin")
"""What the encoders of all groups share, so that a picture is cut and scaled once."""


class GroupedEncoder(Encoder):
    """The encoders of a folder, one for each group of kinds; see :class:`streetshop.models.spec.GroupsSpec`.

    Vectors of two groups do not compare. All encoders have the same blocks and take the same pictures.

    Raises:
        BundleError: the folder or a bundle in it is missing, damaged or of another kind, or the encoders differ.
    """

    grouped = True

    def __init__(self, folder: Path, *, threads: int | None = None) -> None:
        about = read_spec(folder)
        if not isinstance(about, GroupsSpec):
            raise BundleError("this is no folder of encoders", where=str(folder))
        self.folder = folder
        self.threads = thread_count(threads)
        self._about = about
        self._encoders = {group: Encoder(folder / group, threads=threads) for group in about.groups}
        self._group = {kind: group for group, kinds in about.groups.items() for kind in kinds}
        first = self._encoders[about.fallback]
        for group, encoder in self._encoders.items():
            _check_alike(folder / group, encoder, first)
        self.name = f"{about.name} {about.version}"
        self.blocks, self.dim = first.blocks, first.dim
        self.spec: EncoderSpec = first.spec.model_copy(
            update={"name": about.name, "version": about.version, "calibration": None}
        )
        self.fingerprint = self._all_fingerprints()

    def _all_fingerprints(self) -> str:
        content = {
            "groups": {name: sorted(kinds) for name, kinds in self._about.groups.items()},
            "fallback": self._about.fallback,
            "encoders": {name: encoder.fingerprint for name, encoder in self._encoders.items()},
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def group_of(self, kind: str) -> str:
        """Return the group of a kind, the fallback for a kind without one."""
        return self._group.get(kind, self._about.fallback)

    def prepare(self, picture: GarmentPicture, kind: str = "") -> Prepared:
        """Prepare a picture for the encoder of its kind."""
        group = self.group_of(kind)
        return replace(self._encoders[group].prepare(picture), group=group)

    def encode(self, prepared: Sequence[Prepared], *, side: Side = "street") -> NDArray[np.float32]:
        """Encode pictures, each by the encoder of its group.

        Returns:
            (n, dim) float32, every block of unit length.

        Raises:
            VectorError: a network gives NaN, infinity or a zero block.
        """
        vectors = np.empty((len(prepared), self.dim), np.float32)
        for group, encoder in self._encoders.items():
            places = [i for i, item in enumerate(prepared) if (item.group or self._about.fallback) == group]
            if places:
                vectors[places] = encoder.encode([prepared[i] for i in places], side=side)
        return vectors


def _check_alike(folder: Path, encoder: Encoder, other: Encoder) -> None:
    if encoder.blocks != other.blocks:
        blocks, others = (", ".join(f"{b.name} ({b.dim})" for b in one.blocks) for one in (encoder, other))
        raise BundleDamaged(
            f"its blocks are {blocks}, those of another group {others}",
            where=str(folder / SPEC_FILE),
            hint="Export all groups from one run",
        )
    for name in _ALIKE:
        if getattr(encoder.spec, name) != getattr(other.spec, name):
            raise BundleDamaged(
                f"its {name} differs from that of another group",
                where=str(folder / SPEC_FILE),
                hint="Export all groups from one run",
            )
