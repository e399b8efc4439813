"""The cost of a JPEG, from its markers (ITU-T T.81, annex B)."""

from __future__ import annotations

import re
from typing import Final

from streetshop.core.pictures.header import Header
from streetshop.core.pictures.limits import MAX_SCANS, PhotoLimits, check_metadata, check_reducible, too_costly

# libjpeg skips everything else between two segments, be it entropy-coded data, padding or restart markers. Markers from
# 02 to BF are reserved: it skips them without their length inside a scan and refuses the file elsewhere.
_MARKER: Final = re.compile(rb"\xff([\xc0-\xcf\xd8-\xfe])")
_SOF: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_PROGRESSIVE: Final = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_SOI: Final = 0xD8
_EOI: Final = 0xD9
_SOS: Final = 0xDA


def inspect_jpeg(data: bytes, limits: PhotoLimits) -> Header:
    """Walk the segments up to the end of the first picture; what follows it (previews, depth maps, films) is not read.

    Raises:
        PhotoError: outside the limits.
        ValueError, IndexError: malformed.
    """
    width = height = coefficients = 0
    scans = parts = metadata = 0
    progressive = False
    position = 2
    while (found := _MARKER.search(data, position)) is not None:
        marker, position = found[1][0], found.end()
        if marker == _EOI:
            break
        if marker == _SOI:
            continue
        length = max(int.from_bytes(data[position : position + 2], "big"), 2)
        if marker in _SOF:
            width, height, coefficients = _frame(data[position : position + length])
            check_reducible(width, height, limits)
            progressive = marker in _PROGRESSIVE
        elif marker == _SOS:
            scans += 1
            if scans > MAX_SCANS:
                raise too_costly(f"a JPEG of more than {MAX_SCANS} scans")
        else:
            parts, metadata = parts + 1, metadata + length
            check_metadata(metadata, parts)
        position += length
    if not width:
        raise ValueError("no frame header")
    kept = coefficients if progressive or scans > 1 else 0
    pixels = width * height
    scale = 4 if pixels > limits.max_pixels else 1
    work = pixels + pixels * max(scans - 1, 0) // 8
    return Header((width, height), work=work, memory=kept, output=4 * pixels, least_scale=scale, reducible=True)


def _frame(segment: bytes) -> tuple[int, int, int]:
    """Width, height, and bytes of all coefficients of a frame header."""
    height, width, count = int.from_bytes(segment[3:5], "big"), int.from_bytes(segment[5:7], "big"), segment[7]
    sampling = [(segment[9 + 3 * i] >> 4) * (segment[9 + 3 * i] & 15) for i in range(count)]
    largest = max(1, *sampling) if sampling else 1
    return width, height, 2 * width * height * sum(sampling) // largest
