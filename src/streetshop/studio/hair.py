"""Hair."""

from __future__ import annotations

import numpy as np

from streetshop.studio.body import Body
from streetshop.studio.head import head_rings
from streetshop.studio.mesh import Array, Patch, Texture, sweep_frames, tube, unit


def hair(body: Body, owner: int, hat: bool) -> list[Patch]:
    """A shell over the skull, and the hair that hangs from it."""
    style = body.figure.hair
    if style == "bald" or (hat and style in ("crop",)):
        return []
    f, tall = body.figure, body.tall
    grow = {"crop": 1.045, "short": 1.10, "curly": 1.32, "bob": 1.13}.get(style, 1.085)
    if hat:
        grow = min(grow, 1.06)
    low = {"crop": -0.35, "short": -0.45, "curly": -0.7}.get(style, -0.55)
    s, centers, half_x, half_z, exponent = head_rings(body, grow, 36, low)
    side, front = body.head[:, 0], body.head[:, 2]
    centers = centers - front * 0.006 * tall
    points = tube(centers, side, front, half_x, half_z, 61, exponent=exponent)
    rng = np.random.default_rng(f.seed + 5)
    if style == "curly":
        points += (rng.standard_normal(points.shape) * 0.006 * tall).astype(np.float32)
        points[:, -1] = points[:, 0]
    patches = [Patch(points, _strands(f.hair_color, f.seed, s, style), owner, layer=0.3, shine=0.25)]
    if style in ("long", "bob"):
        patches.append(_hanging(body, owner, 0.76 if style == "long" else 0.845))
    elif style == "bun":
        where = body.skull + body.head @ np.array([0, 0.045, -0.058], np.float32) * tall
        patches.append(_ball(where, 0.027 * tall, f.hair_color, owner))
    elif style == "ponytail":
        q = np.linspace(0, 1, 12, dtype=np.float32)[:, None]
        start = body.skull + body.head @ np.array([0, 0.03, -0.06], np.float32) * tall
        path = (
            start
            - body.head[:, 2] * (0.03 * np.sin(q * 2.6)) * tall
            - np.array([0, 1, 0], np.float32) * q**1.4 * 0.15 * tall
        )
        _, a, b = sweep_frames(path.astype(np.float32), body.head[:, 2])
        r = (np.interp(q[:, 0], [0, 0.15, 0.5, 1], [0.011, 0.019, 0.02, 0.003]) * tall).astype(np.float32)
        patches.append(Patch(tube(path, a, b, r, r, 17), _strand_texture(f.hair_color, f.seed), owner, shine=0.25))
    return patches


def _hanging(body: Body, owner: int, end: float) -> Patch:
    """Long hair from behind the ears over the shoulders to trunk height ``end``."""
    tall = body.tall
    rows = 24
    q = np.linspace(0, 1, rows, dtype=np.float32)
    top = body.skull - body.head[:, 2] * 0.012 * tall + body.head[:, 1] * 0.02 * tall
    bottom = body.trunk_point(end, 0, -0.030)
    middle = body.trunk_point(0.86, 0, -0.022)
    a, b, c = (1 - q) ** 2, 2 * q * (1 - q), q**2
    path = (a[:, None] * top + b[:, None] * middle + c[:, None] * bottom).astype(np.float32)
    side, front = (unit(body.head[:, k] + body.chest[:, k]) for k in (0, 2))
    wide = (np.interp(q, [0, 0.3, 0.6, 1], [0.047, 0.052, 0.058, 0.060]) * tall).astype(np.float32)
    deep = (np.interp(q, [0, 0.3, 0.6, 1], [0.050, 0.044, 0.040, 0.046]) * tall).astype(np.float32)
    rng = np.random.default_rng(body.figure.seed + 9)
    points = tube(path, side, front, wide, deep, 61, exponent=2.4)
    u = np.linspace(0, 1, 61)
    wave = 1 + 0.05 * np.sin(u * 2 * np.pi * 9 + rng.uniform(0, 6))[None] * q[:, None]
    points = path[:, None] + (points - path[:, None]) * wave[..., None].astype(np.float32)
    texture = _strand_texture(body.figure.hair_color, body.figure.seed, 48, 180)
    v, uu = np.meshgrid(np.linspace(0, 1, 48), np.abs(np.linspace(0, 1, 180) - 0.5), indexing="ij")
    opening = 0.20 + 0.02 * np.sin(v * 7) - 0.05 * v
    ragged = 1 - 0.10 * rng.random(180)[None]
    texture.alpha = (uu > opening) & (v < ragged)
    return Patch(points.astype(np.float32), texture, owner, layer=1.2 if end < 0.8 else 0.4, shine=0.25)


def _ball(center: Array, radius: float, color: tuple[int, int, int], owner: int) -> Patch:
    a = np.linspace(0.02, np.pi - 0.02, 14)
    n = len(a)
    centers = center + np.stack([np.zeros(n), np.cos(a), np.zeros(n)], -1).astype(np.float32) * radius
    x, _, z = np.eye(3, dtype=np.float32)
    r = (np.sin(a) * radius).astype(np.float32)
    return Patch(tube(centers, x, z, r, r, 25), _strand_texture(color, 3), owner, two_sided=False, shine=0.2)


def _strand_texture(color: tuple[int, int, int], seed: int, rows: int = 32, columns: int = 128) -> Texture:
    """A texture of fine streaks along v."""
    rng = np.random.default_rng(seed)
    streak = rng.standard_normal(columns)
    streak = streak * 0.6 + np.convolve(np.tile(streak, 3), np.ones(7) / 7, "same")[columns : 2 * columns] * 1.4
    value = 1 + 0.16 * streak[None] + 0.05 * rng.standard_normal((rows, columns))
    pixels = np.asarray(color, float) * value[..., None] + 6
    return Texture(np.clip(pixels, 0, 255).astype(np.uint8))


def _strands(color: tuple[int, int, int], seed: int, s: Array, style: str) -> Texture:
    """The texture of the shell, with an opening for the face."""
    texture = _strand_texture(color, seed, 64, 180)
    rng = np.random.default_rng(seed + 1)
    height = np.interp(np.linspace(0, 1, 64), np.linspace(0, 1, len(s)), s)[:, None]
    u = np.linspace(0, 1, 180)[None]
    off = np.abs(u - 0.5)
    parting = float(rng.uniform(-0.06, 0.06))
    hairline = (
        0.62 - 1.2 * np.abs(u - 0.5 - parting) + (0.05 * rng.standard_normal(180)[None] if style != "crop" else 0)
    )
    if style in ("bob", "short") and rng.random() < 0.4:
        hairline = np.full_like(u, 0.34) + 0.03 * rng.standard_normal(180)[None]
    face_half = {"crop": 0.235, "short": 0.225, "curly": 0.2}.get(style, 0.205)
    texture.alpha = (height > hairline) | (off > face_half)
    nape = -0.55 if style not in ("crop", "short") else -0.35
    texture.alpha &= ~((height < nape) & (off > 0.3) & (style != "curly"))
    return texture
