"""Local servers that answer as the APIs of Shopify and WooCommerce do, by their public documentation, and fail."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Reply = tuple[int, dict[str, str], bytes]


@dataclass
class Stub:
    """A shop.

    Attributes:
        products: by their numbers, as the API has them.
        pictures: the bytes at each path.
        failures: what the next requests of the API get instead: a reply, or None for a cut connection.
        requests: paths and bodies of the API's requests; pictures are counted apart.
        fetched: paths of pictures.
    """

    products: dict[int, dict[str, Any]] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict)
    failures: list[Reply | None] = field(default_factory=list)
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    page: int = 1000
    url: str = ""

    def answer(self, path: str, query: dict[str, str], headers: Any, body: bytes) -> Reply:
        raise NotImplementedError

    @contextmanager
    def running(self) -> Iterator[str]:
        """Serve until the block ends; gives the address."""
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                if parts.path.startswith("/pictures/"):
                    stub.fetched.append(parts.path)
                    data = stub.pictures.get(parts.path)
                    self.reply((200 if data is not None else 404, {"Content-Type": "image/png"}, data or b""))
                    return
                query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                stub.requests.append((parts.path, query or (json.loads(body) if body else {})))
                if stub.failures:
                    failure = stub.failures.pop(0)
                    if failure is None:
                        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
                        self.close_connection = True
                    else:
                        self.reply(failure)
                    return
                self.reply(stub.answer(parts.path, query, self.headers, body))

            do_POST = do_GET  # noqa: N815

            def reply(self, reply: Reply) -> None:
                status, headers, data = reply
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(data))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *words: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self.url
        finally:
            server.shutdown()
            server.server_close()


def reply(content: object, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, {"Content-Type": "application/json", **named}, json.dumps(content).encode()


TOKEN, KEY, SECRET = "shpat_0123456789", "ck_0123", "cs_4567"


class StubShopify(Stub):
    """GraphQL Admin API: ``products`` with a filter by id and moment, ``nodes``, ``product``, ``shop``."""

    max_cost = 10**9

    def answer(self, path: str, query: dict[str, str], headers: Any, body: bytes) -> Reply:
        if not re.fullmatch(r"/admin/api/\d{4}-\d{2}/graphql\.json", path):
            return 404, {}, b"<html>not found</html>"
        if headers.get("X-Shopify-Access-Token") != TOKEN:
            return reply(
                {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}, 401
            )
        asked = json.loads(body)
        text, variables = asked["query"], asked["variables"]
        cost = 10 + variables.get("first", 1)
        extensions = {
            "cost": {
                "requestedQueryCost": cost,
                "throttleStatus": {"maximumAvailable": 2000.0, "currentlyAvailable": 1900, "restoreRate": 100.0},
            }
        }
        if cost > self.max_cost:
            error = {"message": "too much", "extensions": {"code": "MAX_COST_EXCEEDED", "cost": cost}}
            return reply({"errors": [error]})
        if "currencyCode" in text:
            data: dict[str, Any] = {"shop": {"currencyCode": "EUR"}}
        elif "nodes(ids" in text:
            numbers = [int(each.rpartition("/")[2]) for each in variables["ids"]]
            data = {"nodes": [self.products.get(number) for number in numbers]}
        elif "product(id" in text:
            product = self.products[int(variables["id"].rpartition("/")[2])]
            data = {"product": {"variants": product.get("more variants")}}
        else:
            data = {"products": {"nodes": self.found(variables, "title" in text)}}
        return reply({"data": data, "extensions": extensions})

    def found(self, variables: dict[str, Any], whole: bool) -> list[dict[str, Any]]:
        condition = variables.get("query") or ""
        least = re.search(r"(?<!\w)id:>=(\d+)", condition)
        since = re.search(r"updated_at:>='([^']+)'", condition)
        chosen = [
            each
            for number, each in sorted(self.products.items())
            if (not least or number >= int(least[1])) and (not since or each["updatedAt"] >= since[1])
        ]
        return [each if whole else {"id": each["id"]} for each in chosen[: variables["first"]]]

    def add(self, number: int, *pictures: str, updated: str = "2026-01-01T00:00:00Z", **fields: Any) -> None:
        self.products[number] = {
            "id": f"gid://shopify/Product/{number}",
            "handle": f"dress-{number}",
            "title": f"Dress {number}",
            "vendor": "Nord",
            "productType": "Dresses",
            "status": "ACTIVE",
            "publishedAt": "2025-01-01T00:00:00Z",
            "updatedAt": updated,
            "onlineStoreUrl": f"https://mine.example/products/dress-{number}",
            "tags": ["new", "linen"],
            "category": {"fullName": "Apparel & Accessories > Clothing > Dresses"},
            "media": {"nodes": [{"image": {"url": self.url + each}} for each in pictures] + [{}]},
            "variants": {
                "pageInfo": {"hasNextPage": False, "endCursor": None},
                "nodes": [self.variant(number * 10)],
            },
            **fields,
        }

    @staticmethod
    def variant(number: int, price: str = "19.90", available: bool = True, **options: str) -> dict[str, Any]:
        return {
            "id": f"gid://shopify/ProductVariant/{number}",
            "sku": f"SKU-{number}",
            "price": price,
            "availableForSale": available,
            "selectedOptions": [
                {"name": name, "value": value} for name, value in (options or {"Title": "Default Title"}).items()
            ],
            "media": {"nodes": []},
        }


class StubWooCommerce(Stub):
    """REST API v3: products with pages, ``modified_after``, ``include``; variations; the currency."""

    page = 100

    def answer(self, path: str, query: dict[str, str], headers: Any, body: bytes) -> Reply:
        wanted = "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if headers.get("Authorization") != wanted:
            return reply({"code": "woocommerce_rest_cannot_view", "message": "Sorry, you cannot list resources."}, 401)
        if path == "/wp-json/wc/v3/data/currencies/current":
            return reply({"code": "EUR", "symbol": "&euro;"})
        if found := re.fullmatch(r"/wp-json/wc/v3/products/(\d+)/variations", path):
            return self.paged(self.products[int(found[1])].get("their variations", []), query)
        if path != "/wp-json/wc/v3/products":
            return reply({"code": "rest_no_route", "message": "No route was found"}, 404)
        chosen = [each for _, each in sorted(self.products.items()) if each["status"] != "trash"]
        if since := query.get("modified_after"):
            assert query["dates_are_gmt"] == "true"
            chosen = [each for each in chosen if each["date_modified_gmt"] > since.rstrip("Z")]
        if include := query.get("include"):
            chosen = [each for each in chosen if str(each["id"]) in include.split(",")]
        if fields := query.get("_fields"):
            chosen = [{name: each[name] for name in fields.split(",")} for each in chosen]
        return self.paged(chosen, query)

    def paged(self, items: list[dict[str, Any]], query: dict[str, str]) -> Reply:
        size, page = min(int(query["per_page"]), self.page), int(query["page"])
        return reply(
            items[(page - 1) * size : page * size],
            X_WP_Total=str(len(items)),
            X_WP_TotalPages=str(-(-len(items) // size)),
        )

    def add(self, number: int, *pictures: str, updated: str = "2026-01-01T00:00:00", **fields: Any) -> None:
        self.products[number] = {
            "id": number,
            "name": f"Shirt &amp; tie {number}",
            "slug": f"shirt-{number}",
            "permalink": f"https://mine.example/shirt-{number}/",
            "type": "simple",
            "status": "publish",
            "catalog_visibility": "visible",
            "sku": f"S{number}",
            "price": "29.5",
            "stock_status": "instock",
            "date_modified_gmt": updated,
            "categories": [{"id": 1, "name": "Uncategorized"}, {"id": 2, "name": "Shirts"}],
            "brands": [{"name": "Nord"}],
            "tags": [],
            "images": [{"id": 1, "src": self.url + each} for each in pictures],
            "attributes": [{"name": "Material", "variation": False, "options": ["Linen", "Cotton"]}],
            "variations": [],
            **fields,
        }


def silent(call: Callable[[], object], *secrets: str) -> str:
    """The message of the SyncError that a call raises; no secret is in it."""
    from streetshop.core.errors import SyncError

    try:
        call()
    except SyncError as error:
        assert not any(each in str(error) for each in secrets)
        return str(error)
    raise AssertionError("no error")
