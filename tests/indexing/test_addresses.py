"""Addresses that may be fetched from, and URLs."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetshop.core.errors import FetchRefused
from streetshop.indexing.addresses import check_url, public_only


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses_pass(address: str) -> None:
    assert public_only(ipaddress.ip_address(address)) is None


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("ftp://a.example/a.jpg", "scheme 'ftp'"),
        ("file:///etc/passwd", "scheme 'file'"),
        ("gopher://a.example/", "scheme 'gopher'"),
        ("data:image/png;base64,AAAA", "scheme 'data'"),
        ("//a.example/a.jpg", "scheme ''"),
        ("http://user@a.example/", "names a user"),
        ("http://user:password@a.example/", "names a user"),
        ("http://a.example@127.0.0.1/", "names a user"),
        ("http://a.example\\@127.0.0.1/", "backslash"),
        ("http://a.example/\r\nHost: b", "control characters"),
        ("http://a.example/a b.jpg", "blanks"),
        ("http:///a.jpg", "no name of a host"),
        ("http://a..example/", "no name of a host"),
        ("http://a.example:0/", "port 0"),
        ("http://a.example:99999/", "no address"),
        ("http://[fe80::1%25eth0]/", "no IPv6 address"),
        ("http://[::1/", "no address"),
        ("http://" + "a" * 5000, "5007 characters"),
        ("http://" + "a" * 64 + ".example/", "no name of a host"),
    ],
)
def test_urls_that_are_refused(url: str, text: str) -> None:
    with pytest.raises(FetchRefused) as caught:
        check_url(url)
    assert text in str(caught.value)


def test_urls_that_pass() -> None:
    target = check_url("HTTPS://Shop.Example./Bild/größe%20a.jpg?w=1,2#part")
    assert (target.scheme, target.host, target.port) == ("https", "shop.example", 443)
    assert target.path == "/Bild/gr%C3%B6%C3%9Fe%20a.jpg?w=1,2"
    assert check_url("http://bücher.example").host == "xn--bcher-kva.example"
    assert check_url("/x.jpg", base="http://a.example:81/y/z").url == "http://a.example:81/x.jpg"
    assert check_url("http://[2606:4700::1111]:8080/").host == "2606:4700::1111"


@given(st.text(max_size=60), st.sampled_from(["", "http://", "http://a.example/", "https://[", "http://1.2."]))
def test_any_text_as_url_is_checked_or_refused(text: str, start: str) -> None:
    try:
        target = check_url(start + text)
    except FetchRefused:
        return
    assert target.scheme in ("http", "https")
    assert target.host.isascii()
    assert target.path.isascii()
