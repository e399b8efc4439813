"""Curved surfaces as grids of points; everything that is drawn is a list of :class:`Patch`.

Metres; x to the right of the picture, y up, z towards the camera. Angles in radians.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating[Any]]
"""Floating-point values; float32 for large arrays."""


@dataclass(slots=True)
class Texture:
    """The image on a patch; its rows run along the patch's rows and its columns along the patch's columns.

    Attributes:
        color: (h, w, 3) uint8 sRGB.
        alpha: (h, w) bool, False where the surface is cut away; None for all of it.
        relief: (h, w) float32 heights in metres, or None.
    """

    color: NDArray[np.uint8]
    alpha: NDArray[np.bool_] | None = None
    relief: Array | None = None


@dataclass(slots=True)
class Patch:
    """A grid of (rows, columns) points with a texture stretched over it.

    Attributes:
        points: (rows, columns, 3) float32 metres; rows run downwards (v from 0 to 1), columns around (u from 0 to 1).
        texture: what is painted on it.
        owner: index of the item it belongs to (a garment or a body), the label of its pixels.
        layer: the larger layer wins where two cloths nearly touch.
        two_sided: False for closed bodies, whose inside is never visible.
        lining: for a two-sided patch, the number of rows at its start and end that are visible from inside; the other
            rows are drawn from outside only, in half the time.
        shine: 0 (matt) to 1 (glossy).
        wrinkle: depth of the small folds in the cloth, 0 to 1.
        wrap: the last column meets the first.
        offset: position of its cloth in the sheet of wrinkles, metres.
    """

    points: Array
    texture: Texture
    owner: int
    layer: float = 0.0
    two_sided: bool = True
    lining: tuple[int, int] = (10_000, 0)
    shine: float = 0.0
    wrinkle: float = 0.0
    wrap: bool = True
    offset: tuple[float, float] = (0.0, 0.0)


def tube(
    centers: Array,
    side: Array,
    front: Array,
    half_width: Array,
    half_depth: Array,
    columns: int,
    *,
    exponent: Array | float = 2.0,
    turn: float = 0.0,
) -> Array:
    """Rings of superellipses around a curve.

    Args:
        centers: (n, 3) ring centres.
        side: (n, 3) or (3,) unit axis of each ring; u = 0.25 faces +side.
        front: (n, 3) or (3,) unit axis of each ring; u = 0 faces -front and u = 0.5 faces +front.
        half_width: (n,) half axes along ``side``.
        half_depth: (n,) half axes along ``front``.
        columns: points per ring; the last repeats the first.
        exponent: of the superellipse: 2 is an ellipse, larger is boxier.
        turn: where u = 0 starts, in turns.

    Returns:
        (n, columns, 3) float32.
    """
    centers, half_width, half_depth = (np.asarray(a, np.float32) for a in (centers, half_width, half_depth))
    angle = 2 * np.pi * (np.linspace(0, 1, columns) + turn)
    power = 2.0 / np.broadcast_to(np.asarray(exponent, np.float32), half_width.shape)[:, None]
    sin, cos = np.sin(angle)[None], np.cos(angle)[None]
    x = np.sign(sin) * np.abs(sin) ** power * half_width[:, None]
    z = -np.sign(cos) * np.abs(cos) ** power * half_depth[:, None]
    across, ahead = (np.broadcast_to(axis, centers.shape)[:, None] for axis in (side, front))
    points = centers[:, None] + x[..., None] * across + z[..., None] * ahead
    return np.asarray(points, np.float32)


def unit(vectors: NDArray[np.floating]) -> Array:
    """Vectors along the last axis scaled to length 1; zero stays zero."""
    return np.asarray(vectors / np.maximum(length(vectors), 1e-9)[..., None], np.float32)


def length(vectors: NDArray[np.floating]) -> Array:
    """Lengths of the 3-vectors along the last axis."""
    # Several times faster than a sum over an axis of length 3.
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    return np.asarray(np.sqrt(x * x + y * y + z * z))


def dot(a: NDArray[np.floating], b: NDArray[np.floating]) -> Array:
    """Scalar products of the 3-vectors along the last axis."""
    return np.asarray(a[..., 0] * b[..., 0] + a[..., 1] * b[..., 1] + a[..., 2] * b[..., 2])


def turn(points: Array, rows: Array) -> Array:
    """``points @ rows.T`` without BLAS, whose rounding can depend on the number of threads."""
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    return np.stack([x * r[0] + y * r[1] + z * r[2] for r in np.asarray(rows, np.float32)], axis=-1)


def sweep_frames(centers: Array, front: Array) -> tuple[Array, Array, Array]:
    """Tangent, side and front axes along a curve, with as little rotation as possible from the first ``front``.

    Args:
        centers: (n, 3) points of the curve.
        front: (3,) the first front axis.

    Returns:
        Three (n, 3) arrays; with tangent up and front ahead, side is to the left.
    """
    tangent = unit(np.gradient(centers, axis=0))
    fronts = np.empty_like(tangent)
    current = front
    for i, t in enumerate(tangent):
        current = current - t * float(current @ t)
        current = current / max(float(np.sqrt(current @ current)), 1e-6)
        fronts[i] = current
    return tangent, unit(np.cross(tangent, fronts)), fronts


def normals_and_tangents(points: Array, wrap: bool) -> tuple[Array, Array, Array]:
    """Unit normals, and unit directions of increasing u and v, of a grid of points; each (rows, columns, 3)."""
    if wrap:
        ring = points[:, :-1]
        du = np.roll(ring, -1, axis=1) - np.roll(ring, 1, axis=1)
        du = np.concatenate([du, du[:, :1]], axis=1)
    else:
        du = np.asarray(np.gradient(points, axis=1))
    dv = np.asarray(np.gradient(points, axis=0))
    normal = np.empty_like(points)
    normal[..., 0] = du[..., 1] * dv[..., 2] - du[..., 2] * dv[..., 1]
    normal[..., 1] = du[..., 2] * dv[..., 0] - du[..., 0] * dv[..., 2]
    normal[..., 2] = du[..., 0] * dv[..., 1] - du[..., 1] * dv[..., 0]
    return unit(normal), unit(du), unit(dv)


def grid_triangles(rows: int, columns: int, step: int = 1) -> NDArray[np.int32]:
    """(t, 3) vertex indices into a flattened grid, two triangles per cell; ``step`` 2 gives a mesh half as fine."""
    index = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    if step > 1:
        row = np.unique(np.append(np.arange(0, rows, step), rows - 1))
        column = np.unique(np.append(np.arange(0, columns, step), columns - 1))
        index = index[np.ix_(row, column)]
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    return np.concatenate(
        [np.stack([a, b, d], axis=-1).reshape(-1, 3), np.stack([a, d, c], axis=-1).reshape(-1, 3)], axis=0
    )


def rotation(axis: str, degrees: float) -> Array:
    """(3, 3) rotation about x, y or z; a positive turn about y brings +z towards +x."""
    a = np.radians(degrees)
    c, s = float(np.cos(a)), float(np.sin(a))
    table = {
        "x": [[1, 0, 0], [0, c, -s], [0, s, c]],
        "y": [[c, 0, s], [0, 1, 0], [-s, 0, c]],
        "z": [[c, -s, 0], [s, c, 0], [0, 0, 1]],
    }
    return np.asarray(table[axis], dtype=np.float32)
