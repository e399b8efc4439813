"""Step 1, features: every picture is embedded once; unreadable pictures are dropped with their reason."""

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
from streetshop.core.files import atomic_file
from streetshop.lab.curate.alignment import SIDE, Thumbnails
from streetshop.lab.curate.curation import Curation
from streetshop.lab.curate.embedding import Embedder, embed_here, embed_on_ray, numbered
from streetshop.lab.curate.encoders import EncoderChoice, Vectors
from streetshop.lab.curate.reduction import BATCH, Reduction
from streetshop.lab.curate.store import RECORD, FeatureStore

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
        """Load the features of a curation. Raises :class:`CurateError` when the step has not been run."""
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
    """Embed the pictures that are not in the store. An interrupted run resumes.

    Args:
        curation: whose rows to embed.
        choice: the encoder.
        threads: that read and decode pictures.
        workers: number of Ray processes.
        report: called with rows done and in all.
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
    with atomic_file(curation.file(_FILE)) as partial, partial.open("wb") as file:
        np.save(file, index)
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
    """Delete what derives from earlier features.

    The components and the clusters, with the decisions about them, stay unless the encoder changed.
    """
    (curation.folder / REDUCED).unlink(missing_ok=True)
    if curation.done("features") and curation.summary("features")["encoder_fingerprint"] != encoder:
        for name in (REDUCTION, MODEL):
            (curation.folder / name).unlink(missing_ok=True)


def _keep(batch: pa.Table, store: FeatureStore, index: NDArray[np.int64], refused: dict[int, str]) -> None:
    """Append a batch's new features to the store and set the index of its rows."""
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
    """(rows, dims) memory map of reduced unit features, zeros for rows without a feature; computed once.

    Raises:
        CurateError: all features are equal.
    """
    target = curation.folder / REDUCED
    if not target.exists():
        present = np.flatnonzero(features.index >= 0)
        places = features.index[present]
        path = curation.file(REDUCTION)
        if not path.exists():
            Reduction.fit(features.vectors, places).save(path)
        reduction = Reduction.load(path)
        shape = (len(features.index), reduction.components.shape[1])
        with atomic_file(target) as partial:
            out = np.lib.format.open_memmap(partial, "w+", np.float32, shape)
            for start in range(0, len(present), BATCH):
                rows = slice(start, start + BATCH)
                out[present[rows]] = reduction.apply(features.vectors[places[rows]])
            out.flush()
            del out
    return np.load(target, mmap_mode="r")
