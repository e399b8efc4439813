"""Names of kinds."""

from __future__ import annotations

import pytest

from streetshop.core.errors import RequestInvalid
from streetshop.core.kinds import KINDS, check_kinds
from streetshop.models.reader import DEFAULT_READER
from streetshop.models.spec import ReaderSpec


def test_they_are_the_garments_of_the_shipped_reader() -> None:
    spec = ReaderSpec.model_validate_json((DEFAULT_READER / "bundle.json").read_bytes())
    assert spec.garments == KINDS


def test_spelling_and_repetitions() -> None:
    assert check_kinds([" Dress", "skirt", "dress"]) == ("dress", "skirt")
    with pytest.raises(RequestInvalid, match="'gown' is no kind"):
        check_kinds(["dress", "gown"])
