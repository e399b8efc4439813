"""The process that decodes untrusted bytes for a :class:`~streetshop.core.decoding.pool.DecodePool`.

It reads requests from standard input and writes replies to standard output, both one socket, until that is closed. The
bytes of files and pixels are in a file in memory that both processes have open: a socket would take them in many small
pieces. Only Pillow is loaded, which keeps the process at some 25 MiB. A reply is numbers and pixels, or a short JSON
text: a process that has been taken over can answer with a wrong picture, and nothing else.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import struct
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from PIL import AvifImagePlugin

from streetshop.core.errors import PhotoError
from streetshop.core.pictures.decode import decode
from streetshop.core.pictures.formats import sniff_format
from streetshop.core.pictures.limits import PhotoLimits

READY: Final = b"R"
REQUEST: Final = struct.Struct(">QQQI?IQd")
"""Bytes of the file; the four limits of :class:`PhotoLimits`; ``at_least`` or 0; memory in bytes; seconds."""
REPLY: Final = struct.Struct(">IIIII")
"""Upright width and height of the original; width and height of the pixels in the shared file. Or zeros, and the size
of a JSON object there with the error's ``slug``, ``what`` and ``hint``."""
MAX_TEXT: Final = 8192

_PR_SET_PDEATHSIG: Final = 1


def main(parent: int, shared: int) -> None:
    """Decode until standard input ends.

    Args:
        parent: id of the process that waits for the answers.
        shared: descriptor of the file that both have open.
    """
    end_with(parent)
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # the pool has a process for each core
    with open(0, "rb") as source, open(1, "wb", buffering=0) as sink, open(shared, "r+b", buffering=0) as file:
        sink.write(READY)
        while len(head := source.read(REQUEST.size)) == REQUEST.size:
            size, max_bytes, max_pixels, min_side, more, at_least, memory, seconds = REQUEST.unpack(head)
            data = os.pread(shared, size, 0)
            limits = PhotoLimits(max_bytes, max_pixels, min_side, more)
            reply, body = _reply(data, at_least or None, limits, memory, seconds)
            file.seek(0)
            file.write(body)
            sink.write(reply)


def _reply(data: bytes, at_least: int | None, limits: PhotoLimits, memory: int, seconds: float) -> tuple[bytes, bytes]:
    sniff_format(data)  # it loads the decoder, whose libraries are not the picture's memory
    # The parent ends this process in time; should there be no parent any more, the alarm does.
    signal.setitimer(signal.ITIMER_REAL, seconds + 1)
    _limit_memory(memory)
    try:
        decoded = decode(data, at_least=at_least, limits=limits)
        return REPLY.pack(decoded.width, decoded.height, *decoded.image.size, 0), decoded.image.tobytes()
    except PhotoError as error:
        text = json.dumps({"slug": error.slug, "what": error.what[:500], "hint": error.hint[:500]}).encode()
        return REPLY.pack(0, 0, 0, 0, len(text)), text
    finally:
        _limit_memory(None)
        signal.setitimer(signal.ITIMER_REAL, 0)


def _limit_memory(more: int | None) -> None:
    """Let the process grow by so many bytes from where it is, None for without limit."""
    soft = resource.RLIM_INFINITY
    if more is not None:
        try:
            pages = int(Path("/proc/self/statm").read_text().split()[0])
        except OSError:
            return  # no Linux; elsewhere the kernel does not keep to the limit
        soft = pages * resource.getpagesize() + more
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (soft, resource.getrlimit(resource.RLIMIT_AS)[1]))


def end_with(parent: int) -> None:
    """Ask Linux to end this process when its parent ends, also in the middle of a picture."""
    if sys.platform == "linux":
        import ctypes

        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it has ended already
        sys.exit()
