"""The folder of a curation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streetshop.core.errors import CurateError
from streetshop.lab.curate import Curation
from streetshop.lab.curate.clusters import run_clusters
from streetshop.lab.curate.curation import spare_last
from streetshop.lab.data.manifest import Manifest


def test_the_least_bad_of_a_products_last_pictures_is_spared() -> None:
    products = np.array(["a", "a", "b", "b", "", "c"], dtype=object)
    drop = np.array([1, 1, 1, 0, 1, 0], bool)
    left = np.array([1, 1, 1, 1, 1, 0], bool)
    badness = np.array([0.9, 0.8, 0.9, 0.1, 0.9, 0.0])
    assert spare_last(products, left, drop, badness).tolist() == [1]
    # b's other picture went in an earlier step: this one is its last.
    assert spare_last(products, np.array([1, 1, 1, 0, 1, 0], bool), drop, badness).tolist() == [1, 2]


def test_another_manifest_in_the_same_folder_is_refused(tmp_path: Path, small: Manifest) -> None:
    Curation.create(tmp_path / "out", small)
    with pytest.raises(CurateError, match="curation of another manifest"):
        Curation.create(tmp_path / "out", small.take([0, 1]))
    (tmp_path / "out" / "curation.json").unlink()  # broken off while it began
    assert Curation.create(tmp_path / "out", small).fingerprint == small.fingerprint
    with pytest.raises(CurateError, match="holds something else"):
        Curation.create(small.root, small)
    with pytest.raises(CurateError, match="no rows"):
        Curation.create(tmp_path / "empty", small.take([]))
    with pytest.raises(CurateError, match="no such file"):
        Curation.open(tmp_path / "nothing")


def test_running_an_earlier_step_again_undoes_the_later_ones(curation: Curation) -> None:
    from streetshop.lab.curate.duplicates import run_duplicates

    run_clusters(curation, algorithm="kmeans")
    run_duplicates(curation)
    assert curation.done("duplicates")
    assert curation.drops("duplicates")
    run_clusters(curation, accept_suggested=True)
    assert not curation.done("duplicates")
    assert not curation.drops("duplicates")
