"""The shops that commands name, and their secrets: from the environment or files, never from the command line."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from streetshop.feeds.shops.product import Shop
    from streetshop.indexing.fetch import Fetcher
    from streetshop.web.webhooks import ShopHooks

SHOPIFY_TOKEN: Final = "STREETSHOP_SHOPIFY_TOKEN"  # noqa: S105  # the name of a variable
SHOPIFY_SECRET: Final = "STREETSHOP_SHOPIFY_SECRET"  # noqa: S105
WOOCOMMERCE_KEY: Final = "STREETSHOP_WOOCOMMERCE_KEY"
WOOCOMMERCE_SECRET: Final = "STREETSHOP_WOOCOMMERCE_SECRET"  # noqa: S105
_MAX_SECRET: Final = 4096


def secret(name: str, what: str) -> str:
    """The value of an environment variable, or the first line of the file that ``NAME_FILE`` names.

    Raises:
        UsageError: neither is set, or the file cannot be read; the message never holds the value.
    """
    from streetshop.core.errors import UsageError

    value, path = os.environ.get(name, "").strip(), os.environ.get(f"{name}_FILE", "").strip()
    if value and path:
        raise UsageError(f"both {name} and {name}_FILE are set", hint="Unset one")
    if path:
        try:
            with Path(path).open("rb") as file:
                value = file.read(_MAX_SECRET).decode("ascii").partition("\n")[0].strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not ASCII text"
            raise UsageError(f"the file of {name}_FILE cannot be read ({reason})", where=path) from None
    if not value:
        raise UsageError(f"{what} is missing", hint=f"Set {name}, or {name}_FILE to a file with it on its first line")
    if not value.isascii() or not value.isprintable() or " " in value:
        raise UsageError(f"{name} holds blanks or other than printable ASCII", hint="Copy it again")
    return value


def shopify(shop: str, api_version: str | None = None, stop: threading.Event | None = None) -> Shop:
    """A shop of Shopify with its token. Raises UsageError, SyncError."""
    from streetshop.feeds.shops.shopify import API_VERSION, Shopify

    token = secret(SHOPIFY_TOKEN, "the access token of the shop's app")
    return Shopify(shop, token, api_version=api_version or API_VERSION, stop=stop)


def woocommerce(shop: str, stop: threading.Event | None = None) -> Shop:
    """A shop of WooCommerce with its key. Raises UsageError, SyncError."""
    from streetshop.core.errors import UsageError
    from streetshop.feeds.shops.woocommerce import WooCommerce

    key, sign, hidden = secret(WOOCOMMERCE_KEY, "the shop's REST key").partition(":")
    if not sign or not hidden:
        raise UsageError(f"{WOOCOMMERCE_KEY} is not KEY:SECRET", hint="Write consumer key, colon, consumer secret")
    return WooCommerce(shop, key, hidden, stop=stop)


def webhooks(named: str, catalog: str, fetcher: Fetcher) -> ShopHooks:
    """The shop that ``serve --sync`` names, with the secret of its webhooks. Raises UsageError, SyncError."""
    from streetshop.catalog.open import local_path
    from streetshop.core.errors import UsageError
    from streetshop.indexing.sync_state import SyncState
    from streetshop.web.webhooks import ShopHooks

    kind, _, address = named.partition("=")
    stop = threading.Event()
    if kind == "shopify" and address:
        shop, hidden = shopify(address, stop=stop), secret(SHOPIFY_SECRET, "the secret of the shop's app")
        return ShopHooks("shopify", shop, hidden.encode(), SyncState(local_path(catalog), shop.name), fetcher, stop)
    if kind == "woocommerce" and address:
        shop, hidden = woocommerce(address, stop), secret(WOOCOMMERCE_SECRET, "the secret of the shop's webhooks")
        return ShopHooks("woocommerce", shop, hidden.encode(), SyncState(local_path(catalog), shop.name), fetcher, stop)
    raise UsageError(f"--sync {named!r:.100}", hint="Write shopify=SHOP or woocommerce=ADDRESS")
