"""``streetshop lab data``: convert a data set to a manifest."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streetshop.cli.options import JsonOption, ReaderOption, echo, print_json, say

if TYPE_CHECKING:
    from streetshop.lab.data import Reading
    from streetshop.lab.data.manifest import Manifest

MADE_PAIRS = "made-pairs"
DETECT = "detect"


def data(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The data set; `list` shows all.")] = "list",
    root: Annotated[Path | None, typer.Argument(metavar="FOLDER", help="Its folder; of a feed, the file.")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="MANIFEST", help="The Parquet file to write.")] = None,
    refused: Annotated[
        Path | None, typer.Option("--refused", metavar="FILE", help="CSV file of all refused rows with their reasons.")
    ] = None,
    split: Annotated[
        str | None, typer.Option("--split", metavar="N/N/N", help="Assign new splits: shares of train/val/test.")
    ] = None,
    split_by: Annotated[
        str, typer.Option("--split-by", metavar="NAMES", help="What stays in one split: group, product_id, or both.")
    ] = "group,product_id",
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Random seed of splits and made pairs.")] = 0,
    verify: Annotated[bool, typer.Option("--verify", help="Decode every picture instead of its header only.")] = False,
    pictures: Annotated[
        Path | None,
        typer.Option(
            "--pictures", metavar="FOLDER", help="made-pairs: where to write pictures; resumes what is there."
        ),
    ] = None,
    per_garment: Annotated[
        int, typer.Option("--per-garment", metavar="N", help="made-pairs: products per garment.")
    ] = 3,
    size: Annotated[int, typer.Option("--size", metavar="PIXELS", help="made-pairs: long side of a picture.")] = 256,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help="made-pairs: most products to make.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="N", min=1, help="made-pairs: processes; detect: threads.")
    ] = None,
    reader: ReaderOption = None,
    pictures_root: Annotated[
        Path | None, typer.Option("--root", metavar="FOLDER", help="detect: folder of the pictures, if they moved.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Convert a data set to a manifest; print counts, the licence, and every refused row with its reason.

    `detect MANIFEST --reader BUNDLE --out FILE` reads the pictures of a manifest and writes its rows with the boxes
    that `index` would cut out, so that training sees what serving sees. An interrupted call resumes.
    """
    from streetshop.core.errors import UsageError
    from streetshop.lab.data import DATASETS

    if name == "list":
        _list(as_json)
        return
    if name != DETECT and (reader is not None or pictures_root is not None):
        raise UsageError(f"--reader and --root belong to {DETECT}, not to {name}", hint="Convert first, then detect")
    if root is None:
        raise UsageError(f"where is the data set {name}?", hint=f"Write: streetshop lab data {name} ROOT --out FILE")
    if name == MADE_PAIRS:
        if pictures is None:
            raise UsageError("made-pairs draws pictures", hint="Say where to put them with --pictures FOLDER")
        reading = _made_pairs(root, pictures, seed, per_garment, size, limit, workers)
    elif name == DETECT:
        reading = _detect(root, out, reader, pictures_root, workers)
    elif name not in DATASETS:
        raise UsageError(
            f"there is no data set {name!r}",
            hint=f"There are {', '.join([*DATASETS, MADE_PAIRS, DETECT])}; `list` says more",
        )
    else:
        reading = _read(name, root, verify)
    manifest = _with_splits(reading.manifest, split, split_by, seed)
    if out is not None:
        manifest.write(out)
        if name == DETECT:
            shutil.rmtree(_parts(out))
    if refused is not None:
        _write_refused(reading, refused)
    _report(reading, manifest, out, as_json)


def _list(as_json: bool) -> None:
    from streetshop.lab.data import DATASETS

    if as_json:
        print_json(
            [{"name": d.name, "title": d.title, "licence": d.licence, "root": d.root} for d in DATASETS.values()]
        )
        return
    for dataset in DATASETS.values():
        echo(f"{dataset.name:<18} {dataset.title}; point at {dataset.root}\n{'':<18} {dataset.licence}")
    echo(f"{DETECT:<18} the rows of a manifest with the boxes that a reader finds; point at the manifest")
    echo(f"{MADE_PAIRS:<18} products made from Clothing Co-Parsing; point at the folder with photos, annotations")


