"""The command line: all commands, and how errors end.

Nothing heavy is imported here or at the top of a command's file, so that ``streetshop --help`` answers at once.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

import typer

import streetshop
from streetshop.cli.catalog import app as catalog_app
from streetshop.cli.demo import demo
from streetshop.cli.embed import embed
from streetshop.cli.feed import app as feed_app
from streetshop.cli.index import index
from streetshop.cli.lab import app as lab_app
from streetshop.cli.look import look
from streetshop.cli.page import page
from streetshop.cli.search import search
from streetshop.cli.serve import serve
from streetshop.cli.studio import app as studio_app
from streetshop.cli.sync import app as sync_app
from streetshop.cli.tag import tag
from streetshop.core.errors import StreetshopError, UsageError
from streetshop.core.progress import say

USAGE, INTERRUPTED, PIPE_CLOSED = 2, 130, 141

app = typer.Typer(
    help="Visual fashion search: a photograph in, the products of a shop's catalog out.",
    no_args_is_help=True,
    # Plain help and plain tracebacks: rich would be imported, at twice the time, for every call.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command()(index)
app.add_typer(feed_app, name="feed")
app.add_typer(sync_app, name="sync")
app.command()(search)
app.command()(look)
app.command()(page)
app.command()(embed)
app.command()(tag)
app.command()(serve)
app.add_typer(catalog_app, name="catalog")
app.command()(demo)
app.add_typer(studio_app, name="studio")
app.add_typer(lab_app, name="lab")


@app.callback(invoke_without_command=True)
def _options(version: bool = typer.Option(False, "--version", help="Print the version.")) -> None:
    if version:
        typer.echo(f"streetshop {streetshop.__version__}")
        raise typer.Exit


def command() -> Any:
    """The command line with all its commands."""
    whole = typer.main.get_command(app)
    name_values(whole)
    refuse_empty_values(whole)
    return whole


def name_values(command: Any) -> None:
    """Show names in place of types in the help of a command and of those below it: ``--k K``, ``PHOTO...``."""
    for param in command.params:
        if param.param_type_name == "option":
            if param.metavar is None and not param.is_flag:
                param.metavar = param.name.upper().replace("_", "-")
            continue
        name = param.metavar or param.name.upper()
        if param.nargs != 1 and not name.endswith("..."):
            name += "..."
        usage = name if param.required or name.startswith("[") else f"[{name}]"
        param.metavar = name
        param.get_usage_pieces = lambda ctx, usage=usage: [usage]
        param.display_type_rich = lambda ctx: None
    for below in getattr(command, "commands", {}).values():
        name_values(below)


def refuse_empty_values(command: Any) -> None:
    """Make an empty value an error: as a path it means the present folder, and it most likely is an unset variable."""
    for param in command.params:
        param.process_value = partial(_process_value, param, param.process_value)
    for below in getattr(command, "commands", {}).values():
        refuse_empty_values(below)


def _process_value(param: Any, process: Callable[..., Any], ctx: Any, value: Any) -> Any:
    if value == "" or (isinstance(value, list | tuple) and "" in value):
        name = param.metavar if param.param_type_name == "argument" else param.opts[0]
        raise UsageError(f"{name} is empty", hint='Give a value; the present folder is "."')
    return process(ctx, value)


def main() -> None:
    """Run the command line; a user's error ends as one message on stderr and exit code 2."""
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: PTH123, SIM115  # closed by who started us
    try:
        try:
            command()(prog_name="streetshop")
        finally:
            sys.stdout.flush()  # at exit, Python could only say that it failed
    except StreetshopError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        say("interrupted")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader of the output, such as head, ended.
        _drop_output()
        sys.exit(PIPE_CLOSED)
    except OSError as error:
        if error.errno is None:
            raise
        if error.filename is None and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO):
            _drop_output()
            _fail(f"writing failed ({error.strerror}). Check the disk, and where the output goes.")
        if error.filename is None:
            raise
        _fail(f"{os.fsdecode(error.filename)}: {error.strerror}. Check the path, its permissions and the disk.")


def _fail(text: str) -> NoReturn:
    say(f"error: {text}")
    sys.exit(USAGE)


def _drop_output() -> None:
    """Send the rest of stdout nowhere, since Python fails again when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
