"""Load the encoder of a folder: one network, or one for each group of kinds."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from streetshop.models.encoder import Encoder
from streetshop.models.folder import SHIPPED, read_spec
from streetshop.models.groups import GroupedEncoder
from streetshop.models.spec import GroupsSpec

DEFAULT_ENCODER: Final = SHIPPED / "encoder"
"""The encoder shipped in the package."""


def load_encoder(folder: Path | None = None, *, threads: int | None = None) -> Encoder:
    """Load and verify an encoder bundle, or a folder with an encoder for each group of kinds.

    Args:
        folder: the bundle; None for the one shipped in the package.
        threads: of one run of the network; None for one per core.

    Raises:
        BundleError: the bundle is missing, damaged or of another kind.
    """
    folder = folder or DEFAULT_ENCODER
    if isinstance(read_spec(folder), GroupsSpec):
        return GroupedEncoder(folder, threads=threads)
    return Encoder(folder, threads=threads)
