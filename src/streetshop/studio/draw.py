"""Draws many pictures in several processes; neither their number nor the order of the pictures changes a byte."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from streetshop.core.errors import StudioError
from streetshop.studio.feed import feed
from streetshop.studio.files import claim, finished, keep, read_truth, writable, write
from streetshop.studio.outfit import Wardrobe
from streetshop.studio.products import FAMILY, Product, make_catalog
from streetshop.studio.shots import SHOTS, draw_shot
from streetshop.studio.street import draw_street_photo
from streetshop.studio.truth import PictureTruth, coco, write_manifest

Progress = Callable[[int, int], None]
"""Called with the number of finished pictures and the total."""

SIZES = (96, 4096)
"""Smallest and largest long side of a picture in pixels."""


@dataclass(frozen=True, slots=True)
class _Shop:
    """The settings from which a worker draws any picture."""

    out: str
    products: int
    seed: int
    categories: tuple[str, ...]
    size: int
    family: int

    def catalog(self) -> list[Product]:
        return make_catalog(self.products, self.seed, self.categories, self.family)


@dataclass(frozen=True, slots=True)
class _Task:
    image: str
    number: int
    shot: str


def draw_catalog(
    out: Path,
    products: int,
    seed: int,
    workers: int | None = None,
    size: int = 512,
    progress: Progress | None = None,
    categories: Sequence[str] = (),
    shots: Sequence[str] = SHOTS,
    split: str = "all",
    family: int = FAMILY,
) -> Path:
    """Draw the product pages of a shop.

    Args:
        out: a new or empty folder, or one in which the same command was interrupted.
        products: number of products; a larger shop with the same seed begins with the same products.
        seed: random seed; the same seed gives the same bytes.
        workers: number of processes; None uses one per core.
        size: long side of the pictures in pixels.
        progress: called with (finished, total).
        categories: categories to sell; empty means all.
        shots: pictures of each product page, names from :data:`SHOTS`.
        split: ``train``, ``val``, ``test`` or ``all``: draw only the products of this split.
        family: products per family; the others differ from the first in one attribute.

    Returns:
        Path of ``feed.csv``, in Google Merchant columns; its picture paths are relative to it.

    Raises:
        StudioError: an unknown category or shot, a folder with other content, or a full disk.
    """
    shop = _shop(out, products, seed, categories, size, family)
    catalog = shop.catalog()
    wanted = _in_split(catalog, split)
    tasks = _pages(wanted, shots)
    claim(Path(out), _settings(shop, kind="catalog", shots=list(shots), split=split, photos=0))
    truths = _draw(shop, tasks, workers, progress)
    _finish(Path(out), truths, wanted, shots)
    return Path(out) / "feed.csv"


def draw_street(
    out: Path,
    photos: int,
    seed: int,
    products: int,
    workers: int | None = None,
    size: int = 512,
    progress: Progress | None = None,
    categories: Sequence[str] = (),
    split: str = "all",
    family: int = FAMILY,
) -> Path:
    """Draw street photos of people who wear products of the shop given by ``products`` and ``seed``.

    Args:
        out: a new or empty folder, or one in which the same command was interrupted.
        photos: number of photos.
        seed: random seed of the shop and the photos.
        products: number of products in the shop.
        workers: number of processes; None uses one per core.
        size: long side of the pictures in pixels.
        progress: called with (finished, total).
        categories: categories that the shop sells; empty means all.
        split: people wear products of this split only.
        family: products per family.

    Returns:
        Path of ``coco.json``, the ground truth of all photos; ``manifest.parquet`` lies beside it.

    Raises:
        StudioError: as :func:`draw_catalog`.
    """
    shop = _shop(out, products, seed, categories, size, family)
    tasks = _photos(photos)
    _in_split(shop.catalog(), split)
    claim(Path(out), _settings(shop, kind="street", shots=[], split=split, photos=photos))
    truths = _draw(shop, tasks, workers, progress, split)
    _finish(Path(out), truths, [], ())
    return Path(out) / "coco.json"


def draw_dataset(
    out: Path,
    products: int,
    seed: int,
    photos: int | None = None,
    workers: int | None = None,
    size: int = 512,
    progress: Progress | None = None,
    categories: Sequence[str] = (),
    shots: Sequence[str] = SHOTS,
    split: str = "all",
    family: int = FAMILY,
) -> Path:
    """Draw product pages and street photos of one shop into one folder, with one manifest.

    In each split, people wear only products of that split, so that no product of ``test`` appears in ``train``.

    Args:
        out: a new or empty folder, or one in which the same command was interrupted.
        products: number of products.
        seed: random seed of everything.
        photos: number of street photos; None draws one per product.
        workers: number of processes; None uses one per core.
        size: long side of the pictures in pixels.
        progress: called with (finished, total).
        categories: categories to sell; empty means all.
        shots: pictures of each product page.
        split: draw only the products of this split, and photos of people who wear them.
        family: products per family.

    Returns:
        Path of ``manifest.parquet``.

    Raises:
        StudioError: as :func:`draw_catalog`.
    """
    shop = _shop(out, products, seed, categories, size, family)
    count = products if photos is None else photos
    catalog = shop.catalog()
    wanted = _in_split(catalog, split)
    tasks = _pages(wanted, shots) + _photos(count)
    claim(Path(out), _settings(shop, kind="dataset", shots=list(shots), split=split, photos=count))
    truths = _draw(shop, tasks, workers, progress, split if split != "all" else "each")
    _finish(Path(out), truths, wanted, shots)
    return Path(out) / "manifest.parquet"


def _shop(out: Path, products: int, seed: int, categories: Sequence[str], size: int, family: int) -> _Shop:
    if not SIZES[0] <= size <= SIZES[1]:
        raise StudioError(f"pictures of {size} pixels", where="studio", hint=f"Choose {SIZES[0]} to {SIZES[1]}")
    if seed < 0:
        raise StudioError(f"seed {seed}", where="studio", hint="A seed is 0 or more")
    return _Shop(str(out), products, seed, tuple(categories), size, family)


def _settings(shop: _Shop, **more: object) -> dict[str, object]:
    return {
        "products": shop.products,
        "seed": shop.seed,
        "categories": list(shop.categories),
        "size": shop.size,
        "family": shop.family,
        **more,
    }


def _in_split(catalog: Sequence[Product], split: str) -> list[Product]:
    if split not in ("all", "train", "val", "test"):
        raise StudioError(f"unknown split {split!r}", where="studio", hint="Known: all, train, val, test")
    wanted = [p for p in catalog if split in ("all", p.split)]
    if not wanted:
        raise StudioError(
            f"none of the {len(catalog)} products is in split {split!r}", where="studio", hint="Ask for more products"
        )
    return wanted


def _pages(products: Sequence[Product], shots: Sequence[str]) -> list[_Task]:
    for shot in shots:
        if shot not in SHOTS:
            raise StudioError(f"unknown shot {shot!r}", where="studio", hint=f"Known: {', '.join(SHOTS)}")
    return [_Task(f"images/shop/{p.id}-{s}.jpg", p.number, s) for p in products for s in shots]


def _photos(count: int) -> list[_Task]:
    if count < 0:
        raise StudioError(f"{count} photos", where="studio", hint="Ask for none or more")
    return [_Task(f"images/street/{k:06d}.jpg", k, "street") for k in range(count)]


# --- workers ------------------------------------------------------------------------------------------------------


class _Worker:
    """Draws any picture of one shop."""

    def __init__(self, shop: _Shop, split: str):
        self.shop, self.split = shop, split
        self.catalog = shop.catalog()
        self.wardrobe = Wardrobe(self.catalog, shop.seed)
        parts = {p.split for p in self.catalog}
        self.by_split = {s: Wardrobe([p for p in self.catalog if p.split == s], shop.seed) for s in parts}

    def draw(self, task: _Task) -> None:
        shop = self.shop
        if task.shot == "street":
            picture = draw_street_photo(task.number, self._people_wear(task.number), shop.seed, shop.size)
        else:
            product = self.catalog[task.number]
            wardrobe = self.by_split[product.split] if self.split else self.wardrobe
            picture = draw_shot(product, task.shot, wardrobe, shop.seed, shop.size)
        keep(Path(shop.out), picture)

    def _people_wear(self, number: int) -> Wardrobe:
        if self.split == "each":
            # The share of each split in the photos is its share of the products.
            return self.by_split[self.catalog[number % len(self.catalog)].split]
        return self.by_split.get(self.split, self.wardrobe)


_worker: _Worker | None = None


def _start(shop: _Shop, split: str) -> None:
    global _worker
    _worker = _Worker(shop, split)


def _run(task: _Task) -> str:
    if _worker is None:
        raise RuntimeError("the worker was not started")
    _worker.draw(task)
    return task.image


def _draw(
    shop: _Shop, tasks: Sequence[_Task], workers: int | None, progress: Progress | None, split: str = ""
) -> list[PictureTruth]:
    """Draw the pictures that are missing; return the ground truth of all, in the order of ``tasks``."""
    out = Path(shop.out)
    if workers is not None and workers < 1:
        raise StudioError(f"{workers} workers", where="studio", hint="Use at least one")
    todo = [t for t in tasks if not finished(out, t.image)]
    done = len(tasks) - len(todo)
    if progress is not None:
        progress(done, len(tasks))
    count = min(workers or _cores(), max(len(todo), 1))
    if count == 1 or len(todo) < 4:
        steps = _inline(shop, todo, split)
    else:
        steps = _parallel(shop, todo, split, count)
    for _ in steps:
        done += 1
        if progress is not None:
            progress(done, len(tasks))
    return [read_truth(out, t.image) for t in tasks]


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _inline(shop: _Shop, tasks: Sequence[_Task], split: str) -> Iterator[str]:
    if tasks:
        worker = _Worker(shop, split)
        for task in tasks:
            worker.draw(task)
            yield task.image


def _parallel(shop: _Shop, tasks: Sequence[_Task], split: str, count: int) -> Iterator[str]:
    """Draw in ``count`` processes; at most three tasks per process are queued, so that an error stops the run soon."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, mp_context=context, initializer=_start, initargs=(shop, split))
    waiting = iter(tasks)
    running: set[Future[str]] = set()
    try:
        for task in waiting:
            running.add(pool.submit(_run, task))
            if len(running) < 3 * count:
                continue
            ready, running = wait(running, return_when=FIRST_COMPLETED)
            for future in ready:
                yield future.result()
        while running:
            ready, running = wait(running, return_when=FIRST_COMPLETED)
            for future in ready:
                yield future.result()
    except BrokenProcessPool:
        raise StudioError(
            "a worker process was killed, perhaps because memory ran out",
            where=shop.out,
            hint="Run the command again, with fewer --workers if needed: finished pictures are kept",
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _finish(out: Path, truths: Sequence[PictureTruth], products: Sequence[Product], shots: Sequence[str]) -> None:
    """Write what lies beside the pictures: COCO annotations, the manifest and the feed."""
    write(out / "coco.json", json.dumps(coco(truths), separators=(",", ":")).encode())
    with writable(out / "manifest.parquet") as partial:
        write_manifest(partial, truths)
    if products:
        write(out / "feed.csv", feed(products, shots).encode())
