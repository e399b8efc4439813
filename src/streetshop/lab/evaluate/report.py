"""A report: what a model is, what it was trained and measured on, and its figures. Model cards are written from it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from streetshop.core.errors import MeasureError
from streetshop.core.files import write_json
from streetshop.lab.evaluate.intervals import Estimate

REPORT_FILE: Final = "report.json"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Figure(_Strict):
    """A number, with its 95 % interval where one is known.

    Attributes:
        value, low, high: None where there is none.
        count: queries, photos or objects that it is a mean over.
        digits: decimals that are printed.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    count: int | None = None
    digits: Annotated[int, Field(ge=0, le=6)] = 3

    @classmethod
    def of(cls, value: float | Estimate, digits: int = 3) -> Figure:
        """From a number or an estimate; NaN becomes None."""
        if isinstance(value, Estimate):
            low, high = _finite(value.low), _finite(value.high)
            return cls(value=_finite(value.mean), low=low, high=high, count=value.queries, digits=digits)
        return cls(value=_finite(value), digits=digits)

    def __str__(self) -> str:
        if self.value is None:
            return ""
        text = f"{self.value:.{self.digits}f}"
        if self.low is None or self.high is None:
            return text
        return f"{text} [{self.low:.{self.digits}f}, {self.high:.{self.digits}f}]"


class Section(_Strict):
    """A table of figures measured in one way.

    Attributes:
        title: of the table.
        about: the protocol: queries, gallery, what counts as right, what the interval is drawn over.
        columns: names of the figures of a row.
        rows: by name, a figure for each column; None where a column has none.
        detail: whether it is left out of the model card.
    """

    title: str
    about: str = ""
    columns: tuple[str, ...]
    rows: Mapping[str, tuple[Figure | None, ...]]
    detail: bool = False

    def markdown(self) -> str:
        """The table in Markdown."""
        lines = ["| " + " | ".join(["", *self.columns]).lstrip() + " |", "|---" * (len(self.columns) + 1) + "|"]
        lines += [
            f"| {name} | " + " | ".join("" if cell is None else str(cell) for cell in cells) + " |"
            for name, cells in self.rows.items()
        ]
        return "\n".join(lines)


class Dataset(_Strict):
    """Data that a model was trained or measured on.

    Attributes:
        name: of the data set or manifest.
        use: what for, such as ``trained on`` or ``measured on``, with the part that was used.
        licence: of its pictures.
        fingerprint: of a manifest, or of a set of files (:func:`fingerprint_files`); empty where none was recorded.
    """

    name: str
    use: str
    licence: str = ""
    fingerprint: str = ""


class Report(_Strict):
    """All that is known of a model.

    Attributes:
        name, version: of the bundle.
        kind: of the recipe: embedding, encoder, reader, detector, untrained, framing; ``search`` for searches of a
            catalog.
        summary: one sentence: what it does.
        facts: by name: network, input, blocks, weights, training time, storage.
        recipe: its name or path, and the command that trains it.
        licence: of the weights.
        data: what it was trained and measured on.
        measured: in words, the part of the data that the figures are of.
        sections: the figures.
        notes: how to read the figures.
        limits: what it cannot do.
    """

    format: Literal[1] = 1
    name: str
    version: str
    kind: Literal["embedding", "encoder", "reader", "detector", "untrained", "search", "attributes", "framing"]
    summary: str
    facts: dict[str, str] = {}
    recipe: str = ""
    licence: str = ""
    data: tuple[Dataset, ...] = ()
    measured: str = ""
    sections: tuple[Section, ...] = ()
    notes: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, self.model_dump(mode="json", exclude_defaults=True) | {"format": self.format})

    @classmethod
    def read(cls, path: Path) -> Report:
        """Read what :meth:`write` wrote.

        Raises:
            MeasureError: there is no such file, or it is no report.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise MeasureError(f"cannot be read ({error.strerror})", where=str(path)) from None
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"])) or "the whole file"
            raise MeasureError(f"is no report: {place}: {first['msg']}", where=str(path)) from None

    def table(self) -> str:
        """All figures as Markdown."""
        parts = [self.measured] if self.measured else []
        for section in self.sections:
            parts += [f"{section.title}. {section.about}".strip(), section.markdown()]
        return "\n\n".join(parts)


def section_of(
    title: str, columns: Mapping[str, Mapping[str, float | Estimate]], names: Sequence[str], **more: str | bool
) -> Section:
    """A table from columns of numbers.

    Args:
        title: of the table.
        columns: by name, numbers by row.
        names: of the rows, in order; a column may lack some.
        more: ``about`` and ``detail`` of :class:`Section`.
    """
    rows = {
        name: tuple(Figure.of(numbers[name]) if name in numbers else None for numbers in columns.values())
        for name in names
    }
    return Section.model_validate({"title": title, "columns": tuple(columns), "rows": rows, **more})


def fingerprint_files(paths: Iterable[Path]) -> str:
    """16 hex digits of the SHA-256 of the names and sizes of files, whatever their order and folder."""
    listed = sorted(f"{path.name}\t{path.stat().st_size}" for path in paths)
    return hashlib.sha256("\n".join(listed).encode()).hexdigest()[:16]


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
