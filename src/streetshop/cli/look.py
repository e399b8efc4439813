"""``streetshop look``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streetshop.cli.options import JsonOption, ReaderOption, ThreadsOption, echo, print_json, say

if TYPE_CHECKING:
    from PIL import Image

    from streetshop.core.records import Look


def look(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO...", help="Photographs to read.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Folder for the overlays; default: NAME.look.png beside each photo."),
    ] = None,
    masks: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Folder for one indexed PNG per photo, and classes.json.")
    ] = None,
    overlay: Annotated[bool, typer.Option(help="Write the overlays.")] = True,
    as_json: JsonOption = False,
    reader: ReaderOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Read photographs: view, garments, persons and keypoints, drawn over the photo as NAME.look.png.

    A full shot shows both eyes and both ankles of the largest person.

    --masks writes NAME.png, whose pixel values are indices into the list in classes.json (0 is the background): the
    class that the reader gives each pixel, skin and hair among them. --json prints one line per photo; overlays are
    then written only with --out.
    """
    from streetshop.core.errors import PhotoError, UsageError
    from streetshop.core.files import output_file
    from streetshop.core.photo import Photo
    from streetshop.looks import load_reader, read_look
    from streetshop.looks.overlay import draw_overlay, index_picture
    from streetshop.present.json import look_json

    loaded = load_reader(reader, threads=threads)
    if out or masks:
        _check_names(photos)
    if masks is not None:
        with output_file(masks / "classes.json") as partial:
            partial.write_text(json.dumps(loaded.classes, ensure_ascii=False) + "\n", encoding="utf-8")
    refused = 0
    for path in photos:
        try:
            photo = Photo.from_path(path)
        except PhotoError as error:
            if len(photos) == 1:
                raise
            say(f"refused: {error}")
            refused += 1
            continue
        found = read_look(photo, loaded)
        if masks is not None:
            _write_png(masks / f"{path.stem}.png", index_picture(photo, loaded))
        if overlay and (out is not None or not as_json):
            file = (out or path.parent) / f"{path.stem}.look.png"
            _write_png(file, draw_overlay(photo, found))
            say(f"wrote {file}")
        if as_json:
            content = look_json(found)
            print_json({**content, "photo": {"path": str(path), **content["photo"]}})
        else:
            note = "" if found.reader else " (no reader: the whole photo is one garment)"
            echo(f"{path}: {found.width} x {found.height}{note}{_framing(found)}")
            for i, garment in enumerate(found.garments):
                corners = ", ".join(f"{v:.0f}" for v in garment.box.corners)
                echo(f"  {i}  {garment.category}  {garment.score:.2f}  box {corners}")
    if refused == len(photos):
        raise UsageError("no photo could be read", hint="See the messages above")


def _framing(look: Look) -> str:
    """View and full shot in words, with their probabilities where they have any."""
    if look.view is None and look.full_shot is None:
        return ", the reader has no keypoints: view and full shot are unknown" if look.reader else ""
    view = look.view or "unknown"
    if chance := look.view_probabilities.get(view):
        view += f" ({chance:.2f})"
    full = "full shot" if look.full_shot else "no full shot"
    if look.full_shot_probability is not None:
        full += f" ({look.full_shot_probability:.2f})"
    return f", view {view}, {full}"


def _write_png(path: Path, image: Image.Image) -> None:
    from streetshop.core.files import output_file

    with output_file(path) as partial:
        image.save(partial, "PNG")


def _check_names(photos: list[Path]) -> None:
    """Refuse photos of which one would overwrite what is written for another."""
    from streetshop.core.errors import UsageError

    first: dict[str, Path] = {}
    for path in photos:
        other = first.setdefault(path.stem, path)
        if other != path:
            raise UsageError(
                f"{other} and {path} would both be written as {path.stem}",
                hint="Read them in two calls, into two folders",
            )
