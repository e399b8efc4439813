"""Lines of a stream of bytes."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator

from hypothesis import given
from hypothesis import strategies as st

from streetshop.web.bulk import split_lines
from streetshop.web.problems import RequestTooLarge


async def collected(chunks: list[bytes], most: int, pause: float = 0.0) -> list[bytes | RequestTooLarge | None]:
    async def stream() -> AsyncIterator[bytes]:
        for chunk in chunks:
            if pause:
                await asyncio.sleep(pause)
            yield chunk

    return [line async for line in split_lines(stream(), most)]


@given(
    lines=st.lists(st.binary(max_size=8).map(lambda raw: raw.replace(b"\n", b"")), max_size=8),
    cuts=st.lists(st.integers(0, 60), max_size=6),
    end=st.booleans(),
)
def test_lines_are_those_of_the_whole_however_it_is_cut(lines: list[bytes], cuts: list[int], end: bool) -> None:
    text = b"\n".join(lines) + (b"\n" if end else b"")
    places = sorted({min(cut, len(text)) for cut in (0, *cuts, len(text))})
    chunks = [text[a:b] for a, b in itertools.pairwise(places) if a < b]
    wanted = text.split(b"\n")
    if not wanted[-1]:
        wanted.pop()
    found = [line for line in asyncio.run(collected(chunks, 4)) if line is not None]
    assert len(found) == len(wanted)
    for line, whole in zip(found, wanted, strict=True):
        assert isinstance(line, RequestTooLarge) if len(whole) > 4 else line == whole


def test_pauses_are_told() -> None:
    found = asyncio.run(collected([b"a\n", b"b\n"], 4, pause=0.2))
    assert found.index(b"a") < found.index(None, found.index(b"a")) < found.index(b"b")
