"""The application: the OpenAPI document describes every route."""

from __future__ import annotations

import json


def test_openapi_describes_every_route_with_examples(client):
    schema = client.get("/openapi.json").json()
    assert set(schema["paths"]) == {
        "/v1/search",
        "/v1/search/vector",
        "/v1/search/text",
        "/v1/search/heatmap",
        "/v1/look",
        "/v1/products/{product_id}",
        "/v1/products/{product_id}/similar",
        "/v1/products/{product_id}/look",
        "/v1/products/bulk",
        "/v1/page",
        "/v1/webhooks/shopify",
        "/v1/webhooks/woocommerce",
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
