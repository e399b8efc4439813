"""A shop that tests index."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from streetshop.catalog.open import open_catalog
from streetshop.catalog.store import Store
from streetshop.core.records import Product
from streetshop.feeds.read import read_feed
from streetshop.indexing.index import IndexOptions, IndexReport, index_feed
from streetshop.looks import WholePhotoReader
from streetshop.models import Encoder
from tests.catalog.shop import read_rows


@dataclass
class Shop:
    """A feed, a catalog, and a way to index one into the other."""

    folder: Path
    encoder: Encoder
    feed: Path = field(init=False)

    def __post_init__(self) -> None:
        self.feed = self.folder / "feed.csv"

    @property
    def url(self) -> str:
        return str(self.folder / "shop.catalog")

    def index(self, encoder: Encoder | None = None, **options: object) -> IndexReport:
        reader, stop = options.pop("reader", WholePhotoReader()), options.pop("stop", None)
        kinds = options.pop("kinds", None)
        progress = options.pop("progress", lambda now: None)
        return index_feed(
            read_feed(self.feed, kinds=kinds),  # type: ignore[arg-type]
            self.url,
            encoder or self.encoder,
            reader,  # type: ignore[arg-type]
            IndexOptions(**{"optimize": False, "shared_pictures": 0, **options}),  # type: ignore[arg-type]
            progress=progress,  # type: ignore[arg-type]
            stop=stop,  # type: ignore[arg-type]
        )

    def refused(self) -> list[tuple[str, str, str, str]]:
        rows = read_rows(Path(self.url) / "refused.csv")
        return [(row["row"], row["id"], row["image"], row["reason"]) for row in rows]

    def open(self) -> Store:
        return open_catalog(self.url)

    def product(self, product_id: str) -> Product:
        (product,) = self.open().get([product_id])
        assert product is not None
        return product


def counts(report: IndexReport) -> tuple[int, int, int, int, int]:
    done = report.ingest
    return done.added, done.updated, done.unchanged, done.refused, done.embedded


_INDEX = """
import sys
from pathlib import Path
from streetshop.models import load_encoder
from streetshop.indexing import ingest
from streetshop.feeds.read import read_feed
from streetshop.indexing.index import IndexOptions, index_feed
ingest.COMMIT_PRODUCTS = 20
def progress(now):
    print(now.written, flush=True)
options = IndexOptions(optimize=False, rebuild="rebuild" in sys.argv)
feed, encoder = read_feed(sys.argv[1]), load_encoder(Path(sys.argv[3]), threads=1)
index_feed(feed, sys.argv[2], encoder, options=options, progress=progress)
"""


def run_and_kill(shop: Shop, bundle: Path, after: int, *more: str) -> int:
    """Index in another process, kill it without warning; answers how many products it had said were written."""
    command = [sys.executable, "-c", _INDEX, str(shop.feed), shop.url, str(bundle), *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        acknowledged = 0
        for line in process.stdout:
            acknowledged = int(line)
            if acknowledged >= after:
                process.kill()
                break
        # What it still said before it died counts as well.
        acknowledged = max([acknowledged, *(int(line) for line in process.stdout.read().split())])
    assert process.returncode == -signal.SIGKILL
    return acknowledged
