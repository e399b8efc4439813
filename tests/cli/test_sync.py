"""``streetshop sync``, against stubs of the shops."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from streetshop.indexing import fetch
from tests.cli.running import Ran, call
from tests.feeds.shops.stubs import KEY, SECRET, TOKEN, StubShopify, StubWooCommerce, reply
from tests.indexing.test_sync import own_machine, picture
from tests.models.tiny import tiny_encoder


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StubShopify]:
    # The stub is on this machine, from which no pictures are fetched otherwise.
    monkeypatch.setattr(fetch, "Fetcher", own_machine)
    monkeypatch.setenv("STREETSHOP_SHOPIFY_TOKEN", TOKEN)
    stub = StubShopify()
    with stub.running():
        for number in range(1, 4):
            stub.pictures[f"/pictures/{number}.png"] = picture("red", number)
            stub.add(number, f"/pictures/{number}.png")
        yield stub


def sync(tmp_path: Path, *words: object) -> Ran:
    bundle = tmp_path / "bundle"
    if not bundle.exists():
        tiny_encoder(bundle)
    common = ("--catalog", tmp_path / "c", "--encoder", bundle, "--reader", "none", "--no-optimize")
    return call("sync", *words, *common)


def test_a_first_import_and_what_changed(shop: StubShopify, tmp_path: Path) -> None:
    done = sync(tmp_path, "shopify", shop.url)
    assert done.code == 0, done.err
    assert "3 products read" in done.out
    assert "3 products; 3 added" in done.out
    assert "since 2026-01-01T00:00:00Z" in done.out
    shop.products[2] |= {"status": "DRAFT", "updatedAt": "2026-02-01T00:00:00Z"}
    report = json.loads(sync(tmp_path, "shopify", shop.url, "--json").out)
    assert (report["deleted"], report["left_out"], report["products"]) == (1, {"draft": 1}, 2)
    assert json.loads(sync(tmp_path, "shopify", shop.url, "--json", "--full").out)["read"] == 3


def test_woocommerce(shop: StubShopify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text(f"{KEY}:{SECRET}\n")
    monkeypatch.setenv("STREETSHOP_WOOCOMMERCE_KEY_FILE", str(tmp_path / "key"))
    stub = StubWooCommerce()
    with stub.running():
        stub.pictures["/pictures/1.png"] = picture("blue")
        stub.add(1, "/pictures/1.png")
        assert "1 added" in sync(tmp_path, "woocommerce", stub.url).out


def test_errors_are_one_message_without_the_secret(
    shop: StubShopify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.failures = [reply({"errors": "[API] Invalid API key or access token"}, 401)]
    refused = sync(tmp_path, "shopify", shop.url)
    assert (refused.code, refused.out) == (2, "")
    assert "refused the key (401: [API] Invalid API key or access token)" in refused.err
    assert TOKEN not in refused.err
    for variable, value, says in (
        ("STREETSHOP_SHOPIFY_TOKEN", "", "Set STREETSHOP_SHOPIFY_TOKEN"),
        ("STREETSHOP_SHOPIFY_TOKEN", "a b", "holds blanks"),
        ("STREETSHOP_SHOPIFY_TOKEN_FILE", str(tmp_path / "none"), "both"),
    ):
        with monkeypatch.context() as patched:
            patched.setenv(variable, value)
            done = sync(tmp_path, "shopify", shop.url)
            assert (done.code, says in done.err) == (2, True), done.err
    monkeypatch.delenv("STREETSHOP_SHOPIFY_TOKEN")
    monkeypatch.setenv("STREETSHOP_SHOPIFY_TOKEN_FILE", str(tmp_path / "none"))
    assert "cannot be read (No such file" in sync(tmp_path, "shopify", shop.url).err
    monkeypatch.setenv("STREETSHOP_WOOCOMMERCE_KEY", "ck_alone")
    assert "not KEY:SECRET" in sync(tmp_path, "woocommerce", shop.url).err
    assert "ck_alone" not in sync(tmp_path, "woocommerce", shop.url).err


def test_nothing_usable_and_nothing_deleted_end_with_exit_code_1(shop: StubShopify, tmp_path: Path) -> None:
    pictures, shop.pictures = shop.pictures, {}
    done = sync(tmp_path, "shopify", shop.url)
    assert (done.code, "3 products have refused pictures" in done.err) == (1, True), done.err
    shop.pictures = pictures
    assert sync(tmp_path, "shopify", shop.url).code == 0
    shop.products.clear()
    done = sync(tmp_path, "shopify", shop.url)
    assert (done.code, "nothing was deleted" in done.err) == (1, True)


def test_serve_names_a_shop_that_it_does_not_know(tmp_path: Path) -> None:
    done = call("serve", "--catalog", tmp_path / "none", "--sync", "magento=x")
    assert done.code == 2
