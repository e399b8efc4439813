"""``streetshop lab calibrate``: make scores of an encoder's similarities."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streetshop.cli.options import CatalogOption, JsonOption, echo, print_json, say


def calibrate(
    encoder: Annotated[Path, typer.Argument(metavar="BUNDLE", help="Folder of an encoder bundle.")],
    photos: Annotated[Path, typer.Option("--photos", metavar="FOLDER", help="Clothing Co-Parsing, official layout.")],
    catalog: CatalogOption,
    write: Annotated[bool, typer.Option("--write", help="Put the calibration into the bundle.")] = False,
    threads: Annotated[int, typer.Option(min=1, metavar="N", help="Processor threads.")] = 2,
    as_json: JsonOption = False,
) -> None:
    """Fit the scores of an encoder on pairs that a person judged, and print how they fare on held-out photos.

    The catalog holds the Clothing data set, filled by this encoder, with the pictures' names as ids and their labels as
    categories.
    """
    from streetshop.lab.measure.closeness import calibrate as fitted
    from streetshop.lab.measure.closeness import write_calibration

    spec, found = fitted(encoder, photos, catalog, threads)
    if write:
        write_calibration(encoder, spec)
        say(f"wrote {encoder / 'bundle.json'}")
    if as_json:
        calibration = None if spec.calibration is None else spec.calibration.model_dump(mode="json")
        print_json({"calibration": calibration, "held_out": found})
        return
    echo(f"{found['pairs']} held-out pairs: AUC {found['auc']}, calibration error {found['ece']}")
    for row in found["table"]:
        echo(
            f"score {row['from']:.2f} to {row['to']:.2f}: {row['pairs']:4d} pairs, mean score {row['score']:.3f}, "
            f"alike {row['alike']:.3f}, at least somewhat {row['somewhat']:.3f}"
        )
    floor = found["floor"]
    echo("below the floor: " + ", ".join(f"{name} alarms {share:.3f}" for name, share in floor.items()))
