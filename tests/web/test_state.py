"""The catalog being served: missing, rebuilt, of another encoder."""

from __future__ import annotations

import threading
import time

from streetshop.catalog.open import open_catalog
from streetshop.catalog.store import CatalogMeta
from streetshop.core.records import Product
from streetshop.models import load_encoder
from tests.catalog.filled import entry, square
from tests.models.tiny import tiny_encoder
from tests.web.serving import png, running, street


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


def test_data_files_are_gone_and_a_damaged_index_is_said(own_shop):
    catalog, encoder = own_shop
    store = open_catalog(str(catalog))
    store.optimize()
    vectors = next(catalog.glob("g0001/base-*/vectors.f32"))
    content = bytearray(vectors.read_bytes())
    content[10] ^= 64
    vectors.write_bytes(content)
    with running(catalog, encoder) as up, up.client() as client:
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
        assert "vectors.f32" in answer.json()["reason"]
        assert client.post("/v1/search", files={"photo": png(street())}).status_code == 200
        store.optimize()
        wait_for(lambda: client.get("/readyz").json() == {"status": "ok"})
        data = catalog / "g0001" / "shots.lance" / "data"
        data.rename(catalog / "aside")
        wait_for(lambda: client.get("/readyz").status_code == 503)
        assert str(catalog) not in client.get("/readyz").text
        shown = client.get("/v1/products/red-plain/shots/0")
        assert shown.status_code in (404, 503)
        (catalog / "aside").rename(data)
        wait_for(lambda: client.get("/readyz").status_code == 200)


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
