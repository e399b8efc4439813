"""Limits of the server: one frozen value, validated on construction."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from streetshop.core.decoding.pool import DECODE_MEMORY, DECODE_SECONDS, LEAST_DECODE_MEMORY
from streetshop.core.errors import UsageError
from streetshop.core.pictures.limits import DEFAULT_LIMITS, PhotoLimits

MAX_GARMENTS: Final = 16
MAX_SHOTS: Final = 16
MAX_ATTRIBUTES: Final = 64
MAX_FORM_FIELDS: Final = 64
MAX_FIELD_BYTES: Final = 64 * 1024

_POSITIVE: Final = (
    *("max_body", "upload_memory", "body_idle", "body_total"),
    *("queue", "read_queue", "write_queue", "max_wait", "decode_seconds", "max_batch", "max_k"),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Limits of the server. All sizes in bytes, all times in seconds.

    Attributes:
        photo: limits of one uploaded picture.
        max_body: bytes of a search request; a product upload may be ``MAX_SHOTS`` pictures, within ``upload_memory``.
        upload_memory: bytes of all bodies in memory; beyond it requests get 429.
        body_idle: the longest pause while a body is sent.
        body_total: the longest time a whole body may take.
        queue: requests with a photo that may wait or run at once; one more gets 429.
        read_queue: other reading requests that may wait or run at once.
        write_queue: requests that change the catalog that may wait or run at once.
        max_wait: seconds that a request may wait before and between the stages of its work; beyond it gets 429.
        decode_memory: bytes that all pictures being decoded may need; further ones wait.
        decode_seconds: the longest time to decode one picture; then it is refused.
        max_batch: garment pictures in one run of the encoder.
        max_k: matches per garment.
        default_k: matches per garment if the request names no ``k``.
        hosts: names that requests may call the server by, beside the loopback names; see ``AllowedHosts``.
    """

    photo: PhotoLimits = DEFAULT_LIMITS
    max_body: int = 33 * 2**20
    upload_memory: int = 512 * 2**20
    body_idle: float = 10.0
    body_total: float = 60.0
    queue: int = 128
    read_queue: int = 512
    write_queue: int = 16
    max_wait: float = 5.0
    decode_memory: int = DECODE_MEMORY
    decode_seconds: float = DECODE_SECONDS
    max_batch: int = 16
    max_k: int = 100
    default_k: int = 20
    hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in _POSITIVE:
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise UsageError(f"{name} is {value}", hint="It must be above zero")
        if self.decode_memory < LEAST_DECODE_MEMORY:
            raise UsageError(
                f"decode_memory is {self.decode_memory / 2**20:.0f} MiB",
                hint=f"Give at least {LEAST_DECODE_MEMORY / 2**20:.0f} MiB",
            )
        if not 0 < self.default_k <= self.max_k:
            raise UsageError(f"default_k is {self.default_k}", hint=f"Between 1 and {self.max_k}")
        if self.max_body < self.photo.max_bytes:
            raise UsageError(
                f"max_body is {self.max_body}, less than a photo may be ({self.photo.max_bytes})",
                hint="Raise max_body or lower the photo limit",
            )
        if self.upload_memory < self.max_body:
            raise UsageError("upload_memory is smaller than max_body", hint="Raise upload_memory")
