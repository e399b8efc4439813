"""Bad input ends every command with one clear message and exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import call


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("search", "blue.png", "--catalog", "nowhere"), "no catalog"),
        (("search", "none.png", "--catalog", "shop.catalog", "--encoder", "encoder"), "no such file"),
        (("search", "bad.jpg", "--catalog", "shop.catalog", "--encoder", "encoder"), "not a picture"),
        (("search", "blue.png", "--catalog", "shop.catalog"), "--rebuild"),
        (("search", "blue.png", "--catalog", "shop.catalog", "--encoder", "shop.catalog"), "bundle"),
        (
            ("search", "blue.png", "--catalog", "shop.catalog", "--encoder", "encoder", "--filter", "price <"),
            "position 7",
        ),
        (
            ("search", "blue.png", "--catalog", "shop.catalog", "--encoder", "encoder", "--weight", "colour"),
            "BLOCK=NUMBER",
        ),
        (("search", "blue.png", "--catalog", "shop.catalog", "--encoder", "encoder", "--weights", "sheen=1"), "sheen"),
        (
            ("search", "blue.png", "--catalog", "shop.catalog", "--encoder", "encoder", "--weights", "same sleeve"),
            "There are balanced, same item",
        ),
        (("search", "blue.png", "--catalog", "shop.catalog", "--encoder", "encoder", "--box", "1,2"), "four numbers"),
        (
            ("search", "blue.png", "--catalog", "shop.catalog", "--encoder", "encoder", "--box", "90,90,99,99"),
            "outside",
        ),
        (("search", "blue.png", "--catalog", "shop.catalog", "--encoder", "encoder", "--garment", "4"), "no garment 4"),
        (
            ("search", "blue.png", "--catalog", "shop.catalog", "--encoder", "encoder", "-k", "0"),
            "k: 0 is out of range. Ask for 1",
        ),
        (("search", "blue.png", "--catalog", "ftp://example"), "ftp"),
        (("catalog", "info", "milvus://localhost:1"), "milvus"),
        (("catalog", "restore", "nowhere", "new.catalog"), "nowhere"),
        (("embed", "encoder", "--out", "v.parquet"), "no picture"),
        (("embed", "bad.jpg", "--out", "v.parquet", "--encoder", "encoder"), "no picture could be read"),
        (("embed", "blue.png", "--out", "blue.png/v.parquet", "--encoder", "encoder"), "blue.png"),
        (("look", "bad.jpg"), "not a picture"),
        (("look", "blue.png", ""), "PHOTO... is empty"),
        (("look", "blue.png", "--out", ""), "--out is empty"),
        (("search", "blue.png", "--catalog", ""), "--catalog is empty"),
        (
            ("search", "blue.png", "--catalog", "shop.catalog", "--encoder", "encoder", "-k", "201"),
            "201 is out of range",
        ),
    ],
)
def test_bad_input_is_one_clear_error(shop: Path, arguments: tuple[str, ...], message: str) -> None:
    ran = call(*arguments, cwd=shop)
    assert ran.code == 2, (ran.out, ran.err)
    assert message in ran.err
    assert "error" in ran.err.lower()
