"""What ``verify`` finds."""

from __future__ import annotations

from pathlib import Path

from streetshop.catalog.open import create_catalog, open_catalog
from streetshop.catalog.store import Store
from tests.catalog.conformance import META, entry, unit_vectors


def test_verify_sees_what_changed_on_the_disk(path: Path, store: Store) -> None:
    store.optimize()
    (base,) = (path / "g0001").glob("base-*")
    content = bytearray((base / "vectors.f32").read_bytes())
    content[100] ^= 1
    (base / "vectors.f32").write_bytes(content)
    (finding,) = open_catalog(str(path)).verify()
    assert f"({base.name}/vectors.f32 was changed)" in finding.what


def test_verify_sees_bad_rows(path: Path) -> None:
    import lancedb

    store = create_catalog(str(path), META)
    store.upsert([entry(name, unit_vectors(2, i)) for i, name in enumerate("abcd")])
    table = lancedb.connect(path / "g0001").open_table("shots")
    table.update(where="product_id = 'a' AND shot = 0", values={"thumbnail": b"\xff\xd8 not a jpeg"})
    table.update(where="product_id = 'b' AND shot = 1", values={"vector": [2.0] * 32})
    table.update(where="product_id = 'c' AND shot = 0", values={"row_hash": "0" * 64})
    table.delete("product_id = 'd' AND shot = 1")
    kinds = sorted({finding.what.split(":")[0] for finding in open_catalog(str(path)).verify()})
    assert kinds == ["product", "row", "shots", "thumbnail", "vector"]
