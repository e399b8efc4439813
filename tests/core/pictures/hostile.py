"""Files made to cost a decoder time or memory, written by hand: each is valid, or as good as valid to its decoder."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """The bytes of a file of a kind."""
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """A picture that does not compress to nothing."""
    rng = np.random.default_rng(width * height)
    small = rng.integers(0, 256, (max(height // 8, 1), max(width // 8, 1), 3), np.uint8)
    return Image.fromarray(small).resize((width, height)).convert(mode)


# --- JPEG ---------------------------------------------------------------------------------------------------------


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def _bits(text: str) -> bytes:
    """Entropy-coded bits, filled up with ones, with a zero after each FF."""
    text += "1" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\x00")


def _one_code(table: int, symbol: int) -> bytes:
    """A Huffman table with a single code, the bit 0."""
    return segment(0xC4, bytes([table, 1, *[0] * 15, symbol]))


def many_scans(width: int, height: int, scans: int, between: bytes = b"") -> bytes:
    """A grey progressive JPEG of zeros: one DC scan, then AC scans that each say "nothing here" in a few bytes.

    Args:
        scans: in all.
        between: put before each scan.
    """
    blocks = -(-width // 8) * -(-height // 8)
    runs = ""
    left = blocks
    while left > 0:  # EOB14: the end of 16384 to 32767 blocks
        run = min(left, 32767) if left >= 16384 else 16384
        runs += "0" + format(run - 16384, "014b")
        left -= run
    ac = between + segment(0xDA, bytes([1, 1, 0, 1, 63, 0])) + _bits(runs)
    dc = between + segment(0xDA, bytes([1, 1, 0, 0, 0, 0])) + bytes(-(-blocks // 8))
    return b"".join(
        [
            b"\xff\xd8",
            segment(0xDB, bytes([0]) + bytes([1] * 64)),
            segment(0xC2, struct.pack(">BHHB", 8, height, width, 1) + bytes([1, 0x11, 0])),
            _one_code(0x00, 0),
            _one_code(0x10, 0xE0),
            dc,
            ac * (scans - 1),
            b"\xff\xd9",
        ]
    )


# --- PNG ----------------------------------------------------------------------------------------------------------


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def grey_png(width: int, height: int, colour: int = 0) -> bytes:
    """A whole PNG of zeros, made without the memory of its pixels; ``colour`` 0 is grey, 2 RGB, 6 RGB with alpha."""
    packer = zlib.compressobj(1)
    row = bytes(1 + width * {0: 1, 2: 3, 6: 4}[colour])
    body = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def with_chunks(png: bytes, chunks: bytes) -> bytes:
    """Chunks put after the header of a PNG."""
    return png[:33] + chunks + png[33:]


# --- AVIF and HEIC ------------------------------------------------------------------------------------------------


def with_claimed_size(file: bytes, width: int, height: int) -> bytes:
    """An AVIF or HEIC whose ``ispe`` boxes name another size than its coded pictures have."""
    changed = bytearray(file)
    at = changed.find(b"ispe")
    while at >= 0:
        changed[at + 8 : at + 16] = struct.pack(">II", width, height)
        at = changed.find(b"ispe", at + 1)
    return bytes(changed)


def with_frames(avif: bytes, frames: int) -> bytes:
    """An AVIF of one item whose coded picture holds its frame several times."""
    at = avif.index(b"iloc") + 4
    # Version 0, offsets and lengths of four bytes, one item with one extent, which the last eight bytes describe.
    assert avif[at : at + 8] == bytes.fromhex("00000000 4400 0001")
    start, length = struct.unpack_from(">II", avif, at + 14)
    item = avif[start : start + length]
    frame = item[item.index(b"\x32") :]  # the OBU of a frame, with its size
    content = item + frame * (frames - 1)
    described = struct.pack(">II", len(avif) + 8, len(content))
    return avif[: at + 14] + described + avif[at + 22 :] + struct.pack(">I4s", len(content) + 8, b"mdat") + content
