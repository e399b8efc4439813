"""What is compared: trained runs and untrained baselines, with the vectors of the measured rows."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from streetshop.core.errors import StreetshopError
from streetshop.indexing.embed import default_scaling
from streetshop.lab.compare.runs import RunFacts
from streetshop.lab.core.progress import Progress
from streetshop.lab.data.manifest import Manifest
from streetshop.lab.data.pictures import row_picture
from streetshop.lab.evaluate.ranking import Distance
from streetshop.lab.train import load_run
from streetshop.lab.train.trained import TrainedRun
from streetshop.models import Encoder, load_encoder
from streetshop.models.encoder import Prepared

TIMED: Final = 16
"""Pictures of the batch that is timed."""
_CHUNK: Final = 64
"""Pictures that are decoded before they are encoded."""


@dataclass(frozen=True, eq=False)
class Subject:
    """One row of the tables.

    Attributes:
        vectors: (rows, dim) float32 of the measured rows.
        usable: (rows,) bool; a row without a vector finds nothing and ranks last.
        distance: by which its vectors are compared.
        milliseconds: processor time from a scaled picture to its vector.
        about: a description in one line.
        facts: of a trained run; None of a baseline.
    """

    name: str
    vectors: NDArray[np.float32]
    usable: NDArray[np.bool_]
    distance: Distance
    milliseconds: float
    about: str
    facts: RunFacts | None = None
    notes: tuple[str, ...] = ()


def run_subject(facts: RunFacts, name: str, rows: Manifest, *, weights: str, cache: Path, threads: int) -> Subject:
    """Encode ``rows`` by a run.

    Raises:
        RunError: the run cannot be loaded.
    """
    run = load_run(facts.folder, weights=weights)
    vectors, usable = run.encode(rows, cache=cache, threads=threads)
    distance: Distance = "euclidean" if run.recipe.validation.distance == "euclidean" else "cosine"
    about = f"{run.recipe.model.backbone.name}, {vectors.shape[1]} numbers"
    return Subject(name, vectors, usable, distance, _run_milliseconds(run), about, facts, _notes(run, rows, usable))


def bundle_subject(folder: Path, rows: Manifest, *, threads: int) -> Subject:
    """Encode ``rows`` by an encoder bundle, as the serving side does, under its default weights.

    Raises:
        BundleError: it is no encoder bundle.
    """
    encoder = load_encoder(folder, threads=threads)
    vectors, usable = np.zeros((len(rows), encoder.dim), np.float32), np.zeros(len(rows), bool)
    shop = rows.column("domain") == "shop"
    lost: list[str] = []
    spent = 0.0
    with Progress(f"vectors of {encoder.name}", len(rows)) as progress, ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(rows), _CHUNK):
            places = np.arange(start, min(start + _CHUNK, len(rows)))
            prepared = list(pool.map(lambda place: _prepared(encoder, rows, int(place)), places))
            usable[places] = [one is not None for one in prepared]
            began = time.process_time()
            for side in ("street", "shop"):
                chosen = [i for i, one in zip(places, prepared, strict=True) if one and shop[i] == (side == "shop")]
                if chosen:
                    vectors[chosen] = encoder.encode([one for i in chosen if (one := prepared[i - start])], side=side)
            spent += time.process_time() - began
            progress.advance(len(places))
    if not usable.all():
        lost.append(f"has no vector for {int((~usable).sum())} of {len(usable)} rows, whose picture cannot be used")
    vectors *= default_scaling(encoder.blocks, None)
    milliseconds = 1000 * spent / max(int(usable.sum()), 1)
    about = f"bundle, {encoder.dim} numbers, default weights"
    return Subject(encoder.name, vectors, usable, "cosine", milliseconds, about, notes=tuple(lost))


def _prepared(encoder: Encoder, rows: Manifest, place: int) -> Prepared | None:
    try:
        return encoder.prepare(row_picture(rows.row(place), encoder.spec))
    except StreetshopError:
        return None


def other_distance(subject: Subject) -> Subject | None:
    """The same vectors compared by the other distance; None if they have one length, so that both rank alike."""
    lengths = np.linalg.norm(subject.vectors[subject.usable], axis=1)
    if len(lengths) == 0 or float(lengths.max() - lengths.min()) <= 1e-3 * float(lengths.max()):
        return None
    distance: Distance = "euclidean" if subject.distance == "cosine" else "cosine"
    notes = (f"the vectors of {subject.name}, compared by {distance} distance",)
    return replace(subject, name=f"{subject.name}, {distance}", distance=distance, notes=notes)


def cpu_milliseconds(work: Callable[[], object], pictures: int, rounds: int = 5) -> float:
    """Processor time of ``work`` per picture in ms: the median of ``rounds``, after a warm-up."""
    work()
    spent = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return 1000 * float(np.median(spent)) / pictures


def _run_milliseconds(run: TrainedRun) -> float:
    encoder = next(iter(run.encoders.values())).streams.query
    part = run.recipe.input
    pixels = torch.zeros((TIMED, 3, part.height, part.width)).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        return cpu_milliseconds(lambda: encoder(pixels), TIMED)


def _notes(run: TrainedRun, rows: Manifest, usable: NDArray[np.bool_]) -> tuple[str, ...]:
    notes = []
    if "" not in run.encoders:
        notes.append(
            f"has {len(run.encoders)} encoders, one a group of categories ({', '.join(run.encoders)}): vectors of "
            "different groups share no space, so judge it within categories"
        )
    if not usable.all():
        lost = sorted(set(rows.column("category")[~usable]))
        notes.append(
            f"has no vector for {int((~usable).sum())} of {len(usable)} rows ({', '.join(lost)}): they find nothing "
            "and are found last"
        )
    return tuple(notes)
