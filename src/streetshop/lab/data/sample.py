"""The sample: one garment in one picture, the row type of every data set of the lab."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import ManifestError
from streetshop.core.geometry import Box, Mask
from streetshop.core.photo import Photo
from streetshop.lab.data.masks import load_mask

DOMAINS: Final = ("street", "shop")
SPLITS: Final = ("train", "val", "test", "")
ROLES: Final = ("query", "gallery", "")
VIEWS: Final = ("front", "side", "back", "left", "right", "full", "detail", "flat", "")
"""``side`` is left or right where the data set does not say which; ``full`` shows the whole person; ``flat`` shows the
garment unworn."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One garment in one picture, or a whole picture where nothing says where the garment is.

    Attributes:
        image: path relative to ``root``, with ``/``; never absolute, never with ``..``.
        domain: ``street`` (worn, taken by anybody) or ``shop`` (taken to sell).
        product_id: equal for pictures of one product; ``""`` where the data set does not say.
        category: ``""`` where the data set does not say.
        split: train, val, test, or ``""`` where the data set has no official split.
        role: query or gallery where the data set fixes it (In-shop does), else ``""``: the protocol decides.
        box: corners of the garment in pixels of the upright picture; None means the whole picture.
        view: one of :data:`VIEWS`.
        attributes: all other labels; JSON values only. ``keypoints`` holds 17 x, y, visibility in COCO's order.
        group: pictures that share a photo, a sender or a shooting have the same group; a group never spreads over two
            splits.
        mask: ``path``, ``path#label`` or JSON, see :mod:`streetshop.lab.data.masks`; None without a mask.
        root: the folder that ``image`` and ``mask`` are relative to. Not compared.
        source: name of the data set. Not compared.
    """

    image: str
    domain: str
    product_id: str = ""
    category: str = ""
    split: str = ""
    role: str = ""
    box: tuple[float, float, float, float] | None = None
    view: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    group: str = ""
    mask: str | None = None
    root: Path = field(default=Path(), compare=False)
    source: str = field(default="", compare=False)

    def check(self) -> None:
        """Check every value.

        Raises:
            ManifestError: the first value that is wrong.
        """
        check_relative(self.image)
        for name, value, allowed in (
            ("domain", self.domain, DOMAINS),
            ("split", self.split, SPLITS),
            ("role", self.role, ROLES),
            ("view", self.view, VIEWS),
        ):
            if value not in allowed:
                raise ManifestError(
                    f"{name} {value!r} is unknown",
                    where=self.image,
                    hint=f"Use one of {', '.join(repr(a) for a in allowed)}",
                )
        if self.box is not None:
            check_box(self.box, self.image)

    @property
    def path(self) -> Path:
        """Path of the picture."""
        return self.root / self.image

    @property
    def keypoints(self) -> NDArray[np.float32] | None:
        """(17, 3) x, y in pixels and COCO visibility; None where the data set has none."""
        points = self.attributes.get("keypoints")
        return None if points is None else np.asarray(points, np.float32)

    @property
    def kind(self) -> str:
        """The attribute ``kind``, a finer category; ``""`` where unknown."""
        return self.label("kind")

    @property
    def colour(self) -> str:
        """The attribute ``colour``; ``""`` where unknown."""
        return self.label("colour")

    @property
    def pattern(self) -> str:
        """The attribute ``pattern``; ``""`` where unknown."""
        return self.label("pattern")

    def label(self, name: str) -> str:
        """One attribute as text; ``""`` where the sample lacks it."""
        return label_text(self.attributes.get(name))

    def as_box(self) -> Box | None:
        """:attr:`box` as a :class:`Box`."""
        return None if self.box is None else Box(*self.box)

    def load_box(self, width: int, height: int) -> Box:
        """:attr:`box` clipped to a picture of that size; the whole picture where there is none."""
        return Box(*(self.box or (0.0, 0.0, float(width), float(height)))).clip(width, height)

    def load_mask(self, width: int, height: int) -> Mask | None:
        """(height, width) mask, or None. Raises :class:`ManifestError` when it is malformed or of another size."""
        return None if self.mask is None else load_mask(self.mask, self.root, width, height)

    def load_photo(self, at_least: int | None = None) -> Photo:
        """Decode the picture; ``at_least`` allows a smaller one, see :meth:`Photo.from_path`.

        Raises:
            PhotoError: the picture is missing or cannot be decoded.
        """
        return Photo.from_path(self.path, at_least=at_least)


def label_text(value: Any) -> str:
    """A label as text: ``""`` for None, JSON for what is no text."""
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def check_relative(path: str) -> None:
    """Raise :class:`ManifestError` unless ``path`` lies below its root."""
    parts = PurePosixPath(path).parts
    if not path or path.startswith("/") or PureWindowsPath(path).drive or "\\" in path or ".." in parts or "\0" in path:
        raise ManifestError(
            f"path {path!r} does not lie below the root",
            where="image",
            hint="Paths are relative to the manifest's root, with /, without ..",
        )


def check_box(box: Sequence[float], where: str) -> None:
    """Raise :class:`ManifestError` unless ``box`` is four finite numbers x0, y0, x1, y1 that enclose an area."""
    if len(box) != 4 or not all(math.isfinite(v) for v in box) or box[2] <= box[0] or box[3] <= box[1]:
        raise ManifestError(f"box {tuple(box)} is empty or not finite", where=where, hint="A box is x0, y0, x1, y1")
