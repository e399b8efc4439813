"""Measures search in a catalog of the Clothing dataset with the photos of held-out senders.

All photos are in the gallery, parsed, cut out and encoded as in production.

    python benchmarks/encoder_catalog.py CLOTHING --cutouts runs/cache/cutouts --out runs/catalog --split val

Two catalogs: the photos as they are, and packshots, each garment cut out by the reader's teacher and alone on a light
ground. Encoders: the shipped one, those of `--bundle`, and `--untrained` (runs/cache/start), which sees whole pictures
without a reader. Columns are P@10 of kind, colour and pattern (hand_labels.csv) among the garments of other senders, by
default weights and by each block alone, with 95 % bootstrap intervals over senders. Vectors are kept below `--out`; a
new reader needs a new folder.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args

if TYPE_CHECKING:
    from streetshop.lab.data.sample import Sample

CATALOGS = ("photos", "packshots")
LABELS = ("kind", "colour", "pattern")


def main() -> None:
    from streetshop.lab.data.garments import clothing_samples
    from streetshop.lab.data.splits import Split
    from streetshop.models.encoder import DEFAULT_ENCODER

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clothing", type=Path, help="root of the Clothing dataset")
    parser.add_argument("--cutouts", type=Path, required=True, help="the reader's teacher's, see docs/reader.md")
    parser.add_argument("--out", type=Path, required=True, help="folder for packshots and vectors")
    parser.add_argument("--bundle", type=Path, action="append", default=[], help="another encoder, through the reader")
    parser.add_argument("--untrained", type=Path, help="an encoder of whole pictures")
    parser.add_argument("--catalog", choices=CATALOGS, action="append", help="both unless given")
    parser.add_argument("--split", choices=get_args(Split), default="val", help="of the senders that ask (val)")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    items = clothing_samples(given.clothing, given.cutouts)
    for catalog in given.catalog or CATALOGS:
        pictures = _pictures(items, catalog, given.out)
        for bundle in [DEFAULT_ENCODER, *given.bundle]:
            _measure(pictures, catalog, bundle, None, given)
        if given.untrained:
            _measure(pictures, catalog, given.untrained, "none", given)


def _pictures(items: Sequence[Sample], catalog: str, out: Path) -> dict[Path, Sample]:
    """Pictures of a catalog and what each shows; packshots are made where they are missing."""
    if catalog == "photos":
        return {(item.root / item.image).resolve(): item for item in items}
    folder = out.resolve() / catalog
    folder.mkdir(parents=True, exist_ok=True)
    shown = {folder / f"{Path(item.image).stem}.png": item for item in items if item.mask}
    for path, item in shown.items():
        if not path.is_file():
            _write_packshot(item, path)
    return {path: item for path, item in shown.items() if path.is_file()}


def _write_packshot(item: Sample, path: Path) -> None:
    """Nothing, where the photo or its cut-out cannot be read."""
    import numpy as np
    from PIL import Image

    from streetshop.core.errors import StreetshopError
    from streetshop.core.photo import Photo
    from streetshop.lab.data.views import on_plain_ground
    from streetshop.looks import PHOTO_SIDE

    try:
        photo = Photo.from_path(item.root / item.image, at_least=PHOTO_SIDE)
        mask = item.load_mask(photo.width, photo.height)
    except StreetshopError as error:
        print(error, file=sys.stderr)
        return
    if mask is None or not mask.any():
        return
    picture, _ = on_plain_ground(photo, mask, np.random.default_rng(list(item.image.encode())))
    unfinished = path.with_suffix(".part")
    Image.fromarray(picture.pixels).save(unfinished, "PNG", compress_level=1)
    unfinished.replace(path)


def _measure(
    pictures: dict[Path, Sample], catalog: str, bundle: Path, reader: str | None, given: argparse.Namespace
) -> None:
    """Print the rows of one encoder."""
    import numpy as np
    import pyarrow.parquet as pq

    from streetshop.indexing.embed import embed_pictures
    from streetshop.lab.evaluate.encoder import Embedded, label_precision
    from streetshop.models import load_encoder

    encoder = load_encoder(bundle, threads=given.threads)
    vectors = given.out / f"{catalog}-{encoder.fingerprint[:12]}.parquet"
    if not vectors.is_file():
        embed_pictures(
            list(pictures),
            vectors,
            raw=True,
            encoder=bundle,
            reader=reader,
            threads=given.threads,
            refuse=lambda refusal: print(f"refused: {refusal.reason}", file=sys.stderr),
        )
    found = pq.read_table(vectors).to_pydict()
    items = [pictures[Path(path)] for path in found["path"]]
    embedded = Embedded(items, np.asarray(found["vector"], np.float32), encoder)
    asking = embedded.column("split") == given.split
    print(f"{catalog}: {encoder.name} in {encoder.folder.name}, {asking.sum()} of {len(items)} pictures ask")
    alone = {b.name: {other.name: float(other is b) for other in encoder.blocks} for b in encoder.blocks}
    for title, weights in {"default weights": None, **alone}.items():
        cells = [str(label_precision(embedded, label, weights, asking=asking)) for label in LABELS]
        print(f"| {title} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
