"""Any bytes as headers, fields, JSON or query strings: a documented answer, never a 500 and never silence."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from streetshop.web import schemas
from tests.web.serving import KEY, Running, multipart, png, read_answer, street

FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
GETS = [
    *("/", "/page/app.js", "/healthz", "/readyz", "/metrics", "/openapi.json", "/v1/catalog", "/v1/products/red-plain"),
    *("/v1/products/red-plain/similar", "/v1/products/red-plain/image/0", "/nowhere"),
]
NAMES = [
    *("Accept", "Accept-Encoding", "Accept-Charset", "If-None-Match", "If-Match", "If-Modified-Since", "If-Range"),
    *("Range", "Content-Type", "Content-Encoding", "Authorization", "X-API-Key", "Cookie", "Origin", "Forwarded"),
    *("X-Forwarded-For", "X-Forwarded-Host", "X-HTTP-Method-Override", "Expect", "TE", "Upgrade", "X-Request-Id"),
]
VALUE = st.one_of(
    st.binary(max_size=60).map(lambda raw: re.sub(rb"[\x00-\x08\x0a-\x1f\x7f]", b"", raw)),
    st.sampled_from([b"*", b'"', b'W/"', b'"a", *', b"bytes=0-5", b"bytes=-1", b"a;q=nan", b",,,", b"'"]),
    st.integers(min_value=0).map(lambda n: b"bytes=%d-" % n),
)
HEADERS = st.lists(st.tuples(st.sampled_from(NAMES), VALUE), max_size=4)


def ask(server: Running, method: str, target: bytes, headers: list[tuple[str, bytes]], body: bytes = b"") -> bytes:
    """Send a request as it stands; returns the body after the checks that hold for every answer."""
    lines = [method.encode() + b" " + target + b" HTTP/1.1", b"Host: localhost", b"Connection: close"]
    lines += [name.encode() + b": " + value for name, value in headers]
    if body or method in ("PATCH", "POST", "PUT"):
        lines.append(b"Content-Length: %d" % len(body))
    with server.connect() as connection:
        connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)
        status, fields, content = read_answer(connection)
    assert status != 500, content
    assert status < 500 or status == 503
    assert b"Traceback" not in content
    if status >= 400:
        assert fields["content-type"] == "application/problem+json"
        if method != "HEAD":
            assert json.loads(content)["status"] == status
    return content


@FUZZ
@given(method=st.sampled_from(["GET", "GET", "HEAD", "OPTIONS"]), path=st.sampled_from(GETS), headers=HEADERS)
def test_any_headers(server: Running, method: str, path: str, headers: list[tuple[str, bytes]]) -> None:
    ask(server, method, path.encode(), headers)


QUERY = st.one_of(
    st.text(st.sampled_from("kfilterwshov=&;%+,{}\"0123456789aF<>. '"), max_size=60).map(str.encode),
    st.lists(
        st.tuples(
            st.sampled_from([b"k", b"filter", b"weights", b"shot", b"v", b"kinds", b"offset", b"variants"]),
            st.one_of(
                st.binary(max_size=12).map(lambda raw: b"".join(b"%%%02x" % byte for byte in raw)),
                st.sampled_from([b"1", b"0", b"-0", b"1e999", b"9" * 5000, b"%D9%A3", b"%ED%A0%80", b"%zz", b"%00"]),
                st.sampled_from([b"colour=1", b"price%20%3C%203", b"[" * 3000, b"{%22colour%22:" + b"9" * 400 + b"}"]),
            ),
        ).map(b"=".join),
        max_size=4,
    ).map(b"&".join),
)


@FUZZ
@given(path=st.sampled_from(GETS), query=QUERY)
@example("/v1/products/red-plain/similar", b"k=1&k=1")
@example("/v1/products/red-plain/similar", b"weights={%22colour%22:" + b"9" * 400 + b"}")
def test_any_query_string(server: Running, path: str, query: bytes) -> None:
    query = re.sub(rb"[^!-~]|#", b"", query)
    ask(server, "GET", path.encode() + b"?" + query, [])


@FUZZ
@given(segment=st.binary(max_size=40).map(lambda raw: b"".join(b"%%%02X" % byte for byte in raw)))
@example(b"%ED%A0%80")
@example(b"%C0%80")
@example(b"%")
@example(b"%zz")
def test_any_product_id(server: Running, segment: bytes) -> None:
    for rest in (b"", b"/similar", b"/image/0", b"/image/" + segment):
        ask(server, "GET", b"/v1/products/" + segment + rest, [])
    ask(server, "DELETE", b"/v1/products/" + segment, [("X-API-Key", b"wrong")])


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.text(max_size=8)
    | st.integers()
    | st.sampled_from([10**400, -(10**400), "\ud800", "a\0b", "-0", 1e308]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
FIELDS = [
    "vector",
    "k",
    "filter",
    "weights",
    "kinds",
    "variants",
    "offset",
    "title",
    "price",
    "attributes",
    "id",
    "url",
]
DEEP = [b"[" * 100_000, b'{"a":' * 50_000, b'{"weights":' + b"[" * 3_000 + b"]" * 3_000 + b"}"]
NUMBERS = [b"9" * 5_000, b"1e999", b"-1e999", b"NaN", b"Infinity", b"-0", b"1" + b"0" * 400]
BODIES = st.one_of(
    st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4).map(lambda value: json.dumps(value).encode()),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.binary(max_size=80),
    st.sampled_from(DEEP),
    st.tuples(st.sampled_from(FIELDS), st.sampled_from(NUMBERS)).map(
        lambda pair: b'{"%s": %s}' % (pair[0].encode(), pair[1])
    ),
)
KIND = [("Content-Type", b"application/json")]


@FUZZ
@given(body=BODIES)
@example(DEEP[0])
@example(DEEP[1])
@example(DEEP[2])
def test_any_json(server: Running, body: bytes) -> None:
    ask(server, "POST", b"/v1/search/vector", KIND, body)
    form, kind = multipart({"product": "PRODUCT"}, [])
    ask(
        server,
        "PUT",
        b"/v1/products/fuzzed",
        [("Content-Type", kind.encode()), ("X-API-Key", KEY.encode())],
        form.replace(b"PRODUCT", body[:60_000].replace(b"--xx", b"")),
    )
    key = ("X-API-Key", KEY.encode())
    ask(server, "PATCH", b"/v1/products/fuzzed", [*KIND, key], body)
    results = ask(server, "POST", b"/v1/products/bulk", [("Content-Type", b"application/x-ndjson"), key], body)
    assert results.count(b'"line"') == sum(bool(line.strip()) for line in body.split(b"\n"))


CONTENT_TYPES = st.one_of(
    st.binary(max_size=40).map(lambda raw: b"multipart/form-data; " + re.sub(rb"[\x00-\x1f\x7f]", b"", raw)),
    st.tuples(
        st.sampled_from([b"multipart/form-data", b"MULTIPART/form-data", b"multipart/mixed", b"application/json", b""]),
        st.lists(
            st.sampled_from(
                [
                    *(
                        b"boundary=xx",
                        b'boundary="xx"',
                        b"boundary*=utf-8''xx",
                        b"boundary*0=x; boundary*1=x",
                        b"boundary=",
                    ),
                    *(
                        b"charset=undefined",
                        b"charset=punycode",
                        b"charset*=utf-16''%ff%fe",
                        b"charset*=undefined''a",
                        b'a="',
                    ),
                    *(
                        b"boundary=" + b"x" * 300,
                        b"boundary=\xff",
                        b"boundary*=undefined''xx",
                        b"charset=\xe9",
                        b"name*1*=a''%",
                    ),
                ]
            ),
            max_size=3,
        ),
    ).map(lambda parts: b"; ".join([parts[0], *parts[1]])),
)
PART_HEADERS = st.one_of(
    st.sampled_from(
        [
            *(b'Content-Disposition: form-data; name="k"', b"Content-Disposition: form-data; name*=undefined''k", b""),
            *(b"Content-Disposition: form-data", b'Content-Disposition: attachment; name="k"'),
            *(
                b'Content-Disposition: form-data; name="\xff\xfe"',
                b'Content-Disposition: form-data; name="k"; filename*=x',
            ),
            *(
                b"Content-Disposition: form-data; name=k; filename*=undefined''%ff",
                b"X: " + b"a" * 20_000,
                b": a",
                b"a\0b: c",
            ),
            *(b'Content-Disposition: form-data; name="_charset_"\r\n\r\nundefined\r\n--xx\r\nA: b',),
            b'Content-Disposition: form-data; name="k"\r\nContent-Type: text/plain; charset=undefined',
            b'Content-Disposition: form-data; name="k"\r\nContent-Transfer-Encoding: base64',
        ]
    ),
    st.binary(max_size=60),
)


@FUZZ
@given(kind=CONTENT_TYPES, parts=st.lists(st.tuples(PART_HEADERS, st.binary(max_size=20)), max_size=3))
@example(b"multipart/form-data; boundary=xx; charset=undefined", [(b'Content-Disposition: form-data; name="k"', b"3")])
@example(b"multipart/form-data; boundary=xx; charset=punycode", [(b'Content-Disposition: form-data; name="k"', b"3")])
def test_any_form(server: Running, kind: bytes, parts: list[tuple[bytes, bytes]]) -> None:
    body = b"".join(b"--xx\r\n" + head + b"\r\n\r\n" + value + b"\r\n" for head, value in parts) + b"--xx--\r\n"
    for method, path in (("POST", b"/v1/search"), ("POST", b"/v1/look"), ("PUT", b"/v1/products/fuzzed")):
        ask(server, method, path, [("Content-Type", kind), ("X-API-Key", KEY.encode())], body)


# --- answers are what the OpenAPI document says ---------------------------------------------------------------------


def routes(app: Any) -> list[APIRoute]:
    from streetshop.web.api import catalog, products, search

    return [
        route
        for router in (search.router, products.router, catalog.router)
        for route in router.routes
        if isinstance(route, APIRoute)
    ]


@pytest.mark.parametrize("vectors", ["true", "false"])
def test_answers_have_exactly_the_described_fields(client: httpx.Client, server: Running, vectors: str) -> None:
    photo = {"photo": png(street())}
    found = client.post("/v1/search", files=photo, data={"vectors": "true", "k": "1"}).json()
    vector = found["garments"][0]["vector"]
    answers = [
        client.post("/v1/search", files=photo, data={"vectors": vectors, "masks": vectors}),
        client.post("/v1/search/vector", json={"vector": vector, "k": 3}),
        client.post("/v1/look", files=photo, data={"masks": vectors}),
        client.get("/v1/products/red-plain"),
        client.get("/v1/products/red-plain/similar"),
        client.get("/v1/catalog"),
        client.get("/healthz"),
        client.get("/readyz"),
    ]
    models = {}
    for route in routes(server.app):
        if route.response_model is not None:
            for method in route.methods:
                models[method, route.path] = route.response_model
    for answer in answers:
        assert answer.status_code == 200
        path = answer.request.url.path.replace("red-plain", "{product_id}")
        read = TypeAdapter(models[answer.request.method, path]).validate_python(answer.json(), strict=True)
        assert read.model_dump(exclude_unset=True) == answer.json(), path
    assert schemas.Problem.model_validate(client.get("/v1/products/none").json()).status == 404
