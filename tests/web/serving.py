"""A real server on a free loopback port for tests, drawn photos to ask it with, and raw sockets to annoy it with."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image

from streetshop.catalog.open import open_catalog
from streetshop.catalog.store import Store
from streetshop.core.geometry import Box, box_of_mask, paint_mask, point_inside
from streetshop.core.photo import Photo
from streetshop.core.records import Garment, Look
from streetshop.looks import PHOTO_SIDE, Reader, WholePhotoReader
from streetshop.models import Encoder
from streetshop.web import ApiKey, Settings, bind, create_app
from streetshop.web.server import make_server
from tests.catalog.filled import square

KEY = "test-key-of-some-length"


class BandReader:
    """A reader for drawn photos: what differs from the top left pixel, split where rows are empty, is a garment.

    ``kinds`` has the probabilities of the kinds of each class; without it garments are of unknown kind.
    """

    name = "bands 1"
    classes = ("background", "top", "bottom", "shoes")
    photo_side = PHOTO_SIDE
    sees_persons = True

    def __init__(self, kinds: Mapping[str, Mapping[str, float]] | None = None) -> None:
        self.kinds = kinds or {}

    def read(self, photo: Photo) -> Look:
        ground = photo.pixels[0, 0].astype(int)
        garment = np.abs(photo.pixels.astype(int) - ground).max(axis=2) > 40
        full = garment.mean(axis=1) > 0.05
        edges = np.flatnonzero(np.diff(np.concatenate([[0], full.astype(int), [0]])))
        sx, sy = photo.scale
        garments = []
        for index, (start, stop) in enumerate(zip(edges[::2], edges[1::2], strict=True)):
            if stop - start < 4:
                continue
            mask = np.zeros_like(garment)
            mask[start:stop] = garment[start:stop]
            box = box_of_mask(mask)
            rows, columns = box.slices()
            x, y = point_inside(mask)
            category = self.classes[1:][min(index, 2)]
            kinds = self.kinds.get(category, {})
            garments.append(
                Garment(category, 0.9, box.scale(1 / sx, 1 / sy), (x / sx, y / sy), mask[rows, columns], kinds=kinds)
            )
        return Look(photo.width, photo.height, tuple(garments), (), self.name)

    def pixel_classes(self, photo: Photo) -> np.ndarray:
        classes = np.zeros((photo.height, photo.width), np.uint8)
        for garment in self.read(photo).garments:
            where = paint_mask(garment.mask, garment.box, photo.width, photo.height)
            classes[where] = self.classes.index(garment.category)
        return classes

    def kinds_in(self, photo: Photo, boxes: Sequence[Box]) -> tuple[Mapping[str, float], ...]:
        return ({},) * len(boxes)


def jpeg(pixels: np.ndarray, **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=92, **options)
    return stream.getvalue()


def png(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def street(top: str = "red", bottom: str = "blue", scale: int = 1) -> np.ndarray:
    """A drawn street photo, 240 x 320 times ``scale``: a square of one colour above a square of another on grey."""
    pixels = np.full((320, 240, 3), 190, np.uint8)
    pixels[40:140, 70:170] = square(top, side=100)
    pixels[170:270, 60:160] = square(bottom, side=100)
    return pixels.repeat(scale, axis=0).repeat(scale, axis=1)


@dataclass
class Running:
    """A server under test."""

    url: str
    port: int
    app: Any

    @property
    def state(self) -> Any:
        return self.app.state.streetshop

    def client(self, **options: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=30, **options)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)


@contextmanager
def running(
    catalog: Path | str,
    encoder: Encoder,
    *,
    reader: Reader = WholePhotoReader(),
    settings: Settings | None = None,
    key: str | None = KEY,
    open_store: Callable[[], Store] | None = None,
    **options: Any,
) -> Iterator[Running]:
    """Serve a catalog until the block ends."""
    listener = bind("127.0.0.1", 0)
    app = create_app(
        open_store or (lambda: open_catalog(str(catalog))),
        encoder,
        reader,
        key=ApiKey(key) if key else None,
        settings=settings,
        **options,
    )
    ready = threading.Event()
    server = make_server(app, listener, started=lambda url: ready.set())
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    if not ready.wait(20):
        raise RuntimeError("the server did not start")
    port = listener.getsockname()[1]
    try:
        yield Running(f"http://127.0.0.1:{port}", port, app)
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()


def read_answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Status, headers (lower case) and body of one answer; all that comes until the connection closes."""
    data = b""
    try:
        while chunk := connection.recv(65536):
            data += chunk
            head, _, body = data.partition(b"\r\n\r\n")
            length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            if length and len(body) >= int(length[0].split(b":")[1]):
                break
    except ConnectionResetError:
        pass
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
    return int(lines[0].split(" ")[1]), headers, body


def multipart(fields: dict[str, str], files: list[tuple[str, bytes]]) -> tuple[bytes, str]:
    """A body and its content type."""
    parts = [f'--xx\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode() for k, v in fields.items()]
    parts += [
        f'--xx\r\nContent-Disposition: form-data; name="{name}"; filename="f"\r\n\r\n'.encode() + data + b"\r\n"
        for name, data in files
    ]
    return b"".join(parts) + b"--xx--\r\n", "multipart/form-data; boundary=xx"
