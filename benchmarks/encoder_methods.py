"""Methods 2 and 4 on the shipped encoder's own made pairs, under a budget of processor time, and what all three reach.

    python benchmarks/encoder_methods.py CCP CLOTHING --cutouts runs/cache/cutouts --pairs runs/cache/pairs \
        --out runs/methods --cpu-minutes 60 --side 224

The pairs, their split, the queries and the gallery are those of `streetshop lab encoder report`; recipes and overrides
those of `compare_methods.py`. Broken off, the same command goes on. `--only` trains one method and measures nothing, so
that two can be trained side by side, a core each; without it what is trained already is measured.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from compare_methods import METHODS, train

COMPARED = {"two-stream": "method 2, two-stream", "griddynamics-arcface": "method 4, ArcFace and product type"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ccp", type=Path, help="root of Clothing Co-Parsing")
    parser.add_argument("clothing", type=Path, help="root of the Clothing dataset")
    parser.add_argument("--cutouts", type=Path, required=True, help="the reader's teacher's, see docs/reader.md")
    parser.add_argument("--pairs", type=Path, required=True, help="folder of the made pairs; drawn where missing")
    parser.add_argument("--out", type=Path, required=True, help="folder for runs and bundles")
    parser.add_argument("--recipe", type=Path, default=Path(__file__).parents[1] / "recipes" / "encoder.yaml")
    parser.add_argument("--cpu-minutes", type=float, default=0.5, help="of processor time a method (0.5)")
    parser.add_argument("--side", type=int, default=64, help="of the networks' input, pixels (64)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--distractors", type=int, default=5000, help="single garments in the gallery (5000: all)")
    parser.add_argument("--only", choices=list(COMPARED))
    given = parser.parse_args()
    given.seed = 0
    os.environ["OMP_NUM_THREADS"] = str(given.threads)
    import torch

    torch.set_num_threads(given.threads)
    given.manifest = _manifest(given)
    for name in [given.only] if given.only else COMPARED:
        if train(name, *METHODS[name], given) is None:
            raise SystemExit(1)
    if not given.only:
        _measure(given)


def _manifest(given: argparse.Namespace) -> Path:
    """The encoder's made pairs with the encoder's split, as a manifest beside the runs."""
    from streetshop.lab.data.made_pairs import make_pairs
    from streetshop.lab.data.sets.ccp import photo_split
    from streetshop.lab.train.tasks.encoder.recipe import load_encoder_recipe
    from streetshop.lab.train.tasks.encoder.run import pair_settings

    recipe = load_encoder_recipe(given.recipe)
    made = make_pairs(given.ccp, given.pairs, pair_settings(recipe), limit=recipe.pairs.products).manifest
    kept = made.where(lambda row: photo_split(row.attributes.get("cloth", row.group)) == photo_split(row.group))
    path = given.out / "pairs.parquet"
    given.out.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"pairs-{os.getpid()}.parquet")
    kept.with_split([photo_split(row.group) for row in kept]).write(partial)
    partial.replace(path)  # two processes may begin at once
    return path


def _measure(given: argparse.Namespace) -> None:
    """Print a table of the test photos' pairs."""
    from streetshop.lab.evaluate.encoder_report import headline, pairs_numbers
    from streetshop.lab.evaluate.report import section_of
    from streetshop.lab.export.embedding import export_embedding
    from streetshop.lab.train.tasks.encoder.recipe import load_encoder_recipe
    from streetshop.lab.train.tasks.encoder.run import gather
    from streetshop.models import load_encoder

    items = gather(load_encoder_recipe(given.recipe), given.ccp, given.clothing, given.cutouts, given.pairs, threads=2)
    columns = {}
    for name, title in COMPARED.items():
        bundle = given.out / f"{name}-bundle"
        if not bundle.exists():
            export_embedding(given.out / name, bundle)
        columns[title] = pairs_numbers(load_encoder(bundle, threads=2), items, "test", given.distractors)
    shipped = load_encoder(threads=2)
    numbers = pairs_numbers(shipped, items, "test", given.distractors)
    rows = [row for row in headline(numbers) if row.startswith("pairs")]
    # The methods learned identities and nothing else, as style did.
    alone = {row: numbers[f"{row}, style alone"] for row in rows}
    columns |= {shipped.name: numbers, f"{shipped.name}, style alone": alone}
    print(section_of("Pairs", columns, rows).markdown())


if __name__ == "__main__":
    main()
