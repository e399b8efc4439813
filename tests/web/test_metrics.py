"""Metrics: their labels take few values."""

from __future__ import annotations

import re

from tests.web.serving import Running


def test_metric_labels_are_bounded(server: Running):
    with server.client() as client:
        for i in range(30):
            client.get(f"/nowhere/{i}")
            client.get(f"/v1/products/unknown-{i}")
            client.request(f"METHOD{i}", "/v1/catalog")
        text = client.get("/metrics").text
    labels = re.findall(r'streetshop_http_requests_total\{method="([^"]*)",route="([^"]*)"', text)
    assert {method for method, _ in labels} <= {"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "other"}
    routes = {route for _, route in labels}
    assert "/v1/products/{product_id}" in routes
    assert "unmatched" in routes
    assert not any("nowhere" in route or "unknown" in route for route in routes)
