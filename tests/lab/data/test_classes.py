"""The classes and the names of data sets that map to them."""

from __future__ import annotations

import pytest

from streetshop.core.errors import DatasetError
from streetshop.lab.data.classes import CCP_NAMES, CLASSES, CLOTHING_LABELS, GARMENTS, IGNORE, class_of_label


def test_every_name_of_the_data_sets_has_one_class() -> None:
    listed = [name for names in CCP_NAMES.values() for name in names]
    assert len(listed) == len(set(listed)) == 59
    assert tuple(CCP_NAMES) == CLASSES
    assert set(CLOTHING_LABELS.values()) <= set(GARMENTS)
    table = class_of_label(["null", "leggings", "suit"])
    assert [CLASSES[i] for i in table[:3]] == ["background", "legwear", "outerwear"]
    assert table[3] == IGNORE
    with pytest.raises(DatasetError, match="crown"):
        class_of_label(["null", "crown"])
