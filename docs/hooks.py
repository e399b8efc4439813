"""Pages of the docs site that are made at build time, and links that leave ``docs``.

``CONTRIBUTING.md``, ``CHANGELOG.md`` and the cards of the shipped models lie elsewhere in the repository; the page of
all commands is written from the commands themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

from streetshop.cli.app import command as command_line

ROOT = Path(__file__).parents[1]
PAGES = {
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "src/streetshop/models/weights/reader/card.md": "reader-card.md",
    "src/streetshop/models/weights/encoder/card.md": "encoder-card.md",
    "src/streetshop/models/weights/attributes/card.md": "attributes-card.md",
}
"""Pages made of files outside ``docs``, by their paths in the repository."""
LINKS = {**PAGES, "README.md": "index.md", "examples/quickstart.ipynb": "python.md"}
"""Pages that stand for files outside ``docs``."""


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that do not lie in ``docs``."""
    for path, page in PAGES.items():
        text = (ROOT / path).read_text(encoding="utf-8").replace("](docs/", "](")
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Turn links to the repository's files into links to their pages; append the options to the page of commands."""
    up = "../" * page.file.src_uri.count("/")
    for path, name in LINKS.items():
        markdown = markdown.replace(f"]({up}../{path})", f"]({up}{name})")
    if page.file.src_uri == "commands.md":
        return markdown + "\n" + "\n".join(_commands(command_line(), "streetshop"))
    return markdown


def on_page_content(html: str, **_: Any) -> str:
    """Show roles of docstrings, such as ``:func:`open```, as plain code."""
    return re.sub(r":(?:attr|class|data|func|meth|mod):(?=<code>)", "", html)


def _commands(command: Any, name: str, parent: Any = None) -> Iterator[str]:
    """The sections of a command and of those below it, in Markdown."""
    context = command.context_class(command, info_name=name.rsplit(" ", 1)[-1], parent=parent)
    below = getattr(command, "commands", {})
    if not below:
        yield f"## {name}\n\n{_plain(command.help)}\n\n```\n{command.get_usage(context)}\n```\n"
        yield "| option or argument | meaning |\n|---|---|"
        for parameter in command.get_params(context):
            record = parameter.get_help_record(context)
            if record and record[0] != "--help":
                yield f"| `{_cell(record[0])}` | {_cell(_plain(record[1]))} |"
        yield ""
    for each in below:
        yield from _commands(below[each], f"{name} {each}", context)


def _plain(text: str | None) -> str:
    """Markdown that shows a help text as it is."""
    return re.sub(r"([<>*\[\]_{}])", r"\\\1", text or "")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
