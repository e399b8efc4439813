"""The cost of an AVIF or HEIC file (ISO/IEC 23008-12): of its pictures as their codecs will decode them.

The size in a file's ``ispe`` boxes is what it claims; what a decoder allocates is in the coded pictures themselves.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from streetshop.core.errors import PhotoFormatUnsupported
from streetshop.core.pictures.av1 import av1_frames, av1_size
from streetshop.core.pictures.boxes import Box, Numbers, boxes
from streetshop.core.pictures.header import Header
from streetshop.core.pictures.hevc import hevc_size
from streetshop.core.pictures.limits import (
    MAX_METADATA,
    MAX_PARTS,
    MAX_TOTAL,
    PhotoLimits,
    check_area,
    check_metadata,
    too_costly,
    too_many_pixels,
)

_CONFIG: Final = {b"av01": b"av1C", b"hvc1": b"hvcC", b"hev1": b"hvcC"}
"""The box of a codec's settings."""

_NO_PICTURE: Final = frozenset({b"Exif", b"mime", b"uri ", b"iden", b"tmap"})
_BYTES_PER_PIXEL: Final = 16
"""Planes of the decoder, the RGBA that is made of them, and Pillow's picture."""


@dataclass(slots=True)
class _Item:
    kind: bytes = b""
    extents: list[tuple[int, int]] = field(default_factory=list)
    config: Box | None = None
    claimed: tuple[int, int] = (0, 0)


def inspect_iso_media(data: bytes, limits: PhotoLimits) -> Header:
    """Read the sizes of all coded pictures of a file.

    Raises:
        PhotoError: outside the limits.
        ValueError, IndexError: malformed.
    """
    areas: list[int] = []
    for box in boxes(data, 0, len(data)):
        if box.kind in (b"meta", b"moov"):
            if box.size > MAX_METADATA:
                raise too_costly(f"more than {MAX_METADATA / 2**20:.0f} MiB of metadata")
            areas += _item_areas(box, limits) if box.kind == b"meta" else _track_areas(box, limits)
    if not areas:
        raise ValueError("no picture in the file")
    if sum(areas) > MAX_TOTAL * limits.max_pixels:
        raise too_many_pixels(f"{sum(areas) / 1e6:.0f} million pixels in all parts", limits)
    output = _BYTES_PER_PIXEL * min(sum(areas), limits.max_pixels)
    # What these codecs take grows with the bytes of the stream as much as with its pixels.
    return Header(None, work=2 * sum(areas) + len(data), memory=0, output=output)


def _item_areas(meta: Box, limits: PhotoLimits) -> list[int]:
    """Pixels of the coded items, each as often as it has frames and as a grid names it."""
    parts = {box.kind: box for box in meta.children()}
    items = _items(parts)
    used = _references(parts.get(b"iref"))
    areas: list[int] = []
    for number, item in items.items():
        check_area(*item.claimed, limits)
        if item.kind in _CONFIG or item.kind == b"grid":
            content = b"".join(meta.data[start:end] for start, end in item.extents)
            width, height = (
                _grid_size(content) if item.kind == b"grid" else _coded_size(item.kind, item.config, content)
            )
            check_area(width, height, limits)
            if item.kind != b"grid":
                areas.append(width * height * _frames(item.kind, content) * max(used[number], 1))
        elif item.kind not in _NO_PICTURE:
            name = item.kind.decode("latin-1")
            raise PhotoFormatUnsupported(f"a part of the type {name!r}", hint="Save it again as JPEG, PNG or WebP")
    metadata = sum(end - start for item in items.values() if item.kind in _NO_PICTURE for start, end in item.extents)
    check_metadata(metadata, len(items))
    return areas


def _items(parts: dict[bytes, Box]) -> dict[int, _Item]:
    items: dict[int, _Item] = {}
    if b"iinf" in parts:
        iinf = parts[b"iinf"]
        for infe in iinf.children(2 if iinf.version == 0 else 4):
            numbers = Numbers(infe)
            number = numbers.take(4 if infe.version == 3 else 2)
            numbers.take(2)
            items[number] = _Item(numbers.kind() if infe.version >= 2 else b"")
    if b"iloc" in parts:
        _locate(items, parts[b"iloc"], parts.get(b"idat"))
    if b"iprp" in parts:
        _describe(items, parts[b"iprp"])
    return items


