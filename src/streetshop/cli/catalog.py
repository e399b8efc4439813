"""``streetshop catalog``: inspect and maintain a catalog."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streetshop.cli.options import JsonOption, echo, kinds_text, print_json
from streetshop.core.progress import ProgressDisplay

if TYPE_CHECKING:
    from streetshop.catalog.store import Finding, Repair

app = typer.Typer(help="Inspect and maintain a catalog.", no_args_is_help=True)

IdsArgument = Annotated[list[str], typer.Argument(metavar="ID", help="Ids of products.")]
UrlArgument = Annotated[str, typer.Argument(metavar="CATALOG", help="The catalog, a folder.")]


@app.command()
def info(url: UrlArgument, as_json: JsonOption = False) -> None:
    """Products, shots, size, index, encoder, reader and the fields a filter may use."""
    from streetshop.catalog.open import open_catalog
    from streetshop.present.json import catalog_json

    with closing(open_catalog(url)) as store:
        content = catalog_json(store)
    if as_json:
        print_json(content)
        return
    for name, value in content.items():
        if name == "blocks":
            value = ", ".join(f"{b['name']} ({b['dim']} numbers, weight {b['weight']:g})" for b in value)
        elif name == "presets":
            value = ", ".join(preset["name"] for preset in value)
        elif name == "fields":
            value = ", ".join(f"{field} ({kind})" for field, kind in value.items())
        elif name == "kinds":
            value = f"by {kinds_text(value)}"
        elif value is None:
            value = "unknown" if name == "reader" else "none"
        echo(f"{name:12} {value}")


@app.command()
def get(
    url: UrlArgument,
    ids: IdsArgument,
    as_json: JsonOption = False,
) -> None:
    """Show products. With --json one line per product."""
    from streetshop.catalog.open import open_catalog
    from streetshop.core.errors import ProductMissing
    from streetshop.present.json import product_json

    with closing(open_catalog(url)) as store:
        found = store.get(ids)
    missing = [product_id for product_id, product in zip(ids, found, strict=True) if product is None]
    for product in found:
        if product is None:
            continue
        content = product_json(product)
        if as_json:
            print_json(content)
        else:
            shown = content | {"url": product.url, "shots": [shot.source for shot in product.shots]}
            echo("\n".join(f"{name:10} {value}" for name, value in shown.items()) + "\n")
    if missing:
        raise ProductMissing(f"no product {', '.join(map(repr, missing))}", where=url, hint="Ids are case-sensitive")


@app.command()
def delete(
    url: UrlArgument,
    ids: IdsArgument,
    as_json: JsonOption = False,
) -> None:
    """Remove products; they never come back in a search."""
    from streetshop.catalog.open import open_catalog

    with closing(open_catalog(url, write=True)) as store:
        removed = store.delete(ids)
    if as_json:
        print_json({"deleted": removed, "missing": len(set(ids)) - removed})
    else:
        echo(f"removed {removed} of {len(set(ids))}")


@app.command()
def verify(
    url: UrlArgument,
    repair: Annotated[
        bool, typer.Option("--repair", help="Repair it: rebuild the search index, drop damaged products and list them.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Read everything back and check it. The exit code is 1 if something is wrong, or was lost in a repair."""
    from streetshop.catalog.open import open_catalog, repair_catalog
    from streetshop.catalog.store import Finding, Repair
    from streetshop.core.errors import CatalogDamaged

    repaired = Repair()
    with ProgressDisplay("rows") as display:
        if repair:
            repaired = repair_catalog(url, display.show)
        try:
            with closing(open_catalog(url)) as store:
                findings = store.verify(display.show)
        except CatalogDamaged as error:
            findings = [Finding(error.what, error.hint)]
    if as_json:
        content: dict[str, object] = {
            "ok": not findings,
            "findings": [{"what": f.what, "hint": f.hint} for f in findings],
        }
        if repair:
            content |= {"repaired": list(repaired.done), "lost": list(repaired.lost)}
        print_json(content)
    else:
        _print_verified(findings, repaired)
    if findings or not repaired.complete:
        raise typer.Exit(1)


def _print_verified(findings: Sequence[Finding], repaired: Repair) -> None:
    for step in repaired.done:
        echo(f"{step}.")
    for product_id in repaired.lost:
        echo(f"lost: {product_id}")
    if not repaired.complete:
        echo(f"{len(repaired.lost)} products are lost. Index the feed again, with --delete-missing.")
    for finding in findings:
        echo(f"{finding.what}. {finding.hint}")
    echo("all is well" if not findings else f"{len(findings)} findings")


@app.command()
def snapshot(
    url: UrlArgument,
    target: Annotated[Path, typer.Argument(metavar="FOLDER", help="New folder for the copy.")],
    as_json: JsonOption = False,
) -> None:
    """Write a consistent copy with checksums, for `catalog restore`."""
    from streetshop.catalog.open import open_catalog

    with closing(open_catalog(url)) as store, ProgressDisplay("files") as display:
        store.snapshot(target, display.show)
    _done(as_json, {"snapshot": str(target)}, f"wrote {target}")


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder that `catalog snapshot` wrote.")],
    url: UrlArgument,
    as_json: JsonOption = False,
) -> None:
    """Restore a snapshot as a new catalog. A damaged snapshot is refused."""
    from streetshop.catalog.open import restore_snapshot

    restore_snapshot(source, url)
    _done(as_json, {"catalog": url}, f"restored {url}")


@app.command()
def optimize(url: UrlArgument, as_json: JsonOption = False) -> None:
    """Build or refresh the search index and drop old versions. Searches continue meanwhile."""
    from streetshop.catalog.open import open_catalog

    with closing(open_catalog(url, write=True)) as store, ProgressDisplay("rows") as display:
        store.optimize(display.show)
        figures = store.info()
    recall = None if figures.recall is None else round(figures.recall, 4)
    text = f"{figures.indexed} of {figures.shots} shots in the index"
    if recall is not None:
        text += f", recall {recall} against exact search"
    _done(as_json, {"indexed": figures.indexed, "shots": figures.shots, "recall": recall}, text)


def _done(as_json: bool, content: dict[str, object], text: str) -> None:
    if as_json:
        print_json(content)
    else:
        echo(text)
