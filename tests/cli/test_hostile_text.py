"""Titles, ids and file names of strangers never command the terminal, and --json keeps them as they are."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from streetshop.catalog.open import open_catalog
from streetshop.core.terminal import printable
from tests.catalog.filled import filled_catalog, square
from tests.cli.running import Ran, call

PHOTO = "blue \x1b[2J \x9b31m \u202e.png"
HOSTILE = "\x1b]0;owned\x07 \x1b[2J \x9b31m \u202egnp.exe \u2066 [red]bold[/red]"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop whose products all have hostile texts, and a photo with such a name."""
    folder = tmp_path_factory.mktemp("hostile")
    store, _ = filled_catalog(folder)
    Image.fromarray(square("blue", "checks")).save(folder / PHOTO)
    entries = store.entries(list(store.ids()))
    store.upsert(
        [
            replace(e, product=replace(e.product, title=HOSTILE, category=HOSTILE, brand=HOSTILE, currency=HOSTILE))
            for e in entries.values()
        ]
    )
    store.close()
    return folder


COMMANDS = [
    ("search", "PHOTO", "--catalog", "shop.catalog", "--encoder", "encoder", "--reader", "none"),
    ("look", "PHOTO", "--reader", "none", "--out", "out"),
    ("look", "PHOTO", f"{HOSTILE}.jpg", "--reader", "none", "--out", "out"),
    ("look", f"{HOSTILE}.jpg", "--reader", "none"),
    ("embed", "PHOTO", f"{HOSTILE}.jpg", "--encoder", "encoder", "--reader", "none", "--out", "v.parquet"),
    ("catalog", "get", "shop.catalog", "ID"),
    ("catalog", "get", "shop.catalog", HOSTILE),
    ("catalog", "info", "shop.catalog"),
    ("index", f"{HOSTILE}.csv", "--catalog", "new.catalog"),
    ("search", "PHOTO", "--catalog", "shop.catalog", "--encoder", "encoder", "--filter", f"title = '{HOSTILE}"),
]


def run_one(folder: Path, words: tuple[str, ...], *more: str) -> Ran:
    known = next(i for i in open_catalog(str(folder / "shop.catalog")).ids())
    return call(*(PHOTO if w == "PHOTO" else known if w == "ID" else w for w in words), *more, cwd=folder)


@pytest.mark.parametrize("words", COMMANDS)
def test_nothing_printed_commands_the_terminal(hostile: Path, words: tuple[str, ...]) -> None:
    ran = run_one(hostile, words)
    text = ran.out + ran.err
    assert text.strip()
    assert not set(text) & set("\x1b\x07\x9b\u202e\u2066")
    assert printable(text) == text


def test_json_keeps_the_text(hostile: Path) -> None:
    ran = run_one(hostile, COMMANDS[0], "--json")
    assert printable(ran.out) == ran.out
    matches = json.loads(ran.out)["garments"][0]["matches"]
    assert {match["title"] for match in matches} == {HOSTILE}
