"""Many changes in one request: one JSON object a line, one result a line, in the order of the request.

Lines are applied in batches, each in one commit, and a result is given once its line is stored. Memory is bounded by
the size of a batch, whatever the size of the request.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError
from starlette.datastructures import Headers

from streetshop.catalog.store import Store, check_encoder
from streetshop.core.errors import FetchRefused, RequestInvalid, StreetshopError
from streetshop.core.photo import Photo
from streetshop.core.records import Product, check_product_id
from streetshop.indexing.change import Edit, Outcome, change_products, deletion, product_edit
from streetshop.indexing.shots import ShotReader
from streetshop.indexing.upload import Upload, cut_upload, uploaded
from streetshop.search import Searcher
from streetshop.web.answers import product_etag
from streetshop.web.conditions import Condition, condition
from streetshop.web.lanes import Patience
from streetshop.web.problems import Busy, RequestTooLarge, line_problem
from streetshop.web.requests import invalid_json
from streetshop.web.schemas import BulkLineIn, PictureIn, ProductIn, ProductPatch
from streetshop.web.state import State
from streetshop.web.writing import patched, product_of

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")
Result: TypeAlias = dict[str, object]

MAX_LINES: Final = 10_000
"""Lines of a request, at most."""
AT_ONCE: Final = 2
"""Bulk requests at a time, at most."""

_BATCH_LINES: Final = 256
_BATCH_BYTES: Final = 16 * 2**20
_PICTURES_AT_ONCE: Final = 4
"""A bulk request leaves room for the photos of searches."""
_PAUSE: Final = 0.05
"""Seconds without a byte after which the lines that have arrived are applied."""
_TRIES: Final = 30


@dataclass(slots=True, eq=False)
class _Line:
    """A line of the request.

    Attributes:
        number: from 1.
        product_id: None if it cannot be read.
        asked: what to do; None if ``error`` says why nothing.
        edit: how, once its pictures are read.
    """

    number: int
    product_id: str | None = None
    asked: _Asked | None = None
    edit: Callable[[Store], Edit] | None = None
    error: StreetshopError | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    op: str
    demanded: Condition
    described: ProductIn | None = None
    patch: ProductPatch | None = None
    pictures: tuple[PictureIn, ...] = ()


async def split_lines(chunks: AsyncIterator[bytes], most: int) -> AsyncIterator[bytes | RequestTooLarge | None]:
    """The lines of a stream of bytes without their ends, and None where the stream pauses.

    A line of more than ``most`` bytes is an error in its place, and the next one is read as usual.
    """
    held, too_long = bytearray(), False
    error = RequestTooLarge(f"a line of more than {most / 2**20:.3g} MiB", hint="Send fewer pictures a line")
    coming = asyncio.ensure_future(anext(chunks, b""))
    try:
        while True:
            done, _ = await asyncio.wait({coming}, timeout=_PAUSE)
            if not done:
                yield None
            chunk = await coming
            if not chunk:
                break
            coming = asyncio.ensure_future(anext(chunks, b""))
            *whole, rest = chunk.split(b"\n")
            for piece in whole:
                held += piece
                yield error if too_long or len(held) > most else bytes(held)
                held, too_long = bytearray(), False
            held += rest
            if len(held) > most:
                held, too_long = bytearray(), True
        if too_long:
            yield error
        elif held:
            yield bytes(held)
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)


class Bulk:
    """Applies the lines of one request.

    Args:
        state: of the server.
        tell: called with the result of each line, in order.
    """

    def __init__(self, state: State, tell: Callable[[Result], None]) -> None:
        self._state = state
        self._tell = tell
        self._batch: list[_Line] = []
        self._bytes = 0
        self._pictures = asyncio.Semaphore(_PICTURES_AT_ONCE)

    async def run(self, lines: AsyncIterator[bytes | RequestTooLarge | None]) -> None:
        """Apply the lines. Blank ones have no result; an error of the stream is the last one."""
        number = 0
        try:
            async for text in lines:
                if text is None:
                    await self._flush()
                    continue
                number += 1
                if number > MAX_LINES:
                    continue  # read to its end, so that the client gets the results
                await self._add(number, text)
        except StreetshopError as error:
            await self._flush()
            self._tell({"line": number + 1, "id": None, **line_problem(error)})
            return
        await self._flush()
        if number > MAX_LINES:
            rest = RequestTooLarge(f"{number} lines, of which {MAX_LINES} were read", hint="Send the rest by itself")
            self._tell({"line": MAX_LINES + 1, "id": None, **line_problem(rest)})

    async def _add(self, number: int, text: bytes | RequestTooLarge) -> None:
        if isinstance(text, bytes) and not text.strip():
            return
        line = _parsed(number, text)
        if any(line.product_id == other.product_id for other in self._batch if line.product_id is not None):
            await self._flush()  # one change of a product after the other
        self._batch.append(line)
        self._bytes += len(text) if isinstance(text, bytes) else 0
        if len(self._batch) >= _BATCH_LINES or self._bytes >= _BATCH_BYTES:
            await self._flush()

    async def _flush(self) -> None:
        batch, self._batch, self._bytes = self._batch, [], 0
        if not batch:
            return
        await asyncio.gather(*(self._prepare(line) for line in batch if line.asked))
        ready = {line.product_id: line.edit for line in batch if line.product_id is not None and line.edit}
        news: dict[str, bool] = {}

        def write(searcher: Searcher) -> dict[str, Outcome]:
            store = searcher.store
            edits = {product_id: _noting(product_id, edit(store), news) for product_id, edit in ready.items()}
            return change_products(store, edits)

        outcomes: dict[str, Outcome] = {}
        if ready:
            try:
                outcomes = await self._patiently(
                    lambda patience: self._state.queue.write(lambda: self._state.catalog.read(write), patience)
                )
            except StreetshopError as error:  # nothing of the batch was written
                outcomes = dict.fromkeys(ready, error)
            self._state.catalog.forget_facts()
        for line in batch:
            self._tell(_result(line, outcomes, news))

    async def _prepare(self, line: _Line) -> None:
        """Read and encode the pictures of a line."""
        asked, product_id = line.asked, line.product_id
        if asked is None or product_id is None:
            return
        try:
            line.edit = await self._edit(asked, product_id)
        except StreetshopError as error:
            line.error = error

    async def _edit(self, asked: _Asked, product_id: str) -> Callable[[Store], Edit]:
        check = asked.demanded.check
        if asked.described is None:
            patch = asked.patch
            if patch is None:
                return lambda store: deletion(product_id, check)
            return lambda store: product_edit(store, product_id, lambda product: patched(product, patch), check)
        searcher = self._state.catalog.searcher()
        encoder = searcher.encoder
        product = product_of(product_id, asked.described)
        uploads = [await self._upload(each, product, searcher, i) for i, each in enumerate(asked.pictures)]
        vectors: NDArray[np.float32] = await self._patiently(
            lambda patience: self._state.queue.encode([upload.prepared for upload in uploads], patience, "shop")
        )

        def put(store: Store) -> Edit:
            check_encoder(store.meta, encoder.fingerprint, store.url)

            def change(before: Any) -> Any:
                check(before.product if before else None)
                return uploaded(product, uploads, vectors, before, encoder.fingerprint)

            return change

        return put

    async def _upload(self, picture: PictureIn, product: Product, searcher: Searcher, number: int) -> Upload:
        reader = ShotReader(searcher.encoder, searcher.reader)
        where = f"pictures[{number}]"

        def cut(photo: Photo) -> Upload:
            return cut_upload(reader, photo, product, picture.url or "")

        async with self._pictures:
            data = await self._bytes_of(picture, where)
            return await self._patiently(
                lambda patience: self._state.queue.look(data, cut, patience, side=reader.side, where=where)
            )

    async def _bytes_of(self, picture: PictureIn, where: str) -> bytes:
        if (picture.data is None) == (picture.url is None):
            raise RequestInvalid("a picture has data or a url", where=where, hint="Give one of them")
        if picture.data is not None:
            try:
                return base64.b64decode(picture.data, validate=True)
            except (binascii.Error, ValueError):
                raise RequestInvalid("data is no base64", where=where, hint="Encode the bytes of the file") from None
        fetcher = self._state.fetcher
        if fetcher is None:
            raise FetchRefused(
                "this server fetches no pictures", where=where, hint="Start it with --fetch, or send them as data"
            )
        return await asyncio.to_thread(fetcher.fetch, picture.url or "")

    async def _patiently(self, work: Callable[[Patience], Awaitable[T]]) -> T:
        """Do work in the lane of writes, again after a while if the server is busy: a bulk request can wait."""
        for attempt in range(1, _TRIES + 1):
            try:
                return await work(Patience(self._state.queue.writes))
            except Busy:
                if attempt == _TRIES:
                    raise
                await asyncio.sleep(1)
        raise Busy("the server is busy")


def _parsed(number: int, text: bytes | RequestTooLarge) -> _Line:
    if not isinstance(text, bytes):
        return _Line(number, error=text)
    line = _Line(number)
    try:
        asked = _validated(BulkLineIn, text)
        line.product_id = check_product_id(asked.id)
        demanded = condition(Headers({"If-Match": asked.if_match} if asked.if_match is not None else {}))
        pictures = tuple(asked.pictures)
        if asked.op != "put" and pictures:
            raise RequestInvalid(f"{asked.op} takes no pictures", where="pictures", hint="Use put")
        if asked.op == "delete" and asked.product is not None:
            raise RequestInvalid("delete takes no product", where="product", hint="Leave it out")
        if asked.op != "delete" and asked.product is None:
            raise RequestInvalid("product is missing", where="product", hint="Give its fields")
        described = _validated(ProductIn, asked.product) if asked.op == "put" else None
        patch = _validated(ProductPatch, asked.product) if asked.op == "patch" else None
        given = (described or patch or asked).id
        if given is not None and check_product_id(given) != line.product_id:
            raise RequestInvalid("the id in the product is not that of the line", where="id", hint="Leave it out")
        line.asked = _Asked(asked.op, demanded, described, patch, pictures)
    except StreetshopError as error:
        line.error = error
    return line


def _validated(model: type[M], value: object) -> M:
    try:
        return model.model_validate_json(value) if isinstance(value, bytes) else model.model_validate(value)
    except ValidationError as error:
        raise invalid_json(error) from None


def _noting(product_id: str, edit: Edit, news: dict[str, bool]) -> Edit:
    """The edit, which also notes whether its product was there."""

    def change(before: Any) -> Any:
        news[product_id] = before is None
        return edit(before)

    return change


def _result(line: _Line, outcomes: dict[str, Outcome], news: dict[str, bool]) -> Result:
    told: Result = {"line": line.number, "id": line.product_id}
    outcome: Outcome = line.error
    if outcome is None and line.product_id is not None:
        outcome = outcomes.get(line.product_id)
    if isinstance(outcome, StreetshopError):
        return {**told, **line_problem(outcome)}
    if outcome is None:
        return {**told, "status": 204}
    status = 201 if line.product_id is not None and news.get(line.product_id) else 200
    return {**told, "status": status, "etag": product_etag(outcome.product)}
