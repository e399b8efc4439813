"""The pool: same pixels, every picture its own error, and processes that do not end are replaced."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, wait

import numpy as np
import pytest

from streetshop.core.decoding.pool import DecodePool
from streetshop.core.errors import PhotoDamaged, PhotoError, PhotoTooCostly, PhotoTooLarge, UsageError
from streetshop.core.photo import Photo
from streetshop.core.pictures.limits import PhotoLimits
from tests.core.decoding.processes import decoders
from tests.core.pictures.hostile import grey_png, many_scans, noise, saved

SLOW = many_scans(8000, 8000, 64)
"""Several seconds of work, and within the limits of a header."""


@pytest.fixture(scope="module")
def pool() -> Iterator[DecodePool]:
    with DecodePool(2) as made:
        yield made


def test_photos_are_those_of_this_process(pool: DecodePool) -> None:
    files = [saved(noise(200 + 10 * i, 150), kind) for i, kind in enumerate(["JPEG", "PNG", "WEBP", "AVIF"] * 3)]
    decodings = [pool.submit(data, at_least=64) for data in files]
    for data, decoding in zip(files, decodings, strict=True):
        photo, here = decoding.result(120), Photo.from_bytes(data, at_least=64)
        assert (photo.width, photo.height, photo.sha256) == (here.width, here.height, here.sha256)
        assert np.array_equal(photo.pixels, here.pixels)


def test_every_picture_has_its_own_error_with_its_place(pool: DecodePool) -> None:
    good = pool.submit(saved(noise(64, 64), "PNG"))
    with pytest.raises(PhotoTooCostly, match=r"^a\.jpg: a JPEG of more than 64 scans\. Save it again"):
        pool.decode(many_scans(8000, 8000, 300), where="a.jpg")
    with pytest.raises(PhotoTooLarge, match=r"^b\.png: "):
        pool.decode(bytes(5000), where="b.png", limits=PhotoLimits(max_bytes=4000))
    broken = bytearray(saved(noise(64, 64), "PNG"))
    broken[60] ^= 255
    with pytest.raises(PhotoDamaged, match=r"^c\.png: the PNG data is damaged"):
        pool.decode(bytes(broken), where="c.png")
    assert good.result(60).width == 64


def test_a_picture_that_takes_too_long_is_refused_and_others_go_on() -> None:
    with DecodePool(2, seconds=0.3) as pool:
        pool.start()
        slow = [pool.submit(SLOW, at_least=64, where="slow") for _ in range(2)]
        for decoding in slow:
            with pytest.raises(PhotoTooCostly, match=r"^slow: decoding it takes more than 0\.3 s\. Save it again"):
                decoding.result(60)
    with DecodePool(2) as pool:
        assert pool.decode(saved(noise(64, 64), "PNG")).width == 64


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_a_process_that_dies_is_replaced_while_the_others_go_on() -> None:
    before = decoders()
    with DecodePool(2) as pool:
        pool.start()
        slow = pool.submit(SLOW, at_least=64)
        deadline = time.monotonic() + 60
        while not slow.running() and time.monotonic() < deadline:
            time.sleep(0.01)
        small = [pool.submit(saved(noise(64, 64), "PNG")) for _ in range(5)]
        assert [decoding.result(60).width for decoding in small] == [64] * 5
        assert not slow.done()
        for pid in decoders() - before:
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(PhotoTooCostly, match="ends the decoder"):
            slow.result(60)
        assert pool.decode(saved(noise(64, 64), "JPEG")).width == 64
    assert decoders() <= before  # none is left, no zombie either


def test_cancelled_pictures_end_at_once() -> None:
    with DecodePool(2) as pool:
        pool.start()
        running, waiting = pool.submit(SLOW, at_least=64), pool.submit(SLOW, at_least=64)
        deadline = time.monotonic() + 60
        while not running.running() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert waiting.cancel()
        assert not running.cancel()  # begun: its process is ended
        with pytest.raises(PhotoError):
            running.result(60)
        with pytest.raises(CancelledError):
            waiting.result(60)
        assert pool.decode(saved(noise(64, 64), "JPEG")).width == 64


def test_large_pictures_never_hold_a_small_one() -> None:
    """Six legal pictures of 36 million pixels: one at a time, and small ones beside them."""
    data = grey_png(6000, 6000)
    with DecodePool(2) as pool:
        pool.start()
        order: list[str] = []
        large = [pool.submit(data, at_least=640) for _ in range(6)]
        small = [pool.submit(saved(noise(64, 64), "PNG")) for _ in range(4)]
        for name, group in (("large", large), ("small", small)):
            for decoding in group:
                decoding.add_done_callback(lambda _, name=name: order.append(name))
        wait([*large, *small], 120)
        assert [decoding.result().width for decoding in large] == [6000] * 6
        assert order[:6].count("small") == 4  # before the third of the large ones


def test_begun_is_said_when_a_picture_waits_no_more(pool: DecodePool) -> None:
    for data in (saved(noise(64, 64), "PNG"), b"no picture"):
        begun = threading.Event()
        decoding = pool.submit(data, begun=begun.set)
        decoding.exception(60)
        assert begun.wait(10)


def test_settings_without_room_are_refused() -> None:
    with pytest.raises(UsageError, match="at least 512 MiB"):
        DecodePool(2, memory=100 * 2**20)
    with pytest.raises(UsageError, match="0 s"):
        DecodePool(2, seconds=0)


def test_a_closed_pool_takes_nothing() -> None:
    pool = DecodePool(2)
    pool.start()
    waiting = [pool.submit(SLOW, at_least=64) for _ in range(4)]
    pool.close()
    assert all(decoding.done() for decoding in waiting)
    with pytest.raises(RuntimeError, match="closed"):
        pool.submit(b"")
