"""Running it: readiness, rebuilds while serving, metrics, OpenAPI, and ``streetshop serve`` itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time

import httpx
import pytest

from streetshop.catalog.open import open_catalog
from streetshop.catalog.store import CatalogMeta
from streetshop.models import load_encoder
from tests.catalog.filled import entry, square
from tests.models.tiny import tiny_encoder
from tests.web.serving import KEY, png, running, street

from streetshop.core.records import Product  # isort: skip


def wait_for(check, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def rebuild(url: str, encoder, titles: list[str]) -> None:
    store = open_catalog(url, write=True)
    fresh = store.begin_rebuild(CatalogMeta(encoder.name, encoder.fingerprint, encoder.blocks))
    fresh.upsert([entry(encoder, Product(title, title=title), [square("red")]) for title in titles])
    store.commit_rebuild()
    store.close()


def test_catalog_facts(client):
    facts = client.get("/v1/catalog").json()
    assert (facts["products"], facts["shots"], facts["reader"]) == (18, 36, "bands 1")
    assert facts["blocks"] == [
        {"name": "style", "dim": 32, "weight": 1.0},
        {"name": "colour", "dim": 94, "weight": 0.5},
    ]
    fields = {field["name"]: field for field in facts["fields"]}
    assert {value["value"]: value["count"] for value in fields["category"]["values"]} == dict.fromkeys(
        ("dress", "shirt", "skirt"), 6
    )
    assert fields["price"]["bounds"] == [10.0, 62.0]
    assert fields["in_stock"]["type"] == "boolean"
    assert {"id", "title"}.isdisjoint(fields)
    assert len(facts["samples"]) == 18
    assert facts["limits"]["k"] == 100


def test_health_readiness_and_metrics(client):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ok"}
    client.post("/v1/search", files={"photo": png(street())})
    text = client.get("/metrics").text
    for name in (
        "http_request_seconds_bucket",
        "stage_seconds_bucket",
        "encoder_batch_bucket",
        "catalog_products 18.0",
    ):
        assert f"streetshop_{name}" in text


def test_openapi_describes_every_route_with_examples(client):
    schema = client.get("/openapi.json").json()
    assert set(schema["paths"]) == {
        "/v1/search",
        "/v1/search/vector",
        "/v1/look",
        "/v1/products/{product_id}",
        "/v1/products/{product_id}/similar",
        "/v1/products/{product_id}/image/{shot}",
        "/v1/catalog",
        "/healthz",
        "/readyz",
        "/metrics",
    }
    form = schema["paths"]["/v1/search"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["required"] == ["photo"]
    assert form["properties"]["filter"]["example"]
    assert schema["paths"]["/v1/products/{product_id}"]["put"]["security"]
    assert "example" in json.dumps(schema["paths"]["/v1/search"]["post"]["responses"]["422"])
    assert client.get("/docs").status_code == 404


def test_missing_catalog_is_not_ready_with_the_reason_and_recovers(own_shop):
    catalog, encoder = own_shop
    aside = catalog.with_name("aside")
    catalog.rename(aside)
    with running(catalog, encoder) as up, up.client() as client:
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["status"] == "not ready"
        assert answer.json()["reason"]
        assert client.get("/healthz").status_code == 200
        refused = client.post("/v1/search", files={"photo": png(street())})
        assert (refused.status_code, refused.json()["type"]) == (503, "urn:streetshop:problem:not-ready")
        assert refused.headers["retry-after"]
        aside.rename(catalog)
        wait_for(lambda: client.get("/readyz").status_code == 200)
        assert client.post("/v1/search", files={"photo": png(street())}).status_code == 200


def test_a_rebuild_by_another_process_is_served_while_searches_go_on(own_shop):
    catalog, encoder = own_shop
    statuses: set[int] = set()
    stop = threading.Event()
    with running(catalog, encoder) as up:

        def ask() -> None:
            with up.client() as client:
                while not stop.is_set():
                    answer = client.post("/v1/search", files={"photo": png(square("red"))}, data={"k": "5"})
                    statuses.add(answer.status_code)

        asker = threading.Thread(target=ask)
        asker.start()
        rebuild(str(catalog), encoder, ["first", "second"])
        with up.client() as client:
            wait_for(lambda: client.get("/v1/catalog").json()["generation"] == 2)
            assert client.get("/v1/catalog").json()["products"] == 2
            found = client.post("/v1/search", files={"photo": png(square("red"))}).json()
        stop.set()
        asker.join(20)
    assert {match["id"] for match in found["garments"][0]["matches"]} == {"first", "second"}
    assert statuses == {200}


def test_a_rebuild_with_another_encoder_is_not_ready_and_never_answers_nonsense(own_shop, tmp_path):
    catalog, encoder = own_shop
    other = load_encoder(tiny_encoder(tmp_path / "other", seed=7), threads=1)
    assert (other.dim, other.fingerprint != encoder.fingerprint) == (encoder.dim, True)
    with running(catalog, encoder) as up, up.client() as client:
        rebuild(str(catalog), other, ["only"])
        for _ in range(3):
            assert client.post("/v1/search", files={"photo": png(street())}).status_code in (409, 503)
        wait_for(lambda: client.get("/readyz").status_code == 503)
        assert "encoder" in client.get("/readyz").json()["reason"]
        assert client.get("/v1/products/only").status_code == 503
        rebuild(str(catalog), encoder, ["back"])
        wait_for(lambda: client.get("/readyz").status_code == 200)
        assert client.get("/v1/products/back").status_code == 200


# --- the command ----------------------------------------------------------------------------------------------------


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-c", "from streetshop.cli.app import main; main()", "serve", *map(str, arguments)]


def fails(*arguments: object) -> str:
    done = subprocess.run(command(*arguments), capture_output=True, text=True, timeout=60)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_serve_command_end_to_end(own_shop, tmp_path):
    key = tmp_path / "key"
    key.write_text(KEY)
    bundle = own_shop[0].parent / "encoder"
    arguments = ("--catalog", own_shop[0], "--port", 0, "--api-key-file", key, "--encoder", bundle)
    process = subprocess.Popen(
        command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "LANG": "C"}
    )
    try:
        line = process.stdout.readline()
        assert "http://127.0.0.1:" in line
        url = line.split()[-1]
        assert httpx.get(f"{url}/readyz", timeout=20).status_code == 200
        assert httpx.post(f"{url}/v1/search", files={"photo": png(street())}, timeout=20).status_code == 200
        assert httpx.delete(f"{url}/v1/products/red-plain", headers={"X-API-Key": KEY}, timeout=20).status_code == 204
        port = url.rsplit(":", 1)[1]
        taken = fails("--catalog", own_shop[0], "--port", port, "--encoder", bundle)
        assert f"127.0.0.1:{port}: the port is taken" in taken
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    assert "POST /v1/search 200" in errors
    assert KEY not in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--host", "0.0.0.0"), "without an API key"),
        (("--port", "70000"), "port 70000"),
        (("--host", "203.0.113.77", "--api-key-file", "KEY"), "cannot listen"),
        (("--api-key-file", "missing"), "cannot be read"),
        (("--encoder", "missing"), "missing"),
        (("--max-photo-mb", "0"), "Between 1 and 256"),
        (("--catalog", "nowhere.catalog"), "nowhere.catalog"),
    ],
)
def test_serve_command_refuses_with_one_clear_message(shop, tmp_path, arguments, says):
    (tmp_path / "key").write_text(KEY)
    given = [str(tmp_path / "key") if argument == "KEY" else argument for argument in arguments]
    if "--catalog" not in given:
        given += ["--catalog", str(shop[0])]
    if "--encoder" not in given:
        given += ["--encoder", str(shop[0].parent / "encoder")]
    assert says in fails("--port", "0", *given) if "--port" not in given else fails(*given)


def test_serve_command_refuses_a_catalog_of_another_encoder(own_shop, tmp_path):
    other = tiny_encoder(tmp_path / "other", seed=3)
    assert "--rebuild" in fails("--catalog", own_shop[0], "--port", 0, "--encoder", other)
