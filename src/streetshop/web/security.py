"""Who may write, where the server may listen, and which headers go with every answer."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from starlette.requests import Request

from streetshop.core.errors import ServerError, UsageError
from streetshop.web.problems import Unauthorized

MIN_KEY_LENGTH: Final = 16

PAGE_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
"""Content security policy of the page: nothing inline, nothing from elsewhere, no markup made from strings."""

API_POLICY: Final = "default-src 'none'; frame-ancestors 'none'; sandbox"
"""Content security policy of everything else: an answer opened as a page can do nothing."""

HEADERS: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), interest-cohort=()",
}
"""On every answer."""


class ApiKey:
    """The key that writes need. Only its digest is kept; it shows in no ``repr`` and no log."""

    __slots__ = ("_digest",)

    def __init__(self, key: str) -> None:
        if len(key) < MIN_KEY_LENGTH:
            raise UsageError(
                f"an API key of {len(key)} characters is too short",
                hint=f"Use at least {MIN_KEY_LENGTH}, e.g. the output of: openssl rand -hex 32",
            )
        if not key.isascii() or not key.isprintable() or " " in key:
            raise UsageError("the API key holds blanks or other than printable ASCII", hint="Choose another key")
        self._digest = hashlib.sha256(key.encode()).digest()

    @classmethod
    def from_file(cls, path: Path) -> ApiKey:
        """The first line of a file. Raises UsageError when it cannot be read or is no key."""
        try:
            with path.open("rb") as file:
                text = file.read(4096).decode("ascii")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not ASCII text"
            raise UsageError(
                f"the API key file cannot be read ({reason})", where=str(path), hint="Put the key on its first line"
            ) from None
        return cls(text.partition("\n")[0].strip())

    def matches(self, offered: str) -> bool:
        """Whether ``offered`` is the key; takes the same time whatever is offered."""
        return hmac.compare_digest(hashlib.sha256(offered.encode("utf-8", "replace")).digest(), self._digest)


def require_key(request: Request, key: ApiKey | None) -> None:
    """Raise Unauthorized unless the request carries the key: ``Authorization: Bearer KEY`` or ``X-API-Key: KEY``."""
    if key is None:
        raise Unauthorized(
            "this server takes no writes",
            hint="Start it with --api-key-file to allow them",
        )
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    offered = value.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
    if not key.matches(offered):
        raise Unauthorized(
            "the API key is wrong" if offered else "an API key is needed",
            hint="Send it as `Authorization: Bearer KEY`",
        )


def check_bind(host: str, key: ApiKey | None) -> None:
    """Raise ServerError for an address that others can reach when there is no API key."""
    if key is None and not is_loopback(host):
        raise ServerError(
            f"refusing to listen on {host or 'all addresses'} without an API key",
            hint="Give --api-key-file, or listen on 127.0.0.1 and let a proxy face the network",
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``. Names other than localhost count as reachable."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
