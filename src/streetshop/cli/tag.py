"""``streetshop tag``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streetshop.cli.options import EncoderOption, JsonOption, ReaderOption, ThreadsOption, echo, print_json, say

if TYPE_CHECKING:
    from streetshop.indexing.tag import PictureTags


def tag(
    pictures: Annotated[list[Path], typer.Argument(metavar="PICTURE...", help="Pictures of products, or folders.")],
    as_json: JsonOption = False,
    encoder: EncoderOption = None,
    reader: ReaderOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Print what the models see in pictures of products: kind, colours with their shares, attributes.

    Attributes are those that `index` fills in where a feed lacks them; what is not sure enough is left out. --json
    prints one line for each picture.
    """
    from streetshop.core.errors import PhotoError, UsageError
    from streetshop.indexing.embed import find_pictures
    from streetshop.indexing.shots import ShotReader
    from streetshop.indexing.tag import tag_picture
    from streetshop.looks import load_reader
    from streetshop.models import load_encoder

    paths = find_pictures(pictures)
    if not paths:
        raise UsageError("no pictures there", where=str(pictures[0]), hint="Name pictures, or folders with pictures")
    shots = ShotReader(load_encoder(encoder, threads=threads), load_reader(reader, threads=threads), thumbnails=False)
    refused = 0
    for path in paths:
        try:
            found = tag_picture(shots, path)
        except PhotoError as error:
            if len(paths) == 1:
                raise
            say(f"refused: {error}")
            refused += 1
            continue
        if as_json:
            print_json({"picture": str(path), **found.to_dict()})
        else:
            echo(f"{path}: {_line(found)}")
    if refused == len(paths):
        raise UsageError("no picture could be read", hint="See the messages above")


def _line(tags: PictureTags) -> str:
    kind = f"{tags.kind} ({tags.kind_probability:.2f})" if tags.kind else "kind unknown"
    colours = ", ".join(f"{name} {share:.0%}" for name, share in tags.colours.items())
    attributes = ", ".join(f"{name} {each.value} ({each.probability:.2f})" for name, each in tags.attributes.items())
    return "; ".join(part for part in (kind, colours, attributes) if part)
