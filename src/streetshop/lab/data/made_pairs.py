"""Synthetic street-to-shop pairs from Clothing Co-Parsing, whose pixel labels locate each garment.

A product is a garment of one photo, in its own fabric or in that of another garment of its class. Its street views show
the worn garment on its own background: cropped, relit, blurred, partly occluded. Its shop views show the garment alone
on white: notches closed, warped, relit. Products of one photo differ in fabric only: hard negatives.

Both views of a product show the same shot of the garment, folds included, so they are easier than real pairs: use them
to train and to compare methods, not to claim a quality.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from streetshop.core.errors import DatasetError, ManifestError, PhotoError, UsageError
from streetshop.core.files import write_bytes
from streetshop.core.geometry import Mask, box_of_mask
from streetshop.core.photo import encode_jpeg
from streetshop.lab.data import garment_pixels as px
from streetshop.lab.data import garment_views as views
from streetshop.lab.data.intake import Intake, Reading, Refusal
from streetshop.lab.data.masks import encode_rle
from streetshop.lab.data.registry import read_dataset
from streetshop.lab.data.sample import Sample
from streetshop.lab.data.sets.ccp import LICENCE
from streetshop.lab.data.splits import Split, drawn_split

GARMENTS: Final = (
    "bag", "blazer", "blouse", "bodysuit", "cape", "cardigan", "coat", "dress", "hat", "hoodie", "jacket", "jeans",
    "jumper", "leggings", "pants", "purse", "romper", "scarf", "shirt", "shorts", "skirt", "sweater", "sweatshirt",
    "t-shirt", "top", "vest",
)  # fmt: skip
"""Labels of products: shoes, which come in pairs, and jewellery, which is too small, are left out."""

VERSION: Final = 1
"""Increased whenever the same seed gives other pictures."""

LEAST_PIXELS: Final = 2000
LEAST_SIDE: Final = 40
LEAST_FILL: Final = 0.28
LEAST_ASPECT: Final = 0.2
"""Least share of the box that is garment, and least aspect ratio: less is a strip between other clothes."""
_SETTINGS: Final = "made-pairs.json"


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings that determine the pictures, byte for byte.

    Attributes:
        seed: random seed.
        per_garment: products per garment: one in its own fabric, the others in that of other garments.
        street: number of street views per product.
        shop: number of shop views per product.
        size: long side of a street view, and side of a shop view, in pixels.
    """

    seed: int = 0
    per_garment: int = 3
    street: int = 2
    shop: int = 2
    size: int = 256

    def check(self) -> None:
        """Raise :class:`UsageError` for invalid counts and sizes."""
        if self.per_garment < 1 or self.street < 1 or self.shop < 1 or not 64 <= self.size <= 1024:
            raise UsageError(
                f"made pairs of {asdict(self)}", hint="At least one of each view and product, and a size of 64 to 1024"
            )


@dataclass(frozen=True, slots=True)
class _Product:
    """A product to make: the garment ``source`` in the fabric of ``donor`` (None: its own)."""

    id: str
    split: str
    source: Sample
    donor: Sample | None