def _read(name: str, root: Path, verify: bool) -> Reading:
    from streetshop.core.progress import ProgressDisplay
    from streetshop.lab.data import read_dataset

    with ProgressDisplay("rows") as display:
        return read_dataset(
            name,
            root,
            check="full" if verify else "header",
            progress=lambda done: display.show(f"reading {name}", done, None),
        )


def _made_pairs(
    root: Path, pictures: Path, seed: int, per_garment: int, size: int, limit: int | None, workers: int | None
) -> Reading:
    import os

    from streetshop.core.progress import ProgressDisplay
    from streetshop.lab.data.made_pairs import Settings, make_pairs

    settings = Settings(seed=seed, per_garment=per_garment, size=size)
    with ProgressDisplay("products") as display:
        return make_pairs(
            root,
            pictures,
            settings,
            limit=limit,
            workers=workers or os.cpu_count() or 1,
            progress=lambda done, total: display.show("making pairs", done, total),
        )


def _parts(out: Path) -> Path:
    """What `detect` has done, from which it resumes."""
    return out.with_name(f"{out.name}.parts")


def _detect(path: Path, out: Path | None, folder: Path | None, root: Path | None, workers: int | None) -> Reading:
    from streetshop.core.errors import UsageError
    from streetshop.core.progress import ProgressDisplay
    from streetshop.lab.data.detect import detect_manifest, reader_mark
    from streetshop.lab.data.manifest import Manifest
    from streetshop.looks import load_reader
    from streetshop.models.reader import DEFAULT_READER

    if out is None:
        raise UsageError("detect writes a manifest", hint="Say where to with --out FILE")
    manifest = Manifest.read(path, root=root)
    count = workers or 2
    reader = load_reader(folder, threads=1 if count > 1 else None)
    if reader.name is None:
        raise UsageError("--reader none finds no boxes", hint="Give a bundle, or leave --reader out")
    with ProgressDisplay("pictures") as display:
        return detect_manifest(
            manifest,
            reader,
            _parts(out),
            mark=reader_mark(folder or DEFAULT_READER),
            workers=count,
            progress=lambda done, total: display.show("detecting", done, total),
        )


def _with_splits(manifest: Manifest, split: str | None, split_by: str, seed: int) -> Manifest:
    from streetshop.core.errors import UsageError
    from streetshop.lab.data.splits import assign_splits, parse_fractions

    if split is None:
        return manifest
    fractions = parse_fractions(split, "--split")
    columns = [column.strip() for column in split_by.split(",") if column.strip()]
    if not columns or set(columns) - {"group", "product_id"}:
        raise UsageError(f"--split-by {split_by!r}", hint="Use group, product_id, or group,product_id")
    return assign_splits(manifest, fractions, by=columns, seed=seed)


def _write_refused(reading: Reading, path: Path) -> None:
    from streetshop.core.tables import CsvFile

    with CsvFile(path, ("where", "reason", "kept")) as file:
        for refusal in reading.refusals:
            file.add((refusal.where, refusal.reason, "yes" if refusal.kept else "no"))


_SHOWN = 20


def _report(reading: Reading, manifest: Manifest, out: Path | None, as_json: bool) -> None:
    summary: dict[str, Any] = {
        **reading.summary(),
        **manifest.counts(),
        "fingerprint": manifest.fingerprint,
        "manifest": str(out) if out else None,
    }
    if as_json:
        print_json(summary)
        return
    echo(f"{summary['name']}: {summary['rows']} rows of {summary['offered']}, {summary['pictures']} pictures,", end=" ")
    echo(f"{summary['products']} products, {summary['categories']} categories, {summary['groups']} groups")
    for title, column in (("domain", "by_domain"), ("split", "by_split")):
        echo(f"{title}: " + ", ".join(f"{key or 'none'} {count}" for key, count in summary[column].items()))
    echo(f"licence: {summary['licence']}")
    echo(f"fingerprint: {summary['fingerprint']}")
    echo(f"refused: {summary['refused']}; kept with a remark: {summary['kept_with_remark']}")
    for reason, count in summary["reasons"].items():
        echo(f"  {count} x {reason}")
    for refusal in reading.refused[:_SHOWN]:
        say(f"refused {refusal.where}: {refusal.reason}")
    if len(reading.refused) > _SHOWN:
        say(f"and {len(reading.refused) - _SHOWN} more; --refused FILE writes them all")
    if out is not None:
        echo(f"wrote {out}")
    else:
        say("nothing written: give --out FILE")
