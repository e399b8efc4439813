"""How often a reader names single articles as they are labelled."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from streetshop.lab.core.progress import Progress
from streetshop.lab.data.articles import KINDS, Example, Kind, Pictures
from streetshop.lab.data.classes import GARMENTS
from streetshop.lab.evaluate.intervals import Estimate, bootstrap
from streetshop.looks.read import read_look
from streetshop.looks.reader import OnnxReader


@dataclass(frozen=True)
class Named:
    """Names of a kind of pictures.

    Attributes:
        pictures: in all; ``found``: in which the reader finds a garment.
        right: share of all that is named as labelled, with its interval over senders.
    """

    pictures: int
    found: int
    right: Estimate


def judge_names(
    reader: OnnxReader, pictures: Pictures, examples: Sequence[Example], *, workers: int = 2
) -> dict[Kind, Named]:
    """By kind, of the largest garment of each picture's look."""

    def one(example: Example) -> tuple[bool, bool] | None:
        photo = pictures.load(example)
        if photo is None:
            return None
        garment = max(read_look(photo, reader).garments, key=lambda garment: garment.box.area)
        return garment.category in GARMENTS, garment.category == example.category

    with Progress("naming articles", len(examples)) as progress, ThreadPoolExecutor(workers) as pool:
        answers = []
        for answer in pool.map(one, examples):
            answers.append(answer)
            progress.advance()
    named = {}
    for kind in KINDS:
        rows = [
            (*answer, example.sender)
            for example, answer in zip(examples, answers, strict=True)
            if answer is not None and example.kind == kind
        ]
        if rows:
            found, right, senders = zip(*rows, strict=True)
            named[kind] = Named(len(rows), sum(found), bootstrap(right, clusters=senders))
    return named
