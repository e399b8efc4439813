"""A z-buffer rasteriser for small triangles in numpy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streetshop.studio.mesh import Array

Keep = Callable[[NDArray[np.int32], Array, Array], NDArray[np.bool_] | None]
"""Triangles, second and third barycentric weights of fragments to a mask of those to keep; None keeps all."""

_Fragments = tuple[NDArray[np.int32], Array, Array, NDArray[np.int32], NDArray[np.int32]]
_FAR = np.uint64(2**64 - 1)
_CHUNK = 400_000


@dataclass(slots=True)
class Seen:
    """The visible triangle at each covered pixel.

    Attributes:
        pixel: (n,) flat indices into the (height, width) picture.
        triangle: (n,) index of the visible triangle.
        b: (n,) weight of its second corner.
        c: (n,) weight of its third corner.
        depth: (height, width) float32 distance, infinity where there is nothing.
    """

    pixel: NDArray[np.int64]
    triangle: NDArray[np.int32]
    b: Array
    c: Array
    depth: Array


def rasterise(
    xy: Array,
    depth: Array,
    triangles: NDArray[np.int32],
    bias: Array,
    width: int,
    height: int,
    keep: Keep | None = None,
    hidden: Array | None = None,
) -> Seen:
    """Find the nearest triangle at every pixel centre.

    Args:
        xy: (n, 2) vertex positions in pixels.
        depth: (n,) distances from the camera, > 0.
        triangles: (t, 3) vertex indices.
        bias: (t,) subtracted from the distance before the comparison, so that outer cloth wins.
        width: of the picture in pixels.
        height: of the picture in pixels.
        keep: drops fragments where the surface is cut away.
        hidden: (t,) 0 for triangles visible from both sides; else the sign of the area, y down, that is invisible.
    """
    corners = triangles.T
    x = tuple(xy[:, 0][k] for k in corners)
    y = tuple(xy[:, 1][k] for k in corners)
    z = tuple(depth[k] for k in corners)
    x_low = np.maximum(np.ceil(_least(x) - 0.5), 0).astype(np.int32)
    y_low = np.maximum(np.ceil(_least(y) - 0.5), 0).astype(np.int32)
    columns = np.minimum(np.floor(_most(x) - 0.5), width - 1).astype(np.int32) - x_low + 1
    rows = np.minimum(np.floor(_most(y) - 0.5), height - 1).astype(np.int32) - y_low + 1
    area = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0])
    near = _least(z)
    use = (columns > 0) & (rows > 0) & (np.abs(area) > 1e-9) & (near > 0.05)
    if hidden is not None:
        use &= (area * hidden) <= 0
    chosen = np.flatnonzero(use)
    buffer = np.full(width * height, _FAR, np.uint64)
    found: list[_Fragments] = []
    waiting: list[_Fragments] = []
    base = cost = 0
    groups = list(_groups(chosen, columns[chosen], rows[chosen]))
    for number, (part, wide, high) in enumerate(groups):
        waiting.append(_fragments(part, x, y, area, x_low, y_low, columns, rows, wide, high))
        cost += len(waiting[-1][0])
        if cost < 4 * _CHUNK and number + 1 < len(groups):
            continue
        tri, b, c, column, row = (np.concatenate([w[k] for w in waiting]) for k in range(5))
        waiting, cost = [], 0
        kept = keep(tri, b, c) if keep is not None else None
        if kept is not None:
            tri, b, c, column, row = tri[kept], b[kept], c[kept], column[kept], row[kept]
        distance = _depth(z, tri, b, c) - bias[tri]
        # Positive floats sort like their bits, so one integer minimum finds the nearest fragment and its number.
        key = np.maximum(distance, 1e-3).astype(np.float32).view(np.uint32).astype(np.uint64)
        key <<= np.uint64(32)
        key |= np.arange(base, base + len(tri), dtype=np.uint64)
        np.minimum.at(buffer, row.astype(np.int64) * width + column, key)
        found.append((tri, b, c, column, row))
        base += len(tri)
    pixels = np.flatnonzero(buffer != _FAR)
    winner = (buffer[pixels] & np.uint64(0xFFFFFFFF)).astype(np.int64)
    tri = np.concatenate([f[0] for f in found]) if found else np.empty(0, np.int32)
    b = np.concatenate([f[1] for f in found]) if found else np.empty(0, np.float32)
    c = np.concatenate([f[2] for f in found]) if found else np.empty(0, np.float32)
    tri, b, c = tri[winner], b[winner], c[winner]
    seen_depth = np.full(width * height, np.inf, np.float32)
    seen_depth[pixels] = _depth(z, tri, b, c)
    return Seen(pixels, tri, b, c, seen_depth.reshape(height, width))


def _depth(z: tuple[Array, ...], tri: NDArray[np.int32], b: Array, c: Array) -> Array:
    first = z[0][tri]
    return np.asarray(first + b * (z[1][tri] - first) + c * (z[2][tri] - first), np.float32)


def _least(v: tuple[Array, ...]) -> Array:
    return np.minimum(np.minimum(v[0], v[1]), v[2])


def _most(v: tuple[Array, ...]) -> Array:
    return np.maximum(np.maximum(v[0], v[1]), v[2])


_STEPS = np.array([2, 3, 4, 6, 8, 12, 18, 32, 64, 128, 512, 4096, 65536])


def _groups(
    use: NDArray[np.int64], columns: NDArray[np.int32], rows: NDArray[np.int32]
) -> Iterator[tuple[NDArray[np.int64], int, int]]:
    """Runs of triangles of similar size and of bounded cost: (triangles, columns, rows)."""
    wide, high = np.searchsorted(_STEPS, columns), np.searchsorted(_STEPS, rows)
    kind = wide * len(_STEPS) + high
    order = np.argsort(kind, kind="stable")
    cuts = np.flatnonzero(np.diff(kind[order])) + 1
    for part in np.split(order, cuts):
        if not len(part):
            continue
        w, h = int(_STEPS[wide[part[0]]]), int(_STEPS[high[part[0]]])
        step = max(_CHUNK // (w * h), 1)
        for start in range(0, len(part), step):
            yield use[part[start : start + step]], w, h


def _fragments(
    part: NDArray[np.int64],
    x: tuple[Array, ...],
    y: tuple[Array, ...],
    area: Array,
    x_low: NDArray[np.int32],
    y_low: NDArray[np.int32],
    columns: NDArray[np.int32],
    rows: NDArray[np.int32],
    wide: int,
    high: int,
) -> _Fragments:
    """Every pixel centre inside every triangle of ``part``: triangle, weights b and c, column, row."""
    inverse = 1 / area[part]
    x0, x1, x2 = (v[part] for v in x)
    y0, y1, y2 = (v[part] for v in y)
    left, top = x_low[part], y_low[part]
    # Weights are linear in the pixel, counted from the triangle's own first pixel so that nothing is lost to rounding.
    u, v = left + 0.5 - x0, top + 0.5 - y0
    bx, by = (y2 - y0) * inverse, (x0 - x2) * inverse
    cx, cy = (y0 - y1) * inverse, (x1 - x0) * inverse
    k = np.arange(wide * high, dtype=np.float32)
    row = np.floor(k / wide)
    column = k - row * wide
    one = np.float32(1)
    b = (bx * u + by * v).astype(np.float32)[:, None] + bx[:, None] * column + by[:, None] * row
    c = (cx * u + cy * v).astype(np.float32)[:, None] + cx[:, None] * column + cy[:, None] * row
    inside = np.flatnonzero((b >= -1e-4) & (c >= -1e-4) & (b + c <= one + 1e-4))
    which, cell = np.divmod(inside.astype(np.int32), np.int32(wide * high))
    down = cell // np.int32(wide)
    across = cell - down * np.int32(wide)
    b, c = b.reshape(-1)[inside], c.reshape(-1)[inside]
    tri = part.astype(np.int32)[which]
    px, py = left[which] + across, top[which] + down
    if wide > 1 or high > 1:
        # The common box may reach past the triangle's own, and so past the picture.
        kept = (across < columns[tri]) & (down < rows[tri])
        if not kept.all():
            tri, b, c, px, py = tri[kept], b[kept], c[kept], px[kept], py[kept]
    return tri, b, c, px, py
