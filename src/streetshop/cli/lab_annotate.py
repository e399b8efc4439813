"""``streetshop lab annotate``: choose photos for labelling, and take the labels back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streetshop.cli.options import EncoderOption, JsonOption, ReaderOption, ThreadsOption, echo, print_json, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streetshop.lab.annotate.suggest import Suggestion

app = typer.Typer(help="Choose photos for labelling, and take the labels back.")
_FORMS = ("label-studio", "coco")


@app.command()
def suggest(
    photos: Annotated[Path, typer.Argument(metavar="FOLDER", help="Photos without labels, in any depth.")],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="For tasks and suggested.csv; resumes.")],
    count: Annotated[int, typer.Option("--count", min=1, metavar="N", help="Photos to choose.")] = 100,
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            metavar="RULE",
            help="entropy, margin, committee or random. Default: committee if there is one.",
        ),
    ] = None,
    committee: Annotated[
        list[Path] | None,
        typer.Option("--committee", metavar="BUNDLE", help="Another reader that votes; can be repeated."),
    ] = None,
    labelled: Annotated[
        list[Path] | None,
        typer.Option("--labelled", metavar="FILE", help="Export whose photos have labels already; can be repeated."),
    ] = None,
    form: Annotated[str, typer.Option("--format", metavar="NAME", help="label-studio, or coco for CVAT.")] = _FORMS[0],
    prefix: Annotated[
        str | None, typer.Option("--prefix", metavar="URL", help="label-studio: address that names are appended to.")
    ] = None,
    diverse: Annotated[bool, typer.Option(help="Choose photos that differ from each other.")] = True,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Random seed.")] = 0,
    reader: ReaderOption = None,
    encoder: EncoderOption = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Choose the photos whose labels teach a reader most, and write them as tasks with the reader's boxes.

    Written are suggested.csv, proposed.json (COCO boxes) and, for Label Studio, tasks.json and interface.xml.
    """
    from streetshop.core.errors import UsageError
    from streetshop.core.progress import ProgressDisplay
    from streetshop.indexing.embed import find_pictures
    from streetshop.lab.annotate import suggest as room
    from streetshop.lab.annotate.corrections import read_labels
    from streetshop.looks import load_reader
    from streetshop.models import load_encoder

    if form not in _FORMS:
        raise UsageError(f"--format {form!r}", hint="Use label-studio or coco")
    (chosen_by,) = room.check_rules([by or ("committee" if committee else "entropy")])
    if str(reader) == "none":
        raise UsageError("--reader none finds no garments", hint="Give a reader bundle, or leave the option out")
    done = {photo.name for file in labelled or () for photo in read_labels(file)}
    found = [p for p in find_pictures([photos]) if p.relative_to(photos).as_posix() not in done]
    if not found:
        raise UsageError("there is no photo without labels", where=str(photos), hint="Name a folder of photos")
    members = [load_reader(folder, threads=threads) for folder in (reader, *(committee or ()))]
    out.mkdir(parents=True, exist_ok=True)
    refused: dict[str, str] = {}
    looks = []
    for number, member in enumerate(members):
        with ProgressDisplay("photos") as display:
            looks.append(
                room.read_looks(
                    found,
                    photos,
                    member,
                    out / f"looks-{number}.jsonl",
                    refuse=refused.__setitem__,
                    progress=lambda n, total: display.show("reading", n, total),
                )
            )
    for reason in refused.values():
        say(f"refused: {reason}")
    differ = load_encoder(encoder, threads=threads) if diverse else None
    chosen = room.suggest(looks, photos, count, by=chosen_by, encoder=differ, seed=seed)
    files = _write(chosen, out, form, prefix, members[0].name or "", members[0].classes)
    if as_json:
        rows = [{"photo": one.name, "uncertainty": round(one.uncertainty, 4)} for one in chosen]
        print_json({"by": chosen_by, "photos": rows, "files": files, "refused": refused})
        return
    for one in chosen:
        echo(f"{one.uncertainty:.3f}  {one.name}")
    say(f"{len(chosen)} of {len(found)} photos by {chosen_by}; wrote {', '.join(files)}")


