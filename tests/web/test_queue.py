"""The queue: batches across requests, 429 when full, the work of clients that are gone dropped."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from streetshop.catalog.lance import locks
from streetshop.core.errors import VectorError
from streetshop.core.photo import Photo
from streetshop.looks import garment_picture, whole_photo
from streetshop.models import Encoder
from streetshop.web import Settings
from streetshop.web.lanes import Lane, Patience
from streetshop.web.metrics import Metrics
from streetshop.web.queue import Stage, WorkQueue
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
        queue = WorkQueue(held, Settings(queue=99, max_batch=8, max_wait=60), Metrics())
        tasks = [asyncio.create_task(queue.encode([one], Patience(queue.photos))) for one in prepared[:20]]
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
        queue = WorkQueue(held, Settings(queue=9, max_batch=8, max_wait=60), Metrics())
        began = time.perf_counter()
        for one in prepared[:5]:
            await queue.encode([one], Patience(queue.photos))
        queue.close()
        return time.perf_counter() - began

    assert asyncio.run(main()) < 1.0
    assert held.batches == [(1, "street")] * 5


def test_sides_are_not_mixed_and_a_large_request_is_a_batch_of_its_own(shop, prepared):
    held = Held(shop[1])

    async def main():
        queue = WorkQueue(held, Settings(queue=9, max_batch=4, max_wait=60), Metrics())
        tasks = [
            asyncio.create_task(queue.encode(prepared[:1], Patience(queue.photos))),
            asyncio.create_task(queue.encode(prepared[1:2], Patience(queue.photos), "shop")),
            asyncio.create_task(queue.encode(prepared[:12], Patience(queue.photos))),
            asyncio.create_task(queue.encode(prepared[:1], Patience(queue.photos))),
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
        queue = WorkQueue(held, Settings(queue=99, max_batch=2, max_wait=60), Metrics())
        tasks = [asyncio.create_task(queue.encode([one], Patience(queue.photos))) for one in prepared[:8]]
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
        queue = WorkQueue(held, Settings(queue=99, max_batch=8, max_wait=60), Metrics())
        results = await asyncio.gather(
            *(queue.encode([one], Patience(queue.photos)) for one in prepared[:6]), return_exceptions=True
        )
        queue.close()
        return results

    results = asyncio.run(main())
    assert [isinstance(result, VectorError) for result in results] == [False, False, False, True, False, False]


def test_full_queue_answers_429_and_recovers(shop):
    held = Held(shop[1])
    settings = Settings(queue=3, max_wait=60)
    with running(shop[0], held, settings=settings) as up, ThreadPoolExecutor(3) as pool, up.client() as client:
        ask = lambda: client.post("/v1/search", files={"photo": png(street())}, data={"k": "1"})  # noqa: E731
        waiting = [pool.submit(ask) for _ in range(3)]
        deadline = time.monotonic() + 10
        while up.state.queue.photos.admitted < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        refused = ask()
        assert refused.status_code == 429
        assert refused.json()["type"] == "urn:streetshop:problem:queue-full"
        assert int(refused.headers["retry-after"]) >= 1
        assert client.get("/healthz").status_code == 200  # the event loop is free all the while
        held.gate.set()
        assert [answer.result().status_code for answer in waiting] == [200, 200, 200]
        assert ask().status_code == 200
        assert 'streetshop_queue_refused_total{lane="photo",reason="full"} 1.0' in client.get("/metrics").text


def test_a_client_that_hangs_up_is_taken_out_of_the_queue(shop):
    held = Held(shop[1])
    body, kind = multipart({}, [("photo", png(street()))])
    request = (
        f"POST /v1/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with running(shop[0], held, settings=Settings(max_wait=60)) as up:
        first = up.connect()
        first.sendall(request.encode() + body)
        assert held.entered.wait(10)
        others = [up.connect() for _ in range(5)]
        for other in others:
            other.sendall(request.encode() + body)
        deadline = time.monotonic() + 10
        while up.state.queue.photos.admitted < 6 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert up.state.queue.photos.admitted == 6
        for other in others:
            other.close()
        while up.state.queue.photos.admitted > 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert up.state.queue.photos.admitted == 1
        held.gate.set()
        assert b"200 OK" in first.recv(1000)
        first.close()
        assert held.batches == [(1, "street")]
        with up.client() as client:
            assert "streetshop_searches_cancelled_total 5.0" in client.get("/metrics").text
            assert client.delete("/v1/products/none", headers={"X-API-Key": KEY}).status_code == 404


class Slow(Held):
    """An encoder that takes a while for every batch."""

    seconds = 0.4

    def encode(self, prepared, *, side="street"):
        time.sleep(self.seconds)
        return self.encoder.encode(prepared, side=side)


def test_searches_that_wait_too_long_are_answered_429_in_time(shop):
    settings = Settings(max_wait=1.5, max_batch=2)  # two pictures in .4 s: about seven searches in the time
    with running(shop[0], Slow(shop[1]), settings=settings) as up, ThreadPoolExecutor(24) as pool:
        limits = httpx.Limits(max_connections=30)
        with up.client(limits=limits) as client:

            def ask(_: int) -> tuple[int, float, str]:
                began = time.monotonic()
                answer = client.post("/v1/search", files={"photo": png(square("red"))}, data={"k": "1"})
                return answer.status_code, time.monotonic() - began, answer.headers.get("retry-after", "")

            answers = list(pool.map(ask, range(24)))
            assert ask(0)[0] == 200
            text = client.get("/metrics").text
    statuses = [status for status, _, _ in answers]
    assert set(statuses) == {200, 429}
    assert statuses.count(200) >= 4
    assert all(int(after) >= 1 for status, _, after in answers if status == 429)
    assert all(seconds < 10 for _, seconds, _ in answers)  # all 24, one after the other, take 4.8 s and more
    late = re.search(r'streetshop_queue_refused_total\{lane="photo",reason="late"\} (\d+)', text)
    assert late
    assert int(late[1]) > 0
    assert up.state.queue.photos.admitted == 0


def test_a_search_that_waits_is_dropped_while_the_encoder_is_stuck(shop):
    held = Held(shop[1])
    with running(shop[0], held, settings=Settings(max_wait=0.5)) as up, up.client() as client:
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(client.post, "/v1/search", files={"photo": png(square("red"))})
            assert held.entered.wait(10)
            refused = client.post("/v1/search", files={"photo": png(square("blue"))})
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
            assert "waited for 0.5 s" in refused.json()["detail"]
            held.gate.set()
            assert first.result().status_code == 200  # the encoder had begun: that is work, not waiting
        assert client.post("/v1/search", files={"photo": png(square("blue"))}).status_code == 200
    assert held.batches == [(1, "street"), (1, "street")]


HOLD = """
import sys
from pathlib import Path
from streetshop.catalog.lance.locks import writer_lock
with writer_lock(Path(sys.argv[1])).hold("index"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_searches_go_on_while_writes_wait_for_another_process(own_shop, monkeypatch):
    monkeypatch.setattr(locks, "TIMEOUT", 2.0)
    catalog, encoder = own_shop
    with (
        subprocess.Popen(
            [sys.executable, "-c", HOLD, str(catalog)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as holder,
        running(catalog, encoder) as up,
        up.client() as client,
        ThreadPoolExecutor(6) as pool,
    ):
        assert holder.stdout.readline() == b"held\n"
        headers = {"X-API-Key": KEY}
        product = {"product": (None, '{"title": "New"}'), "pictures": png(square("red"))}
        writes = [pool.submit(client.put, f"/v1/products/n{i}", files=product, headers=headers) for i in range(3)]
        writes += [pool.submit(client.delete, "/v1/products/red-plain", headers=headers) for _ in range(3)]
        deadline = time.monotonic() + 10
        while up.state.queue.writes.admitted < 6 and time.monotonic() < deadline:
            time.sleep(0.01)
        answered = 0
        while not any(write.done() for write in writes):
            assert client.post("/v1/search", files={"photo": png(square("red"))}).status_code == 200
            assert client.get("/v1/products/red-plain/similar").status_code == 200
            assert client.get("/v1/catalog").status_code == 200
            answered += 1
        holder.stdin.close()
        statuses = [write.result().status_code for write in writes]
    assert answered >= 3  # in the two seconds that the first write waits; none of them waited as long
    assert set(statuses) <= {200, 201, 204, 404, 423, 429}
    assert 423 in statuses


def test_writes_have_places_of_their_own(own_shop):
    with running(*own_shop, settings=Settings(write_queue=1)) as up, up.client() as client:
        headers = {"X-API-Key": KEY}
        with up.state.queue.writes.slot():
            refused = client.delete("/v1/products/red-plain", headers=headers)
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
            assert client.post("/v1/search", files={"photo": png(square("red"))}).status_code == 200
        assert client.delete("/v1/products/red-plain", headers=headers).status_code == 204


def test_a_cancelled_request_frees_its_thread_when_the_work_ends():
    async def main() -> list[str]:
        stage = Stage("search", 1, Metrics())
        line = Lane("read", size=9, max_wait=30, metrics=Metrics())
        gate, began, order = threading.Event(), threading.Event(), []

        def first() -> None:
            began.set()
            assert gate.wait(20)
            order.append("first")

        task = asyncio.create_task(stage.run(first, Patience(line)))
        await asyncio.to_thread(began.wait, 10)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        second = asyncio.create_task(stage.run(lambda: order.append("second"), Patience(line)))
        await asyncio.sleep(0.05)
        assert not second.done()
        gate.set()
        await second
        stage.close()
        return order

    assert asyncio.run(main()) == ["first", "second"]


class Numbers:
    """An encoder of numbers, which are their own vectors."""

    def encode(self, prepared, *, side="street"):
        return np.array([[number, len(side)] for number in prepared], np.float32)


@hypothesis.settings(max_examples=40, deadline=None)
@hypothesis.given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["street", "shop"]), st.integers(-1, 6)), max_size=20)
)
def test_everybody_gets_their_own_whatever_is_cancelled_meanwhile(requests):
    async def main():
        queue = WorkQueue(Numbers(), Settings(max_batch=4, max_wait=60), Metrics())

        async def ask(start: int, count: int, side: str) -> list[float]:
            with queue.photos.slot() as patience:
                found = await queue.encode([start * 10 + i for i in range(count)], patience, side)
            return found.tolist()

        tasks = [asyncio.create_task(ask(i, count, side)) for i, (count, side, _) in enumerate(requests)]
        for turn in range(7):
            await asyncio.sleep(0)
            for task, (_, _, when) in zip(tasks, requests, strict=True):
                if when == turn:
                    task.cancel()
        answers = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 30)
        admitted = queue.photos.admitted
        queue.close()
        return answers, admitted

    answers, admitted = asyncio.run(main())
    assert admitted == 0
    for i, (answer, (count, side, when)) in enumerate(zip(answers, requests, strict=True)):
        if isinstance(answer, asyncio.CancelledError):
            assert when >= 0
        else:
            assert answer == [[i * 10 + n, len(side)] for n in range(count)]