def _locate(items: dict[int, _Item], iloc: Box, idat: Box | None) -> None:
    """Where the bytes of the items lie. Items may share bytes, but all together are no longer than the file."""
    numbers = Numbers(iloc)
    sizes = numbers.take(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if iloc.version else 0
    total = count = 0
    for _ in range(numbers.take(4 if iloc.version == 2 else 2)):
        number = numbers.take(4 if iloc.version == 2 else 2)
        method = numbers.take(2) & 15 if iloc.version else 0
        numbers.take(2)
        base = numbers.take(base_size)
        for _ in range(numbers.take(2)):
            numbers.take(index_size)
            start, length = base + numbers.take(offset_size), numbers.take(length_size)
            first, last = (idat.start, idat.end) if method == 1 and idat else (0, len(iloc.data))
            end = min(first + start + length if length else last, last)
            total, count = total + max(end - first - start, 0), count + 1
            if total > len(iloc.data) or count > MAX_PARTS or method > 1:
                raise too_costly("parts that lie over each other")
            if number in items:
                items[number].extents.append((first + start, end))


def _describe(items: dict[int, _Item], iprp: Box) -> None:
    """Give each item its claimed size and its codec's settings."""
    children = iprp.children()
    properties = [one for box in children if box.kind == b"ipco" for one in box.children()]
    for ipma in (box for box in children if box.kind == b"ipma"):
        numbers = Numbers(ipma)
        for _ in range(numbers.take(4)):
            item = items.get(numbers.take(4 if ipma.version else 2), _Item())
            for _ in range(numbers.take(1)):
                index = numbers.take(2) & 0x7FFF if ipma.flags & 1 else numbers.take(1) & 0x7F
                if not 0 < index <= len(properties):
                    continue
                found = properties[index - 1]
                if found.kind == b"ispe":
                    size = Numbers(found)
                    item.claimed = size.take(4), size.take(4)
                elif found.kind in _CONFIG.values():
                    item.config = found


def _references(iref: Box | None) -> Counter[int]:
    """How often each item is part of another one."""
    used: Counter[int] = Counter()
    size = 4 if iref and iref.version else 2
    for box in iref.children() if iref else ():
        if box.kind == b"dimg":
            numbers = Numbers(box)
            numbers.take(size)
            used.update(numbers.take(size) for _ in range(numbers.take(2)))
    return used


def _grid_size(content: bytes) -> tuple[int, int]:
    size = 4 if content[1] & 1 else 2
    return int.from_bytes(content[4 : 4 + size], "big"), int.from_bytes(content[4 + size : 4 + 2 * size], "big")


def _coded_size(kind: bytes, config: Box | None, content: bytes) -> tuple[int, int]:
    """The size that the decoder will make. Raises ValueError if the file does not say."""
    settings = b"" if config is None else config.data[config.start : config.end]
    if kind == b"av01":
        sizes = [av1_size(settings[4:]), av1_size(content)]
    else:
        sizes = [hevc_size(settings, content)]
    known = [size for size in sizes if size is not None]
    if not known:
        raise ValueError("a coded picture without a size")
    return max(width for width, _ in known), max(height for _, height in known)


def _frames(kind: bytes, content: bytes) -> int:
    """How many frames the decoder makes. That of HEVC stops after the first."""
    return max(av1_frames(content), 1) if kind == b"av01" else 1


def _track_areas(moov: Box, limits: PhotoLimits) -> list[int]:
    """Pixels of the frames in the first sample of each track of an animation."""
    areas: list[int] = []
    for track in (box for box in moov.children() if box.kind == b"trak"):
        table = track.find(b"mdia", b"minf", b"stbl")
        stsd = table.find(b"stsd") if table else None
        if table is None or stsd is None:
            continue
        for entry in stsd.children(4):
            if entry.kind in _CONFIG:
                config = next((box for box in entry.children(78) if box.kind == _CONFIG[entry.kind]), None)
                sample = _first_sample(table)
                width, height = _coded_size(entry.kind, config, sample)
                check_area(width, height, limits)
                areas.append(width * height * _frames(entry.kind, sample))
    return areas


def _first_sample(table: Box) -> bytes:
    stsz, short, long = table.find(b"stsz"), table.find(b"stco"), table.find(b"co64")
    places = short or long
    if stsz is None or places is None:
        raise ValueError("a track without pictures")
    numbers = Numbers(stsz)
    size = numbers.take(4)
    numbers.take(4)
    size = size or numbers.take(4)
    numbers = Numbers(places)
    numbers.take(4)
    start = numbers.take(8 if places is long else 4)
    return table.data[start : start + size]
