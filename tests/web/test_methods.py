"""HEAD on every route that answers GET; 405 lists what is allowed."""

from __future__ import annotations

import httpx

from tests.web.serving import Running, read_answer

PATHS = {
    "/": "GET, HEAD",
    "/favicon.ico": "GET, HEAD",
    "/page/app.js": "GET, HEAD",
    "/openapi.json": "GET, HEAD",
    "/healthz": "GET, HEAD",
    "/readyz": "GET, HEAD",
    "/metrics": "GET, HEAD",
    "/v1/catalog": "GET, HEAD",
    "/v1/products/red-plain": "DELETE, GET, HEAD, PATCH, PUT",
    "/v1/products/red-plain/look": "GET, HEAD",
    "/v1/products/bulk": "DELETE, GET, HEAD, PATCH, POST, PUT",
    "/v1/page": "POST",
    "/v1/webhooks/shopify": "POST",
    "/v1/webhooks/woocommerce": "POST",
    "/v1/products/red-plain/similar": "GET, HEAD",
    "/v1/products/red-plain/image/0": "GET, HEAD",
    "/v1/search": "POST",
    "/v1/search/vector": "POST",
    "/v1/search/text": "GET, HEAD",
    "/v1/search/heatmap": "POST",
    "/v1/look": "POST",
}


def test_every_path_is_in_this_test(client: httpx.Client) -> None:
    described = {path.format(product_id="red-plain", shot=0) for path in client.get("/openapi.json").json()["paths"]}
    assert described <= set(PATHS)


def test_head_is_get_without_the_body(client: httpx.Client) -> None:
    for path, allowed in PATHS.items():
        if "GET" in allowed:
            got, head = client.get(path), client.head(path)
            assert (head.status_code, head.content) == (got.status_code, b""), path
            same = {"content-type", "etag", "cache-control", "content-security-policy"}
            if path != "/metrics":  # its length changes
                same.add("content-length")
            for name in same:
                assert head.headers.get(name) == got.headers.get(name), (path, name)
    for path, status in (("/nowhere", 404), ("/v1/products/none", 404), ("/v1/catalog?a=1", 422)):
        head = client.head(path)
        assert (head.status_code, head.content) == (status, b""), path


def test_a_head_leaves_the_connection_in_step(server: Running) -> None:
    with server.connect() as connection:
        request = b"HEAD /v1/catalog HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n"
        connection.sendall(request + b"Connection: close\r\n\r\n")
        data = b""
        while more := connection.recv(65536):
            data += more
    first, _, rest = data.partition(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 200")
    assert rest.startswith(b"HTTP/1.1 200")
    assert rest.endswith(b'{"status":"ok"}')


def test_other_methods_are_refused_with_the_list(server: Running, client: httpx.Client) -> None:
    for path, allowed in PATHS.items():
        for method in ("PATCH", "OPTIONS", "TRACE", "PUT", "DELETE", "POST", "GET", "HEAD"):
            if method in allowed or (method == "HEAD" and "GET" in allowed):
                continue
            answer = client.request(method, path)
            assert (answer.status_code, answer.headers.get("allow")) == (405, allowed), (method, path)
            assert answer.headers["content-type"] == "application/problem+json"
    with server.connect() as connection:
        connection.sendall(b"TRACE / HTTP/1.1\r\nHost: localhost\r\nX-Secret: a\r\n\r\n")
        status, _, body = read_answer(connection)
    assert status == 405
    assert b"Secret" not in body
