"""Facts about the catalog, health, readiness and metrics."""

from __future__ import annotations

from streetshop.search.presets import PRESETS
from tests.web.serving import png, street


def test_catalog_facts(client):
    facts = client.get("/v1/catalog").json()
    assert (facts["products"], facts["shots"], facts["reader"]) == (18, 36, "bands 1")
    assert facts["blocks"] == [
        {"name": "style", "dim": 32, "weight": 1.0},
        {"name": "colour", "dim": 94, "weight": 0.5},
    ]
    assert [preset["name"] for preset in facts["presets"]] == list(PRESETS)
    assert facts["presets"][2] == {"name": "same colour", "weights": {"style": 0.6, "colour": 0.9}}
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
