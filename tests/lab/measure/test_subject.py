"""What cannot be measured on what is said before anything is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.core.errors import DatasetError, UsageError
from streetshop.lab.measure.subject import measure_subject
from tests.models.tiny_reader import tiny_reader

pytestmark = pytest.mark.lab


def test_a_run_is_not_measured_on_the_public_data_sets(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with pytest.raises(UsageError, match="only bundles") as caught:
        measure_subject(tmp_path / "run", tmp_path)
    assert "lab export" in caught.value.hint


def test_a_folder_without_the_data_sets_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="there is no such folder"):
        measure_subject(tiny_reader(tmp_path / "b"), tmp_path)
