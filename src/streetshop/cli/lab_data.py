"""``streetshop lab data``: convert a data set to a manifest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streetshop.cli.options import JsonOption, echo, print_json, say

if TYPE_CHECKING:
    from streetshop.lab.data import Reading
    from streetshop.lab.data.manifest import Manifest

MADE_PAIRS = "made-pairs"


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
    workers: Annotated[int | None, typer.Option("--workers", metavar="N", min=1, help="made-pairs: processes.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Convert a data set to a manifest; print counts, the licence, and every refused row with its reason."""
    from streetshop.core.errors import UsageError
    from streetshop.lab.data import DATASETS

    if name == "list":
        _list(as_json)
        return
    if root is None:
        raise UsageError(f"where is the data set {name}?", hint=f"Write: streetshop lab data {name} ROOT --out FILE")
    if name == MADE_PAIRS:
        if pictures is None:
            raise UsageError("made-pairs draws pictures", hint="Say where to put them with --pictures FOLDER")
        reading = _made_pairs(root, pictures, seed, per_garment, size, limit, workers)
    elif name not in DATASETS:
        raise UsageError(
            f"there is no data set {name!r}", hint=f"There are {', '.join([*DATASETS, MADE_PAIRS])}; `list` says more"
        )
    else:
        reading = _read(name, root, verify)
    manifest = _with_splits(reading.manifest, split, split_by, seed)
    if out is not None:
        manifest.write(out)
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
