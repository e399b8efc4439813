"""Methods 2 and 4 on the shipped encoder's own made pairs, under a budget of processor time, measured beside it.

    python benchmarks/encoder_methods.py DATA --cache runs/cache --out runs/methods --cpu-minutes 60 --side 224

The pairs, their split, the queries and the gallery are those of `streetshop lab evaluate`; recipes and overrides
those of `compare_methods.py`. An interrupted run resumes. `--only` trains one method and measures nothing, so
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
    parser.add_argument("data", type=Path, help="folder of ccp/ and clothing/")
    parser.add_argument("--cache", type=Path, required=True, help="cut-outs and made pairs; made where missing")
    parser.add_argument("--out", type=Path, required=True, help="folder for runs and bundles")
    parser.add_argument("--recipe", default="encoder", help="whose made pairs are used")
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
    from streetshop.lab.train import load_recipe
    from streetshop.lab.train.public import PublicSets
    from streetshop.lab.train.tasks.encoder.data import pair_settings

    recipe, sets = load_recipe(given.recipe), PublicSets(given.data, given.cache)
    made = make_pairs(sets.ccp, sets.pairs, pair_settings(recipe), limit=recipe.pairs.products).manifest
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
    from streetshop.lab.train import load_recipe
    from streetshop.lab.train.public import PublicSets
    from streetshop.lab.train.tasks.encoder.data import load_garments
    from streetshop.models import load_encoder

    sets = PublicSets(given.data, given.cache)
    sets.label(keypoints=False, clothing=True)
    items = load_garments(load_recipe(given.recipe), sets, threads=2)
    columns = {}
    for name, title in COMPARED.items():
        bundle = given.out / f"{name}-bundle"
        if not bundle.exists():
            export_embedding(given.out / name, bundle)
        columns[title] = pairs_numbers(load_encoder(bundle, threads=2), items, "test", given.distractors)
    shipped = load_encoder(threads=2)
    numbers = pairs_numbers(shipped, items, "test", given.distractors)
    rows = [row for row in headline(numbers) if row.startswith("pairs")]
    # The methods learn identities and nothing else, as style does.
    alone = {row: numbers[f"{row}, style alone"] for row in rows}
    columns |= {shipped.name: numbers, f"{shipped.name}, style alone": alone}
    print(section_of("Pairs", columns, rows).markdown())


if __name__ == "__main__":
    main()
