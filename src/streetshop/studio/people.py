"""The person under the clothes: patches of skin, hands, head and hair."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from streetshop.studio.body import Body, Curve
from streetshop.studio.hair import hair
from streetshop.studio.head import head
from streetshop.studio.mesh import Array, Patch, Texture, sweep_frames, tube, unit

SKIN_TONES: tuple[tuple[int, int, int], ...] = (
    (246, 216, 196), (236, 196, 168), (222, 172, 140), (198, 144, 108),
    (170, 116, 82), (138, 90, 62), (104, 66, 46), (76, 48, 36),

)  # fmt: skip
HAIR_COLORS: tuple[tuple[int, int, int], ...] = (
    (28, 22, 20), (48, 32, 24), (84, 54, 34), (120, 78, 44), (176, 132, 78),
    (214, 182, 128), (150, 62, 34), (150, 148, 146), (222, 220, 214),

)  # fmt: skip
HAIR: tuple[str, ...] = ("long", "bob", "short", "bun", "ponytail", "curly", "crop", "bald")


def plain(color: Sequence[float] | Array, noise: float = 0.0, seed: int = 0) -> Texture:
    """A small texture of one colour, optionally with noise."""
    pixels = np.broadcast_to(np.asarray(color, np.float32), (16, 16, 3)).copy()
    if noise:
        pixels += np.random.default_rng(seed).standard_normal((16, 16, 1)) * noise
    return Texture(np.clip(pixels, 0, 255).astype(np.uint8))


def person_patches(
    body: Body,
    owner: int,
    *,
    lowest: float = 0.46,
    arms_from: float = -0.6,
    legs_from: float = -0.5,
    legs_to: float = 2.1,
    hat: bool = False,
) -> list[Patch]:
    """Skin and hair of a person.

    Skin that is certainly covered is left out, so that it cannot intersect the cloth.

    Args:
        body: the person.
        owner: label of the pixels.
        lowest: trunk height down to which skin can be visible.
        arms_from: t from which arms can be visible.
        legs_from: t from which legs can be visible.
        legs_to: t to which legs can be visible.
        hat: the hair lies flat.
    """
    skin = plain(body.figure.skin, 1.0, body.figure.seed)
    patches = [head(body, owner)]
    h = np.linspace(0.89, lowest, 36, dtype=np.float32)
    ring = body.rings(h)
    points = tube(ring.centers, ring.side, ring.front, ring.half_width, ring.half_depth, 41, exponent=2.3)
    patches.append(Patch(points, skin, owner, two_sided=False))
    for s, arm in ((1, body.left_arm), (-1, body.right_arm)):
        if arms_from < 2.0:
            patches.append(limb(arm, body.arm_radius, arms_from, 2.06, 6 + int(14 * (2 - arms_from)), skin, owner))
        patches += hand(body, arm, s, skin, owner)
    for leg in (body.left_leg, body.right_leg):
        if legs_from < legs_to:
            patches.append(
                limb(leg, body.leg_radius, legs_from, legs_to, 6 + int(14 * (legs_to - legs_from)), skin, owner)
            )
    patches += hair(body, owner, hat)
    return patches


def limb(curve: Curve, radius: object, start: float, end: float, rows: int, texture: Texture, owner: int) -> Patch:
    """A bare arm or leg."""
    t = np.linspace(start, end, rows, dtype=np.float32)
    centers, side, front = curve.frames(t)
    r = radius(t)  # type: ignore[operator]
    return Patch(tube(centers, side, front, r, r, 25), texture, owner, two_sided=False)


def hand(body: Body, arm: Curve, s: int, skin: Texture, owner: int) -> list[Patch]:
    """A relaxed hand: palm with slightly bent fingers, and a thumb."""
    tall = body.tall
    t = np.array([1.9, 2.0, 2.1], np.float32)
    centers, side, front = arm.frames(t)
    along = unit(centers[2] - centers[1])
    curl = unit(front[1] * 0.5 + side[1] * -s * 0.6)
    wrist = arm.joints[2]
    d = np.array([-0.012, 0.0, 0.015, 0.03, 0.045, 0.058, 0.072, 0.085, 0.092, 0.096]) * tall
    bow = np.array([0, 0, 0, 0, 0.001, 0.003, 0.007, 0.012, 0.016, 0.018]) * tall
    path = (wrist + d[:, None] * along + bow[:, None] * curl).astype(np.float32)
    broad = np.array([0.0140, 0.0145, 0.019, 0.0225, 0.0235, 0.0225, 0.021, 0.018, 0.012, 0.001], np.float32) * tall
    thick = np.array([0.0125, 0.011, 0.0105, 0.010, 0.0095, 0.009, 0.008, 0.007, 0.006, 0.001], np.float32) * tall
    _, across, flat = sweep_frames(path, front[1])
    # Fingers: dark gaps painted between them.
    u = np.abs(np.linspace(0, 1, 96) * 2 % 1 - 0.5) * 2
    color = np.repeat(np.repeat(skin.color[:1, :1], 24, 0), 96, 1).astype(np.float32)
    gaps = (np.abs((u * 4) % 1 - 0.5) < 0.1)[None] & (np.linspace(0, 1, 24)[:, None] > 0.58)
    color[gaps] *= 0.72
    fingers = Texture(color.astype(np.uint8))
    palm = Patch(tube(path, across, flat, thick, broad, 21, exponent=2.6), fingers, owner, two_sided=False)
    q = np.linspace(0, 1, 7, dtype=np.float32)[:, None]
    thumb_path = (
        wrist
        + along * (0.012 + 0.045 * q) * tall
        + front[1] * (0.008 + 0.026 * q**0.7) * tall
        + curl * 0.006 * q * tall
    )
    _, a, f = sweep_frames(thumb_path.astype(np.float32), side[1])
    r = np.array([0.007, 0.008, 0.008, 0.0075, 0.007, 0.006, 0.001], np.float32) * tall
    return [palm, Patch(tube(thumb_path, a, f, r, r, 11), skin, owner, two_sided=False)]