def make_pairs(
    ccp: str | Path,
    out: str | Path,
    settings: Settings = Settings(),
    *,
    limit: int | None = None,
    workers: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> Reading:
    """Make the pictures below ``out`` and read them as a manifest.

    The same settings give the same bytes for any ``workers``. An interrupted run resumes. Photos are split first, and
    fabric is moved within a split only.

    Args:
        ccp: root of Clothing Co-Parsing.
        out: root of the manifest; new, empty, or of an earlier run with the same settings.
        settings: determine the pictures.
        limit: most products, in an order that spreads over photos and splits.
        workers: number of processes.
        progress: called with products done and in all.

    Raises:
        DatasetError: ``ccp`` is not that data set, or ``out`` holds something else or other settings.
        UsageError: the settings are invalid.
    """
    settings.check()
    source = read_dataset("ccp", ccp)
    folder = Path(out).resolve()
    _claim(folder, settings)
    refusals = [Refusal(r.where, r.reason, r.kept) for r in source.refusals]
    usable = []
    for row in source.manifest:
        if row.mask is None or row.category not in GARMENTS:
            continue
        reason = _unfit(row)
        if reason:
            refusals.append(Refusal(f"{row.image} {row.category}", reason))
        else:
            usable.append(row)
    products = _plan(usable, settings)[:limit]
    todo = [product for product in products if not _rows_path(folder, product.id).exists()]
    if progress is not None:
        progress(len(products) - len(todo), len(products))
    _run(
        todo,
        folder,
        settings,
        workers,
        lambda n: progress and progress(len(products) - len(todo) + n, len(products)),
    )
    intake = Intake(folder)
    for product in products:
        made = json.loads(_rows_path(folder, product.id).read_text("utf-8"))
        if "refused" in made:
            intake.offer()
            intake.refuse(product.id, made["refused"])
        for values in made.get("rows", ()):
            intake.offer()
            intake.add(Sample(**values | {"box": tuple(values["box"])}), product.id)
    intake.refusals[:0] = refusals
    intake.offered += sum(not r.kept for r in refusals)
    return intake.finish("made-pairs", f"{LICENCE} (pictures derived from Clothing Co-Parsing)")


def split_of(photo: str, seed: int) -> Split:
    """The split of a photo and of all products made from it."""
    return drawn_split(f"split {seed} {photo}")


def _plan(garments: Sequence[Sample], settings: Settings) -> list[_Product]:
    """All products in a fixed random order."""
    by_class: dict[tuple[str, str], list[Sample]] = {}
    for row in garments:
        by_class.setdefault((split_of(row.group, settings.seed), row.category), []).append(row)
    products = []
    for (split, category), rows in by_class.items():
        for row in rows:
            name = f"{row.group}-{category}"
            products.append(_Product(f"{name}-0", split, row, None))
            others = [other for other in rows if other.group != row.group]
            rng = _generator(settings.seed, "donors", name)
            chosen = rng.permutation(len(others))[: settings.per_garment - 1].tolist()
            for number, place in enumerate(chosen, start=1):
                products.append(_Product(f"{name}-{number}", split, row, others[place]))
    return sorted(products, key=lambda p: hashlib.sha256(f"{settings.seed} {p.id}".encode()).digest())


def _run(
    products: Sequence[_Product],
    out: Path,
    settings: Settings,
    workers: int,
    done: Callable[[int], Any],
) -> None:
    if workers <= 1:
        for number, product in enumerate(products, start=1):
            _make(product, out, settings)
            done(number)
        return
    # spawn: a fork of a process that holds Arrow's or torch's threads can hang.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_follow_the_parent) as pool:
        queue = iter(products)
        running: set[Future[None]] = set()
        finished = 0
        try:
            while True:
                for product in queue:
                    running.add(pool.submit(_make, product, out, settings))
                    if len(running) >= 4 * workers:
                        break
                if not running:
                    return
                ready, running = wait(running, return_when=FIRST_COMPLETED)
                for future in ready:
                    future.result()
                finished += len(ready)
                done(finished)
        except BrokenProcessPool:
            raise DatasetError(
                "a worker process was killed",
                where=str(out),
                hint="Run it again, with fewer workers if memory ran out: finished products are kept",
            ) from None
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _make(product: _Product, out: Path, settings: Settings) -> None:
    """Write the views of one product, then its rows."""
    rng = _generator(settings.seed, "views", product.id)
    attributes: dict[str, Any] = {"photo": product.source.group}
    try:
        pixels, mask = views.load_garment(product.source, settings.size)
        if product.donor is not None:
            least = max(12, min(36, 36 * settings.size // 256))
            patch = px.cloth_patch(*views.load_garment(product.donor, settings.size), least=least)
            if patch is None:
                _keep_rows(out, product.id, {"refused": f"no square of cloth to take: {product.donor.image}"})
                return
            pixels = px.reclothe(pixels, mask, patch, rng)
            attributes["cloth"] = product.donor.group
    except (PhotoError, ManifestError) as error:
        _keep_rows(out, product.id, {"refused": str(error)})
        return
    rows = []
    for number in range(settings.street):
        picture, seen = views.street_view(pixels, mask, rng, settings.size)
        rows.append(_keep(out, product, f"street-{number}", picture, seen, rng, attributes))
    for number in range(settings.shop):
        picture, seen = views.shop_view(pixels, mask, rng, settings.size)
        rows.append(_keep(out, product, f"shop-{number}", picture, seen, rng, attributes))
    _keep_rows(out, product.id, {"rows": rows})


def _keep(
    out: Path,
    product: _Product,
    name: str,
    pixels: px.Pixels,
    mask: Mask,
    rng: np.random.Generator,
    attributes: dict[str, Any],
) -> dict[str, Any]:
    """Write one view and return its row."""
    domain = name.partition("-")[0]
    quality = int(rng.integers(60, 93)) if domain == "street" else 92
    image = f"pictures/{product.id}/{name}.jpg"
    _write(out / image, encode_jpeg(Image.fromarray((np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8)), quality))
    return {
        "image": image,
        "domain": domain,
        "product_id": product.id,
        "category": product.source.category,
        "split": product.split,
        "box": list(box_of_mask(mask).corners),
        "view": "flat" if domain == "shop" else "",
        "attributes": attributes,
        "group": product.source.group,
        "mask": encode_rle(mask),
    }


def _unfit(row: Sample) -> str:
    """Why no product is made of a garment; ``""`` if one is."""
    box, pixels = row.as_box(), row.attributes["pixels"]
    if pixels < LEAST_PIXELS or box is None or min(box.width, box.height) < LEAST_SIDE:
        return f"too small to make pairs of: {pixels} pixels"
    if pixels < LEAST_FILL * box.area or min(box.width, box.height) < LEAST_ASPECT * max(box.width, box.height):
        shape = f"{box.width:.0f} x {box.height:.0f} pixels, {pixels / box.area:.0%} filled"
        return f"too little of it is seen to make pairs of: {shape}"
    return ""


def _claim(out: Path, settings: Settings) -> None:
    """Claim ``out`` for these settings, or check that it has them."""
    wanted = {"version": VERSION, **asdict(settings)}
    marker = out / _SETTINGS
    if marker.exists():
        try:
            found = json.loads(marker.read_text("utf-8"))
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise DatasetError(f"{_SETTINGS} is damaged", where=str(out), hint="Choose another folder")
        if found != wanted:
            other = ", ".join(f"{k} {found.get(k)}" for k in wanted if found.get(k) != wanted[k])
            raise DatasetError(
                f"holds made pairs with other settings ({other})", where=str(out), hint="Choose another folder"
            )
    elif out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DatasetError("holds something else", where=str(out), hint="Choose an empty or new folder")
    _write(marker, json.dumps(wanted, indent=1).encode())


def _rows_path(out: Path, product: str) -> Path:
    return out / "rows" / f"{product}.json"


def _keep_rows(out: Path, product: str, values: dict[str, Any]) -> None:
    _write(_rows_path(out, product), json.dumps(values).encode())


def _write(path: Path, content: bytes) -> None:
    """Write in one step; a file that cannot be written is a :class:`DatasetError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, content)
    except OSError as error:
        raise DatasetError(
            f"cannot be written ({error.strerror or error})",
            where=str(path),
            hint="Make room or choose a folder you may write to, and run it again: finished products are kept",
        ) from None


def _follow_the_parent() -> None:
    """In a worker: ignore interrupts, which the parent handles, and exit when the parent dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()

    def wait_and_leave() -> None:
        if parent is not None:
            parent.join()
        os._exit(1)

    threading.Thread(target=wait_and_leave, daemon=True).start()


def _generator(seed: int, *purpose: str) -> np.random.Generator:
    digest = hashlib.sha256("\n".join((str(seed), *purpose)).encode()).digest()
    return np.random.default_rng(np.frombuffer(digest, dtype=np.uint32))
