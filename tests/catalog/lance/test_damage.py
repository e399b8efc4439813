"""Every file of a real catalog, damaged in every way: `verify` finds it, and no answer is wrong."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from streetshop.catalog.filters import parse_filter
from streetshop.catalog.open import create_catalog, open_catalog
from streetshop.catalog.store import Store
from streetshop.core.errors import CatalogError
from tests.catalog.conformance import META, assorted, found, unit_vectors

PRODUCTS = 60


@dataclass(frozen=True)
class Shop:
    """A catalog, a copy of it as it was before the last writes, and its answers."""

    path: Path
    older: Path
    answers: dict[str, object]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder = tmp_path_factory.mktemp("damage")
    path, older = folder / "shop.catalog", folder / "older.catalog"
    entries = assorted(PRODUCTS)
    store = create_catalog(str(path), META)
    store.upsert(entries[:30])
    store.upsert(entries[20:50])
    store.delete(["p0003"])
    store.optimize()
    shutil.copytree(path, older)
    store.upsert(entries[50:])
    store.delete(["p0007", "p0055"])
    store.upsert(assorted(PRODUCTS, seed=2)[5:6])
    assert open_catalog(str(path)).verify() == []
    return Shop(path, older, answers(open_catalog(str(path))))


def answers(store: Store) -> dict[str, object]:
    """What the catalog answers; an error in place of an answer that it cannot give."""
    names = [f"p{i:04d}" for i in range(PRODUCTS)]
    asked: dict[str, Callable[[], object]] = {
        "search": lambda: [found(store, unit_vectors(1, seed)[0], 10) for seed in range(5)],
        "filter": lambda: found(store, unit_vectors(1, 9)[0], 20, parse_filter("price < 10", store.fields())),
        "count": lambda: [store.count(parse_filter(t, store.fields())) for t in ("brand = zara", "has(organic)")],
        "get": lambda: store.get(names),
        "values": lambda: (store.values("color"), store.bounds("heel"), store.info().shots),
        "ids": lambda: list(store.ids()),
        "known": lambda: store.known(names),
        "entries": lambda: {
            name: (entry.product, entry.vectors.tobytes(), entry.thumbnails)
            for name, entry in store.entries(names).items()
        },
        "thumbnail": lambda: [store.thumbnail(name) for name in ("p0000", "p0005", "p0052")],
        "vectors": lambda: [np.asarray(store.vectors(name)).tobytes() for name in ("p0001", "p0005", "p0059")],
    }
    given: dict[str, object] = {}
    for name, ask in asked.items():
        try:
            given[name] = ask()
        except CatalogError as error:
            given[name] = error
    return given


# --- damage -----------------------------------------------------------------------------------------------------------


def flip(path: Path, rng: random.Random) -> bool:
    content = bytearray(path.read_bytes())
    if not content:
        return False
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)
    return True


def truncate(path: Path, rng: random.Random) -> bool:
    content = path.read_bytes()
    path.write_bytes(content[: rng.randrange(len(content))] if content else b"")
    return bool(content)


def zeros(path: Path, rng: random.Random) -> bool:
    content = bytearray(path.read_bytes())
    start = rng.randrange(len(content)) if content else 0
    same = not any(content[start : start + 512])
    content[start : start + 512] = bytes(len(content[start : start + 512]))
    path.write_bytes(content)
    return not same


def delete(path: Path, rng: random.Random) -> bool:
    path.unlink()
    return True


def older(path: Path, rng: random.Random, shop: Shop, root: Path) -> bool:
    """The file as it was earlier; or another one of its kind in its place."""
    earlier = shop.older / path.relative_to(root)
    others = [other for other in path.parent.iterdir() if other.suffix == path.suffix and other != path]
    source = earlier if earlier.exists() else rng.choice(others or [path])
    if source.read_bytes() == path.read_bytes():
        return False
    shutil.copyfile(source, path)
    return True


DAMAGES = ("flip", "truncate", "zeros", "delete", "older")


def damage(kind: str, path: Path, rng: random.Random, shop: Shop, root: Path) -> bool:
    """Damage a file; returns False if its content is as before."""
    if kind == "older":
        return older(path, rng, shop, root)
    return {"flip": flip, "truncate": truncate, "zeros": zeros, "delete": delete}[kind](path, rng)


def harmless(name: str, kind: str, shop: Shop) -> str:
    """Why no answer depends on a file, or on this damage of it; empty if one does."""
    path = Path(name)
    record = json.loads((shop.path / "g0001" / "checksums.json").read_text())["files"]
    if path.parts[0] == "locks":
        return "only the lock on it counts"
    if "shots.lance" in path.parts and path.relative_to("g0001/shots.lance").as_posix() not in record:
        return "the present version needs none of it"
    if name == "g0001/base.json" and kind in ("delete", "older"):
        return "the table is read instead"
    if name == "g0001/checksums.json" and kind == "older":
        return "what it lists is still so"
    return ""


def files_of(shop: Shop) -> list[str]:
    return sorted(path.relative_to(shop.path).as_posix() for path in shop.path.rglob("*") if path.is_file())


def cases(names: Sequence[str], kinds: Sequence[str], rounds: int, seed: int) -> Iterator[tuple[str, str, int]]:
    for number, name in enumerate(names):
        for kind in kinds:
            for round_ in range(rounds if kind in ("flip", "zeros", "truncate") else 1):
                yield name, kind, hash((seed, number, round_))


def check(shop: Shop, names: Sequence[str], kinds: Sequence[str], *, rounds: int = 1, seed: int) -> None:
    """Damage files, one at a time: it is found, unless it is harmless, and every answer is right or a typed error."""
    root = shop.path.parent / "damaged.catalog"
    for name, kind, number in cases(names, kinds, rounds, seed):
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(shop.path, root)
        if not damage(kind, root / name, random.Random(number), shop, root):
            continue
        label = f"{kind} of {name} ({number})"
        try:
            findings = [finding.what for finding in open_catalog(str(root)).verify()]
        except CatalogError as error:
            findings = [error.what]
        assert findings or harmless(name, kind, shop), f"unseen: {label}"
        try:
            given = answers(open_catalog(str(root)))
        except CatalogError:
            continue
        for question, answer in given.items():
            assert isinstance(answer, CatalogError) or answer == shop.answers[question], f"{question} after {label}"


def test_a_damaged_file_is_found_and_no_answer_is_wrong(shop: Shop) -> None:
    names = [name for name in files_of(shop) if not harmless(name, "flip", shop)]
    for at, kind in enumerate(DAMAGES):
        check(shop, names[at % 2 :: 2], (kind,), seed=at)


@pytest.mark.slow
@pytest.mark.parametrize("kind", DAMAGES)
def test_any_damage_of_any_file_is_found_and_no_answer_is_wrong(shop: Shop, kind: str) -> None:
    check(shop, files_of(shop), (kind,), rounds=2, seed=7)
