"""Prometheus metrics of a server. Every label has a small, fixed set of values."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
_SECONDS: Final = (0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1.2, 2.5, 5, 10)

StageName: TypeAlias = Literal["decode", "look", "encode", "search", "write", "facts"]
LaneName: TypeAlias = Literal["photo", "read", "write"]
Refusal: TypeAlias = Literal["full", "wait", "late"]
"""The lane was full; the wait would have been too long; the wait was too long."""


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
            "Time of one request's stages, waiting included.",
            ("stage",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._stages = {name: stage.labels(name) for name in get_args(StageName)}
        self.batch = Histogram(
            "streetshop_encoder_batch",
            "Garment pictures in one run of the encoder.",
            buckets=(1, 2, 4, 8, 16, 32),
            registry=self.registry,
        )
        lanes: tuple[LaneName, ...] = get_args(LaneName)
        under_way = Gauge("streetshop_queue", "Requests waiting or running.", ("lane",), registry=self.registry)
        self._under_way = {name: under_way.labels(name) for name in lanes}
        waited = Histogram(
            "streetshop_queue_wait_seconds",
            "Time that one request has waited before and between its stages.",
            ("lane",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._waited = {name: waited.labels(name) for name in lanes}
        refused = Counter(
            "streetshop_queue_refused",
            "Requests answered with 429: the lane was full, the wait would have been, or was, too long.",
            ("lane", "reason"),
            registry=self.registry,
        )
        self._refused = {(name, why): refused.labels(name, why) for name in lanes for why in get_args(Refusal)}
        self.uploads = Gauge("streetshop_upload_bytes", "Bytes of all bodies in memory.", registry=self.registry)
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

    def stage(self, name: StageName, seconds: float) -> None:
        """Count the time of one stage."""
        self._stages[name].observe(seconds)

    def under_way(self, lane: LaneName, requests: int) -> None:
        """Show how many requests of a lane wait or run."""
        self._under_way[lane].set(requests)

    def waited(self, lane: LaneName, seconds: float) -> None:
        """Count what one admitted request has waited."""
        self._waited[lane].observe(seconds)

    def refused(self, lane: LaneName, reason: Refusal) -> None:
        """Count one request that was not admitted, or was dropped."""
        self._refused[lane, reason].inc()

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)
