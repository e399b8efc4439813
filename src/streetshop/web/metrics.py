"""Prometheus metrics of a server. Every label has a small, fixed set of values."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
_SECONDS: Final = (0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1.2, 2.5, 5, 10)
STAGES: Final = ("decode", "encode", "search")


class Metrics:
    """Metrics of one application, in a registry of its own."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._requests = Counter(
            "streetshop_http_requests",
            "Requests answered, by method, route template and status.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "streetshop_http_request_seconds",
            "From the first byte of the request's header to the last of the answer.",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        stage = Histogram(
            "streetshop_stage_seconds",
            "Time of one search's stages, waiting included.",
            ("stage",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._stages = {name: stage.labels(name) for name in STAGES}
        self.batch = Histogram(
            "streetshop_encoder_batch",
            "Garment pictures in one run of the encoder.",
            buckets=(1, 2, 4, 8, 16, 32),
            registry=self.registry,
        )
        self.waiting = Gauge("streetshop_queue", "Searches waiting or running.", registry=self.registry)
        self.uploads = Gauge("streetshop_upload_bytes", "Bytes of all bodies in memory.", registry=self.registry)
        self._refused = Counter("streetshop_queue_refused", "Requests answered with 429.", registry=self.registry)
        self.cancelled = Counter(
            "streetshop_searches_cancelled",
            "Searches cancelled because the client disconnected.",
            registry=self.registry,
        )
        self.products = Gauge("streetshop_catalog_products", "Products in the catalog.", registry=self.registry)
        self.generation = Gauge("streetshop_catalog_generation", "Generation being served.", registry=self.registry)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request. ``route`` must be a template of the application's, not a path."""
        self._requests.labels(method if method in _METHODS else "other", route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        if status == 429:
            self._refused.inc()

    def stage(self, name: str, seconds: float) -> None:
        """Count the time of one stage, a name in ``STAGES``."""
        self._stages[name].observe(seconds)

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)
