"""``streetshop lab attributes``: fit the attribute heads of an encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streetshop.cli.options import CatalogOption, echo


def attributes(
    catalog: CatalogOption,
    data: Annotated[Path, typer.Option("--data", metavar="FOLDER", help="Folder of the Clothing dataset.")],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="The bundle's folder; must not exist.")],
) -> None:
    """Fit attribute heads (colour, pattern, sleeve) to the vectors of a catalog, measure them, and write a bundle.

    The catalog holds the pictures of the Clothing dataset: `streetshop index FOLDER/images --catalog CATALOG`.
    """
    from streetshop.lab.export.attributes import export_attributes

    echo(str(export_attributes(catalog, data, out)))
