"""HTML pages and model cards from the Jinja2 templates in ``templates/``."""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from streetshop.core.files import output_file
from streetshop.present.words import closeness_text, predicted_text, score_text

if TYPE_CHECKING:
    from jinja2 import Environment


def render(template: str, **values: Any) -> str:
    """Render one of the package's templates.

    Values are escaped in templates whose name ends in ``.html``, and stand as they are in others. A page extends
    ``page.html``, which forbids scripts and anything fetched; ``parts.html`` has macros for tables and figures.

    Args:
        template: file name in ``present/templates``.
        values: what the template names; an undefined name is an error.
    """
    return _environment().get_template(template).render(values)


def write_page(path: Path, template: str, **values: Any) -> None:
    """Render a template to a file; a reader, or a crash, sees the old file or the new one.

    Raises:
        FileNotWritten: it cannot be written.
    """
    text = render(template, **values)
    with output_file(path) as partial:
        partial.write_bytes(text.encode(errors="replace"))


def data_uri(jpeg: bytes) -> str:
    """A JPEG file as a ``data:`` address, so that a page holds its pictures."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


def web_url(url: str) -> str | None:
    """``url`` if it is http or https, else None; a feed may hold anything."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    return url.strip() if parts.scheme.lower() in ("http", "https") and parts.netloc else None


def cell(value: Any) -> str:
    """Text of a table's cell: a float with three decimals, a list joined by commas, nothing for None."""
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=PackageLoader("streetshop.present"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "data_uri": data_uri,
        "cell": cell,
        "web_url": web_url,
        "predicted_text": predicted_text,
        "closeness": closeness_text,
        "score_text": score_text,
    }
    return environment
