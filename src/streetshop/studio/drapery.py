"""Folds and wrinkles of hanging cloth."""

from __future__ import annotations

import numpy as np

from streetshop.studio.body import Body, Curve
from streetshop.studio.mesh import Array, dot, length, unit


def skirt_rings(body: Body, h: Array, ease: float, flare: float) -> tuple[Array, Array, Array]:
    """Centres and half axes of cloth around both legs at heights ``h`` below the hips."""
    t = np.clip((0.505 - h) / 0.2365, -0.2, 2.1).astype(np.float32)
    left, right = body.left_leg.at(t), body.right_leg.at(t)
    between = left - right
    across = np.abs(between @ body.pelvis[:, 0]) / 2
    along = np.abs(between @ body.pelvis[:, 2]) / 2
    leg = body.leg_radius(t)
    wider = flare * np.clip((0.53 - h) / 0.18, 0, None) ** 0.9
    return (
        (left + right) / 2,
        (across + leg + ease + wider).astype(np.float32),
        (along + leg * 1.05 + ease + wider * 0.9).astype(np.float32),
    )


def drape(points: Array, centers: Array, h: Array, flare: float, hem: float, rng: np.random.Generator) -> None:
    """Add the hanging folds of a wide skirt in place; they deepen towards the hem."""
    if flare <= 0.02:
        return
    depth = flare * 0.55 * np.clip((0.54 - h) / max(0.54 - hem, 0.05), 0, 1) ** 1.2
    columns = points.shape[1]
    u = np.linspace(0, 2 * np.pi, columns)
    count = int(rng.integers(6, 10) + flare * 30)
    phase = rng.uniform(0, 6.3)
    wave = np.cos(count * u + phase + 0.7 * np.sin(2 * u + rng.uniform(0, 6))) + 0.35 * np.cos(
        (count // 2) * u + rng.uniform(0, 6)
    )
    out = points - centers[:, None]
    scale = 1 + depth[:, None] * wave[None] / np.maximum(length(out), 0.05)
    scale[:, -1] = scale[:, 0]
    points[:] = centers[:, None] + out * scale[..., None].astype(np.float32)


def crease(points: Array, centers: Array, depth: Array, rng: np.random.Generator) -> None:
    """Add soft slanting folds in place; ``depth`` is (rows,) metres."""
    rows, columns = points.shape[:2]
    v, u = np.meshgrid(np.linspace(0, 1, rows), np.linspace(0, 1, columns), indexing="ij")
    height = np.zeros((rows, columns))
    for _ in range(5):
        around, along = int(rng.integers(1, 5)), rng.uniform(2, 8) * rng.choice([-1, 1])
        height += rng.uniform(0.3, 1) * np.sin(2 * np.pi * (around * u + along * v * 0.5) + rng.uniform(0, 6.3))
    out = unit(points - centers[:, None])
    points += (out * (height * depth[:, None] * 0.22)[..., None]).astype(np.float32)
    points[:, -1] = points[:, 0]


def wrinkle_joint(points: Array, centers: Array, t: Array, limb: Curve, depth: float, rng: np.random.Generator) -> None:
    """Add folds across a bent elbow or knee, and a few along the limb, in place."""
    amount, inside = limb.bend()
    out = unit(points - centers[:, None])
    inner = np.clip(dot(out, inside) * 0.75 + 0.45, 0, 1)
    near = np.exp(-(((t - 1) / 0.30) ** 2))[:, None]
    columns = points.shape[1]
    u = np.linspace(0, 1, columns)[None]
    sway = 0.25 * np.sin(2 * np.pi * u + rng.uniform(0, 6))
    wave = np.sin(2 * np.pi * (t[:, None] - 1 + 0.12 * sway) * rng.uniform(5, 7) + 1.4 * inner + rng.uniform(0, 6))
    height = wave * near * inner * depth * min(1.4 * amount + 0.10, 1.0)
    for _ in range(4):
        k, lean = rng.uniform(1.2, 5), rng.choice([-2, -1, 1, 2])
        fade = 0.5 + 0.5 * np.sin(2 * np.pi * (u + 0.4 * t[:, None]) + rng.uniform(0, 6))
        height = height + 0.16 * depth * fade * np.sin(2 * np.pi * (k * t[:, None] + lean * u) + rng.uniform(0, 6))
    points += (out * height[..., None]).astype(np.float32)
    points[:, -1] = points[:, 0]


def gored(u: Array, straight: float, around: Array) -> Array:
    """(rows, columns) metres across the cloth of a skirt cut from four gores: front, sides and back.

    Each gore widens from its middle, so that a print is hardly stretched or slanted where the skirt is wide.

    Args:
        u: (1, columns) position around, 0.5 is the middle of the front.
        straight: circumference in metres without flare.
        around: (rows, 1) circumference in metres.
    """
    middle = np.round(u * 4) / 4
    return np.asarray((0.5 - middle) * straight + (middle - u) * around, np.float32)
