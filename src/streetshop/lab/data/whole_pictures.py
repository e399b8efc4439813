"""A manifest of garments as a manifest of whole pictures."""

from __future__ import annotations

from dataclasses import replace

from streetshop.core.errors import ManifestError
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.sample import Sample


def whole_pictures(manifest: Manifest) -> Manifest:
    """One row for each picture, shown whole, of the rows that have a view; the first row of a picture counts.

    Raises:
        ManifestError: no row has a view.
    """
    rows: dict[str, Sample] = {}
    for row in manifest:
        if row.view:
            rows.setdefault(row.image, replace(row, box=None, mask=None))
    if not rows:
        raise ManifestError(
            "no row has a view", where=manifest.name or "manifest", hint="Use a studio manifest, or that of In-shop"
        )
    return Manifest.from_rows(rows.values(), manifest.root, name=manifest.name)
