"""``python -m streetshop.lab.reader train ...``: the reader's commands."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from streetshop.errors import StreetshopError


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m streetshop.lab.reader")
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="train by a recipe; run it again to resume")
    train.add_argument("recipe", type=Path)
    train.add_argument("--ccp", type=Path, required=True, help="root of Clothing Co-Parsing")
    train.add_argument("--clothing", type=Path, help="root of the Clothing dataset")
    train.add_argument("--keypoints", type=Path, help="the teacher's keypoints.json")
    train.add_argument("--cutouts", type=Path, help="the teacher's folder of cut-outs")
    train.add_argument("--out", type=Path, required=True)
    train.add_argument("--device", default="cpu")
    train.add_argument("--threads", type=int, default=1, help="torch threads of each worker")
    export = commands.add_parser("export", help="a run to a bundle, measured on the test photos")
    export.add_argument("run", type=Path, help="folder that train wrote")
    export.add_argument("recipe", type=Path)
    export.add_argument("--ccp", type=Path, required=True, help="root of Clothing Co-Parsing")
    export.add_argument("--keypoints", type=Path, help="the teacher's keypoints.json")
    export.add_argument("--out", type=Path, required=True)
    export.add_argument("--height", type=int, default=352)
    export.add_argument("--width", type=int, default=224)
    export.add_argument("--split", choices=["val", "test"], default="test", help="photos to measure on")
    arguments = parser.parse_args()
    try:
        {"train": _train, "export": _export}[arguments.command](arguments)
    except StreetshopError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _train(arguments: argparse.Namespace) -> None:
    import torch

    from streetshop.lab.reader.data import labelled_names, load_labelled, load_single, load_tagged, tagged_names
    from streetshop.lab.reader.recipe import load_reader_recipe
    from streetshop.lab.reader.train import ReaderLoop
    from streetshop.lab.training.progress import say

    torch.set_num_threads(arguments.threads)
    recipe = load_reader_recipe(arguments.recipe)
    samples = load_labelled(arguments.ccp, labelled_names(arguments.ccp, "train"), arguments.keypoints)
    if any(stage.shares.tagged for stage in recipe.stages):
        samples += load_tagged(arguments.ccp, tagged_names(arguments.ccp), arguments.keypoints)
    if arguments.clothing and arguments.cutouts:
        samples += load_single(arguments.clothing, arguments.cutouts, limit=recipe.singles)
    val = load_labelled(arguments.ccp, labelled_names(arguments.ccp, "val"), arguments.keypoints)
    say(f"{len(samples)} photos to learn from, {len(val)} to validate on")
    ReaderLoop(recipe, samples, val, arguments.out, torch.device(arguments.device)).run()


def _export(arguments: argparse.Namespace) -> None:
    import json

    from streetshop.lab.reader.data import labelled_names
    from streetshop.lab.reader.export import export, load_net, write_card
    from streetshop.lab.reader.measure import judge, milliseconds, summary
    from streetshop.lab.reader.recipe import load_reader_recipe
    from streetshop.lab.training import files
    from streetshop.looks.parse import Rules

    recipe, root = load_reader_recipe(arguments.recipe), arguments.ccp
    net = load_net(arguments.run / files.LAST, recipe)
    size = (arguments.height, arguments.width)
    reader = export(net, recipe, size, arguments.out, root, labelled_names(root, "val"))
    names = labelled_names(root, arguments.split)
    spec = reader.spec
    rules = Rules(spec.classes, spec.garments, spec.calibration, spec.thresholds)
    numbers = summary(judge(reader, root, names, arguments.keypoints, rules))
    speed = milliseconds(reader, [root / "photos" / f"{name}.jpg" for name in names])
    write_card(arguments.out, recipe, numbers, speed)
    print(json.dumps({**numbers, "milliseconds": speed}, indent=1))


if __name__ == "__main__":
    sys.exit(main())
