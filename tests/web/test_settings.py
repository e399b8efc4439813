"""Settings are checked where they are made."""

from __future__ import annotations

from typing import Any

import pytest

from streetshop.core.errors import UsageError
from streetshop.core.pictures.limits import PhotoLimits
from streetshop.web import Settings


def test_the_defaults_are_valid() -> None:
    assert Settings().default_k <= Settings().max_k


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"queue": 0}, "queue is 0"),
        ({"body_idle": -1.0}, "body_idle is -1.0"),
        ({"default_k": 101}, "default_k is 101"),
        ({"max_body": 1000}, "less than a photo may be"),
        ({"photo": PhotoLimits(max_bytes=2**30)}, "less than a photo may be"),
        ({"upload_memory": 2**20}, "upload_memory is smaller"),
    ],
)
def test_values_that_make_no_sense(values: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Settings(**values)
