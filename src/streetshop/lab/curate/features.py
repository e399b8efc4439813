"""Step 1, features: every row's picture becomes a vector, once; unreadable pictures are dropped with their reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from streetshop.core.errors import CurateError
from streetshop.lab.curate.alignment import SIDE, Thumbnails
from streetshop.lab.curate.embedding import Embedder, embed_here, embed_on_ray, numbered
from streetshop.lab.curate.encoders import EncoderChoice, Vectors
from streetshop.lab.curate.reduction import BATCH, Reduction
from streetshop.lab.curate.store import RECORD, FeatureStore
from streetshop.lab.curate.workplace import Curation

Report = Callable[[int, int], None]
"""Called with (done, total) rows."""
_FILE: Final = "features.npy"
REDUCED: Final = "reduced.npy"
REDUCTION: Final = "reduction.npz"
MODEL: Final = "clusters/model.npz"


@dataclass(frozen=True, eq=False)
class Features:
    """The features of a curation's rows.

    Attributes:
        index: (rows,) place of each row's feature in the store, -1 for rows without one.
        vectors: (features, dim) float32 memory map of unit vectors, in the store's order.
        thumbnails: (features, 48, 48, 3) uint8 memory map.
        records: (features,) what was encoded, see :data:`~streetshop.lab.curate.store.RECORD`.
        name: of the encoder.
    """

    index: NDArray[np.int64]
    vectors: Vectors
    thumbnails: Thumbnails
    records: NDArray[np.void]
    name: str

    @classmethod
    def of(cls, curation: Curation) -> Features:
        """Raises :class:`CurateError` when the step has not been run."""
        store = FeatureStore(Path(curation.require("features")["store"]))
        return cls(np.load(curation.folder / _FILE), store.vectors, store.thumbnails, store.records, store.name)

    def area(self, rows: NDArray[np.intp]) -> NDArray[np.int64]:
        """(n,) pixels of what was encoded."""
        return self.records["pixels"][self.index[rows]].astype(np.int64)

    def size(self, rows: NDArray[np.intp]) -> NDArray[np.int64]:
        """(n,) bytes of the pictures' files."""
        return self.records["bytes"][self.index[rows]].astype(np.int64)


def run_features(
    curation: Curation,
    choice: EncoderChoice,
    *,
    cache: Path | None = None,
    threads: int = 1,
    ray: str | None = None,
    workers: int = 2,
    report: Report | None = None,
) -> dict[str, Any]:
    """Compute what is missing, and note where each row's feature is. The same call goes on after an interruption.

    Args:
        cache: folder of features that several curations may share.
        ray: address of a Ray cluster; None computes here.

    Raises:
        CurateError: no picture can be used, or the cache belongs to another encoder.
    """
    table = numbered(curation.manifest.table)
    root = str(curation.manifest.root)
    embedder = Embedder(choice, root, frozenset(), threads)
    store = FeatureStore(cache or curation.folder / "features", embedder.encoder)
    before = len(store)
    if ray is None:
        embedder.known = store.keys()
        batches: Iterable[pa.Table] = embed_here(embedder, table)
    else:
        batches = embed_on_ray(choice, root, store.keys(), table, ray, workers)
    index = np.full(len(table), -1, np.int64)
    refused: dict[int, str] = {}
    done = 0
    for batch in batches:
        _keep(batch, store, index, refused)
        done += len(batch)
        if report is not None:
            report(done, len(table))
    if len(refused) == len(table):
        raise CurateError(
            f"none of {len(table)} pictures can be used; the first: {refused[0]}",
            where=root,
            hint="Check the manifest's root folder; --root gives another",
        )
    with curation.file(f"{_FILE}.part").open("wb") as file:
        np.save(file, index)
    curation.file(f"{_FILE}.part").replace(curation.file(_FILE))
    summary = {
        "store": str(store.folder.resolve()),
        "encoder": store.name,
        "encoder_fingerprint": store.fingerprint,
        "dim": store.dim,
        "rows": len(table),
        "computed": len(store) - before,
        "ray": ray,
    }
    _forget(curation, store.fingerprint)
    curation.finish("features", summary, refused)
    return curation.summary("features")


def _forget(curation: Curation, encoder: str) -> None:
    """Drop what was made of the features before: all of it when they came from another encoder. When only rows came or
    went, the components and the clusters stay, and with them what was decided about the clusters."""
    (curation.folder / REDUCED).unlink(missing_ok=True)
    if curation.done("features") and curation.summary("features")["encoder_fingerprint"] != encoder:
        for name in (REDUCTION, MODEL):
            (curation.folder / name).unlink(missing_ok=True)


def _keep(batch: pa.Table, store: FeatureStore, index: NDArray[np.int64], refused: dict[int, str]) -> None:
    """Store a batch's fresh features, and note the place of every row's."""
    values = batch.drop_columns(["vector", "thumbnail"]).to_pydict()
    encoded = np.flatnonzero(pc.list_value_length(batch["vector"]).to_numpy())
    vectors = pc.list_flatten(batch["vector"]).to_numpy().reshape(-1, store.dim)
    fresh: dict[bytes, int] = {}
    for place, row in enumerate(encoded.tolist()):
        if store.place(values["key"][row]) is None:
            fresh.setdefault(values["key"][row], place)
    if fresh:
        chosen = np.fromiter(fresh.values(), np.intp)
        rows = encoded[chosen].tolist()
        records = [tuple(values[name][row] for name in RECORD.names or ()) for row in rows]
        small = b"".join(batch["thumbnail"][row].as_py() for row in rows)
        thumbnails = np.frombuffer(small, np.uint8).reshape(len(rows), SIDE, SIDE, 3)
        store.append(vectors[chosen], thumbnails, np.array(records, RECORD))
    for row, key, reason in zip(values["row"], values["key"], values["reason"], strict=True):
        found = store.place(key)
        if reason or found is None:
            refused[row] = reason or "no feature"
        else:
            index[row] = found


def reduced(curation: Curation, features: Features) -> Vectors:
    """(rows, dims) memory map of short unit features, zero for rows without one; made once.

    Raises :class:`CurateError` when all features are equal.
    """
    target = curation.folder / REDUCED
    if not target.exists():
        present = np.flatnonzero(features.index >= 0)
        places = features.index[present]
        path = curation.file(REDUCTION)
        if not path.exists():
            Reduction.fit(features.vectors, places).save(path)
        reduction = Reduction.load(path)
        partial = curation.file(f"{REDUCED}.part")
        shape = (len(features.index), reduction.components.shape[1])
        out = np.lib.format.open_memmap(partial, "w+", np.float32, shape)
        for start in range(0, len(present), BATCH):
            rows = slice(start, start + BATCH)
            out[present[rows]] = reduction.apply(features.vectors[places[rows]])
        out.flush()
        del out
        partial.replace(target)
    return np.load(target, mmap_mode="r")
