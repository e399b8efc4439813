"""The shops that commands name."""

from __future__ import annotations

from pathlib import Path

import pytest

from streetshop.cli.shops import secret, webhooks
from streetshop.core.errors import StreetshopError, UsageError
from streetshop.indexing.fetch import Fetcher


def test_secrets_come_from_the_environment_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREETSHOP_X", " hidden \n")
    assert secret("STREETSHOP_X", "it") == "hidden"
    monkeypatch.delenv("STREETSHOP_X")
    with pytest.raises(UsageError, match="it is missing"):
        secret("STREETSHOP_X", "it")
    (tmp_path / "file").write_text("from a file\nmore\n".replace(" ", "-"))
    monkeypatch.setenv("STREETSHOP_X_FILE", str(tmp_path / "file"))
    assert secret("STREETSHOP_X", "it") == "from-a-file"
    (tmp_path / "file").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="not ASCII"):
        secret("STREETSHOP_X", "it")


def test_webhooks_need_a_system_an_address_and_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetcher = Fetcher()
    for bad in ("", "magento=x", "shopify", "shopify=", "=x"):
        with pytest.raises(UsageError, match="shopify=SHOP"):
            webhooks(bad, str(tmp_path), fetcher)
    monkeypatch.setenv("STREETSHOP_SHOPIFY_TOKEN", "token")
    with pytest.raises(UsageError, match="STREETSHOP_SHOPIFY_SECRET"):
        webhooks("shopify=mine", str(tmp_path), fetcher)
    monkeypatch.setenv("STREETSHOP_SHOPIFY_SECRET", "hidden")
    with pytest.raises(StreetshopError, match="https"):
        webhooks("shopify=http://mine.example", str(tmp_path), fetcher)
    hooks = webhooks("shopify=mine", str(tmp_path), fetcher)
    assert (hooks.kind, hooks.shop.name) == ("shopify", "shopify mine.myshopify.com")
    monkeypatch.setenv("STREETSHOP_WOOCOMMERCE_KEY", "ck:cs")
    monkeypatch.setenv("STREETSHOP_WOOCOMMERCE_SECRET", "hidden")
    assert webhooks("woocommerce=mine.example", str(tmp_path), fetcher).shop.name == "woocommerce mine.example"
