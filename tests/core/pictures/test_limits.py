"""Limits: what is beyond them, and what the errors advise."""

from __future__ import annotations

import pytest

from streetshop.core.errors import PhotoTooCostly, PhotoTooManyPixels, PhotoTooSmall
from streetshop.core.pictures.limits import (
    MAX_METADATA,
    MAX_PARTS,
    PhotoLimits,
    check_area,
    check_metadata,
    check_size,
)

LIMITS = PhotoLimits(max_pixels=2_000_000, min_side=16)


def test_limits_are_inclusive() -> None:
    check_size(2000, 1000, LIMITS)
    check_size(16, 125_000, LIMITS)
    check_area(1, 1, LIMITS)
    check_metadata(MAX_METADATA, MAX_PARTS)


def test_one_more_is_refused_with_a_hint() -> None:
    with pytest.raises(PhotoTooManyPixels, match=r"2001 x 1000 pixels\. At most 2 million"):
        check_size(2001, 1000, LIMITS)
    with pytest.raises(PhotoTooSmall, match="at least 16"):
        check_size(15, 15, LIMITS)
    for size, parts in [(MAX_METADATA + 1, 1), (1, MAX_PARTS + 1)]:
        with pytest.raises(PhotoTooCostly, match="Save it again"):
            check_metadata(size, parts)
