"""Which names a request may call this server by.

A page of another site can point a host name of its own at this machine (DNS rebinding); the browser then lets the page
read what this server answers, but still sends that name as ``Host``. So only known names are answered.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from streetshop.core.errors import UsageError
from streetshop.web.problems import REQUEST_ID, problem
from streetshop.web.security import is_loopback

_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")
_EVERYWHERE: Final = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - compared with, not bound to


class AllowedHosts:
    """ASGI middleware: answers requests for the loopback names and ``names``, and refuses all others with 421.

    Args:
        app: what answers.
        names: host names and addresses, without ports. One that stands for all addresses of the machine, such as
            0.0.0.0, allows every address: rebinding needs a name.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str] = ()) -> None:
        self._app = app
        self._names = {_plain(name) for name in names}
        self._any_address = bool(self._names & _EVERYWHERE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or refuse one request."""
        hosts = Headers(scope=scope).getlist("host") if scope["type"] == "http" else []
        # HTTP/1.0 has no Host, and browsers do not speak it.
        if all(self.allows(host) for host in hosts):
            await self._app(scope, receive, send)
            return
        if all(_HOST.fullmatch(host) for host in hosts):
            slug, status, detail = "misdirected-request", 421, "This server has no such host name."
            hint = "Use its address, or let the operator start it with --allowed-host NAME."
        else:
            slug, status, detail = "bad-request", 400, "The Host header is no host name."
            hint = "Send NAME or NAME:PORT."
        request_id = str(scope.get(REQUEST_ID, ""))
        answer = problem(slug, status, detail, hint=hint, request_id=request_id, headers={"Connection": "close"})
        await answer(scope, receive, send)

    def allows(self, host: str) -> bool:
        """Whether the value of a ``Host`` header is a name of this server, with any port."""
        found = _HOST.fullmatch(host)
        if found is None:
            return False
        name = _plain(found[1])
        return name in self._names or is_loopback(name) or (self._any_address and _is_address(name))


def check_host_name(name: str) -> str:
    """A name for :class:`AllowedHosts` as an operator gives it. Raises UsageError if it is none."""
    found = _HOST.fullmatch(name)
    if not _is_address(name) and (found is None or found[2]):
        raise UsageError(f"{name[:80]!r} is no host name", hint="Give a name or an address without scheme and port")
    return name


def _plain(name: str) -> str:
    name = name.strip("[]").lower().removesuffix(".")
    return ipaddress.ip_address(name).compressed if _is_address(name) else name


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
