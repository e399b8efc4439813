"""The process that listens."""

from __future__ import annotations

import socket

import pytest

from streetshop.core.errors import ServerError, UsageError
from streetshop.web.server import bind, url_of


@pytest.mark.parametrize("port", [-1, 65_536])
def test_ports_that_are_none(port: int) -> None:
    with pytest.raises(UsageError, match=f"port {port}"):
        bind("127.0.0.1", port)


def test_a_taken_port_and_a_foreign_address_are_said() -> None:
    with bind("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        assert url_of(listener) == f"http://127.0.0.1:{port}"
        with pytest.raises(ServerError, match="taken by another process") as refused:
            bind("127.0.0.1", port)
        assert refused.value.where == f"127.0.0.1:{port}"
    with pytest.raises(ServerError, match="cannot listen there"):
        bind("203.0.113.77", 0)
    with pytest.raises(ServerError, match="cannot listen there"):
        bind("no-such-host.invalid", 0)


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 on this machine")
def test_an_ipv6_address_is_in_brackets() -> None:
    try:
        listener = bind("::1", 0)
    except ServerError:
        pytest.skip("no IPv6 loopback on this machine")
    with listener:
        assert url_of(listener).startswith("http://[::1]:")
