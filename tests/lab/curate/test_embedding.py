"""Embedding on Ray."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streetshop.core.errors import CurateError
from streetshop.lab.curate import Curation
from streetshop.lab.curate.features import Features, run_features
from streetshop.lab.data.manifest import Manifest
from tests.lab.curate.conftest import SMALL
from tests.lab.curate.drawn import shop_pictures


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_ray_cluster_of_several_nodes_gives_the_same_features(tmp_path: Path) -> None:
    """Two nodes of one worker each: neither could hold both."""
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'streetshop[ray]'")
    from ray.cluster_utils import Cluster

    small = shop_pictures(tmp_path / "pictures", products=4, shots=2, tables=4)
    small.row(5).path.write_bytes(b"broken")
    here = Curation.create(tmp_path / "here", small)
    run_features(here, SMALL)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": 100 * 2**20})
    cluster.add_node(num_cpus=1, object_store_memory=100 * 2**20)
    try:
        ray.init(address=cluster.address, log_to_driver=False)
        assert len([node for node in ray.nodes() if node["Alive"]]) == 2
        there = Curation.create(tmp_path / "there", small)
        summary = run_features(there, SMALL, ray=cluster.address, workers=2)
        assert summary["computed"] == len(small) - 1
    finally:
        ray.shutdown()
        cluster.shutdown()
    a, b = Features.of(here), Features.of(there)
    usable = np.flatnonzero(a.index >= 0)
    np.testing.assert_allclose(a.vectors[a.index[usable]], b.vectors[b.index[usable]], atol=1e-5)
    assert there.drops("features") == here.drops("features")
    assert list(there.drops("features")) == [5]


def test_ray_missing_says_what_to_install(tmp_path: Path, small: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(CurateError, match=r"Ray is not installed.*streetshop\[ray\]"):
        run_features(Curation.create(tmp_path / "out", small), SMALL, ray="auto")
