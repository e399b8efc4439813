"""Rank unlabelled photos and choose those that are labelled next."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from streetshop.core.errors import PhotoError, UsageError
from streetshop.core.files import writing
from streetshop.core.geometry import Box
from streetshop.core.photo import Photo
from streetshop.core.records import Garment, GarmentPicture, Look
from streetshop.lab.annotate.choose import POOL, choose_diverse
from streetshop.lab.annotate.committee import disagreement
from streetshop.lab.annotate.uncertainty import photo_uncertainty
from streetshop.looks.reader import Reader
from streetshop.models import Encoder

By = Literal["entropy", "margin", "committee", "random"]
BY: Final[tuple[By, ...]] = ("entropy", "margin", "committee", "random")


def check_rules(names: Sequence[str]) -> tuple[By, ...]:
    """Return the names as rules. Raises :class:`UsageError` for an unknown one."""
    unknown = [name for name in names if name not in BY]
    if unknown:
        raise UsageError(f"{unknown[0]!r} is no rule", where="--by", hint=f"Use {', '.join(BY)}")
    return tuple(rule for name in names for rule in BY if rule == name)


_BATCH: Final = 8


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A photo that is worth labelling.

    Attributes:
        name: its path, relative to the folder of photos.
        uncertainty: by which it was ranked; at least 0.
        look: of the first reader.
    """

    name: str
    uncertainty: float
    look: Look


def read_looks(
    photos: Sequence[Path],
    root: Path,
    reader: Reader,
    kept: Path,
    *,
    refuse: Callable[[str, str], object] = lambda name, reason: None,
    progress: Callable[[int, int], object] = lambda done, total: None,
) -> dict[str, Look]:
    """Read photos; what was read is kept in a file, so that an interrupted call resumes.

    Args:
        photos: files below ``root``.
        root: names are relative to it.
        reader: a reader.
        kept: a file of JSON lines; one of another reader is replaced.
        refuse: called with the name of each photo that cannot be read, and the reason.
        progress: called with what is done, of how many.

    Returns:
        The look of each photo by name; without persons and masks.
    """
    found = _load(kept, reader.name)
    with writing(kept):
        file = kept.open("a" if found else "w", encoding="utf-8")
    with file:
        if found:
            file.write("\n")  # ends the line of an interrupted write
        for done, path in enumerate(photos):
            progress(done, len(photos))
            name = path.relative_to(root).as_posix()
            if name in found:
                continue
            try:
                look = reader.read(Photo.from_path(path, at_least=reader.photo_side or None))
            except PhotoError as error:
                refuse(name, str(error))
                continue
            found[name] = look
            with writing(kept):
                file.write(_line(name, look) + "\n")
                file.flush()
    progress(len(photos), len(photos))
    names = {path.relative_to(root).as_posix() for path in photos}
    return {name: look for name, look in found.items() if name in names}


def rank(looks: Sequence[Mapping[str, Look]], by: By, *, seed: int = 0) -> dict[str, float]:
    """Return the uncertainty of each photo that all readers could read.

    Args:
        looks: by name, of each reader.
        by: ``entropy`` or ``margin`` of the first reader's garments, ``committee``: the disagreement of all readers,
            ``random``: a number from 0 to 1.
        seed: of ``random``.

    Raises:
        UsageError: a committee of one.
    """
    names = sorted(set.intersection(*(set(one) for one in looks)))
    if by == "committee":
        if len(looks) < 2:
            raise UsageError("a committee has at least two members", hint="Give another --committee BUNDLE")
        return {name: disagreement([one[name] for one in looks]) for name in names}
    if by == "random":
        return dict(zip(names, np.random.default_rng(seed).random(len(names)).tolist(), strict=True))
    return {name: photo_uncertainty(looks[0][name], by) for name in names}


def suggest(
    looks: Sequence[Mapping[str, Look]],
    root: Path,
    count: int,
    *,
    by: By = "entropy",
    encoder: Encoder | None = None,
    pool: int = POOL,
    seed: int = 0,
) -> list[Suggestion]:
    """Choose photos.

    Args:
        looks: by name, of each reader; see :func:`read_looks`.
        root: folder of the photos.
        count: photos to choose.
        by: see :func:`rank`.
        encoder: its vectors of whole photos tell which are alike; None chooses without regard to that.
        pool: candidates for each photo; see :func:`streetshop.lab.annotate.choose.choose_diverse`.
        seed: of random choices.

    Returns:
        The photos, the most uncertain first.

    Raises:
        UsageError: no photo is left, or a committee of one.
    """
    ranked = rank(looks, by, seed=seed)
    if not ranked:
        raise UsageError("no photo is left to label", where=str(root), hint="Name a folder with unlabelled photos")
    names = sorted(ranked, key=lambda name: -ranked[name])
    values = np.asarray([ranked[name] for name in names])
    if encoder is None or by == "random":
        chosen = list(range(min(count, len(names))))
    else:
        names, values = names[: pool * count], values[: pool * count]
        vectors = photo_vectors([root / name for name in names], encoder)
        chosen = [int(i) for i in choose_diverse(values, vectors, count, pool=pool, seed=seed)]
    return [Suggestion(names[i], float(values[i]), looks[0][names[i]]) for i in chosen]


def photo_vectors(paths: Sequence[Path], encoder: Encoder) -> NDArray[np.float32]:
    """(photos, dim) vectors of whole photos, scaled to unit length."""
    found = []
    for start in range(0, len(paths), _BATCH):
        photos = [Photo.from_path(path, at_least=encoder.spec.input.height) for path in paths[start : start + _BATCH]]
        found.append(encoder.encode([encoder.prepare(GarmentPicture(photo.pixels)) for photo in photos]))
    vectors = np.concatenate(found)
    scaled: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled


def _garment(category: str, score: float, corners: Sequence[float], kinds: Mapping[str, float]) -> Garment:
    box = Box.from_sequence(corners)
    return Garment(category, score, box, box.center, kinds=kinds)


def _line(name: str, look: Look) -> str:
    garments = [[g.category, g.score, g.box.corners, dict(g.kinds)] for g in look.garments]
    return json.dumps([name, look.reader, look.width, look.height, garments])


def _load(path: Path, reader: str | None) -> dict[str, Look]:
    """The looks of a file; nothing from a file of another reader. An incomplete last line is left out."""
    found: dict[str, Look] = {}
    if not path.is_file():
        return found
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            name, read_by, width, height, garments = json.loads(line)
        except ValueError:
            continue
        if read_by != reader:
            return {}
        made = (
            Garment(kind, score, box := Box(*corners), box.center, kinds=kinds)
            for kind, score, corners, kinds in garments
        )
        found[name] = Look(width, height, tuple(made), (), read_by)
    return found
