"""The addresses that pictures may be fetched from.

A feed is untrusted, and a fetch runs inside the network of the shop: without checks it would reach servers that are not
reachable from outside (server-side request forgery).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import urljoin, urlsplit

from streetshop.core.errors import FetchRefused

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
AddressPolicy: TypeAlias = Callable[[Address], str | None]
"""Returns why an address may not be connected to, None if it may."""

MAX_URL: Final = 4096
"""Characters of an address, at most."""

_SHARED: Final = ipaddress.ip_network("100.64.0.0/10")
_NAT64: Final = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
_COMPATIBLE: Final = ipaddress.IPv6Network("::/96")
_GLOBAL_V6: Final = ipaddress.IPv6Network("2000::/3")
_HOST: Final = re.compile(r"(?=.{1,253}\.?$)([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_-]{1,63}\.?")
_NUMERIC_LABEL: Final = re.compile(r"\d+|0[xX][0-9A-Fa-f]*")
_PORTS: Final = {"http": 80, "https": 443}


def public_only(address: Address) -> str | None:
    """The default policy: addresses of the public internet only.

    IPv6 addresses that embed an IPv4 address (mapped, NAT64) are judged by it; 6to4, Teredo and IPv4-compatible ones
    are refused, since no pictures are served there.
    """
    if isinstance(address, ipaddress.IPv6Address):
        inner = _carried(address)
        if inner is not None:
            reason = public_only(inner)
            return f"{reason}, inside IPv6" if reason else None
        if address.sixtofour is not None:
            return "a 6to4 address"
        if address.teredo is not None:
            return "a Teredo address"
    for reason, applies in (
        ("an unspecified address", address.is_unspecified),
        ("a loopback address", address.is_loopback),
        ("a link-local address", address.is_link_local),
        ("a multicast address", address.is_multicast),
        ("a shared (CGNAT) address", address in _SHARED),
        ("a private address", address.is_private),
        ("a reserved address", address.is_reserved or not address.is_global),
        ("no global unicast address", address.version == 6 and address not in _GLOBAL_V6),
    ):
        if applies:
            return reason
    return None


def _carried(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64[0]:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _NAT64[1] or (address in _COMPATIBLE and int(address) > 1):
        # Local-use NAT64 and the obsolete form ::a.b.c.d: refused as this address is, to which nothing is bound.
        return ipaddress.IPv4Address("0.0.0.0")  # noqa: S104
    return None


@dataclass(frozen=True, slots=True)
class Target:
    """The checked address of a picture.

    Attributes:
        url: the whole address.
        scheme: ``http`` or ``https``.
        host: lower-case ASCII name, or a literal address without brackets.
        port: number.
        path: with the query, percent-encoded.
    """

    url: str
    scheme: str
    host: str
    port: int
    path: str


def check_url(url: str, base: str | None = None) -> Target:
    """Parse and check an address.

    Args:
        url: the address.
        base: the address that a relative ``url`` (of a redirect) refers to.

    Raises:
        FetchRefused: for anything but plain ``http(s)://name[:port]/...``: other schemes, a user before ``@``,
            addresses in decimal, octal, hexadecimal or short form, zones, blanks, backslashes.
    """
    if len(url) > MAX_URL:
        raise FetchRefused(f"an address of {len(url)} characters", hint=f"At most {MAX_URL} are fetched")
    # Programs parse these differently, which attacks exploit.
    if any(c <= " " or c == "\\" or c == "\x7f" for c in url):
        raise FetchRefused("the address holds blanks, control characters or a backslash", where=repr(url)[:200])
    try:
        parts = urlsplit(urljoin(base, url) if base else url)
        port = parts.port
    except ValueError as error:
        raise FetchRefused(f"no address ({error})", where=url[:200]) from None
    url = parts.geturl()
    where = url[:200]
    if parts.scheme not in _PORTS:
        raise FetchRefused(f"the scheme {parts.scheme!r} is not fetched", where=where, hint="Use http or https")
    if "@" in parts.netloc:
        raise FetchRefused("the address names a user", where=where, hint="Remove everything up to the @")
    if port == 0:
        raise FetchRefused("port 0", where=where)
    host = _check_host(parts.hostname or "", bracketed="[" in parts.netloc, where=where)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(url, parts.scheme, host, port or _PORTS[parts.scheme], _ascii_path(path))


def _check_host(host: str, *, bracketed: bool, where: str) -> str:
    if bracketed:
        try:
            return str(ipaddress.IPv6Address(host if "%" not in host else ""))
        except ValueError:
            raise FetchRefused("no IPv6 address", where=where, hint="Zones are not allowed") from None
    try:
        # As for a resolver: wide and circled digits become plain ones.
        ascii_host = host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        ascii_host = ""
    if not _HOST.fullmatch(ascii_host):
        raise FetchRefused(f"{host[:100]!r} is no name of a host", where=where)
    ascii_host = ascii_host.rstrip(".")
    if _NUMERIC_LABEL.fullmatch(ascii_host.rpartition(".")[2]):
        try:
            return str(ipaddress.IPv4Address(ascii_host))
        except ValueError:
            raise FetchRefused(
                f"{host[:100]!r} is a number, not a name", where=where, hint="Write addresses as four decimal numbers"
            ) from None
    return ascii_host


def _ascii_path(path: str) -> str:
    """Percent-encode non-ASCII characters only."""
    return "".join(c if c.isascii() else "".join(f"%{byte:02X}" for byte in c.encode(errors="replace")) for c in path)
