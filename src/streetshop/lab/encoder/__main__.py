"""``python -m streetshop.lab.encoder train ...``: from the two public folders to the default encoder's bundle."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from streetshop.errors import StreetshopError


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m streetshop.lab.encoder")
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="make the pictures, run the trunk, teach the heads, write the bundle")
    report = commands.add_parser("report", help="measure bundles on the held-back photos and senders")
    report.add_argument("--split", choices=["val", "test"], default="test")
    report.add_argument("--json", type=Path, help="also write all numbers here")
    for command in (train, report):
        command.add_argument("recipe", type=Path)
        command.add_argument("--ccp", type=Path, required=True, help="root of Clothing Co-Parsing")
        command.add_argument("--clothing", type=Path, required=True, help="root of the Clothing dataset")
        command.add_argument("--cutouts", type=Path, required=True, help="cut-outs of the Clothing photos")
        command.add_argument("--pairs", type=Path, required=True, help="folder of the made pairs, drawn where missing")
        command.add_argument("--threads", type=int, default=2)
    report.add_argument("--bundle", dest="bundles", type=Path, action="append", required=True, help="repeat to compare")
    report.add_argument("--distractors", type=int, default=5000, help="photos of single garments in the pairs' gallery")
    report.add_argument("--card", action="store_true", help="write the first bundle's card")
    train.add_argument("--out", type=Path, required=True, help="the run's folder; the same again continues the run")
    arguments = parser.parse_args()
    try:
        {"train": _train, "report": _report}[arguments.command](arguments)
    except StreetshopError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _train(arguments: argparse.Namespace) -> None:
    import torch

    from streetshop.lab.encoder.recipe import load_encoder_recipe
    from streetshop.lab.encoder.run import train

    torch.set_num_threads(arguments.threads)
    recipe = load_encoder_recipe(arguments.recipe)
    folders = (arguments.ccp, arguments.clothing, arguments.cutouts, arguments.pairs)
    print(train(recipe, *folders, arguments.out, threads=arguments.threads))


def _report(arguments: argparse.Namespace) -> None:
    import json

    from streetshop.bundles import load_encoder
    from streetshop.lab.encoder.card import write_card
    from streetshop.lab.encoder.recipe import load_encoder_recipe
    from streetshop.lab.encoder.report import as_values, measure, table
    from streetshop.lab.encoder.run import gather

    recipe = load_encoder_recipe(arguments.recipe)
    folders = (arguments.ccp, arguments.clothing, arguments.cutouts, arguments.pairs)
    items = gather(recipe, *folders, threads=arguments.threads)
    encoders = [load_encoder(folder, threads=arguments.threads) for folder in arguments.bundles]
    columns = {e.name: measure(e, items, arguments.split, arguments.distractors) for e in encoders}
    if arguments.json:
        arguments.json.write_text(json.dumps({n: as_values(v) for n, v in columns.items()}, indent=1), encoding="utf-8")
    if arguments.card:
        write_card(encoders[0], columns, arguments.split)
    print(table(list(columns[encoders[0].name]), columns))


if __name__ == "__main__":
    sys.exit(main())
