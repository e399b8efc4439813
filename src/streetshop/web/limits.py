"""Upload limits: bytes, pauses and total time of a request body, and the memory of all bodies together.

The Content-Length of a body is not trusted, and a body may never end. Nothing of a body is written to disk.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Final

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive

from streetshop.core.errors import RequestInvalid
from streetshop.web.problems import Busy, RequestTimeout, RequestTooLarge
from streetshop.web.settings import MAX_FIELD_BYTES, MAX_FORM_FIELDS, Settings

_BOUNDARY: Final = re.compile(rb"[-0-9A-Za-z'()+_,./:=? ]{0,69}[-0-9A-Za-z'()+_,./:=?]")
"""RFC 2046, 5.1.1."""
_DRAIN_BYTES: Final = 64 * 2**20
_DRAIN_SECONDS: Final = 2.0


class UploadMemory:
    """Counts the bytes of all request bodies in memory. Not thread-safe: for the event loop only."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0

    def take(self, size: int) -> None:
        """Raise Busy when ``size`` more bytes do not fit."""
        if self.used + size > self.limit:
            raise Busy("too many uploads at once")
        self.used += size

    def give_back(self, size: int) -> None:
        """Release ``size`` bytes."""
        self.used -= size


@dataclass(slots=True)
class BodyReader:
    """Reads one body within the limits. Its bytes count in ``memory`` until :meth:`release`."""

    receive: Receive
    headers: Headers
    settings: Settings
    memory: UploadMemory
    max_bytes: int
    read: int = 0
    held: int = 0
    _complete: bool = False
    _deadline: float = field(default=0.0)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Iterate over the body in chunks.

        Raises:
            RequestTooLarge: more bytes than ``max_bytes``.
            RequestTimeout: a pause or the whole body took too long.
            Busy: the memory of all bodies is used up.
            ClientDisconnect: the client closed the connection.
        """
        announced = self.headers.get("content-length")
        if announced is not None and announced.isdecimal() and int(announced) > self.max_bytes:
            await self._refuse(int(announced))
        self._deadline = time.monotonic() + self.settings.body_total
        while not self._complete:
            message = await self._next()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            chunk: bytes = message.get("body", b"")
            self._complete = not message.get("more_body", False)
            if self.read + len(chunk) > self.max_bytes:
                await self._refuse(None)
            self.memory.take(len(chunk))
            self.read += len(chunk)
            self.held += len(chunk)
            if chunk:
                yield chunk

    def release(self) -> None:
        """Release the memory of the body."""
        self.memory.give_back(self.held)
        self.held = 0

    async def _next(self) -> Message:
        left = self._deadline - time.monotonic()
        try:
            return await asyncio.wait_for(self.receive(), max(min(self.settings.body_idle, left), 0.001))
        except TimeoutError:
            raise RequestTimeout(
                f"the body came too slowly ({self.read} bytes, then nothing for {self.settings.body_idle:g} s)"
                if left > self.settings.body_idle
                else f"the body took longer than {self.settings.body_total:g} s",
                hint="Send it again, or a smaller picture",
            ) from None

    async def _refuse(self, announced: int | None) -> None:
        """Discard the rest for a moment, so that the client gets the answer and not a connection reset."""
        if self.headers.get("expect", "").lower() != "100-continue":
            left, until = _DRAIN_BYTES, time.monotonic() + min(_DRAIN_SECONDS, self.settings.body_idle)
            while not self._complete and left > 0 and (wait := until - time.monotonic()) > 0:
                try:
                    message = await asyncio.wait_for(self.receive(), wait)
                except TimeoutError:
                    break
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                left -= len(message.get("body", b""))
                self._complete = not message.get("more_body", False)
        size = f"{announced / 2**20:.1f} MiB are" if announced is not None else "the body is"
        raise RequestTooLarge(f"{size} more than the limit of {self.max_bytes / 2**20:.3g} MiB", hint="Send less")


class _InMemoryParser(MultiPartParser):
    """Starlette's parser with files kept in memory: query photos are never written to disk."""

    spool_max_size = 2**40


async def read_form(request: Request, body: BodyReader, *, max_files: int) -> FormData:
    """Parse multipart/form-data within the limits. Raises RequestInvalid for any other or broken content."""
    try:
        headers = _form_headers(request.headers.get("content-type", ""))
    except RequestInvalid:
        async for _ in body.chunks():
            body.release()
        raise
    parser = _InMemoryParser(
        headers,
        body.chunks(),
        max_files=max_files,
        max_fields=MAX_FORM_FIELDS,
        max_part_size=MAX_FIELD_BYTES,
    )
    try:
        return await parser.parse()
    except (MultiPartException, MultipartParseError) as error:
        message = getattr(error, "message", None) or str(error)
        # Read the rest: an answer before the end of the body would be lost in a reset connection.
        async for _ in body.chunks():
            body.release()
        raise RequestInvalid(f"the form is malformed ({message.rstrip('.')})", hint="Send it again") from None


def _form_headers(value: str) -> Headers:
    """What the parser needs of a form's content type. Raises RequestInvalid for another type or charset."""
    kind, options = parse_options_header(value)
    if kind != b"multipart/form-data":
        raise RequestInvalid(
            f"the content type is {value.partition(';')[0][:80] or 'missing'}, not multipart/form-data",
            hint="Send a form, e.g. curl -F photo=@photo.jpg",
        )
    boundary = options.get(b"boundary", b"")
    if not _BOUNDARY.fullmatch(boundary):
        raise RequestInvalid("the content type has no boundary", hint="Let the HTTP client write the content type")
    charset = options.get(b"charset", b"utf-8").lower()
    if charset not in (b"utf-8", b"us-ascii"):
        raise RequestInvalid(f"the charset of the form is {charset[:40].decode('latin-1')!r}", hint="Send UTF-8")
    return Headers({"content-type": f"multipart/form-data; boundary={boundary.decode()}"})


async def file_bytes(form: FormData, name: str) -> list[bytes]:
    """The content of every file in the field ``name``; text in that field is refused."""
    found = []
    for value in form.getlist(name):
        if not isinstance(value, UploadFile):
            raise RequestInvalid(f"the field {name} holds text, not a file", where=name, hint="Send it as a file")
        found.append(await value.read())
    return found