def _write(
    chosen: Sequence[Suggestion], out: Path, form: str, prefix: str | None, version: str, classes: Sequence[str]
) -> list[str]:
    from streetshop.core.tables import CsvFile
    from streetshop.lab.annotate.boxes import boxed
    from streetshop.lab.annotate.coco import write_coco
    from streetshop.lab.annotate.label_studio import LOCAL_FILES, write_config, write_tasks

    photos = [boxed(one.name, one.look) for one in chosen]
    named = {box.category for photo in photos for box in photo.boxes}
    categories = [name for name in classes[1:] if name not in ("skin", "hair")]
    categories += sorted(named - set(categories))
    files = [out / "suggested.csv", out / "proposed.json"]
    with CsvFile(files[0], ("photo", "uncertainty", "garments")) as table:
        for one, photo in zip(chosen, photos, strict=True):
            table.add((one.name, f"{one.uncertainty:.4f}", len(photo.boxes)))
    write_coco(photos, categories, files[1])
    if form == "label-studio":
        files += [out / "tasks.json", out / "interface.xml"]
        write_tasks(photos, files[2], prefix=LOCAL_FILES if prefix is None else prefix, version=version)
        write_config(categories, files[3])
    return [str(file) for file in files]


@app.command("import")
def take_back(
    exports: Annotated[
        list[Path], typer.Argument(metavar="EXPORT...", help="JSON of Label Studio, or COCO 1.0 of CVAT.")
    ],
    photos: Annotated[Path, typer.Option("--photos", metavar="FOLDER", help="Folder of the photos.")],
    out: Annotated[Path, typer.Option("--out", metavar="MANIFEST", help="The manifest to write, for `lab train`.")],
    proposed: Annotated[
        Path | None,
        typer.Option("--proposed", metavar="FILE", help="proposed.json of `suggest`: says what people changed."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Read corrected labels and write a manifest of boxes; of several labels of one photo the last counts."""
    from streetshop.core.errors import DatasetError
    from streetshop.lab.annotate.corrections import read_corrections, to_manifest

    found = read_corrections(exports, photos, proposed)
    for name, reason in found.refused:
        say(f"refused {name}: {reason}")
    labelled = [photo for photo in found.photos.values() if photo.boxes]
    if not labelled:
        raise DatasetError("no photo with boxes", where=", ".join(map(str, exports)), hint="See the messages above")
    manifest = to_manifest(labelled, photos)
    manifest.write(out)
    changes = found.changes
    counts = manifest.counts()
    if as_json:
        print_json(
            {
                "manifest": str(out),
                "photos": len(labelled),
                "boxes": len(manifest),
                "by_split": counts["by_split"],
                "empty": found.empty,
                "refused": dict(found.refused),
                "changes": {name: getattr(changes, name) for name in ("kept", "renamed", "added", "removed")},
            }
        )
        return
    echo(f"{len(labelled)} photos, {len(manifest)} boxes, {len(found.empty)} photos without a garment")
    echo("split: " + ", ".join(f"{name} {rows}" for name, rows in counts["by_split"].items()))
    if proposed is not None:
        echo(f"kept {changes.kept}, renamed {changes.renamed}, added {changes.added}, removed {changes.removed}")
    echo(f"wrote {out}")


@app.command()
def simulate(
    data: Annotated[Path, typer.Option("--data", metavar="FOLDER", help="Folder of ccp/ with pixel labels.")],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Runs and report; the same folder resumes.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Changes of the recipe.")
    ] = None,
    recipe: Annotated[str, typer.Option("--recipe", metavar="FILE", help="Recipe of a reader.")] = "reader-small",
    start: Annotated[int, typer.Option("--start", min=1, metavar="N", help="Photos labelled at first.")] = 60,
    add: Annotated[int, typer.Option("--add", min=1, metavar="N", help="Photos that each round labels.")] = 60,
    rounds: Annotated[int, typer.Option("--rounds", min=1, metavar="N", help="Rounds after the first.")] = 2,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", metavar="RULE", help="random, entropy, margin or committee; can be repeated."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Random seed.")] = 0,
    cache: Annotated[Path | None, typer.Option("--cache", metavar="FOLDER", help="As in `lab train`.")] = None,
    threads: Annotated[int, typer.Option("--threads", min=1, metavar="N", help="Processor threads.")] = 2,
    as_json: JsonOption = False,
) -> None:
    """Compare ways to choose photos: labels are hidden, chosen, revealed, and a reader is trained again each round."""
    from streetshop.lab.annotate import simulate as room
    from streetshop.lab.annotate.suggest import check_rules

    plan = room.Plan(start, add, rounds, check_rules(by or room.STRATEGIES), seed)
    report = room.simulate(data, out, plan, overrides or [], recipe=recipe, cache=cache, threads=threads)
    if as_json:
        print_json(report)
    else:
        echo(room.as_markdown(report["results"]))
