"""The queue: batches across requests, 429 when full, the work of clients that are gone dropped."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from streetshop.core.errors import VectorError
from streetshop.core.photo import Photo
from streetshop.looks import garment_picture, whole_photo
from streetshop.models import Encoder
from streetshop.web import Settings
from streetshop.web.metrics import Metrics
from streetshop.web.problems import Busy
from streetshop.web.queue import WorkQueue
from tests.catalog.filled import COLOURS, square
from tests.web.serving import KEY, multipart, png, running, street


class Held:
    """An encoder that waits at a gate, and remembers the sizes of its batches."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self.gate = threading.Event()
        self.entered = threading.Event()
        self.batches: list[tuple[int, str]] = []

    def __getattr__(self, name: str):
        return getattr(self.encoder, name)

    def encode(self, prepared, *, side="street"):
        self.batches.append((len(prepared), side))
        self.entered.set()
        assert self.gate.wait(20)
        return self.encoder.encode(prepared, side=side)


@pytest.fixture
def prepared(shop):
    encoder = shop[1]
    photos = [Photo.from_array(square(colour)) for colour in COLOURS] * 4
    return [encoder.prepare(garment_picture(photo, whole_photo(photo), encoder.spec)) for photo in photos]


def test_what_waits_goes_together_and_everybody_gets_their_own(shop, prepared):
    held = Held(shop[1])

    async def main():
        queue = WorkQueue(held, size=99, max_batch=8, metrics=Metrics())
        tasks = [asyncio.create_task(queue.encode([one])) for one in prepared[:20]]
        await asyncio.to_thread(held.entered.wait, 10)
        held.gate.set()
        vectors = await asyncio.gather(*tasks)
        queue.close()
        return vectors

    vectors = asyncio.run(main())
    assert held.batches == [(8, "street"), (8, "street"), (4, "street")]
    alone = shop[1].encode(prepared[:20])
    np.testing.assert_allclose(np.concatenate(vectors), alone, atol=1e-6)


def test_one_alone_does_not_wait(shop, prepared):
    held = Held(shop[1])
    held.gate.set()

    async def main():
        queue = WorkQueue(held, size=9, max_batch=8, metrics=Metrics())
        began = time.perf_counter()
        for one in prepared[:5]:
            await queue.encode([one])
        queue.close()
        return time.perf_counter() - began

    assert asyncio.run(main()) < 1.0
    assert held.batches == [(1, "street")] * 5


def test_sides_are_not_mixed_and_a_large_request_is_a_batch_of_its_own(shop, prepared):
    held = Held(shop[1])

    async def main():
        queue = WorkQueue(held, size=9, max_batch=4, metrics=Metrics())
        tasks = [
            asyncio.create_task(queue.encode(prepared[:1])),
            asyncio.create_task(queue.encode(prepared[1:2], "shop")),
            asyncio.create_task(queue.encode(prepared[:12])),
            asyncio.create_task(queue.encode(prepared[:1])),
        ]
        held.gate.set()
        sizes = [len(vectors) for vectors in await asyncio.gather(*tasks)]
        queue.close()
        return sizes

    assert asyncio.run(main()) == [1, 1, 12, 1]
    assert held.batches == [(1, "street"), (1, "shop"), (12, "street"), (1, "street")]


def test_the_cancelled_are_dropped(shop, prepared):
    held = Held(shop[1])

    async def main():
        queue = WorkQueue(held, size=99, max_batch=2, metrics=Metrics())
        tasks = [asyncio.create_task(queue.encode([one])) for one in prepared[:8]]
        await asyncio.to_thread(held.entered.wait, 10)
        for task in tasks[2:7]:
            task.cancel()
        await asyncio.gather(*tasks[2:7], return_exceptions=True)
        held.gate.set()
        vectors = await asyncio.gather(tasks[0], tasks[1], tasks[7])
        queue.close()
        return vectors

    assert len(asyncio.run(main())) == 3
    assert held.batches == [(2, "street"), (1, "street")]


def test_one_bad_picture_does_not_fail_its_batch(shop, prepared):
    class Picky(Held):
        def encode(self, prepared, *, side="street"):
            if any(one is bad for one in prepared):
                raise VectorError("bad picture")
            return super().encode(prepared, side=side)

    bad = prepared[3]
    held = Picky(shop[1])
    held.gate.set()

    async def main():
        queue = WorkQueue(held, size=99, max_batch=8, metrics=Metrics())
        results = await asyncio.gather(*(queue.encode([one]) for one in prepared[:6]), return_exceptions=True)
        queue.close()
        return results

    results = asyncio.run(main())
    assert [isinstance(result, VectorError) for result in results] == [False, False, False, True, False, False]


def test_full_queue_is_refused_with_a_time_to_come_back(shop):
    queue = WorkQueue(shop[1], size=2, max_batch=4, metrics=Metrics())
    with queue.slot(), queue.slot():
        with pytest.raises(Busy) as refused, queue.slot():
            pass
        assert 1 <= refused.value.retry_after <= 30
    with queue.slot():
        assert queue.admitted == 1
    queue.close()


def test_full_queue_answers_429_and_recovers(shop):
    held = Held(shop[1])
    settings = Settings(queue=3)
    with running(shop[0], held, settings=settings) as up, ThreadPoolExecutor(3) as pool, up.client() as client:
        ask = lambda: client.post("/v1/search", files={"photo": png(street())}, data={"k": "1"})  # noqa: E731
        waiting = [pool.submit(ask) for _ in range(3)]
        deadline = time.monotonic() + 10
        while up.state.queue.admitted < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        refused = ask()
        assert refused.status_code == 429
        assert refused.json()["type"] == "urn:streetshop:problem:queue-full"
        assert int(refused.headers["retry-after"]) >= 1
        assert client.get("/healthz").status_code == 200  # the event loop is free all the while
        held.gate.set()
        assert [answer.result().status_code for answer in waiting] == [200, 200, 200]
        assert ask().status_code == 200
        assert "streetshop_queue_refused_total 1.0" in client.get("/metrics").text


def test_a_client_that_hangs_up_is_taken_out_of_the_queue(shop):
    held = Held(shop[1])
    body, kind = multipart({}, [("photo", png(street()))])
    request = f"POST /v1/search HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    with running(shop[0], held) as up:
        first = up.connect()
        first.sendall(request.encode() + body)
        assert held.entered.wait(10)
        others = [up.connect() for _ in range(5)]
        for other in others:
            other.sendall(request.encode() + body)
        deadline = time.monotonic() + 10
        while up.state.queue.admitted < 6 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert up.state.queue.admitted == 6
        for other in others:
            other.close()
        while up.state.queue.admitted > 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert up.state.queue.admitted == 1
        held.gate.set()
        assert b"200 OK" in first.recv(1000)
        first.close()
        assert held.batches == [(1, "street")]
        with up.client() as client:
            assert "streetshop_searches_cancelled_total 5.0" in client.get("/metrics").text
            assert client.delete("/v1/products/none", headers={"X-API-Key": KEY}).status_code == 404
