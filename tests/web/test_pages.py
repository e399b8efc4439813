"""The files of the page: looked up by name, with a policy that runs nothing else."""

from __future__ import annotations

import re
import socket
from pathlib import Path


def test_the_page_holds_no_inline_script_style_or_address_elsewhere(client):
    page = Path(__file__).parents[2] / "src/streetshop/web/page"
    html = client.get("/").text
    assert not re.search(r"<script(?![^>]*\bsrc=)", html)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", html)
    for file in page.iterdir():
        text = file.read_text()
        addresses = set(re.findall(r"https?://[\w./-]+", text)) - {"http://www.w3.org/2000/svg"}
        assert not addresses, file.name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text), (
            file
        )


def test_page_files_are_looked_up_never_joined(client):
    for name in ("..%2fapp.py", "%2e%2e%2fapp.py", "..%2f..%2ferrors.py", "%2fetc%2fpasswd", "app.js%00", "APP.JS"):
        answer = client.get(f"/page/{name}")
        assert answer.status_code == 404, name
        assert answer.headers["content-type"] == "application/problem+json"
    for path in ("/page/../app.py", "/../../etc/passwd", "//etc/passwd"):
        with socket.create_connection(("127.0.0.1", client.base_url.port), timeout=5) as raw:
            raw.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            assert b" 404 " in raw.recv(200)
