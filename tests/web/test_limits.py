"""Item 2 of the survival list, on raw sockets: limits that hold while a request is being read."""

from __future__ import annotations

import io
import json
import struct
import time
import zlib

import pytest
from PIL import Image, PngImagePlugin

from streetshop.core.pictures.limits import PhotoLimits
from streetshop.web import Settings
from tests.web.serving import BandReader, Running, multipart, png, read_answer, running, street

SMALL = Settings(
    photo=PhotoLimits(max_bytes=100_000, max_pixels=4_000_000),
    max_body=120_000,
    upload_memory=200_000,
    body_idle=0.6,
    body_total=2.0,
)


@pytest.fixture(scope="module")
def small(shop) -> Running:
    with running(*shop, reader=BandReader(), settings=SMALL) as up:
        yield up


def head(extra: str, path: str = "/v1/search") -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=xx\r\n{extra}\r\n\r\n"
    ).encode()


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def still_serves(server: Running) -> None:
    with server.client() as client:
        answer = client.post("/v1/search", files={"photo": png(street())}, data={"k": "1"})
        assert answer.status_code == 200
    assert server.state.memory.used == 0


def test_announced_too_large_is_refused_before_it_is_read(small):
    with small.connect() as connection:
        began = time.monotonic()
        connection.sendall(head("Content-Length: 99999999999\r\nExpect: 100-continue"))
        status, headers, body = read_answer(connection)
    assert (status, headers["connection"]) == (413, "close")
    assert json.loads(body)["type"] == "urn:streetshop:problem:request-too-large"
    assert time.monotonic() - began < 1.5
    still_serves(small)


def test_no_content_length_chunked_body_is_counted(small):
    with small.connect() as connection:
        connection.sendall(head("Transfer-Encoding: chunked"))
        for _ in range(40):
            connection.sendall(chunk(b"a" * 5_000))
        connection.sendall(b"0\r\n\r\n")
        status, _, body = read_answer(connection)
    assert status == 413
    assert b"more than the limit" in body
    still_serves(small)


def test_endless_chunked_body_is_cut_off(small):
    with small.connect() as connection:
        connection.sendall(head("Transfer-Encoding: chunked"))
        began = time.monotonic()
        with pytest.raises(OSError):  # noqa: PT011, PT012 - which one depends on the moment at which the server hangs up
            while time.monotonic() - began < 15:
                connection.sendall(chunk(b"a" * 60_000))
    still_serves(small)


def test_chunked_photo_within_the_limits_is_answered(small):
    body, _ = multipart({"k": "1"}, [("photo", png(street()))])
    with small.connect() as connection:
        connection.sendall(head("Transfer-Encoding: chunked"))
        for start in range(0, len(body), 1_000):
            connection.sendall(chunk(body[start : start + 1_000]))
        connection.sendall(b"0\r\n\r\n")
        status, _, answer = read_answer(connection)
    assert status == 200
    assert len(json.loads(answer)["garments"]) == 2


def test_lying_content_length_that_is_too_long_ends_in_a_timeout(small):
    body, _ = multipart({}, [("photo", png(street()))])
    with small.connect() as connection:
        connection.sendall(head(f"Content-Length: {len(body) + 500}") + body)
        status, headers, answer = read_answer(connection)
    assert (status, headers["connection"]) == (408, "close")
    assert json.loads(answer)["type"] == "urn:streetshop:problem:request-timeout"
    still_serves(small)


def test_lying_content_length_that_is_too_short_gives_no_half_photo(small):
    body, _ = multipart({}, [("photo", png(street()))])
    with small.connect() as connection:
        connection.sendall(head(f"Content-Length: {len(body) // 2}") + body)
        status, headers, answer = read_answer(connection)
    assert (status, headers["connection"]) == (422, "close")  # the rest is no request and gets no answer of its own
    assert b"matches" not in answer
    still_serves(small)


def test_nonsense_content_length_is_refused(small):
    for value in ("-5", "1e3", "12, 13"):
        with small.connect() as connection:
            connection.sendall(head(f"Content-Length: {value}") + b"abc")
            assert read_answer(connection)[0] == 400


def test_upload_that_pauses_is_ended(small):
    with small.connect() as connection:
        began = time.monotonic()
        connection.sendall(head("Content-Length: 5000") + b"--xx\r\n")
        status, _, body = read_answer(connection)
    assert status == 408
    assert b"too slowly" in body
    assert 0.4 < time.monotonic() - began < 3
    still_serves(small)


def test_upload_that_drips_is_ended_at_the_total(small):
    with small.connect() as connection:
        connection.sendall(head("Content-Length: 5000"))
        began = time.monotonic()
        try:
            while time.monotonic() - began < 10:
                connection.sendall(b"a")
                time.sleep(0.1)
        except OSError:
            pass
        assert 1.5 < time.monotonic() - began < 5
    still_serves(small)


def test_all_uploads_together_fit_in_memory(small):
    first, second = small.connect(), small.connect()
    with first, second:
        first.sendall(head("Content-Length: 110000") + b"a" * 109_000)
        deadline = time.monotonic() + 0.4
        while small.state.memory.used < 109_000 and time.monotonic() < deadline:
            time.sleep(0.01)
        second.sendall(head("Content-Length: 110000") + b"a" * 110_000)
        status, headers, _ = read_answer(second)
        assert status == 429
        assert int(headers["retry-after"]) >= 1
        read_answer(first)
    still_serves(small)


def test_too_many_fields_and_too_long_a_field(small):
    with small.client() as client:
        answer = client.post("/v1/search", files=[("photo", png(street()))], data={f"f{i}": "1" for i in range(70)})
        assert (answer.status_code, "Too many fields" in answer.json()["detail"]) == (422, True)
        answer = client.post("/v1/search", files=[("photo", png(street()))], data={"filter": "a" * 70_000})
        assert (answer.status_code, "maximum size" in answer.json()["detail"]) == (422, True)
        for count, message in ((2, "2 files are given"), (70, "Too many files")):
            answer = client.post("/v1/search", files=[("photo", png(street()))] * count)
            assert (answer.status_code, message in answer.json()["detail"]) == (422, True)


def _bomb(side: int) -> bytes:
    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(b"\0" * (side // 8 + 1) * 200, 9)
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", rows) + part(b"IEND", b"")


def _text_bomb() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("x", "a" * 80_000_000, zip=True)
    stream = io.BytesIO()
    Image.fromarray(street()).save(stream, "PNG", pnginfo=info)
    return stream.getvalue()


def _animation(frames: int) -> bytes:
    stream = io.BytesIO()
    pictures = [Image.new("P", (64, 64), i % 7) for i in range(frames)]
    pictures[0].save(stream, "GIF", save_all=True, append_images=pictures[1:])
    return stream.getvalue()


def test_bombs_are_refused_and_the_worker_lives(small):
    resource = pytest.importorskip("resource")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with small.client() as client:
        for name, data, statuses in (
            ("50k x 50k", _bomb(50_000), (413,)),
            ("text", _text_bomb(), (413, 422)),
            ("gif", _animation(300), (413, 415, 422)),
        ):
            answer = client.post("/v1/search", files={"photo": data})
            assert answer.status_code in statuses, (name, answer.text)
            assert answer.json()["type"].startswith("urn:streetshop:problem:"), name
    # The test itself makes the 80 MB of text; decoded bombs would take gigabytes.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 600_000
    still_serves(small)
